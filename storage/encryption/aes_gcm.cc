#include "storage/encryption/aes_gcm.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>

#include "core/error.h"

namespace armstate {
namespace {

// Looked up once: by its name each time takes longer than a short record.
const EVP_CIPHER* Cipher() {
  static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  return cipher;
}

// What goes wrong here is no input's fault, and nothing can be stored without it.
void Require(bool done, const char* what) {
  if (done) return;
  std::fprintf(stderr, "armstate: OpenSSL did not %s\n", what);
  std::abort();
}

enum class Direction { kOpen = 0, kSeal = 1 };

// A thread's state for one direction. The key's schedule is kept while the key is the same.
class Context {
 public:
  explicit Context(Direction direction) : direction_(direction) {}
  ~Context() { EVP_CIPHER_CTX_free(context_); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  EVP_CIPHER_CTX* Begin(uint64_t key_id, const std::string& key, absl::string_view nonce) {
    const bool is_new = key_id != key_id_;
    const int done = EVP_CipherInit_ex2(context_, is_new ? Cipher() : nullptr, is_new ? Bytes(key) : nullptr,
                                        Bytes(nonce), static_cast<int>(direction_), nullptr);
    Require(nonce.size() == AesGcm::kNonceBytes && done == 1, "take a key and a nonce");
    key_id_ = key_id;
    return context_;
  }

  static const unsigned char* Bytes(absl::string_view bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
  }

 private:
  const Direction direction_;
  uint64_t key_id_ = 0;
  EVP_CIPHER_CTX* const context_ = EVP_CIPHER_CTX_new();
};

uint64_t NextId() {
  static std::atomic<uint64_t> last = 0;
  return ++last;
}

}  // namespace

absl::Status CheckAesGcm() {
  unsigned char byte = 0;
  if (Cipher() != nullptr && RAND_bytes(&byte, 1) == 1) return absl::OkStatus();
  return MakeError(absl::StatusCode::kFailedPrecondition, ErrorReason::kEncryptionKeyWrong,
                   "OpenSSL has no AES-256-GCM or no random numbers, without which nothing can be encrypted: see its "
                   "configuration, openssl.cnf or OPENSSL_CONF");
}

std::string RandomBytes(size_t count) {
  std::string bytes(count, '\0');
  Require(RAND_bytes(reinterpret_cast<unsigned char*>(&bytes[0]), static_cast<int>(count)) == 1, "give random numbers");
  return bytes;
}

AesGcm::AesGcm(absl::string_view key) : id_(NextId()), key_(key) { Require(key.size() == kKeyBytes, "get a key"); }

AesGcm::~AesGcm() { OPENSSL_cleanse(&key_[0], key_.size()); }

void AesGcm::Seal(absl::string_view nonce, absl::string_view associated, absl::string_view bytes,
                  std::string& sealed) const {
  thread_local Context thread_context(Direction::kSeal);
  EVP_CIPHER_CTX* const context = thread_context.Begin(id_, key_, nonce);
  const size_t before = sealed.size();
  sealed.resize(before + bytes.size() + kTagBytes);
  auto* const out = reinterpret_cast<unsigned char*>(&sealed[before]);
  int size = 0;
  bool done =
      EVP_CipherUpdate(context, nullptr, &size, Context::Bytes(associated), static_cast<int>(associated.size())) == 1;
  done = done && EVP_CipherUpdate(context, out, &size, Context::Bytes(bytes), static_cast<int>(bytes.size())) == 1 &&
         static_cast<size_t>(size) == bytes.size();
  done = done && EVP_CipherFinal_ex(context, out + bytes.size(), &size) == 1 && size == 0;
  done = done && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kTagBytes, out + bytes.size()) == 1;
  Require(done, "encrypt");
}

bool AesGcm::Open(absl::string_view nonce, absl::string_view associated, absl::string_view sealed,
                  std::string& bytes) const {
  if (sealed.size() < kTagBytes) return false;
  thread_local Context thread_context(Direction::kOpen);
  EVP_CIPHER_CTX* const context = thread_context.Begin(id_, key_, nonce);
  const size_t count = sealed.size() - kTagBytes, before = bytes.size();
  std::string tag(sealed.substr(count));
  bytes.resize(before + count);
  auto* const out = reinterpret_cast<unsigned char*>(&bytes[before]);
  int size = 0;
  const bool done =
      EVP_CipherUpdate(context, nullptr, &size, Context::Bytes(associated), static_cast<int>(associated.size())) == 1 &&
      EVP_CipherUpdate(context, out, &size, Context::Bytes(sealed), static_cast<int>(count)) == 1 &&
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kTagBytes, &tag[0]) == 1 &&
      EVP_CipherFinal_ex(context, out + count, &size) == 1;
  if (!done) bytes.resize(before);
  return done;
}

}  // namespace armstate
