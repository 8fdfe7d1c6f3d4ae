#include "server/verdict/server_advice.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "proto/advice_conversion.h"
#include "proto/small_file.h"
#include "server/verdict/built_in_advice.h"
#include "server/verdict/machine_type.h"

namespace armstate {
namespace {

absl::StatusOr<std::vector<AdviceRule>> ReadRules(const std::string& file, absl::Span<const AdviceRule> built_in) {
  const absl::StatusOr<std::string> text = ReadSmallFile(file);
  if (!text.ok()) return text.status();
  absl::StatusOr<std::vector<AdviceRule>> rules = ParseAdviceText(*text, built_in);
  if (!rules.ok()) return Annotate(rules.status(), file);
  return rules;
}

// Returns what the target holds after the restore, as a value area of the layout of `reset`: the checkpoint's value
// where the report has no finding.
std::string TargetValues(const RegisterList& list, const RegisterList& reset, const RestoreReport& report) {
  const RegisterLayout& layout = reset.layout();
  std::string values(reset.values());
  for (size_t i = 0; i < layout.size(); ++i) {
    const absl::optional<absl::string_view> value = list.Find(layout.id(i));
    if (value) values.replace(layout.offset(i), layout.width(i), value->data(), value->size());
  }
  for (const RegisterFinding& finding : report.findings) {
    const absl::optional<size_t> index = layout.Find(finding.id);
    if (!index) continue;
    const absl::string_view got = finding.got.empty() ? reset.value(*index) : absl::string_view(finding.got);
    values.replace(layout.offset(*index), layout.width(*index), got.data(), got.size());
  }
  return values;
}

}  // namespace

absl::StatusOr<ServerAdvice> ServerAdvice::Load(const std::string& file) {
  const absl::StatusOr<std::vector<AdviceRule>> built_in = BuiltInAdvice();
  if (!built_in.ok()) return built_in.status();
  std::vector<AdviceRule> rules;
  if (!file.empty()) {
    absl::StatusOr<std::vector<AdviceRule>> own = ReadRules(file, *built_in);
    if (!own.ok()) return own.status();
    rules = *std::move(own);
  }
  rules.insert(rules.end(), built_in->begin(), built_in->end());
  ServerAdvice advice;
  for (const IdScheme source : {IdScheme::kKvm, IdScheme::kTcg}) {
    for (const IdScheme target : {IdScheme::kKvm, IdScheme::kTcg}) {
      absl::StatusOr<AdviceSet> set = AdviceSet::Create(rules, source, target);
      if (!set.ok()) return set.status();
      advice.sets_.emplace(std::make_pair(source, target), *std::move(set));
    }
  }
  return advice;
}

std::vector<Advice> ServerAdvice::For(const VerdictInput& checkpoint, const ResolvedTarget& target,
                                      const VmVerdict& judgement) const {
  return ForVcpus(checkpoint, target, judgement, 0, judgement.reports.size());
}

absl::optional<Advice> ServerAdvice::FirstCause(const VerdictInput& checkpoint, const ResolvedTarget& target,
                                                const VmVerdict& judgement, size_t vcpu) const {
  std::vector<Advice> all = ForVcpus(checkpoint, target, judgement, vcpu, vcpu + 1);
  if (all.empty() || all.front().kind != AdviceKind::kCause) return absl::nullopt;
  return std::move(all.front());
}

std::vector<Advice> ServerAdvice::ForVcpus(const VerdictInput& checkpoint, const ResolvedTarget& target,
                                           const VmVerdict& judgement, size_t begin, size_t end) const {
  std::vector<std::string> values;
  for (size_t i = begin; i < end; ++i) {
    values.push_back(TargetValues(judgement.list(checkpoint, i), target.profile(i)->reset(), judgement.reports[i]));
  }
  std::vector<AdvisedVcpu> vcpus;
  for (size_t i = begin; i < end; ++i) {
    vcpus.push_back({checkpoint.loaded.vcpus[i].vcpu_index,
                     {judgement.list(checkpoint, i), target.profile(i)->reset(), values[i - begin]},
                     judgement.reports[i].findings});
  }
  const IdScheme to = target.scheme();
  std::vector<Advice> all = sets_.at({checkpoint.SchemeBefore(to), to}).Apply(vcpus);
  if (MissingMachineType(checkpoint.basic().source().machine_type(), *target.profile_header).empty()) return all;
  // Nothing that is done at the target, or to the guest, gives it another machine type. The verdict's notes say so.
  for (Advice& advice : all) {
    if (advice.kind != AdviceKind::kCheckpoint) advice.action.clear();
  }
  return all;
}

absl::StatusOr<std::vector<Advice>> ServerAdvice::ForCheckpoint(absl::Span<const CapturedVcpu> vcpus, IdScheme scheme,
                                                                const StopCheck& stop) const {
  return sets_.at({scheme, scheme}).ApplyToCheckpoint(vcpus, stop);
}

}  // namespace armstate
