#include "proto/enum_name.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace armstate {
namespace {

absl::string_view Prefix(const google::protobuf::EnumDescriptor& type) {
  return absl::StripSuffix(type.FindValueByNumber(0)->name(), "UNSPECIFIED");
}

}  // namespace

std::string EnumName(const google::protobuf::EnumDescriptor& type, int number) {
  const google::protobuf::EnumValueDescriptor* value = type.FindValueByNumber(number);
  return value == nullptr ? "" : std::string(absl::StripPrefix(value->name(), Prefix(type)));
}

absl::optional<int> ParseEnumName(const google::protobuf::EnumDescriptor& type, absl::string_view name) {
  const google::protobuf::EnumValueDescriptor* value = type.FindValueByName(absl::StrCat(Prefix(type), name));
  if (value == nullptr) value = type.FindValueByName(std::string(name));
  if (value == nullptr) return absl::nullopt;
  return value->number();
}

}  // namespace armstate
