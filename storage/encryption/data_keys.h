// `DataKeys` are the keys with which the records of one database are encrypted. docs/storage-format.md defines their
// bytes.
#ifndef ARMSTATE_STORAGE_ENCRYPTION_DATA_KEYS_H_
#define ARMSTATE_STORAGE_ENCRYPTION_DATA_KEYS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "storage/encryption/aes_gcm.h"

namespace armstate {

// The operator's key, which wraps the data keys.
//
// Example:
//   absl::StatusOr<WrappingKey> key = WrappingKey::Parse(bytes_of_the_file);
class WrappingKey {
 public:
  // 32 bytes, or 64 hexadecimal digits with white space around them. FAILED_PRECONDITION, reason ENCRYPTION_KEY_WRONG,
  // for anything else. The error does not show it.
  static absl::StatusOr<WrappingKey> Parse(absl::string_view text);

  const std::string& bytes() const { return bytes_; }
  // The first 8 bytes, in hexadecimal, of a SHA-256 of it: tells keys apart.
  std::string id() const;

 private:
  explicit WrappingKey(std::string bytes) : bytes_(std::move(bytes)) {}

  std::string bytes_;
};

// Immutable but for its nonces, so thread-safe.
class DataKeys {
 public:
  // The bytes that Seal adds.
  static constexpr size_t kAddedBytes = 4 + AesGcm::kNonceBytes + AesGcm::kTagBytes;

  // One new key.
  static std::shared_ptr<const DataKeys> Create();
  // The keys that Wrap wrapped; any bytes may be given. FAILED_PRECONDITION, reason ENCRYPTION_KEY_WRONG (metadata
  // "expected", "given"), if another key wrapped them. DATA_LOSS, reason RECORD_DAMAGED, if they are damaged.
  static absl::StatusOr<std::shared_ptr<const DataKeys>> Unwrap(absl::string_view wrapped, const WrappingKey& key,
                                                                absl::string_view name);
  // The same keys and a new one. FAILED_PRECONDITION, reason ENCRYPTION_KEY_WRONG, if there are too many.
  absl::StatusOr<std::shared_ptr<const DataKeys>> WithNewKey() const;

  std::string Wrap(const WrappingKey& key) const;

  // The number of the newest one, with which records are encrypted: 1, 2, 3 ...
  uint32_t newest() const { return static_cast<uint32_t>(keys_.size()); }

  // Appends the encrypted record: number of the key, nonce, bytes, tag. `associated`: what the record is.
  void Seal(absl::string_view associated, absl::string_view record, std::string& sealed) const;
  // Appends the record; any bytes may be given. DATA_LOSS, reason RECORD_DAMAGED, if they are not what Seal appended
  // for the same `associated`, or there is no such key.
  absl::Status Open(absl::string_view associated, absl::string_view sealed, absl::string_view name,
                    std::string& record) const;

 private:
  // More than rotations of a lifetime; keys are read at once.
  static constexpr size_t kMaxKeys = 4096;

  explicit DataKeys(std::vector<std::string> keys);
  // A nonce that this key never had.
  std::string NextNonce() const;

  std::vector<std::string> keys_;
  std::vector<std::unique_ptr<const AesGcm>> ciphers_;  // of the same keys
  mutable absl::Mutex mutex_;
  // Random for each object and each 2^32 records, so that no state must be kept on disk.
  mutable std::string session_ ABSL_GUARDED_BY(mutex_);
  mutable uint32_t count_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_ENCRYPTION_DATA_KEYS_H_
