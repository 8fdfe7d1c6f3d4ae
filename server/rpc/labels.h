// CheckLabels and HasLabels handle the labels that users give to resources.
#ifndef ARMSTATE_SERVER_RPC_LABELS_H_
#define ARMSTATE_SERVER_RPC_LABELS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/map.h"

namespace armstate {

using Labels = google::protobuf::Map<std::string, std::string>;

// INVALID_ARGUMENT, reason FIELD_INVALID, with `field` in the metadata: more than kMaxLabels, a key that is not
// [a-z][a-z0-9_-]{0,62}, a value of more than kMaxTextBytes.
absl::Status CheckLabels(const Labels& labels, absl::string_view field);

// Returns true if `labels` contains all of `wanted`.
bool HasLabels(const Labels& labels, const Labels& wanted);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RPC_LABELS_H_
