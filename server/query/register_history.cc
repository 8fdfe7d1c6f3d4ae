#include "server/query/register_history.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "core/catalog.h"
#include "core/register_selector.h"
#include "core/selected_value.h"
#include "proto/resource_names.h"
#include "proto/status_conversion.h"
#include "server/checkpoints/scheme.h"
#include "server/checkpoints/stored_checkpoint_conversion.h"
#include "server/rpc/invalid_field.h"
#include "server/rpc/page_position.h"
#include "server/rpc/page_token.h"

namespace armstate {
namespace {

// The limit of what one page reads: some tens of milliseconds.
constexpr int64_t kMaxRead = 5000;
constexpr size_t kListed = 500;

// The IDs that the name stands for, by accelerator.
struct NamedRegister {
  std::string text;
  absl::StatusOr<RegisterSelector> kvm;
  absl::StatusOr<RegisterSelector> tcg;

  const absl::StatusOr<RegisterSelector>& In(IdScheme scheme) const { return scheme == IdScheme::kKvm ? kvm : tcg; }
  bool IsSecret() const { return (kvm.ok() && IsSecretRegister(kvm->id)) || (tcg.ok() && IsSecretRegister(tcg->id)); }
};

v1::RegisterHistoryEntry EntryOf(const v1::Checkpoint& basic, const std::vector<VcpuRecord>& vcpus,
                                 const NamedRegister& named, IdScheme scheme) {
  v1::RegisterHistoryEntry entry;
  entry.set_checkpoint(basic.name());
  *entry.mutable_create_time() = basic.create_time();
  if (basic.has_capture_time()) *entry.mutable_capture_time() = basic.capture_time();
  entry.mutable_value()->set_name(named.text);
  if (!named.In(scheme).ok() || vcpus.empty()) return entry;
  const RegisterList& list = vcpus.front().registers;
  const RegisterSelector selector =
      SelectorFor(*named.In(scheme), scheme, [&list](RegisterId id) { return list.Find(id).has_value(); });
  const absl::optional<absl::string_view> value = list.Find(selector.id);
  if (!value) return entry;
  const SelectedValue shown = ShowSelected(selector, *value);
  entry.mutable_value()->set_value(shown.text);
  entry.mutable_value()->set_meaning(std::string(shown.meaning));
  return entry;
}

class HistoryReader {
 public:
  HistoryReader(CheckpointRepository& checkpoints, const ProfileRegistry& profiles, NamedRegister named, std::string vm,
                int vcpu_index)
      : checkpoints_(checkpoints),
        profiles_(profiles),
        named_(std::move(named)),
        vm_(std::move(vm)),
        vcpu_index_(vcpu_index) {}

  // NOT_FOUND if the version was deleted in the meantime. A damaged version has an entry that says so.
  absl::StatusOr<v1::RegisterHistoryEntry> Read(int64_t version) const {
    absl::StatusOr<StoredCheckpoint> stored = checkpoints_.GetVcpus(vm_, version, {vcpu_index_});
    const absl::optional<ErrorInfo> error = GetErrorInfo(stored.status());
    if (error && error->reason == ErrorReason::kVcpuNotFound) {
      stored = checkpoints_.Get(vm_, version, VcpuSelection::kNone);
    }
    const absl::StatusOr<v1::Checkpoint> basic = BasicView(vm_, stored);
    if (absl::IsDataLoss(basic.status())) return Damaged(version, basic.status());
    if (!basic.ok()) return basic.status();
    const absl::optional<IdScheme> scheme = SchemeOf(basic->source(), profiles_);
    if (!scheme) return Damaged(version, absl::DataLossError(SchemeUnknown(*basic)));
    return EntryOf(*basic, stored->vcpus, named_, *scheme);
  }

 private:
  v1::RegisterHistoryEntry Damaged(int64_t version, const absl::Status& error) const {
    v1::RegisterHistoryEntry damaged;
    damaged.set_checkpoint(FormatCheckpointName(vm_, version));
    *damaged.mutable_error() = ToGoogleRpcStatus(error);
    return damaged;
  }

  CheckpointRepository& checkpoints_;
  const ProfileRegistry& profiles_;
  const NamedRegister named_;
  const std::string vm_;
  const int vcpu_index_;
};

}  // namespace

absl::StatusOr<v1::ListRegisterHistoryResponse> ListRegisterHistory(CheckpointRepository& checkpoints,
                                                                    const ProfileRegistry& profiles,
                                                                    const v1::ListRegisterHistoryRequest& request,
                                                                    const StopCheck& stop) {
  const absl::StatusOr<std::string> vm = ParseVmName(request.parent());
  if (!vm.ok()) return vm.status();
  const NamedRegister named{request.register_name(), ParseRegisterSelector(request.register_name(), IdScheme::kKvm),
                            ParseRegisterSelector(request.register_name(), IdScheme::kTcg)};
  if (!named.kvm.ok() && !named.tcg.ok()) return named.tcg.status();
  if (request.vcpu_index() < 0) return InvalidField("vcpu_index", "is negative");
  const absl::StatusOr<int> page_size = PageSize(request.page_size());
  if (!page_size.ok()) return page_size.status();
  const std::string list =
      absl::StrCat(request.parent(), "/history/", request.register_name(), "/", request.vcpu_index());
  HistoryPosition position;
  if (!request.page_token().empty()) {
    absl::StatusOr<HistoryPosition> parsed = HistoryPosition::FromToken(list, request.page_token());
    if (!parsed.ok()) return parsed.status();
    position = *std::move(parsed);
  }

  const HistoryReader reader(checkpoints, profiles, named, *vm, request.vcpu_index());
  v1::ListRegisterHistoryResponse response;
  bool more = true;
  while (more) {
    const absl::StatusOr<CheckpointPage> page = checkpoints.List(*vm, position.last_read, kListed);
    if (!page.ok()) return page.status();
    for (const ListedCheckpoint& listed : page->checkpoints) {
      if (absl::Status status = stop(); !status.ok()) return status;
      if (response.entries_size() == *page_size || response.read_versions() == kMaxRead) {
        // Anybody can read a token. Without the value the next page begins with an entry, changed or not.
        if (named.IsSecret() && !request.include_secrets()) position.shown.reset();
        response.set_next_page_token(position.ToToken(list));
        return response;
      }
      position.last_read = listed.version;
      absl::StatusOr<v1::RegisterHistoryEntry> entry = reader.Read(listed.version);
      if (absl::IsNotFound(entry.status())) continue;
      if (!entry.ok()) return entry.status();
      response.set_read_versions(response.read_versions() + 1);
      if (!request.all_versions() && !entry->has_error() && position.shown == entry->value().value()) continue;
      if (!entry->has_error()) position.shown = entry->value().value();
      *response.add_entries() = *std::move(entry);
    }
    more = page->more;
  }
  return response;
}

}  // namespace armstate
