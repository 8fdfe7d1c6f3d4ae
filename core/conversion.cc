#include "core/conversion.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/types/optional.h"
#include "core/catalog.h"
#include "core/quantity_text.h"
#include "core/register_kind.h"
#include "core/safe_rule.h"

namespace armstate {
namespace {

constexpr absl::string_view kAcceptable[] = {kFeatureGone, kStateLost, kCounterFrequency, kExceptionLevels};
// CNTFRQ_EL0, as QEMU's emulation lists it. KVM does not list it.
constexpr RegisterId kCounterFrequencyId = RegisterId::Known<0x6030'0000'0013'df00>();

constexpr RegisterId kPstate = RegisterId::Known<0x6030'0000'0010'0042>();
constexpr RegisterId kCpsr = RegisterId::Known<0x4020'0000'0010'0010>();

// An exception level that a CPU of QEMU's emulation may lack. It has it if this register can be written, which a CPU
// without it does not list, or as a constant 0.
struct Level {
  RegisterId control;
  unsigned number;
  uint64_t aarch32_mode;  // Hyp, Monitor
  absl::string_view option;
};
constexpr Level kLevels[] = {
    {RegisterId::Known<0x6030'0000'0013'e088>(), 2, 0x1a, "virtualization=on"},  // HCR_EL2
    {RegisterId::Known<0x6030'0000'0013'f088>(), 3, 0x16, "secure=on"},          // SCR_EL3
};

bool Has(const CpuProfile& profile, const Level& level) {
  const absl::optional<size_t> index = profile.layout()->Find(level.control);
  if (!index) return false;
  const absl::string_view writable =
      profile.writable().substr(profile.layout()->offset(*index), profile.layout()->width(*index));
  return writable.find_first_not_of('\0') != absl::string_view::npos;
}

bool RunsAt(const RegisterList& list, const Level& level) {
  if (const absl::optional<absl::string_view> cpsr = list.Find(kCpsr)) {
    return (LowWord(*cpsr) & 0x1f) == level.aarch32_mode;
  }
  const absl::optional<absl::string_view> pstate = list.Find(kPstate);
  return pstate && (LowWord(*pstate) & 0x10) == 0 && (LowWord(*pstate) >> 2 & 3) == level.number;
}

std::string WithMeaning(uint64_t value, absl::string_view meaning) {
  return meaning.empty() ? absl::StrCat(value) : absl::StrCat(value, " (", meaning, ")");
}

std::string Hex(absl::string_view value) {
  return value.size() <= sizeof(uint64_t) ? absl::StrFormat("0x%x", LowWord(value)) : FormatValue(value);
}

class Rules {
 public:
  Rules(const ConversionSide& source, const CpuProfile& target, absl::string_view target_values)
      : source_(source), target_(target), target_values_(target_values) {
    if (source.profile != nullptr) source_reset_ = source.profile->ResetValues(source.position);
  }

  void Judge(RegisterFinding& finding) const {
    // QEMU's emulation must be given what it has itself, which is not known of such a register.
    if (finding.outcome == RegisterOutcome::kWriteUndetermined && target_.scheme() == IdScheme::kTcg) return;
    if (finding.outcome == RegisterOutcome::kNotInCheckpoint && finding.id.register_class() == RegisterClass::kCore) {
      finding.outcome = RegisterOutcome::kRequired;
      finding.reason = "the guest's CPU is of another kind, which has no such register";
      return;
    }
    if (finding.wanted.empty()) {
      return Cover(kKeptAtReset, "the guest's CPU had no such register: the target's own value", finding);
    }
    switch (finding.outcome) {
      case RegisterOutcome::kUnknown:
        return JudgeLeftOut(finding);
      case RegisterOutcome::kIgnored:
      case RegisterOutcome::kDiffers:
      case RegisterOutcome::kWriteRefused:
      case RegisterOutcome::kWriteUndetermined:
        return JudgeNotKept(finding);
      default:
        return;
    }
  }

  // Remarks about the whole vCPU.
  std::vector<RegisterFinding> JudgeVcpu(const RegisterList& list) const {
    std::vector<RegisterFinding> findings;
    if (target_.scheme() != IdScheme::kTcg) return findings;
    JudgeCounter(list, findings);
    for (const Level& level : kLevels) JudgeLevel(level, list, findings);
    return findings;
  }

 private:
  void JudgeCounter(const RegisterList& list, std::vector<RegisterFinding>& findings) const {
    const absl::optional<absl::string_view> set = list.Find(kCounterFrequencyId);
    const absl::optional<absl::string_view> now = target_.reset().Find(kCounterFrequencyId);
    if (!set || !now) return;
    // Firmware may have written another number into the register than the counter's rate.
    const absl::optional<size_t> index = InSource(kCounterFrequencyId);
    const absl::string_view was = index ? SourceReset(*index) : *set;
    if (was == *now) return;
    findings.push_back({kCounterFrequencyId, RegisterOutcome::kIgnored, std::string(*set), std::string(*now)});
    const uint64_t before = LowWord(was), after = LowWord(*now);
    const auto times = [](uint64_t a, uint64_t b) {
      return ShortNumber(static_cast<double>(a) / static_cast<double>(b));
    };
    const std::string pace = before == 0 || after == 0 ? ""
                             : before < after          ? absl::StrCat(", ", times(after, before), " times as fast")
                                                       : absl::StrCat(", ", times(before, after), " times slower");
    Refuse(kCounterFrequency,
           absl::StrCat("the guest's counter ran at ", FrequencyText(before), " and would run at ",
                        FrequencyText(after), ", without the guest knowing: its clock would be wrong", pace),
           findings.back());
  }

  // A guest has found its exception levels when it started, and makes its firmware calls accordingly.
  void JudgeLevel(const Level& level, const RegisterList& list, std::vector<RegisterFinding>& findings) const {
    const bool now = Has(target_, level), runs_at = RunsAt(list, level);
    const bool was = source_.profile != nullptr ? Has(*source_.profile, level) : now || runs_at;
    if (was == now) return;
    const std::string name = absl::StrCat("EL", level.number);
    const absl::optional<size_t> own = target_.layout()->Find(level.control);
    findings.push_back({level.control, was ? RegisterOutcome::kIgnored : RegisterOutcome::kNotInCheckpoint,
                        std::string(list.Find(level.control).value_or("")),
                        own ? std::string(Of(*target_.layout(), *own, target_values_)) : std::string()});
    RegisterFinding& finding = findings.back();
    if (runs_at) {
      finding.outcome = RegisterOutcome::kIgnored;
      finding.reason = absl::StrCat("the vCPU runs at ", name, ", which the target does not have");
    } else if (was) {
      Refuse(kExceptionLevels, absl::StrCat("the guest has ", name, " (", level.option, "), the target does not"),
             finding);
    } else {
      finding.outcome = RegisterOutcome::kRequired;
      Refuse(kExceptionLevels,
             absl::StrCat("the target has ", name, " (", level.option,
                          "), the guest does not: QEMU then takes firmware calls (PSCI) in another way than the guest "
                          "makes them"),
             finding);
    }
  }

  static void Cover(absl::string_view name, std::string reason, RegisterFinding& finding) {
    finding.tolerance = std::string(name);
    finding.reason = std::move(reason);
  }

  static void Refuse(absl::string_view accept_as, std::string reason, RegisterFinding& finding) {
    finding.accept_as = std::string(accept_as);
    finding.reason = std::move(reason);
  }

  absl::optional<size_t> InSource(RegisterId id) const {
    return source_.profile == nullptr ? absl::nullopt : source_.profile->layout()->Find(id);
  }
  absl::string_view SourceReset(size_t index) const { return Of(*source_.profile->layout(), index, source_reset_); }

  // True if the guest, and not its old CPU, is the reason why a register is not `other`. Without the source's profile
  // it is not known what the guest has written, so that any difference is.
  bool IsGuests(const RegisterFinding& finding, absl::string_view other) const {
    const absl::optional<size_t> index = InSource(finding.id);
    if (!index) return finding.wanted != other;
    const absl::string_view reset = SourceReset(*index);
    const absl::string_view writable = Of(*source_.profile->layout(), *index, source_.profile->writable());
    for (size_t i = 0; i < other.size(); ++i) {
      if (((finding.wanted[i] ^ other[i]) & (finding.wanted[i] ^ reset[i]) & writable[i]) != 0) return true;
    }
    return false;
  }

  static absl::string_view Of(const RegisterLayout& layout, size_t index, absl::string_view area) {
    return area.substr(layout.offset(index), layout.width(index));
  }

  void JudgeLeftOut(RegisterFinding& finding) const {
    const absl::optional<size_t> index = InSource(finding.id);
    if (index) {
      const RegisterId owner = source_.profile->layout()->id(source_.profile->owners()[*index]);
      if (owner != finding.id && target_.layout()->Find(owner)) {
        return Cover(kKeptElsewhere, absl::StrCat("the target keeps it in ", RegisterName(owner, target_.scheme())),
                     finding);
      }
    }
    if (finding.id.register_class() == RegisterClass::kCore) {
      finding.reason = "the target is another kind of CPU, which has no such register";
      return;
    }
    if (IsIdRegister(finding.id)) {
      return Cover(kShownOtherwise, "the target does not list it: the guest sees the target's own", finding);
    }
    // A value that is not known to be set at reset is assumed to be 0 there.
    const std::string unset = index ? std::string(SourceReset(*index)) : std::string(finding.wanted.size(), '\0');
    if (!IsGuests(finding, unset)) {
      return Cover(kHeldNothing, "the target has no such register; the guest has not written it", finding);
    }
    Refuse(kStateLost,
           absl::StrCat("the target has no such register; the guest's ", Hex(finding.wanted), " would be lost"),
           finding);
  }

  void JudgeNotKept(RegisterFinding& finding) const {
    const absl::optional<size_t> own = target_.layout()->Find(finding.id);
    if (!own || IsFirmwareRegister(finding.id) || finding.id == kSveVectorLengths) return;
    const absl::string_view now = Of(*target_.layout(), *own, target_values_);
    finding.got = std::string(now);
    if (IsIdRegister(finding.id)) return JudgePromise(finding, now);
    if (source_.profile != nullptr && !IsGuests(finding, now)) {
      return Cover(kShownOtherwise, "the guest has not written what differs: another constant, or another reset value",
                   finding);
    }
    Refuse(kStateLost,
           absl::StrCat("the target would hold ", Hex(now), " in place of the guest's ", Hex(finding.wanted)), finding);
  }

  void JudgePromise(RegisterFinding& finding, absl::string_view now) const {
    std::vector<std::string> lost;
    for (const ChangedField& field :
         LostFeatures(finding.id, target_.scheme(), LowWord(finding.wanted), LowWord(now))) {
      lost.push_back(absl::StrCat(field.name, " was ", WithMeaning(field.first, field.first_meaning), " and is ",
                                  WithMeaning(field.second, field.second_meaning)));
    }
    if (!lost.empty()) {
      return Refuse(kFeatureGone, absl::StrCat("the guest was promised more: ", absl::StrJoin(lost, ", ")), finding);
    }
    Cover(kShownOtherwise, "the guest finds all that it was promised", finding);
  }

  const ConversionSide& source_;
  const CpuProfile& target_;
  absl::string_view target_values_;
  std::string source_reset_;
};

}  // namespace

absl::Span<const absl::string_view> AcceptableNames() { return kAcceptable; }

RestoreReport OnlyLostFeatures(RestoreReport report, IdScheme scheme) {
  for (RegisterFinding& finding : report.findings) {
    if (!IsIdRegister(finding.id) || finding.wanted.empty() || finding.got.empty()) continue;
    const uint64_t shown = LowWord(finding.wanted), now = LowWord(finding.got);
    uint64_t lost = 0;
    for (const ChangedField& field : LostFeatures(finding.id, scheme, shown, now)) lost |= field.mask;
    const uint64_t reduced = (now & ~lost) | (shown & lost);
    for (size_t i = 0; i < finding.wanted.size() && i < sizeof(reduced); ++i) {
      finding.wanted[i] = static_cast<char>(reduced >> 8 * i);
    }
  }
  return report;
}

void ApplyConversion(const RegisterList& list, const ConversionSide& source, const CpuProfile& target,
                     absl::string_view target_values, absl::Span<const std::string> accepted, RestoreReport& report) {
  const Rules rules(source, target, target_values);
  for (RegisterFinding& finding : report.findings) {
    if (finding.tolerance.empty()) rules.Judge(finding);
  }
  for (RegisterFinding& added : rules.JudgeVcpu(list)) {
    const auto at = std::lower_bound(report.findings.begin(), report.findings.end(), added.id,
                                     [](const RegisterFinding& finding, RegisterId id) { return finding.id < id; });
    if (at != report.findings.end() && at->id == added.id) {
      if (!at->accept_as.empty()) absl::StrAppend(&added.reason, "; ", at->reason);
      *at = std::move(added);
    } else {
      report.findings.insert(at, std::move(added));
    }
  }
  for (RegisterFinding& finding : report.findings) {
    if (finding.accept_as.empty()) continue;
    if (std::find(accepted.begin(), accepted.end(), finding.accept_as) != accepted.end()) {
      finding.tolerance = finding.accept_as;
    }
  }
  RecomputeVerdict(report);
}

}  // namespace armstate
