// A probe's JSON, read with an error that names file, line and register.
#ifndef ARMSTATE_SERVER_PROBE_PARSE_JSON_H_
#define ARMSTATE_SERVER_PROBE_PARSE_JSON_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace armstate {

using Json = nlohmann::json;

// Where a piece of JSON stands, for errors.
struct Place {
  absl::string_view file;
  size_t line = 0;
  absl::optional<uint64_t> register_id = absl::nullopt;

  // INVALID_ARGUMENT, reason CPU_PROFILE_MALFORMED, with metadata "file", "line" and, if there is one, "register_id".
  absl::Status Error(absl::string_view what) const;
  // `key` is missing or is not `kind`.
  absl::Status Missing(absl::string_view key, absl::string_view kind) const;
};

// Null if `object` is none or has no such member.
const Json* Member(const Json& object, const char* key);

// The member `key` of `object`, or place.Missing.
absl::StatusOr<std::string> MemberText(const Json& object, const char* key, const Place& place);
absl::StatusOr<uint64_t> MemberNumber(const Json& object, const char* key, const Place& place);
absl::StatusOr<const Json*> MemberArray(const Json& object, const char* key, const Place& place);
// Text with a hexadecimal number.
absl::StatusOr<uint64_t> MemberHex(const Json& object, const char* key, const Place& place);

// "0x1f" or "1f", at most 64 bits.
absl::StatusOr<uint64_t> HexWord(absl::string_view text, const Place& place);
// One integer of `width` bytes, printed with "0x" and all its digits, as little-endian bytes.
absl::StatusOr<std::string> HexBytes(absl::string_view text, size_t width, const Place& place);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROBE_PARSE_JSON_H_
