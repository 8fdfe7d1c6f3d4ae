#include "proto/register_list_conversion.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "core/error.h"

namespace armstate {

absl::StatusOr<RegisterList> RegisterListFromProto(v1::RegisterList&& message,
                                                   const std::shared_ptr<const RegisterLayout>& likely_layout) {
  if (!message.redacted_ids().empty()) {
    const std::string id = absl::StrCat("0x", absl::Hex(message.redacted_ids(0), absl::kZeroPad16));
    return MakeError(
        absl::StatusCode::kInvalidArgument, ErrorReason::kRegisterListMalformed,
        absl::StrCat("the values of ", message.redacted_ids_size(), " secret registers are redacted (first ", id,
                     "): the list can be shown only; get it with its secrets"),
        {{"register_id", id}});
  }
  const absl::Span<const uint64_t> ids(message.ids().data(), message.ids_size());
  std::string values = std::move(*message.mutable_values());
  if (likely_layout != nullptr && ids == likely_layout->raw_ids()) {
    return RegisterList::Create(likely_layout, std::move(values));
  }
  return RegisterList::Create(ids, std::move(values));
}

v1::RegisterList RegisterListToProto(RegisterList list) {
  v1::RegisterList message;
  RegisterListToProto(std::move(list), message);
  return message;
}

void RegisterListToProto(RegisterList list, v1::RegisterList& message) {
  const absl::Span<const uint64_t> ids = list.layout().raw_ids();
  message.mutable_ids()->Add(ids.begin(), ids.end());
  message.set_values(std::move(list).ReleaseValues());
}

}  // namespace armstate
