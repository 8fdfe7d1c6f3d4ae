// EnumName and ParseEnumName convert enum values of armstate.v1 to and from the names that users see, which lack the
// prefix that the style guide requires: VERDICT_REFUSED is "REFUSED".
#ifndef ARMSTATE_PROTO_ENUM_NAME_H_
#define ARMSTATE_PROTO_ENUM_NAME_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/generated_enum_reflection.h"

namespace armstate {

// For an enum whose value 0 is PREFIX_UNSPECIFIED. Empty for a number without a name.
std::string EnumName(const google::protobuf::EnumDescriptor& type, int number);
// Unset for a name that the enum lacks. Also accepts the name with its prefix.
absl::optional<int> ParseEnumName(const google::protobuf::EnumDescriptor& type, absl::string_view name);

template <typename Enum>
std::string EnumName(Enum value) {
  return EnumName(*google::protobuf::GetEnumDescriptor<Enum>(), value);
}

template <typename Enum>
absl::optional<Enum> ParseEnumName(absl::string_view name) {
  const absl::optional<int> number = ParseEnumName(*google::protobuf::GetEnumDescriptor<Enum>(), name);
  if (!number) return absl::nullopt;
  return static_cast<Enum>(*number);
}

}  // namespace armstate

#endif  // ARMSTATE_PROTO_ENUM_NAME_H_
