#include "storage/digest.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

namespace armstate {

static_assert(kSha256Bytes == SHA256_DIGEST_LENGTH);

std::string Sha256(absl::string_view bytes) {
  // OpenSSL's SHA256() looks the algorithm up by its name each time, which takes longer than a short digest.
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  std::string digest(kSha256Bytes, '\0');
  EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(&digest[0]), nullptr, algorithm, nullptr);
  return digest;
}

}  // namespace armstate
