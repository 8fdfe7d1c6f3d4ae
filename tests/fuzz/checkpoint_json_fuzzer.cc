// libFuzzer: any text as the JSON that `armstate push` reads, and what the server makes of the checkpoint.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "client/cli/files/checkpoint_json.h"
#include "server/checkpoints/codec.h"

namespace armstate {
namespace {

void Check(bool holds) {
  if (!holds) abort();
}

// Of messages without maps of several entries, whose order is free, one serialization.
std::string Text(const v1::Checkpoint& checkpoint) { return CheckpointJson(checkpoint); }

void ParseJson(const std::string& text) {
  const absl::StatusOr<v1::Checkpoint> checkpoint = ParseCheckpointJson(text);
  if (!checkpoint.ok()) return Check(absl::IsInvalidArgument(checkpoint.status()));
  v1::Checkpoint stored = *checkpoint;
  const absl::StatusOr<std::vector<VcpuState>> vcpus = ParseCheckpoint(stored);
  if (!vcpus.ok()) return Check(absl::IsInvalidArgument(vcpus.status()));
  // What the server takes is read again from what `armstate pull` writes.
  const absl::StatusOr<v1::Checkpoint> again = ParseCheckpointJson(Text(*checkpoint));
  Check(again.ok() && Text(*again) == Text(*checkpoint));
}

}  // namespace
}  // namespace armstate

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  armstate::ParseJson(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
