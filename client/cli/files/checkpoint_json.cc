#include "client/cli/files/checkpoint_json.h"

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "core/list_origin.h"
#include "google/protobuf/util/json_util.h"
#include "proto/accelerator.h"

namespace armstate {

absl::StatusOr<v1::Checkpoint> ParseCheckpointJson(absl::string_view text) {
  v1::Checkpoint checkpoint;
  const google::protobuf::util::Status status =
      google::protobuf::util::JsonStringToMessage(google::protobuf::StringPiece(text.data(), text.size()), &checkpoint);
  if (!status.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("not JSON of an armstate.v1.Checkpoint: ", std::string(status.message())));
  }
  v1::Source& source = *checkpoint.mutable_source();
  if (source.accelerator() == v1::ACCELERATOR_UNSPECIFIED && checkpoint.vcpus_size() > 0) {
    const auto& ids = checkpoint.vcpus(0).registers().ids();
    source.set_accelerator(AcceleratorOf(OriginOfList(absl::MakeConstSpan(ids.data(), ids.size())).origin));
  }
  return checkpoint;
}

std::string CheckpointJson(const v1::Checkpoint& checkpoint) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  std::string text;
  // A Checkpoint has no field that JSON cannot show.
  (void)google::protobuf::util::MessageToJsonString(checkpoint, &text, options).ok();
  return text;
}

}  // namespace armstate
