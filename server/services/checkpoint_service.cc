#include "server/services/checkpoint_service.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "proto/advice_conversion.h"
#include "proto/resource_names.h"
#include "proto/status_conversion.h"
#include "proto/vcpu_state_conversion.h"
#include "server/checkpoints/create.h"
#include "server/checkpoints/decoded_view.h"
#include "server/checkpoints/scheme.h"
#include "server/checkpoints/stored_checkpoint_conversion.h"
#include "server/rpc/invalid_field.h"
#include "server/rpc/page_token.h"
#include "server/rpc/untaken_answer.h"
#include "server/rpc/worked_call.h"

namespace armstate {
namespace {

constexpr absl::string_view kVmList = "vms";
// For a page of those that the caller may read.
constexpr size_t kVmsLookedAt = 1000;

size_t BytesOf(const StoredCheckpoint& stored) {
  size_t bytes = stored.summary.metadata.size();
  for (const VcpuRecord& vcpu : stored.vcpus) {
    bytes += vcpu.registers.size() * sizeof(uint64_t) + vcpu.registers.values().size() + vcpu.opaque.size();
  }
  return bytes;
}

// One damaged record must not hide the others: it is listed with its name and the error.
v1::Checkpoint ListedView(absl::string_view vm, const ListedCheckpoint& listed) {
  absl::StatusOr<v1::Checkpoint> basic =
      listed.summary.ok() ? BasicView(vm, *listed.summary) : absl::StatusOr<v1::Checkpoint>(listed.summary.status());
  if (basic.ok()) return *std::move(basic);
  v1::Checkpoint damaged;
  damaged.set_name(FormatCheckpointName(vm, listed.version));
  damaged.set_version(listed.version);
  *damaged.mutable_error() = ToGoogleRpcStatus(basic.status());
  return damaged;
}

absl::Status FillDecodedView(absl::string_view vm, const StoredCheckpoint& stored, const ProfileRegistry& profiles,
                             const v1::GetCheckpointRequest& request, v1::Checkpoint& response,
                             MemoryBudget::Share& share) {
  if (absl::Status status = FillBasicView(vm, stored.summary, response); !status.ok()) return status;
  const absl::optional<IdScheme> scheme = SchemeOf(response.source(), profiles);
  if (!scheme) {
    return MakeError(absl::StatusCode::kFailedPrecondition, ErrorReason::kCpuProfileNotFound, SchemeUnknown(response),
                     {{"name", response.name()}});
  }
  if (absl::Status status = share.AddAnswer(2 * MostDecodedBytes(stored.vcpus, request)); !status.ok()) return status;
  return DecodeVcpus(stored.vcpus, *scheme, request, response);
}

}  // namespace

absl::Status CheckpointServiceImpl::Get(const v1::GetCheckpointRequest& request, v1::Checkpoint& response,
                                        MemoryBudget::Share& share, const StopCheck& stop) {
  if (!v1::CheckpointView_IsValid(request.view())) return InvalidField("view", "is neither BASIC, FULL nor DECODED");
  const absl::StatusOr<CheckpointName> name = ParseCheckpointName(request.name());
  if (!name.ok()) return name.status();
  absl::Status wanted = CheckLimit("vcpu_indexes", request.vcpu_indexes_size(), kMaxVcpus);
  if (!wanted.ok()) return wanted;
  if (request.include_advice()) {
    if (absl::Status status = stop(); !status.ok()) return status;  // not on gRPC's thread
  }
  const bool basic = request.view() == v1::CHECKPOINT_VIEW_BASIC;
  const VcpuSelection selection = basic && !request.include_advice() ? VcpuSelection::kNone : VcpuSelection::kAll;
  absl::StatusOr<StoredCheckpoint> stored =
      selection == VcpuSelection::kNone || request.vcpu_indexes().empty()
          ? checkpoints_.Get(name->vm, name->version, selection)
          : checkpoints_.GetVcpus(name->vm, name->version, request.vcpu_indexes());
  if (!stored.ok()) return stored.status();
  if (absl::Status status = share.AddAnswer(2 * BytesOf(*stored)); !status.ok()) return status;
  std::vector<v1::Advice> advice;
  if (request.include_advice()) {
    absl::StatusOr<std::vector<v1::Advice>> found = AdviceOn(name->vm, *stored, stop);
    if (!found.ok()) return found.status();
    advice = *std::move(found);
  }
  const bool decoded = request.view() == v1::CHECKPOINT_VIEW_DECODED;
  absl::Status filled = basic     ? FillBasicView(name->vm, stored->summary, response)
                        : decoded ? FillDecodedView(name->vm, *stored, profiles_, request, response, share)
                                  : FillView(name->vm, *std::move(stored), response);
  if (!filled.ok()) return filled;
  *response.mutable_advice() = {advice.begin(), advice.end()};
  return absl::OkStatus();
}

absl::StatusOr<std::vector<v1::Advice>> CheckpointServiceImpl::AdviceOn(absl::string_view vm,
                                                                        const StoredCheckpoint& stored,
                                                                        const StopCheck& stop) const {
  const absl::StatusOr<v1::Checkpoint> basic = BasicView(vm, stored.summary);
  if (!basic.ok()) return basic.status();
  const absl::optional<IdScheme> scheme = SchemeOf(basic->source(), profiles_);
  std::vector<v1::Advice> messages;
  if (!scheme) return messages;
  std::vector<CapturedVcpu> vcpus;
  for (const VcpuRecord& vcpu : stored.vcpus) vcpus.push_back({vcpu.vcpu_index, vcpu.registers});
  const absl::StatusOr<std::vector<Advice>> all = advice_.ForCheckpoint(vcpus, *scheme, stop);
  if (!all.ok()) return all.status();
  for (const Advice& advice : *all) messages.push_back(AdviceToProto(advice, *scheme));
  return messages;
}

absl::StatusOr<v1::ListCheckpointsResponse> CheckpointServiceImpl::List(const v1::ListCheckpointsRequest& request) {
  const absl::StatusOr<std::string> vm = ParseVmName(request.parent());
  if (!vm.ok()) return vm.status();
  const absl::StatusOr<int> page_size = PageSize(request.page_size());
  if (!page_size.ok()) return page_size.status();
  const std::string list = absl::StrCat(request.parent(), "/checkpoints");
  const absl::StatusOr<std::string> token = DecodePageToken(list, request.page_token());
  if (!token.ok()) return token.status();
  int64_t after = 0;
  if (!token->empty() && (!absl::SimpleAtoi(*token, &after) || after < 0)) return PageTokenInvalid();
  const absl::StatusOr<CheckpointPage> page = checkpoints_.List(*vm, after, *page_size);
  if (!page.ok()) return page.status();
  v1::ListCheckpointsResponse response;
  bool more = page->more;
  size_t bytes = 0;
  for (const ListedCheckpoint& listed : page->checkpoints) {
    v1::Checkpoint checkpoint = ListedView(*vm, listed);
    bytes += checkpoint.ByteSizeLong();
    if (bytes > kMaxPageBytes && !response.checkpoints().empty()) {
      more = true;
      break;
    }
    *response.add_checkpoints() = std::move(checkpoint);
  }
  if (more)
    response.set_next_page_token(EncodePageToken(list, absl::StrCat(response.checkpoints().rbegin()->version())));
  return response;
}

absl::StatusOr<google::protobuf::Empty> CheckpointServiceImpl::Delete(const v1::DeleteCheckpointRequest& request) {
  const absl::StatusOr<CheckpointName> name = ParseCheckpointName(request.name());
  if (!name.ok()) return name.status();
  if (!name->version) {
    return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kResourceNameInvalid,
                     "latest can only be read; name the version to delete",
                     {{"name", request.name()}, {"expected", "vms/{vm}/checkpoints/{version}"}});
  }
  if (absl::Status status = checkpoints_.Delete(name->vm, *name->version); !status.ok()) return status;
  const absl::Status forgotten = history_.DeleteOf(name->vm, *name->version);
  // Otherwise the VM was deleted in the meantime, with all of its history.
  if (!forgotten.ok() && !absl::IsNotFound(forgotten)) return forgotten;
  return google::protobuf::Empty();
}

absl::StatusOr<v1::Vm> CheckpointServiceImpl::GetOneVm(const v1::GetVmRequest& request) {
  const absl::StatusOr<std::string> vm = ParseVmName(request.name());
  if (!vm.ok()) return vm.status();
  const absl::StatusOr<VmInfo> info = checkpoints_.GetVm(*vm);
  if (!info.ok()) return info.status();
  return VmToProto(*info);
}

absl::StatusOr<v1::ListVmsResponse> CheckpointServiceImpl::ListAllVms(const v1::ListVmsRequest& request,
                                                                      const StopCheck& stop, const Access& access) {
  const absl::StatusOr<int> page_size = PageSize(request.page_size());
  if (!page_size.ok()) return page_size.status();
  absl::StatusOr<std::string> cursor = DecodePageToken(kVmList, request.page_token());
  if (!cursor.ok()) return cursor.status();
  // Of others' VMs the caller learns neither the names nor, by short pages, how many there are.
  const size_t looked_at = access.IsLimited() ? kVmsLookedAt : static_cast<size_t>(*page_size);
  v1::ListVmsResponse response;
  do {
    if (absl::Status status = stop(); !status.ok()) return status;
    absl::StatusOr<VmPage> page = checkpoints_.ListVms(*cursor, looked_at);
    if (!page.ok()) return page.status();
    for (const ListedVm& listed : page->vms) {
      if (!access.MayReadVm(listed.vm)) continue;
      if (response.vms_size() == *page_size) {
        response.set_next_page_token(EncodePageToken(kVmList, listed.vm));
        return response;
      }
      v1::Vm& vm = *response.add_vms();
      if (listed.info.ok()) {
        vm = VmToProto(*listed.info);
      } else {
        vm.set_name(FormatVmName(listed.vm));
        *vm.mutable_error() = ToGoogleRpcStatus(listed.info.status());
      }
    }
    *cursor = std::move(page->next_cursor);
    if (!cursor->empty() && response.vms_size() == *page_size && access.MayReadVm(*cursor)) {
      response.set_next_page_token(EncodePageToken(kVmList, *cursor));
      return response;
    }
  } while (!cursor->empty());
  return response;
}

absl::StatusOr<google::protobuf::Empty> CheckpointServiceImpl::DeleteOneVm(const v1::DeleteVmRequest& request) {
  const absl::StatusOr<std::string> vm = ParseVmName(request.name());
  if (!vm.ok()) return vm.status();
  const absl::StatusOr<VmInfo> info = checkpoints_.GetVm(*vm);
  // A VM whose own record is damaged can also be deleted; the retention sweeper then deletes its history.
  if (!info.ok() && !absl::IsDataLoss(info.status())) return info.status();
  const ProtectedVersions protected_versions =
      request.delete_protected() ? ProtectedVersions::kDelete : ProtectedVersions::kRefuse;
  if (absl::Status status = checkpoints_.DeleteVm(*vm, protected_versions); !status.ok()) return status;
  if (info.ok()) {
    if (absl::Status status = history_.DeleteOfVm(*vm, info->incarnation); !status.ok()) return status;
  }
  return google::protobuf::Empty();
}

// The call and its messages live until Finish, and the store, which calls back, outlives all calls.
class CheckpointServiceImpl::CreateCall final : public grpc::ServerUnaryReactor {
 public:
  // The memory of the request and of the response, which is a part of it.
  CreateCall(absl::StatusOr<std::shared_ptr<MemoryBudget::Share>> share, grpc::CallbackServerContext& context)
      : context_(context), share_(std::move(share)) {}

  // `held`: what the share has for the request.
  void Begin(CheckpointRepository& checkpoints, v1::CreateCheckpointRequest& request, size_t held,
             v1::Checkpoint& response) {
    if (!share_.ok()) return End(share_.status());
    absl::StatusOr<ParsedCreate> create = ParseCreate(checkpoints, request);
    if (!create.ok()) return End(create.status());
    response.Swap(request.mutable_checkpoint());  // both are on the call's arena, so nothing is copied
    SubmitCreate(checkpoints, *std::move(create), [this, held, &response](const absl::StatusOr<CreateResult>& outcome) {
      const absl::Status status = outcome.ok() ? FillCreateResponse(*outcome, response) : outcome.status();
      // The registers are freed; gRPC keeps the rest until the client has received it.
      if (const size_t answer = WorkedCall::HeldBytes(response); answer < held) (*share_)->Return(held - answer);
      End(status);
    });
  }

  void OnDone() override { delete this; }
  bool InternalInlineable() override { return true; }

 private:
  void End(const absl::Status& status) {
    if (!status.ok()) context_.GetRpcAllocatorState()->FreeRequest();
    if (share_.ok()) (*share_)->BeginTaking(EndOfUntaken(context_));
    Finish(ToGrpcStatus(status));
  }

  grpc::CallbackServerContext& context_;
  const absl::StatusOr<std::shared_ptr<MemoryBudget::Share>> share_;
};

grpc::ServerUnaryReactor* CheckpointServiceImpl::CreateCheckpoint(grpc::CallbackServerContext* context,
                                                                  const v1::CreateCheckpointRequest* /*unchangeable*/,
                                                                  v1::Checkpoint* response) {
  v1::CreateCheckpointRequest& request = create_messages_.MutableRequest(*context);
  const std::string connection = ConnectionOf(*context);
  const size_t bytes = request.ByteSizeLong();
  workers_.connections.Complete(connection, bytes);
  const size_t held = WorkedCall::kCopies * bytes;
  auto* const call = new CreateCall(workers_.memory.Take(connection, held), *context);  // deletes itself in OnDone
  call->Begin(checkpoints_, request, held, *response);
  return call;
}

}  // namespace armstate
