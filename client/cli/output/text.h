// `Printable` and the other functions here format small pieces of text.
#ifndef ARMSTATE_CLIENT_CLI_OUTPUT_TEXT_H_
#define ARMSTATE_CLIENT_CLI_OUTPUT_TEXT_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "armstate/v1/checkpoint.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace armstate {

// Without control characters, which a server or a file may have put there: they show as '?'.
std::string Printable(std::string text);

// "1 vCPU", "2 vCPUs".
std::string CountText(int64_t count, absl::string_view noun);

// "2026-11-22 13:23:07Z"; "-" for the time 0, which is what a message without one holds.
std::string TimeText(const google::protobuf::Timestamp& time);

// "vms/web-1/checkpoints/3: 2 vCPUs, 424 registers".
std::string CheckpointText(const v1::Checkpoint& checkpoint);

// "last 10, younger than 7d, labelled"; "all" if nothing is deleted.
std::string RetentionText(const v1::Retention& retention);

// "312 B", "4.2 KiB", "1.0 GiB" ...
std::string BytesText(int64_t bytes);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_CLI_OUTPUT_TEXT_H_
