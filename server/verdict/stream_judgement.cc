#include "server/verdict/stream_judgement.h"

#include <algorithm>
#include <cstdint>
#include <map>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"

namespace armstate {
namespace {

constexpr absl::string_view kUpperBits = "cpreg_vmstate_values[";

// State that only some CPU models have.
struct ModelSubsection {
  absl::string_view name;
  absl::string_view holds;
};
constexpr ModelSubsection kModelSubsections[] = {
    {"cpu/pmsav7", "regions of an MPU of PMSAv7"},
    {"cpu/pmsav8", "regions of an MPU of PMSAv8"},
    {"cpu/m-security", "registers of the Security Extension of Cortex-M"},
};

bool IsOfQemu(const VcpuState& vcpu) {
  return std::any_of(vcpu.opaque_fields.begin(), vcpu.opaque_fields.end(),
                     [](const OpaqueField& field) { return field.name == "cpu"; });
}

// Bits 63-32 of 32-bit registers, where they are not 0.
std::map<RegisterId, uint32_t> UpperHalves(const VcpuState& vcpu) {
  std::map<RegisterId, uint32_t> halves;
  for (const OpaqueField& field : vcpu.opaque_fields) {
    absl::string_view name = field.name;
    if (!absl::ConsumePrefix(&name, kUpperBits) || !absl::ConsumeSuffix(&name, "]")) continue;
    uint64_t raw = 0;
    if (!absl::SimpleHexAtoi(name, &raw)) continue;
    const absl::StatusOr<RegisterId> id = RegisterId::Create(raw);
    if (!id.ok() || field.data.size() != sizeof(uint32_t)) continue;
    uint32_t value = 0;
    for (const char byte : field.data) value = value << 8 | static_cast<unsigned char>(byte);  // big-endian
    halves[*id] = value;
  }
  return halves;
}

void JudgeUpperHalves(const VcpuState& vcpu, const CpuProfile& profile, RestoreReport& report) {
  const std::map<RegisterId, uint32_t> halves = UpperHalves(vcpu);
  const RegisterLayout& layout = *profile.layout();
  const auto judge = [&](size_t index, uint32_t wanted) {
    const CpuProfile::UpperHalf own = profile.upper_half(index);
    if (((wanted ^ own.reset) & ~own.writable) == 0 || !vcpu.registers.Find(layout.id(index))) return;
    const RegisterOutcome outcome = report.outcomes[index];
    if (Refuses(outcome) || outcome == RegisterOutcome::kWriteUndetermined) return;  // already a finding
    report.outcomes[index] = RegisterOutcome::kIgnored;
    RegisterFinding finding{
        layout.id(index),
        RegisterOutcome::kIgnored,
        std::string(*vcpu.registers.Find(layout.id(index))),
        std::string(profile.reset().value(index)),
        absl::StrFormat("bits 63-32, which only QEMU's stream has and QEMU compares, are 0x%x in the "
                        "checkpoint and 0x%x on the target",
                        wanted, own.reset),
        ""};
    report.findings.push_back(std::move(finding));
  };
  for (const CpuProfile::UpperHalf& own : profile.upper_halves()) {
    const auto wanted = halves.find(layout.id(own.index));
    judge(own.index, wanted == halves.end() ? 0 : wanted->second);
  }
  for (const auto& [id, wanted] : halves) {
    const absl::optional<size_t> index = layout.Find(id);
    if (index && profile.upper_half(*index).reset == 0 && profile.upper_half(*index).writable == 0)
      judge(*index, wanted);
  }
  std::sort(report.findings.begin(), report.findings.end(),
            [](const RegisterFinding& a, const RegisterFinding& b) { return a.id < b.id; });
  RecomputeVerdict(report);
}

bool Has(const VcpuState& vcpu, absl::string_view subsection) {
  // A subsection that holds registers has its fields behind it, as "NAME:FIELD".
  return std::any_of(vcpu.opaque_fields.begin(), vcpu.opaque_fields.end(),
                     [&](const OpaqueField& field) { return field.name == subsection; });
}

// A subsection that is stored as a whole, after its version.
absl::optional<size_t> BodySize(const VcpuState& vcpu, absl::string_view subsection) {
  for (const OpaqueField& field : vcpu.opaque_fields) {
    if (field.name == subsection && field.data.size() > sizeof(uint32_t)) return field.data.size() - sizeof(uint32_t);
  }
  return absl::nullopt;
}

bool HasSize(const v1::CpuProfile& target, absl::string_view subsection) {
  return std::any_of(target.subsection_sizes().begin(), target.subsection_sizes().end(),
                     [&](const v1::SubsectionSize& size) { return size.name() == subsection; });
}

void AddOnce(std::vector<std::string>& notes, std::string note) {
  if (std::find(notes.begin(), notes.end(), note) == notes.end()) notes.push_back(std::move(note));
}

}  // namespace

Verdict JudgeMpu(const VcpuState& vcpu, const ResolvedTarget& target, std::vector<std::string>& notes) {
  Verdict verdict = Verdict::kAccepted;
  for (const v1::SubsectionSize& size : target.profile_header->subsection_sizes()) {
    const absl::optional<size_t> own = BodySize(vcpu, size.name());
    if (!own || *own == size.bytes()) continue;
    AddOnce(notes, absl::StrCat("the stream's subsection ", size.name(), " has ", *own, " bytes, the target's ",
                                size.bytes(), ": its MPU has another number of regions, and QEMU refuses that"));
    verdict = Verdict::kRefused;
  }
  for (const auto& [name, holds] : kModelSubsections) {
    if (!BodySize(vcpu, name) || HasSize(*target.profile_header, name)) continue;
    AddOnce(notes, absl::StrCat("the guest has another CPU model: the stream has the subsection ", name, ", ", holds,
                                ", which the target's CPU lacks: QEMU refuses it, or ends"));
    verdict = Verdict::kRefused;
  }
  return verdict;
}

Verdict JudgeStream(const VcpuState& vcpu, const ResolvedTarget& target, RestoreReport& report,
                    std::vector<std::string>& notes) {
  // A target without a name is known only by its registers.
  if (!IsOfQemu(vcpu) || target.profile_header->name().empty()) return report.verdict;
  const auto index = static_cast<size_t>(vcpu.vcpu_index);
  JudgeUpperHalves(vcpu, *target.profile(index), report);
  Verdict verdict = report.verdict;
  for (const std::string& name : target.profile_header->refused_subsections()) {
    if (!Has(vcpu, name)) continue;
    AddOnce(notes, absl::StrCat("the stream has the subsection ", name, ", which the target's QEMU refuses"));
    verdict = Verdict::kRefused;
  }
  verdict = std::max(verdict, JudgeMpu(vcpu, target, notes));
  for (const std::string& name : target.profile_header->undetermined_subsections()) {
    if (!Has(vcpu, name)) continue;
    AddOnce(notes, absl::StrCat("the stream has the subsection ", name,
                                ": it is unknown whether the target's QEMU accepts it"));
    verdict = std::max(verdict, Verdict::kUndetermined);
  }
  return verdict;
}

}  // namespace armstate
