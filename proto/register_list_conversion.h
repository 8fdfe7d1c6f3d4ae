// This header converts between armstate.v1.RegisterList and RegisterList.
#ifndef ARMSTATE_PROTO_REGISTER_LIST_CONVERSION_H_
#define ARMSTATE_PROTO_REGISTER_LIST_CONVERSION_H_

#include <memory>

#include "absl/status/statusor.h"
#include "armstate/v1/register_list.pb.h"
#include "core/register_list.h"

namespace armstate {

// Moves the values out of `message` without a copy. If the IDs are those of `likely_layout`, the list shares that
// layout. INVALID_ARGUMENT, reason REGISTER_LIST_MALFORMED, also if values are redacted, or REGISTER_ID_INVALID.
absl::StatusOr<RegisterList> RegisterListFromProto(
    v1::RegisterList&& message, const std::shared_ptr<const RegisterLayout>& likely_layout = nullptr);

v1::RegisterList RegisterListToProto(RegisterList list);
// Converts into an existing, empty message.
void RegisterListToProto(RegisterList list, v1::RegisterList& message);

}  // namespace armstate

#endif  // ARMSTATE_PROTO_REGISTER_LIST_CONVERSION_H_
