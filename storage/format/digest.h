// `Sha256` computes the digest SHA-256.
#ifndef ARMSTATE_STORAGE_FORMAT_DIGEST_H_
#define ARMSTATE_STORAGE_FORMAT_DIGEST_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace armstate {

inline constexpr size_t kSha256Bytes = 32;

// FAILED_PRECONDITION if OpenSSL has no SHA-256, as it may be configured.
absl::Status CheckSha256();

// The 32 bytes of the digest, FIPS 180-4. Ends the process if OpenSSL does not make it.
std::string Sha256(absl::string_view bytes);

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_FORMAT_DIGEST_H_
