#include "storage/format/digest.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <cstdio>
#include <cstdlib>

namespace armstate {
namespace {

static_assert(kSha256Bytes == SHA256_DIGEST_LENGTH);

// OpenSSL's SHA256() looks the algorithm up by its name each time, which takes longer than a short digest.
const EVP_MD* Algorithm() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return algorithm;
}

}  // namespace

absl::Status CheckSha256() {
  if (Algorithm() != nullptr) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "OpenSSL has no SHA256, without which nothing can be stored: see its configuration, openssl.cnf or OPENSSL_CONF");
}

std::string Sha256(absl::string_view bytes) {
  std::string digest(kSha256Bytes, '\0');
  unsigned int size = 0;
  const int done =
      EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(&digest[0]), &size, Algorithm(), nullptr);
  // Layouts are stored under their digests: with a wrong one, registers would be read as other registers.
  if (done != 1 || size != kSha256Bytes) {
    std::fputs("armstate: OpenSSL did not make a SHA-256 digest\n", stderr);
    std::abort();
  }
  return digest;
}

}  // namespace armstate
