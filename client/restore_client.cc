#include "client/restore_client.h"

#include <utility>

#include "absl/types/optional.h"
#include "client/unary_call.h"

namespace armstate {

namespace {

template <typename Items>
void Append(Items& from, Items& to) {
  for (auto& item : from) *to.Add() = std::move(item);
}

// Joins the pages of an answer about a checkpoint's vCPUs. `append` moves the parts of a page outside of its report.
template <typename Response, typename Request, typename Call, typename AppendRest>
absl::StatusOr<Response> AllPages(Request request, Call call, AppendRest append) {
  absl::optional<Response> all;
  const absl::Status status = internal::ForEachPage(
      std::move(request),
      [&](Request page) {
        // All pages are of the same version, even if `latest` has moved on.
        if (all && !all->checkpoint().empty()) page.set_checkpoint(all->checkpoint());
        return call(page);
      },
      [&](Response& response) {
        if (!all) {
          all = std::move(response);
          return;
        }
        Append(*response.mutable_report()->mutable_vcpus(), *all->mutable_report()->mutable_vcpus());
        append(response, *all);
      });
  if (!status.ok()) return status;
  all->clear_next_page_token();
  return *std::move(all);
}

}  // namespace

RestoreClient::RestoreClient(const Connection& connection)
    : RestoreClient(v1::RestoreService::NewStub(connection.channel()), connection.call_timeout()) {}

RestoreClient::RestoreClient(std::shared_ptr<v1::RestoreService::StubInterface> stub, absl::Duration call_timeout)
    : stub_(std::move(stub)), call_timeout_(call_timeout) {}

absl::StatusOr<v1::ValidateCheckpointResponse> RestoreClient::ValidateCheckpoint(
    v1::ValidateCheckpointRequest request) const {
  return AllPages<v1::ValidateCheckpointResponse>(
      std::move(request),
      [this](const v1::ValidateCheckpointRequest& page) {
        return internal::UnaryCall(*stub_, &v1::RestoreService::StubInterface::ValidateCheckpoint, page, call_timeout_);
      },
      [](auto&, auto&) {});
}

absl::StatusOr<v1::PlanRestoreResponse> RestoreClient::PlanRestore(v1::PlanRestoreRequest request) const {
  return AllPages<v1::PlanRestoreResponse>(
      std::move(request),
      [this](const v1::PlanRestoreRequest& page) {
        return internal::UnaryCall(*stub_, &v1::RestoreService::StubInterface::PlanRestore, page, call_timeout_);
      },
      [](auto& page, auto& all) { Append(*page.mutable_vcpus(), *all.mutable_vcpus()); });
}

absl::StatusOr<v1::ConvertCheckpointResponse> RestoreClient::ConvertCheckpoint(
    v1::ConvertCheckpointRequest request) const {
  return AllPages<v1::ConvertCheckpointResponse>(
      std::move(request),
      [this](const v1::ConvertCheckpointRequest& page) {
        return internal::UnaryCall(*stub_, &v1::RestoreService::StubInterface::ConvertCheckpoint, page, call_timeout_);
      },
      [](auto& page, auto& all) { Append(*page.mutable_vcpus(), *all.mutable_vcpus()); });
}

absl::StatusOr<v1::FindRestoreTargetsResponse> RestoreClient::FindRestoreTargets(
    const v1::FindRestoreTargetsRequest& request) const {
  return internal::UnaryCall(*stub_, &v1::RestoreService::StubInterface::FindRestoreTargets, request, call_timeout_);
}

absl::StatusOr<v1::ComputeBaselineResponse> RestoreClient::ComputeBaseline(
    const v1::ComputeBaselineRequest& request) const {
  return internal::UnaryCall(*stub_, &v1::RestoreService::StubInterface::ComputeBaseline, request, call_timeout_);
}

absl::StatusOr<v1::Restore> RestoreClient::CreateRestore(const v1::CreateRestoreRequest& request) const {
  return internal::UnaryCall(*stub_, &v1::RestoreService::StubInterface::CreateRestore, request, call_timeout_);
}

absl::StatusOr<v1::ListRestoresResponse> RestoreClient::ListRestores(const v1::ListRestoresRequest& request) const {
  return internal::UnaryCall(*stub_, &v1::RestoreService::StubInterface::ListRestores, request, call_timeout_);
}

}  // namespace armstate
