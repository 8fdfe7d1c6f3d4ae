#include "server/create_checkpoint.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "proto/resource_names.h"
#include "server/checkpoint_access.h"
#include "server/checkpoint_codec.h"
#include "server/invalid_field.h"

namespace armstate {

absl::StatusOr<CheckedCreate> CheckCreate(CheckpointRepository& repository, v1::CreateCheckpointRequest& request) {
  absl::StatusOr<std::string> vm = ParseVmName(request.parent());
  if (!vm.ok()) return vm.status();
  if (request.request_id().size() > kMaxRequestIdBytes) {
    return InvalidField("request_id", absl::StrCat("is longer than ", kMaxRequestIdBytes, " bytes"));
  }
  CheckedCreate create;
  if (request.has_expected_latest_version()) create.expected_latest_version = request.expected_latest_version();
  if (create.expected_latest_version && *create.expected_latest_version < 0) {
    return InvalidField("expected_latest_version", "is below 0");
  }
  v1::Checkpoint& checkpoint = *request.mutable_checkpoint();
  absl::StatusOr<std::vector<VcpuState>> vcpus = CheckCheckpoint(checkpoint, repository.LikelyLayout(*vm));
  if (!vcpus.ok()) return vcpus.status();
  create.checkpoint =
      ToNewCheckpoint(checkpoint, *std::move(vcpus), {std::move(*request.mutable_request_id()), /*digest=*/""});
  create.vm = *std::move(vm);
  create.validate_only = request.validate_only();
  return create;
}

void StoreCreate(CheckpointRepository& repository, CheckedCreate create,
                 std::function<void(absl::StatusOr<CreateOutcome>)> done) {
  if (create.validate_only) {
    const absl::Status status = create.expected_latest_version
                                    ? repository.CheckLatestVersion(create.vm, *create.expected_latest_version)
                                    : absl::OkStatus();
    if (!status.ok()) return done(status);
    CreateOutcome outcome{std::move(create.vm), {}};
    outcome.summary.metadata = std::move(create.checkpoint.metadata);
    return done(std::move(outcome));
  }
  const std::string vm = create.vm;
  repository.CreateAsync(
      vm, std::move(create.checkpoint), create.expected_latest_version,
      [vm = std::move(create.vm), done = std::move(done)](absl::StatusOr<CreatedCheckpoint> created) mutable {
        if (!created.ok()) return done(created.status());
        done(CreateOutcome{std::move(vm), std::move(created->summary)});
      });
}

absl::Status FillResponse(const CreateOutcome& outcome, v1::Checkpoint& response) {
  if (absl::Status status = FillBasicView(outcome.vm, outcome.summary, response); !status.ok()) return status;
  if (outcome.summary.version != 0) return absl::OkStatus();
  response.clear_name();
  response.clear_create_time();
  return absl::OkStatus();
}

}  // namespace armstate
