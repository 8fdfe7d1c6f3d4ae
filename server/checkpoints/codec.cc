#include "server/checkpoints/codec.h"

#include <memory>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "core/limits.h"
#include "core/list_origin.h"
#include "google/protobuf/util/time_util.h"
#include "proto/accelerator.h"
#include "proto/enum_name.h"
#include "proto/vcpu_state_conversion.h"
#include "server/rpc/invalid_field.h"

namespace armstate {
namespace {

absl::Status CheckSource(const v1::Source& source) {
  if (source.accelerator() == v1::ACCELERATOR_UNSPECIFIED || !v1::Accelerator_IsValid(source.accelerator())) {
    const bool is_there = source.accelerator() != v1::ACCELERATOR_UNSPECIFIED;
    return InvalidField("checkpoint.source.accelerator",
                        absl::StrCat(is_there ? absl::StrCat("is unknown: ", source.accelerator()) : "is required",
                                     "; it is TCG, KVM, HVF or ENGINE"));
  }
  const std::pair<absl::string_view, const std::string*> texts[] = {
      {"hypervisor", &source.hypervisor()},   {"hypervisor_version", &source.hypervisor_version()},
      {"host_kernel", &source.host_kernel()}, {"machine_type", &source.machine_type()},
      {"cpu_model", &source.cpu_model()},     {"host", &source.host()},
      {"cpu_profile", &source.cpu_profile()},
  };
  for (const auto& [name, text] : texts) {
    if (text->size() <= kMaxTextBytes) continue;
    return CheckText(absl::StrCat("checkpoint.source.", name), *text);
  }
  constexpr absl::string_view kFeatures = "checkpoint.source.vcpu_features";
  absl::Status status = CheckLimit(kFeatures, source.vcpu_features_size(), kMaxVcpuFeatures);
  for (const std::string& feature : source.vcpu_features()) {
    if (status.ok()) status = CheckText(kFeatures, feature);
  }
  return status;
}

// Under the wrong accelerator a list would assign values to the wrong registers.
absl::Status CheckAccelerator(const v1::Source& source, const RegisterLayout& layout) {
  if (source.accelerator() == v1::ACCELERATOR_ENGINE) return absl::OkStatus();
  const ListEvidence evidence = OriginOfList(layout.raw_ids());
  if (evidence.origin == ListOrigin::kUnknown || AcceleratorOf(evidence.origin) == source.accelerator()) {
    return absl::OkStatus();
  }
  const std::string id = RegisterId::Create(evidence.id)->ToString();
  return InvalidField("checkpoint.source.accelerator",
                      absl::StrCat("is ", EnumName(source.accelerator()), ", but the register list is of ",
                                   ListOriginName(evidence.origin), ", which alone lists register ", id),
                      {{"register_id", id}});
}

absl::Status CheckGaps(const v1::Checkpoint& checkpoint) {
  if (absl::Status status = CheckLimit("checkpoint.gaps", checkpoint.gaps_size(), kMaxGaps); !status.ok()) {
    return status;
  }
  for (const v1::CaptureGap& gap : checkpoint.gaps()) {
    if (absl::Status status = CheckText("checkpoint.gaps.reason", gap.reason()); !status.ok()) return status;
    if (gap.vcpu_index() < 0 || gap.vcpu_index() >= checkpoint.vcpus_size()) {
      return InvalidField("checkpoint.gaps",
                          absl::StrCat("name vCPU ", gap.vcpu_index(), ", which the checkpoint lacks"));
    }
    if (const absl::Status status = CaptureGapFromProto(gap).status(); !status.ok()) {
      return AnnotateField(status, "checkpoint.gaps");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckOpaqueFields(const std::vector<OpaqueField>& fields, absl::string_view where) {
  absl::Status status = CheckLimit(where, static_cast<int64_t>(fields.size()), kMaxOpaqueFields);
  if (!status.ok()) return status;
  std::set<absl::string_view> names;
  size_t bytes = 0;
  for (const OpaqueField& field : fields) {
    status = CheckText(absl::StrCat(where, ".name"), field.name);
    if (!status.ok()) return status;
    bytes += field.name.size() + field.data.size();
    if (field.name.empty()) return InvalidField(where, "have a field without a name");
    if (!names.insert(field.name).second) return InvalidField(where, absl::StrCat("have ", field.name, " twice"));
  }
  return CheckLimit(where, static_cast<int64_t>(bytes), static_cast<int64_t>(kMaxOpaqueBytes), "bytes");
}

// Parses one vCPU of a checkpoint, which must have this index.
absl::StatusOr<VcpuState> CheckVcpu(v1::VcpuState&& message, int index,
                                    const std::shared_ptr<const RegisterLayout>& likely_layout) {
  // The field name is only built on an error: this code runs for every checkpoint.
  const auto field = [index](absl::string_view part) { return absl::StrCat("checkpoint.vcpus[", index, "].", part); };
  if (message.vcpu_index() != index) {
    return InvalidField(field("vcpu_index"), absl::StrCat("is ", message.vcpu_index(), ", not ", index));
  }
  absl::StatusOr<VcpuState> state = VcpuStateFromProto(std::move(message), likely_layout);
  if (!state.ok()) return AnnotateField(state.status(), field("registers"));
  if (state->opaque_fields.empty()) return state;
  const absl::Status opaque = CheckOpaqueFields(state->opaque_fields, field("opaque_fields"));
  if (!opaque.ok()) return opaque;
  return state;
}

}  // namespace

absl::Status CheckRegisterCounts(absl::Span<const int> of_vcpus, absl::string_view field) {
  if (of_vcpus.empty()) return InvalidField(field, "is required: at least one vCPU");
  absl::Status status = CheckLimit(field, static_cast<int64_t>(of_vcpus.size()), kMaxVcpus);
  int64_t all = 0;
  for (size_t i = 0; i < of_vcpus.size() && status.ok(); ++i) {
    all += of_vcpus[i];
    if (of_vcpus[i] > 0 && of_vcpus[i] <= kMaxVcpuRegisters) continue;
    const std::string list = absl::StrCat(field, "[", i, "].registers");
    status = of_vcpus[i] == 0 ? InvalidField(list, "is required, and not empty")
                              : CheckLimit(list, of_vcpus[i], kMaxVcpuRegisters);
  }
  return status.ok() ? CheckLimit(field, all, kMaxRegisters, "registers") : status;
}

absl::Status CheckTime(const google::protobuf::Timestamp& time, absl::string_view field) {
  if (time.seconds() < google::protobuf::util::TimeUtil::kTimestampMinSeconds ||
      time.seconds() > google::protobuf::util::TimeUtil::kTimestampMaxSeconds || time.nanos() < 0 ||
      time.nanos() >= 1'000'000'000) {
    return InvalidField(field, "is not between the years 1 and 9999");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<VcpuState>> ParseCheckpoint(v1::Checkpoint& message,
                                                       std::shared_ptr<const RegisterLayout> likely_layout) {
  if (absl::Status status = CheckSource(message.source()); !status.ok()) return status;
  if (absl::Status status = CheckLabels(message.labels(), "checkpoint.labels"); !status.ok()) return status;
  if (absl::Status status = CheckTime(message.capture_time(), "checkpoint.capture_time"); !status.ok()) return status;
  if (absl::Status status = CheckGaps(message); !status.ok()) return status;
  std::vector<int> register_counts;
  register_counts.reserve(message.vcpus_size());
  for (const v1::VcpuState& vcpu : message.vcpus()) register_counts.push_back(vcpu.registers().ids_size());
  absl::Status counts = CheckRegisterCounts(register_counts, "checkpoint.vcpus");
  if (!counts.ok()) return counts;
  std::vector<VcpuState> vcpus;
  vcpus.reserve(message.vcpus_size());
  int64_t register_count = 0;
  for (int i = 0; i < message.vcpus_size(); ++i) {
    absl::StatusOr<VcpuState> state = CheckVcpu(std::move(*message.mutable_vcpus(i)), i, likely_layout);
    if (!state.ok()) return state.status();
    if (i == 0 || likely_layout != state->registers.shared_layout()) {
      const absl::Status accelerator = CheckAccelerator(message.source(), state->registers.layout());
      if (!accelerator.ok()) return accelerator;
    }
    likely_layout = state->registers.shared_layout();  // the vCPUs of a VM usually share one layout
    register_count += static_cast<int64_t>(state->registers.size());
    vcpus.push_back(*std::move(state));
  }
  message.clear_name();
  message.clear_version();
  message.clear_create_time();
  message.clear_vcpus();
  message.clear_error();
  message.clear_is_protected();
  message.clear_decoded_vcpus();
  message.clear_advice();
  message.set_vcpu_count(static_cast<int>(vcpus.size()));
  message.set_register_count(register_count);
  return vcpus;
}

std::string EncodeOpaqueFields(const std::vector<OpaqueField>& fields) {
  if (fields.empty()) return "";
  v1::VcpuState message;
  for (const OpaqueField& field : fields) {
    v1::OpaqueField* out = message.add_opaque_fields();
    out->set_name(field.name);
    out->set_data(field.data);
  }
  return message.SerializeAsString();
}

absl::StatusOr<std::vector<OpaqueField>> DecodeOpaqueFields(absl::string_view bytes) {
  if (bytes.empty()) return std::vector<OpaqueField>();
  v1::VcpuState message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return MakeError(absl::StatusCode::kDataLoss, ErrorReason::kRecordDamaged, "opaque fields cannot be read");
  }
  std::vector<OpaqueField> fields;
  for (v1::OpaqueField& field : *message.mutable_opaque_fields()) {
    fields.push_back({std::move(*field.mutable_name()), std::move(*field.mutable_data())});
  }
  return fields;
}

}  // namespace armstate
