#include "client/checkpoint_client.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/types/optional.h"
#include "client/request_id.h"
#include "client/unary_call.h"

namespace armstate {

CheckpointClient::CheckpointClient(const Connection& connection)
    : CheckpointClient(v1::CheckpointService::NewStub(connection.channel()), connection.call_timeout()) {}

CheckpointClient::CheckpointClient(std::shared_ptr<v1::CheckpointService::StubInterface> stub,
                                   absl::Duration call_timeout)
    : stub_(std::move(stub)), call_timeout_(call_timeout) {}

absl::StatusOr<v1::Checkpoint> CheckpointClient::CreateCheckpoint(v1::CreateCheckpointRequest request) const {
  if (request.request_id().empty()) request.set_request_id(internal::NewRequestId());
  return internal::UnaryCall(*stub_, &v1::CheckpointService::StubInterface::CreateCheckpoint, request, call_timeout_);
}

absl::StatusOr<v1::Checkpoint> CheckpointClient::GetCheckpoint(const v1::GetCheckpointRequest& request) const {
  return internal::UnaryCall(*stub_, &v1::CheckpointService::StubInterface::GetCheckpoint, request, call_timeout_);
}

absl::StatusOr<v1::Checkpoint> CheckpointClient::UpdateCheckpoint(const v1::UpdateCheckpointRequest& request) const {
  return internal::UnaryCall(*stub_, &v1::CheckpointService::StubInterface::UpdateCheckpoint, request, call_timeout_);
}

absl::Status CheckpointClient::DeleteCheckpoint(const v1::DeleteCheckpointRequest& request) const {
  return internal::UnaryCall(*stub_, &v1::CheckpointService::StubInterface::DeleteCheckpoint, request, call_timeout_)
      .status();
}

absl::StatusOr<v1::Vm> CheckpointClient::GetVm(const v1::GetVmRequest& request) const {
  return internal::UnaryCall(*stub_, &v1::CheckpointService::StubInterface::GetVm, request, call_timeout_);
}

absl::StatusOr<v1::Vm> CheckpointClient::UpdateVm(const v1::UpdateVmRequest& request) const {
  return internal::UnaryCall(*stub_, &v1::CheckpointService::StubInterface::UpdateVm, request, call_timeout_);
}

absl::Status CheckpointClient::DeleteVm(const v1::DeleteVmRequest& request) const {
  return internal::UnaryCall(*stub_, &v1::CheckpointService::StubInterface::DeleteVm, request, call_timeout_).status();
}

absl::StatusOr<std::vector<v1::Checkpoint>> CheckpointClient::ListCheckpoints(
    v1::ListCheckpointsRequest request) const {
  std::vector<v1::Checkpoint> all;
  const absl::Status status = internal::ForEachPage(
      std::move(request),
      [this](const v1::ListCheckpointsRequest& page) {
        return internal::UnaryCall(*stub_, &v1::CheckpointService::StubInterface::ListCheckpoints, page, call_timeout_);
      },
      [&all](v1::ListCheckpointsResponse& response) {
        for (v1::Checkpoint& item : *response.mutable_checkpoints()) all.push_back(std::move(item));
      });
  if (!status.ok()) return status;
  return all;
}

absl::StatusOr<std::vector<v1::Vm>> CheckpointClient::ListVms(v1::ListVmsRequest request) const {
  std::vector<v1::Vm> all;
  const absl::Status status = internal::ForEachPage(
      std::move(request),
      [this](const v1::ListVmsRequest& page) {
        return internal::UnaryCall(*stub_, &v1::CheckpointService::StubInterface::ListVms, page, call_timeout_);
      },
      [&all](v1::ListVmsResponse& response) {
        for (v1::Vm& item : *response.mutable_vms()) all.push_back(std::move(item));
      });
  if (!status.ok()) return status;
  return all;
}

absl::StatusOr<v1::CompareCheckpointsResponse> CheckpointClient::CompareCheckpoints(
    v1::CompareCheckpointsRequest request) const {
  absl::optional<v1::CompareCheckpointsResponse> all;
  const absl::Status status = internal::ForEachPage(
      std::move(request),
      [this, &all](v1::CompareCheckpointsRequest page) {
        if (all) {
          page.set_old_checkpoint(all->old_checkpoint().name());
          page.set_new_checkpoint(all->new_checkpoint().name());
        }
        return internal::UnaryCall(*stub_, &v1::CheckpointService::StubInterface::CompareCheckpoints, page,
                                   call_timeout_);
      },
      [&all](v1::CompareCheckpointsResponse& response) {
        if (!all) {
          all = std::move(response);
          return;
        }
        for (v1::VcpuComparison& item : *response.mutable_vcpus()) *all->add_vcpus() = std::move(item);
      });
  if (!status.ok()) return status;
  all->clear_next_page_token();
  return *std::move(all);
}

absl::StatusOr<v1::ListRegisterHistoryResponse> CheckpointClient::ListRegisterHistory(
    v1::ListRegisterHistoryRequest request) const {
  v1::ListRegisterHistoryResponse all;
  const absl::Status status = internal::ForEachPage(
      std::move(request),
      [this](const v1::ListRegisterHistoryRequest& page) {
        return internal::UnaryCall(*stub_, &v1::CheckpointService::StubInterface::ListRegisterHistory, page,
                                   call_timeout_);
      },
      [&all](v1::ListRegisterHistoryResponse& response) {
        for (v1::RegisterHistoryEntry& item : *response.mutable_entries()) *all.add_entries() = std::move(item);
        all.set_read_versions(all.read_versions() + response.read_versions());
      });
  if (!status.ok()) return status;
  return all;
}

absl::StatusOr<v1::SearchRegistersResponse> CheckpointClient::SearchRegisters(
    const v1::SearchRegistersRequest& request) const {
  return internal::UnaryCall(*stub_, &v1::CheckpointService::StubInterface::SearchRegisters, request, call_timeout_);
}

absl::StatusOr<v1::SearchRegistersResponse> CheckpointClient::SearchRegisters(v1::SearchRegistersRequest request,
                                                                              int64_t limit) const {
  constexpr int64_t kMaxPageSize = 1000;
  absl::optional<v1::SearchRegistersResponse> all;
  do {
    const int64_t left = limit - (all ? all->checkpoints_size() : 0);
    request.set_page_size(static_cast<int32_t>(std::min(left, kMaxPageSize)));
    absl::StatusOr<v1::SearchRegistersResponse> page = SearchRegisters(request);
    if (!page.ok()) return page.status();
    if (!page->next_page_token().empty() && page->next_page_token() == request.page_token()) {
      return absl::InternalError("the server gave the same page token twice");
    }
    request.set_page_token(page->next_page_token());
    if (!all) {
      all = *std::move(page);
      continue;
    }
    for (v1::MatchedCheckpoint& match : *page->mutable_checkpoints()) *all->add_checkpoints() = std::move(match);
    for (std::string& damaged : *page->mutable_damaged()) all->add_damaged(std::move(damaged));
    all->set_scanned_checkpoints(all->scanned_checkpoints() + page->scanned_checkpoints());
    if (all->scan_reason().empty()) all->set_scan_reason(page->scan_reason());
    all->set_next_page_token(page->next_page_token());
  } while (!all->next_page_token().empty() && all->checkpoints_size() < limit);
  return *std::move(all);
}

}  // namespace armstate
