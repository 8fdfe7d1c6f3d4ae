// `RedactSecrets` takes the values of secret registers (core/catalog.h) out of a message.
#ifndef ARMSTATE_PROTO_SECRET_REDACTION_H_
#define ARMSTATE_PROTO_SECRET_REDACTION_H_

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace armstate {

// Finds the messages that hold values by their types, wherever they are in `message`, so that no RPC can forget it: a
// RegisterList loses the values and names the registers in redacted_ids, texts become kRedacted, bytes become empty.
// Whether two values are equal can still be seen.
//
// Example:
//   if (!AsksForSecrets(request)) RedactSecrets(response);
void RedactSecrets(google::protobuf::Message& message);

// Whether messages of this type can hold values of registers.
bool MayHoldSecrets(const google::protobuf::Descriptor& type);

// The field `include_secrets` of a request; false if it has none.
bool AsksForSecrets(const google::protobuf::Message& request);

}  // namespace armstate

#endif  // ARMSTATE_PROTO_SECRET_REDACTION_H_
