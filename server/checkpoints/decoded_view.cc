#include "server/checkpoints/decoded_view.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/error.h"
#include "core/limits.h"
#include "core/register_selector.h"
#include "server/rpc/invalid_field.h"

namespace armstate {
namespace {

void AddFields(absl::Span<const FieldDefinition> fields, uint64_t word, v1::DecodedRegister& decoded) {
  for (const FieldDefinition& field : fields) {
    const uint64_t bits = ExtractField(field, word);
    v1::DecodedValue& added = *decoded.add_fields();
    added.set_name(std::string(field.name));
    added.set_value(absl::StrFormat("0x%x", bits));
    added.set_meaning(std::string(FieldMeaning(field, word)));
  }
}

// `in`: the ID in the list, which is another one for an AArch32 register within an AArch64 one.
v1::DecodedRegister& AddRegister(RegisterId id, RegisterId in, absl::string_view value, IdScheme scheme,
                                 v1::DecodedVcpu& vcpu) {
  v1::DecodedRegister& decoded = *vcpu.add_registers();
  decoded.set_name(RegisterName(id, scheme));
  decoded.set_value(FormatValue(value));
  decoded.set_id(in.ToString());
  return decoded;
}

absl::Status AddSelected(const RegisterList& list, absl::Span<const RegisterSelector> selectors, IdScheme scheme,
                         v1::DecodedVcpu& vcpu) {
  for (const RegisterSelector& named : selectors) {
    const absl::optional<SelectedRegister> found = FindSelected(list, named, scheme);
    if (!found) {
      return MakeError(absl::StatusCode::kNotFound, ErrorReason::kRegisterNotFound,
                       absl::StrCat("vCPU ", vcpu.vcpu_index(), " has no register ", RegisterName(named.id, scheme),
                                    " (", named.id.ToString(), ")"),
                       {{"register_id", named.id.ToString()}});
    }
    const RegisterSelector& selector = found->selector;
    const absl::Span<const FieldDefinition> fields =
        selector.field ? absl::MakeConstSpan(&*selector.field, 1) : RegisterFields(selector.id, scheme);
    AddFields(fields, LowWord(found->value), AddRegister(selector.id, found->in, found->value, scheme, vcpu));
  }
  return absl::OkStatus();
}

}  // namespace

size_t MostDecodedBytes(absl::Span<const VcpuRecord> vcpus, const v1::GetCheckpointRequest& request) {
  const bool with_fields = request.include_fields() || request.registers_size() > 0;
  const size_t register_bytes = with_fields ? 2048 : 128;
  size_t bytes = 0;
  for (const VcpuRecord& vcpu : vcpus) {
    bytes += register_bytes * (request.registers().empty() ? vcpu.registers.size() : request.registers_size());
  }
  return std::min(bytes, kMaxDecodedBytes);
}

absl::Status DecodeVcpus(absl::Span<const VcpuRecord> vcpus, IdScheme scheme, const v1::GetCheckpointRequest& request,
                         v1::Checkpoint& checkpoint) {
  absl::Status status = CheckLimit("registers", request.registers_size(), kMaxVcpuRegisters);
  if (!status.ok()) return status;
  const absl::StatusOr<std::vector<RegisterSelector>> selectors =
      ParseRegisterSelectors({request.registers().begin(), request.registers().end()}, scheme);
  if (!selectors.ok()) return selectors.status();
  size_t bytes = 0;
  for (const VcpuRecord& record : vcpus) {
    v1::DecodedVcpu& vcpu = *checkpoint.add_decoded_vcpus();
    vcpu.set_vcpu_index(record.vcpu_index);
    status = AddSelected(record.registers, *selectors, scheme, vcpu);
    if (!status.ok()) return status;
    for (size_t i = 0; selectors->empty() && i < record.registers.size(); ++i) {
      const RegisterId id = record.registers.id(i);
      const absl::string_view value = record.registers.value(i);
      v1::DecodedRegister& decoded = AddRegister(id, id, value, scheme, vcpu);
      if (request.include_fields()) AddFields(RegisterFields(id, scheme), LowWord(value), decoded);
    }
    bytes += vcpu.ByteSizeLong();
    if (bytes > kMaxDecodedBytes) {
      return InvalidField("view",
                          absl::StrCat("DECODED takes more than ", kMaxDecodedBytes >> 20, " MiB up to vCPU ",
                                       record.vcpu_index, "; ask for fewer vCPUs (vcpu_indexes) or registers"),
                          {{"limit", absl::StrCat(kMaxDecodedBytes)}});
    }
  }
  return absl::OkStatus();
}

}  // namespace armstate
