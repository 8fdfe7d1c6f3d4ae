#include "server/verdict/target_search.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
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

struct HostVerdict {
  Verdict verdict = Verdict::kRefused;
  const ProfileVerdict* registers = nullptr;
  const ResolvedTarget* target = nullptr;

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

// "ID_AA64PFR0_EL1.CSV2 wanted 2, accepts 0 or 1; and 3 more registers".
std::string ReasonOf(const VmVerdict& judgement, const VerdictInput& checkpoint, const ResolvedTarget& target) {
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
  const EngineVcpu fresh(target.profile(static_cast<size_t>(vcpu)), VcpuPosition{vcpu, checkpoint.vcpu_count()});
  std::string reason = BriefText(*first, fresh);
  if (!first->tolerance.empty()) absl::StrAppend(&reason, " (", first->tolerance, ")");
  if (registers.size() > 1) {
    absl::StrAppend(&reason, "; and ", registers.size() - 1,
                    registers.size() == 2 ? " more register" : " more registers");
  }
  return reason;
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

}  // namespace

absl::StatusOr<std::vector<v1::RestoreTargetVerdict>> JudgeHosts(const VerdictInput& checkpoint,
                                                                 absl::Span<const SearchedHost> hosts,
                                                                 const TolerancesByScheme& tolerances,
                                                                 const StopCheck& stop) {
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
      entry->second = {judgement->verdict, CountFindings(*judgement), ReasonOf(*judgement, checkpoint, registers_only)};
    }
    return &entry->second;
  };
  const ProfileVerdict not_judged{Verdict::kUndetermined, {}, ""};
  std::vector<std::pair<HostVerdict, const SearchedHost*>> verdicts;
  for (const SearchedHost& host : hosts) {
    HostVerdict best;
    if (!host.damage.empty()) best = {not_judged.verdict, &not_judged, nullptr};
    for (const ResolvedTarget& target : host.targets) {
      const absl::StatusOr<const ProfileVerdict*> registers = verdict_of(target);
      if (!registers.ok()) {
        return absl::Status(registers.status().code(),
                            absl::StrCat(registers.status().message(), ": ", verdicts.size(), " of ", hosts.size(),
                                         " hosts were judged; ask for fewer by labels, or wait longer"));
      }
      const HostVerdict candidate{std::max(target.least_verdict(), (*registers)->verdict), *registers, &target};
      if (best.target == nullptr || candidate.rank() < best.rank()) best = candidate;
    }
    if (best.registers != nullptr) verdicts.push_back({best, &host});
  }
  std::sort(verdicts.begin(), verdicts.end(), [](const auto& a, const auto& b) {
    const auto rank_a = a.first.rank(), rank_b = b.first.rank();
    return rank_a != rank_b ? rank_a < rank_b : a.second->name < b.second->name;
  });
  std::vector<v1::RestoreTargetVerdict> messages;
  for (const auto& [verdict, host] : verdicts) {
    v1::RestoreTargetVerdict& message = messages.emplace_back();
    message.set_host(host->name);
    message.set_verdict(VerdictToProto(verdict.verdict));
    if (verdict.target == nullptr) {
      message.set_reason(absl::StrCat("the record of the host is damaged: ", host->damage));
      continue;
    }
    message.set_cpu_profile(verdict.target->profile_header->name());
    message.set_refused_count(verdict.registers->counts.refused);
    message.set_changed_count(verdict.registers->counts.changed);
    message.set_reason(HostReason(verdict));
  }
  return messages;
}

}  // namespace armstate
