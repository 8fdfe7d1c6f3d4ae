#include "server/checkpoints/create.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "proto/resource_names.h"
#include "server/checkpoints/codec.h"
#include "server/checkpoints/stored_checkpoint_conversion.h"
#include "server/rpc/invalid_field.h"

namespace armstate {

absl::StatusOr<ParsedCreate> ParseCreate(CheckpointRepository& repository, v1::CreateCheckpointRequest& request) {
  absl::StatusOr<std::string> vm = ParseVmName(request.parent());
  if (!vm.ok()) return vm.status();
  if (absl::Status id = CheckText("request_id", request.request_id(), kMaxRequestIdBytes); !id.ok()) return id;
  ParsedCreate create;
  if (request.has_expected_latest_version()) create.expected_latest_version = request.expected_latest_version();
  if (create.expected_latest_version && *create.expected_latest_version < 0) {
    return InvalidField("expected_latest_version", "is below 0");
  }
  v1::Checkpoint& checkpoint = *request.mutable_checkpoint();
  absl::StatusOr<std::vector<VcpuState>> vcpus = ParseCheckpoint(checkpoint, repository.LikelyLayout(*vm));
  if (!vcpus.ok()) return vcpus.status();
  create.checkpoint =
      ToNewCheckpoint(checkpoint, *std::move(vcpus), {std::move(*request.mutable_request_id()), /*digest=*/""});
  create.vm = *std::move(vm);
  create.validate_only = request.validate_only();
  return create;
}

void SubmitCreate(CheckpointRepository& repository, ParsedCreate create,
                  std::function<void(absl::StatusOr<CreateResult>)> done) {
  CreateResult outcome{std::move(create.vm)};
  outcome.summary.vcpu_count = static_cast<int>(create.checkpoint.vcpus.size());
  for (const VcpuRecord& vcpu : create.checkpoint.vcpus) {
    outcome.register_count += static_cast<int64_t>(vcpu.registers.size());
  }
  if (create.validate_only) {
    if (!create.expected_latest_version) return done(std::move(outcome));
    return repository.RunLater([&repository, outcome = std::move(outcome), done = std::move(done),
                                expected = *create.expected_latest_version] {
      const absl::Status status = repository.CheckLatestVersion(outcome.vm, expected);
      done(status.ok() ? absl::StatusOr<CreateResult>(outcome) : status);
    });
  }
  const std::string vm = outcome.vm;
  repository.CreateAsync(
      vm, std::move(create.checkpoint), create.expected_latest_version,
      [outcome = std::move(outcome), done = std::move(done)](absl::StatusOr<CreatedCheckpoint> created) mutable {
        if (!created.ok()) return done(created.status());
        outcome.was_retry = created->was_retry;
        outcome.summary = std::move(created->summary);
        done(std::move(outcome));
      });
}

absl::Status FillCreateResponse(const CreateResult& outcome, v1::Checkpoint& response) {
  if (outcome.was_retry) return FillBasicView(outcome.vm, outcome.summary, response);
  if (outcome.summary.version == 0) return absl::OkStatus();
  SetStoredFields(FormatCheckpointName(outcome.vm, outcome.summary.version), outcome.summary, response);
  return absl::OkStatus();
}

}  // namespace armstate
