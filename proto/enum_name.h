// EnumName and ParseEnumName name the values of enums in armstate.v1 as people meet them: without the prefix that the
// style guide asks for. VERDICT_REFUSED is "REFUSED".
#ifndef ARMSTATE_PROTO_ENUM_NAME_H_
#define ARMSTATE_PROTO_ENUM_NAME_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/generated_enum_reflection.h"

namespace armstate {

// Of an enum whose value 0 is PREFIX_UNSPECIFIED. Empty for a number without a name.
std::string EnumName(const google::protobuf::EnumDescriptor& type, int number);
// Nothing for a name that the enum does not have. Takes the name with its prefix, too.
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
