// libFuzzer: any text as the JSON that `armstate push` reads, and what the server makes of the checkpoint.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "client/cli/files/checkpoint_json.h"
#include "google/protobuf/util/message_differencer.h"
#include "server/checkpoints/codec.h"

namespace armstate {
namespace {

void Check(bool holds) {
  if (!holds) abort();
}

void ParseJson(const std::string& text) {
  const absl::StatusOr<v1::Checkpoint> checkpoint = ParseCheckpointJson(text);
  if (!checkpoint.ok()) return Check(absl::IsInvalidArgument(checkpoint.status()));
  v1::Checkpoint stored = *checkpoint;
  const absl::StatusOr<std::vector<VcpuState>> vcpus = ParseCheckpoint(stored);
  if (!vcpus.ok()) return Check(absl::IsInvalidArgument(vcpus.status()));
  // What the server takes is read again from what `armstate pull` writes.
  const absl::StatusOr<v1::Checkpoint> again = ParseCheckpointJson(CheckpointJson(*checkpoint));
  Check(again.ok() && google::protobuf::util::MessageDifferencer::Equals(*again, *checkpoint));
}

}  // namespace
}  // namespace armstate

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  armstate::ParseJson(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
