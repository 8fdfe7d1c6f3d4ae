// `AesGcm` encrypts and authenticates bytes with one key, by AES-256-GCM of OpenSSL.
#ifndef ARMSTATE_STORAGE_ENCRYPTION_AES_GCM_H_
#define ARMSTATE_STORAGE_ENCRYPTION_AES_GCM_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace armstate {

// FAILED_PRECONDITION, reason ENCRYPTION_KEY_WRONG, if this OpenSSL has no AES-256-GCM or no random numbers.
absl::Status CheckAesGcm();

// So many bytes that nobody can guess.
std::string RandomBytes(size_t count);

// Thread-safe.
class AesGcm {
 public:
  static constexpr size_t kKeyBytes = 32;
  static constexpr size_t kNonceBytes = 12;
  static constexpr size_t kTagBytes = 16;

  // `key` has kKeyBytes.
  explicit AesGcm(absl::string_view key);
  ~AesGcm();
  AesGcm(const AesGcm&) = delete;
  AesGcm& operator=(const AesGcm&) = delete;

  // Appends the encrypted bytes and the tag. Never twice with one nonce, which has kNonceBytes. `associated` is
  // authenticated, and must be given again.
  void Seal(absl::string_view nonce, absl::string_view associated, absl::string_view bytes, std::string& sealed) const;
  // Appends the bytes of what Seal has appended. False, and `bytes` is as it was, if anything is another than it was.
  bool Open(absl::string_view nonce, absl::string_view associated, absl::string_view sealed, std::string& bytes) const;

 private:
  const uint64_t id_;  // of this object; none has had it before
  std::string key_;
};

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_ENCRYPTION_AES_GCM_H_
