#include "server/machines/machine.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "armstate/storage/v1/machine_record.pb.h"
#include "core/engine_vm.h"
#include "core/error.h"
#include "proto/vcpu_state_conversion.h"

namespace armstate {
namespace {

absl::Status Unusable(const v1::Machine& machine, absl::string_view why) {
  return MakeError(absl::StatusCode::kFailedPrecondition, ErrorReason::kMachineUnusable, why,
                   {{"name", machine.name()}, {"cpu_profile", machine.cpu_profile()}});
}

absl::Status Damaged(absl::string_view why) {
  return MakeError(absl::StatusCode::kDataLoss, ErrorReason::kRecordDamaged,
                   absl::StrCat("a stored machine cannot be read", why.empty() ? "" : ": ", why));
}

}  // namespace

Machine::Machine(v1::Machine info, std::shared_ptr<const CpuProfile> profile)
    : info_(std::move(info)),
      profile_(std::move(profile)),
      vcpus_(MakeVcpus(profile_, info_.vcpu_count())),
      opaque_fields_(vcpus_.size()) {
  info_.set_register_count(static_cast<int>(profile_->layout()->size()));
}

absl::StatusOr<Machine> Machine::Decode(absl::string_view bytes, const ProfileRegistry& profiles) {
  storage::v1::MachineRecord record;
  if (!record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
      record.vcpus_size() != record.machine().vcpu_count()) {
    return Damaged("");
  }
  const absl::StatusOr<ProfileRegistry::Entry> profile = profiles.Find(record.machine().cpu_profile());
  if (!profile.ok()) return Unusable(record.machine(), profile.status().message());
  Machine machine(std::move(*record.mutable_machine()), (*profile)->profile);
  const std::shared_ptr<const RegisterLayout>& layout = machine.profile_->layout();
  for (size_t i = 0; i < machine.vcpus_.size(); ++i) {
    absl::StatusOr<VcpuState> state = VcpuStateFromProto(std::move(*record.mutable_vcpus(static_cast<int>(i))), layout);
    if (!state.ok()) return Damaged(state.status().message());
    if (!(state->registers.layout() == *layout)) {
      return Unusable(machine.info_,
                      absl::StrCat(machine.info_.name(), " was created when ", machine.info_.cpu_profile(),
                                   " had other registers; capture it with the server that made it, or delete it"));
    }
    machine.opaque_fields_[i] = std::move(state->opaque_fields);
    const absl::Status loaded = machine.vcpus_[i].LoadValues(std::move(state->registers).ReleaseValues());
    if (!loaded.ok()) return Damaged(loaded.message());
  }
  return machine;
}

std::string Machine::Encode() const {
  storage::v1::MachineRecord record;
  *record.mutable_machine() = info_;
  for (size_t i = 0; i < vcpus_.size(); ++i) {
    *record.add_vcpus() = VcpuStateToProto(State(i, std::string(vcpus_[i].values())));
  }
  return record.SerializeAsString();
}

void Machine::Reset() {
  for (EngineVcpu& vcpu : vcpus_) vcpu.Reset();
  for (std::vector<OpaqueField>& fields : opaque_fields_) fields.clear();
}

std::vector<VcpuState> Machine::Capture() const {
  std::vector<VcpuState> states;
  for (size_t i = 0; i < vcpus_.size(); ++i) states.push_back(State(i, vcpus_[i].ShownValues()));
  return states;
}

VcpuState Machine::State(size_t vcpu, std::string values) const {
  return {static_cast<int>(vcpu), *RegisterList::Create(profile_->layout(), std::move(values)), opaque_fields_[vcpu]};
}

void Machine::SetOpaqueFields(const std::vector<VcpuState>& states) {
  for (size_t i = 0; i < states.size(); ++i) opaque_fields_[i] = states[i].opaque_fields;
}

}  // namespace armstate
