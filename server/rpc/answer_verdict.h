// `VerdictOfAnswer` finds the verdict that an answer gives.
#ifndef ARMSTATE_SERVER_RPC_ANSWER_VERDICT_H_
#define ARMSTATE_SERVER_RPC_ANSWER_VERDICT_H_

#include <string>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace armstate {

// Returns "REFUSED" for VERDICT_REFUSED of the answer's field `verdict`, or of its field `report`; "" if it has none.
std::string VerdictOfAnswer(const google::protobuf::Message& answer);

// Whether answers of this type have one.
bool GivesVerdict(const google::protobuf::Descriptor& answer);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RPC_ANSWER_VERDICT_H_
