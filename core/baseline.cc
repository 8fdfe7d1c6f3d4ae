#include "core/baseline.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/engine_vcpu.h"
#include "core/field_candidates.h"
#include "core/register_kind.h"
#include "core/restore.h"

namespace armstate {
namespace {

using Profiles = absl::Span<const std::shared_ptr<const CpuProfile>>;

// Tells vCPUs of one VM apart, not hosts.
constexpr RegisterId kMpidr = RegisterId::System(3, 0, 0, 0, 5);

std::string Bytes(uint64_t word, size_t width) {
  std::string bytes(width, '\0');
  for (size_t i = 0; i < width && i < 8; ++i) bytes[i] = static_cast<char>(word >> 8 * i);
  return bytes;
}

uint64_t Mask(const FieldDefinition& field) { return ExtractField(field, ~uint64_t{0}) << field.lsb; }

// A fresh vCPU's objection to this value; empty if it accepts it.
std::string Refusal(const std::shared_ptr<const CpuProfile>& profile, RegisterId id, uint64_t value) {
  RegisterListBuilder builder;
  builder.AddBytes(id, Bytes(value, id.width()));
  EngineVcpu vcpu(profile);
  const RestoreReport report =
      RestoreRegisters(*std::move(builder).Build(), vcpu, OnRefusal::kKeepGoing, ListScope::kSomeRegisters);
  for (const RegisterFinding& finding : report.findings) {
    if (finding.id == id) return finding.error.empty() ? finding.reason : finding.error;
  }
  return "";
}

// One register that all profiles have.
class RegisterBaseline {
 public:
  RegisterBaseline(Profiles profiles, RegisterId id) : profiles_(profiles), id_(id) {
    for (const auto& profile : profiles) offered_.push_back(LowWord(*profile->reset().Find(id)));
  }

  // Finds the value; adds an obstacle for each field that has none.
  void Find(std::vector<BaselineObstacle>& obstacles) {
    value_ = offered_[0];
    uint64_t different = 0;
    for (const uint64_t value : offered_) different |= value ^ offered_[0];
    if (different == 0) return;
    const size_t before = obstacles.size();
    if (HasSafeRule(different)) {
      FindByField(different, obstacles);
    } else {
      FindWhole(obstacles);
    }
    found_ = obstacles.size() == before;
  }

  bool found() const { return found_; }
  BaselineRegister Result() const {
    BaselineRegister result{id_, Bytes(value_, id_.width()), {}};
    for (size_t i = 0; i < offered_.size(); ++i) {
      if (offered_[i] != value_) result.written_on.push_back(i);
    }
    return result;
  }

 private:
  bool HasSafeRule(uint64_t bits) const {
    for (const FieldDefinition& field : RegisterFields(id_, IdScheme::kKvm)) {
      if ((bits & Mask(field)) != 0 && field.rule != SafeRule::kNone) return true;
    }
    return false;
  }

  // Only values that a CPU really has: its fields belong together.
  void FindWhole(std::vector<BaselineObstacle>& obstacles) {
    BaselineObstacle obstacle{id_, "", "", {}};
    for (const uint64_t value : offered_) {
      bool accepted = true;
      for (size_t i = 0; i < profiles_.size(); ++i) {
        const std::string why = Refusal(profiles_[i], id_, value);
        if (why.empty()) continue;
        accepted = false;
        if (value != offered_[0]) continue;
        if (obstacle.profiles.empty()) obstacle.reason = absl::StrCat("no host's value is accepted by all: ", why);
        obstacle.profiles.push_back(i);
      }
      if (!accepted) continue;
      value_ = value;
      return;
    }
    obstacles.push_back(std::move(obstacle));
  }

  void FindByField(uint64_t different, std::vector<BaselineObstacle>& obstacles) {
    for (const FieldDefinition& field : RegisterFields(id_, IdScheme::kKvm)) {
      if ((different & Mask(field)) != 0) FindField(field, obstacles);
      different &= ~Mask(field);
    }
    for (unsigned lsb = 0; lsb < 64; lsb += 4) {
      if ((different >> lsb & 0xf) != 0) AddUnnamed(lsb, obstacles);
    }
  }

  void FindField(const FieldDefinition& field, std::vector<BaselineObstacle>& obstacles) {
    std::vector<uint64_t> offered;
    for (const uint64_t value : offered_) offered.push_back(ExtractField(field, value));
    const std::vector<uint64_t> candidates = FieldCandidates(field, offered);
    for (const uint64_t candidate : candidates) {
      if (!Refusing(field, candidate).empty()) continue;
      value_ = (value_ & ~Mask(field)) | candidate << field.lsb;
      return;
    }
    BaselineObstacle obstacle{id_, std::string(field.name), "", {}};
    for (const auto& [profile, why] : Refusing(field, candidates[0])) {
      if (obstacle.profiles.empty()) {
        obstacle.reason =
            absl::StrFormat("no value is accepted by all; the safe one, %d, is not: %s", candidates[0], why);
      }
      obstacle.profiles.push_back(profile);
    }
    obstacles.push_back(std::move(obstacle));
  }

  // The profiles that do not accept this value of a field, with their reasons. Fields are independent of each other.
  std::map<size_t, std::string> Refusing(const FieldDefinition& field, uint64_t value) const {
    std::map<size_t, std::string> refusing;
    for (size_t i = 0; i < profiles_.size(); ++i) {
      std::string why = Refusal(profiles_[i], id_, (offered_[i] & ~Mask(field)) | value << field.lsb);
      if (!why.empty()) refusing[i] = std::move(why);
    }
    return refusing;
  }

  void AddUnnamed(unsigned lsb, std::vector<BaselineObstacle>& obstacles) const {
    BaselineObstacle obstacle{
        id_, absl::StrCat("[", lsb + 3, ":", lsb, "]"), "bits without a name must be the same everywhere", {}};
    for (size_t i = 0; i < offered_.size(); ++i) {
      if (((offered_[i] ^ offered_[0]) >> lsb & 0xf) != 0) obstacle.profiles.push_back(i);
    }
    obstacles.push_back(std::move(obstacle));
  }

  Profiles profiles_;
  RegisterId id_;
  std::vector<uint64_t> offered_;
  uint64_t value_ = 0;
  bool found_ = true;
};

// Registers that keep a VM from moving: the profiles that refuse them, and the first one's answer.
class Refusals {
 public:
  struct Refused {
    std::vector<size_t> profiles;
    std::string reason;
  };

  void Add(const RestoreReport& report, size_t profile) {
    for (const RegisterFinding& finding : report.findings) {
      if (VerdictOf(finding) < Verdict::kUndetermined) continue;
      Refused& entry = by_id_[finding.id.raw()];
      if (entry.profiles.empty()) entry.reason = finding.error.empty() ? finding.reason : finding.error;
      if (entry.profiles.empty() || entry.profiles.back() != profile) entry.profiles.push_back(profile);
    }
  }
  const std::map<uint64_t, Refused>& by_id() const { return by_id_; }

 private:
  std::map<uint64_t, Refused> by_id_;
};

// Starts a VM of each profile with the baseline's values, and restores it onto each other one.
absl::StatusOr<Refusals> MoveEverywhere(Profiles profiles, const std::vector<BaselineRegister>& registers,
                                        const ToleranceSet& tolerances, const StopCheck& stop) {
  RegisterListBuilder builder;
  for (const BaselineRegister& r : registers) builder.AddBytes(r.id, r.value);
  const RegisterList values = *std::move(builder).Build();
  Refusals refusals;
  std::vector<RegisterList> started;
  for (size_t i = 0; i < profiles.size(); ++i) {
    if (absl::Status status = stop(); !status.ok()) return status;
    EngineVcpu vcpu(profiles[i]);
    refusals.Add(RestoreRegisters(values, vcpu, OnRefusal::kKeepGoing, ListScope::kSomeRegisters), i);
    started.push_back(*RegisterList::Create(profiles[i]->layout(), vcpu.ShownValues()));
  }
  for (size_t to = 0; to < profiles.size(); ++to) {
    for (size_t from = 0; from < profiles.size(); ++from) {
      if (from == to) continue;
      if (absl::Status status = stop(); !status.ok()) return status;
      EngineVcpu vcpu(profiles[to]);
      RestoreReport report = RestoreRegisters(started[from], vcpu, OnRefusal::kKeepGoing);
      tolerances.Apply(started[from], profiles[to]->reset(), vcpu.ShownValues(), report);
      refusals.Add(report, to);
    }
  }
  return refusals;
}

}  // namespace

absl::StatusOr<Baseline> ComputeBaseline(Profiles profiles, const ToleranceSet& tolerances, const StopCheck& stop) {
  Baseline baseline;
  std::vector<BaselineObstacle> fields;
  const RegisterLayout& first = *profiles[0]->layout();
  for (size_t i = 0; i < first.size(); ++i) {
    const RegisterId id = first.id(i);
    if (!id.is_system() || !IsIdRegister(id) || id == kMpidr) continue;
    if (!std::all_of(profiles.begin(), profiles.end(), [&](const auto& p) { return p->layout()->Find(id); })) continue;
    if (absl::Status status = stop(); !status.ok()) return status;
    RegisterBaseline found(profiles, id);
    found.Find(fields);
    if (found.found()) baseline.registers.push_back(found.Result());
  }
  // Only moving a VM shows the rest: a field without a common value may still be tolerated, and registers of other
  // kinds may refuse.
  const absl::StatusOr<Refusals> refusals = MoveEverywhere(profiles, baseline.registers, tolerances, stop);
  if (!refusals.ok()) return refusals.status();
  for (const auto& [raw, refused] : refusals->by_id()) {
    const RegisterId id = *RegisterId::Create(raw);
    const size_t before = baseline.obstacles.size();
    for (const BaselineObstacle& obstacle : fields) {
      if (obstacle.id == id) baseline.obstacles.push_back(obstacle);
    }
    if (baseline.obstacles.size() == before)
      baseline.obstacles.push_back(
          {id, "", absl::StrCat("a VM of another host is refused: ", refused.reason), refused.profiles});
    baseline.registers.erase(std::remove_if(baseline.registers.begin(), baseline.registers.end(),
                                            [&](const BaselineRegister& r) { return r.id == id; }),
                             baseline.registers.end());
  }
  return baseline;
}

}  // namespace armstate
