// This header reads a probe's JSON; its errors name file, line and register.
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

// The position of a piece of JSON, for errors.
struct Place {
  absl::string_view file;
  size_t line = 0;
  absl::optional<uint64_t> register_id = absl::nullopt;

  // INVALID_ARGUMENT, reason CPU_PROFILE_MALFORMED, with metadata "file", "line" and, if set, "register_id".
  absl::Status Error(absl::string_view what) const;
  // Says that `key` is missing or is not `kind`.
  absl::Status Missing(absl::string_view key, absl::string_view kind) const;
};

// Returns null if `object` is not an object or has no such member.
const Json* Member(const Json& object, const char* key);

// Return the member `key` of `object`, or place.Missing.
absl::StatusOr<std::string> MemberText(const Json& object, const char* key, const Place& place);
absl::StatusOr<uint64_t> MemberNumber(const Json& object, const char* key, const Place& place);
absl::StatusOr<const Json*> MemberArray(const Json& object, const char* key, const Place& place);
// Returns the value of a text with a hexadecimal number.
absl::StatusOr<uint64_t> MemberHex(const Json& object, const char* key, const Place& place);

// Parses "0x1f" or "1f", at most 64 bits.
absl::StatusOr<uint64_t> HexWord(absl::string_view text, const Place& place);
// Parses an integer of `width` bytes, written as "0x" and all its digits, into little-endian bytes.
absl::StatusOr<std::string> HexBytes(absl::string_view text, size_t width, const Place& place);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROBE_PARSE_JSON_H_
