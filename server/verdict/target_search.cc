#include "server/verdict/target_search.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/optional.h"
#include "core/advice.h"
#include "core/cpu_list.h"
#include "core/register_kind.h"
#include "server/verdict/text.h"

namespace armstate {
namespace {

// The verdict on the registers of one profile, independent of the host.
struct ProfileVerdict {
  Verdict verdict;
  FindingCounts counts;
  std::string reason;
};

// The verdict on one target of a host.
struct HostVerdict {
  Verdict verdict;
  const ProfileVerdict* registers;
  const ResolvedTarget* target;

  auto rank() const { return std::make_tuple(verdict, registers->counts.refused, registers->counts.changed); }
};

// Returns true for findings that determine the verdict.
bool Matters(const VmVerdict& judgement, const RegisterFinding& finding) {
  if (judgement.verdict == Verdict::kRefused) return VerdictOf(finding) == Verdict::kRefused;
  if (judgement.verdict == Verdict::kUndetermined) return finding.outcome == RegisterOutcome::kWriteUndetermined;
  return finding.outcome != RegisterOutcome::kMoving;
}

// Orders findings by how much they explain: features first, then the implementation; most others follow from those.
int Weight(RegisterId id) { return IsImplementationId(id) ? 1 : IsIdRegister(id) ? 2 : 0; }

// "the guest has SVE ..., which the target's vCPUs lack; and 3 more registers". Without a cause it begins with the
// finding that explains most: "ID_AA64PFR0_EL1.CSV2 wanted 2, accepts 0 or 1".
std::string ReasonOf(const VmVerdict& judgement, const VerdictInput& checkpoint, const ResolvedTarget& target,
                     const ServerAdvice& advice) {
  const RegisterFinding* first = nullptr;
  int vcpu = 0;
  std::set<uint64_t> registers;
  for (size_t i = 0; i < judgement.reports.size(); ++i) {
    for (const RegisterFinding& finding : judgement.reports[i].findings) {
      if (!Matters(judgement, finding)) continue;
      registers.insert(finding.id.raw());
      if (first != nullptr && Weight(first->id) >= Weight(finding.id)) continue;
      first = &finding;
      vcpu = static_cast<int>(i);
    }
  }
  if (first == nullptr) return "";
  absl::optional<Advice> cause;
  // Of one vCPU: with 512 of them that costs less than the judgement.
  if (judgement.verdict >= Verdict::kUndetermined) {
    cause = advice.FirstCause(checkpoint, target, judgement, static_cast<size_t>(vcpu));
  }
  std::string reason;
  if (cause) {
    reason = cause->sentence;
    for (const RegisterId id : cause->registers) registers.erase(id.raw());
  } else {
    const EngineVcpu fresh(target.profile(static_cast<size_t>(vcpu)), VcpuPosition{vcpu, checkpoint.vcpu_count()});
    reason = BriefText(*first, fresh);
    if (!first->tolerance.empty()) absl::StrAppend(&reason, " (", first->tolerance, ")");
    registers.erase(first->id.raw());
  }
  if (!registers.empty()) {
    absl::StrAppend(&reason, "; and ", registers.size(), registers.size() == 1 ? " more register" : " more registers");
  }
  return reason;
}

// Keeps the best verdict of each kind of cores, best first.
void KeepBest(const HostVerdict& candidate, std::vector<HostVerdict>& kinds) {
  const auto same = std::find_if(kinds.begin(), kinds.end(), [&](const HostVerdict& kind) {
    return kind.target->core_kind == candidate.target->core_kind;
  });
  if (same == kinds.end()) {
    kinds.push_back(candidate);
  } else if (candidate.rank() < same->rank()) {
    *same = candidate;
  }
  std::stable_sort(kinds.begin(), kinds.end(),
                   [](const HostVerdict& a, const HostVerdict& b) { return a.rank() < b.rank(); });
}

std::string HostReason(const HostVerdict& host) {
  std::vector<std::string> parts;
  for (const v1::MissingVcpuFeature& feature : host.target->missing_features) {
    parts.push_back(absl::StrCat("no vCPU feature ", feature.feature()));
  }
  for (const std::string& unknown : host.target->unknown) parts.push_back(unknown);
  // Where something refuses the restore, changes are not listed.
  if (!host.registers->reason.empty() && host.registers->verdict == host.verdict)
    parts.push_back(host.registers->reason);
  return absl::StrJoin(parts, "; ");
}

// Fills what both messages have.
template <typename Message>
void Fill(const HostVerdict& verdict, Message& message) {
  message.set_verdict(VerdictToProto(verdict.verdict));
  message.set_cpu_profile(verdict.target->profile_header->name());
  message.set_refused_count(verdict.registers->counts.refused);
  message.set_changed_count(verdict.registers->counts.changed);
  message.set_reason(HostReason(verdict));
}

// Returns nothing for a single kind.
std::vector<v1::CoreKindVerdict> KindVerdicts(const std::vector<HostVerdict>& kinds) {
  std::vector<v1::CoreKindVerdict> messages;
  for (const HostVerdict& kind : kinds) {
    if (kinds.size() == 1) break;
    v1::CoreKindVerdict& message = messages.emplace_back();
    message.set_cpu_model(kind.target->core_kind->cpu_model());
    message.set_cpus(kind.target->core_kind->cpus());
    Fill(kind, message);
  }
  return messages;
}

struct JudgedHost {
  const SearchedHost* host;
  // The best verdict of each kind of its cores, best first. Empty: the host is damaged.
  std::vector<HostVerdict> kinds;

  auto rank() const { return kinds.empty() ? std::make_tuple(Verdict::kUndetermined, 0, 0) : kinds.front().rank(); }
};

v1::RestoreTargetVerdict ToProto(const JudgedHost& judged) {
  v1::RestoreTargetVerdict message;
  message.set_host(judged.host->name);
  if (judged.kinds.empty()) {
    message.set_verdict(v1::VERDICT_UNDETERMINED);
    message.set_reason(absl::StrCat("the record of the host is damaged: ", judged.host->damage));
    return message;
  }
  const HostVerdict& best = judged.kinds.front();
  Fill(best, message);
  if (best.target->core_kind != nullptr && best.verdict <= Verdict::kAcceptedWithChanges) {
    message.set_reason(absl::StrCat("pin the VM to ",
                                    CoresText(best.target->core_kind->cpus(), best.target->core_kind->cpu_model()),
                                    message.reason().empty() ? "" : "; ", message.reason()));
  }
  for (v1::CoreKindVerdict& kind : KindVerdicts(judged.kinds)) *message.add_core_kinds() = std::move(kind);
  return message;
}

}  // namespace

absl::StatusOr<BestVerdict> JudgeBest(const VerdictInput& checkpoint, absl::Span<const ResolvedTarget> targets,
                                      const TolerancesByScheme& tolerances, const ServerAdvice& advice, v1::Restorer by,
                                      const StopCheck& stop) {
  BestVerdict best;
  std::deque<ProfileVerdict> verdicts;  // `kinds` refers to them
  std::vector<HostVerdict> kinds;
  const bool has_kinds = targets.front().core_kind != targets.back().core_kind;
  for (size_t i = 0; i < targets.size(); ++i) {
    absl::StatusOr<VmVerdict> judgement = Judge(checkpoint, targets[i], tolerances, by, stop);
    if (!judgement.ok()) return judgement.status();
    if (has_kinds) {
      verdicts.push_back(
          {judgement->verdict, CountFindings(*judgement), ReasonOf(*judgement, checkpoint, targets[i], advice)});
      KeepBest({judgement->verdict, &verdicts.back(), &targets[i]}, kinds);
    }
    if (i == 0 || IsBetter(*judgement, best.judgement)) {
      best.target = i;
      best.judgement = *std::move(judgement);
    }
  }
  best.core_kinds = KindVerdicts(kinds);
  return best;
}

absl::StatusOr<std::vector<v1::RestoreTargetVerdict>> JudgeHosts(const VerdictInput& checkpoint,
                                                                 absl::Span<const SearchedHost> hosts,
                                                                 const TolerancesByScheme& tolerances,
                                                                 const ServerAdvice& advice, const StopCheck& stop) {
  std::map<const CpuProfile*, ProfileVerdict> judged;
  const auto verdict_of = [&](const ResolvedTarget& target) -> absl::StatusOr<const ProfileVerdict*> {
    const auto [entry, is_new] = judged.try_emplace(target.profiles[0].get());
    if (is_new) {
      ResolvedTarget registers_only;
      registers_only.profile_header = target.profile_header;
      registers_only.profiles = target.profiles;
      const absl::StatusOr<VmVerdict> judgement =
          Judge(checkpoint, registers_only, tolerances, v1::RESTORER_ARMSTATE, stop);
      if (!judgement.ok()) return judgement.status();
      entry->second = {judgement->verdict, CountFindings(*judgement),
                       ReasonOf(*judgement, checkpoint, registers_only, advice)};
    }
    return &entry->second;
  };
  std::vector<JudgedHost> verdicts;
  for (const SearchedHost& host : hosts) {
    JudgedHost judged_host{&host, {}};
    for (const ResolvedTarget& target : host.targets) {
      const absl::StatusOr<const ProfileVerdict*> registers = verdict_of(target);
      if (!registers.ok()) {
        return absl::Status(registers.status().code(),
                            absl::StrCat(registers.status().message(), ": ", verdicts.size(), " of ", hosts.size(),
                                         " hosts were judged; ask for fewer by labels, or wait longer"));
      }
      KeepBest({std::max(target.least_verdict(), (*registers)->verdict), *registers, &target}, judged_host.kinds);
    }
    if (!judged_host.kinds.empty() || !host.damage.empty()) verdicts.push_back(std::move(judged_host));
  }
  std::sort(verdicts.begin(), verdicts.end(), [](const auto& a, const auto& b) {
    const auto rank_a = a.rank(), rank_b = b.rank();
    return rank_a != rank_b ? rank_a < rank_b : a.host->name < b.host->name;
  });
  std::vector<v1::RestoreTargetVerdict> messages;
  for (const JudgedHost& verdict : verdicts) messages.push_back(ToProto(verdict));
  return messages;
}

}  // namespace armstate
