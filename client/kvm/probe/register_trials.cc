#include "client/kvm/probe/register_trials.h"

#include <map>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace armstate {
namespace {

// The effect of one write.
struct Outcome {
  KvmErrno error = 0;
  uint64_t reads = 0;  // the value after the write
};

// Writes, reads, and restores the old value, if necessary by a fresh VM.
Outcome TryOne(ProbedVm& vm, uint64_t id, uint64_t value, uint64_t wanted, Trial& trial) {
  Outcome outcome;
  outcome.error = vm.WriteWord(0, id, wanted);
  if (outcome.error != 0) return outcome;
  outcome.error = vm.ReadWord(0, id, outcome.reads);
  if (outcome.error != 0) return outcome;
  if (outcome.reads == wanted) trial.accepted.push_back(wanted);
  // Even where it reads as before: KVM may have stored what it does not show now, and shows in another experiment.
  uint64_t restored = ~value;
  if (vm.WriteWord(0, id, value) != 0 || vm.ReadWord(0, id, restored) != 0 || restored != value) {
    vm.Renew();
  }
  return outcome;
}

ProbeJson Names(const std::set<std::string>& errors) {
  ProbeJson names = ProbeJson::array();
  for (const std::string& error : errors) names.push_back(error);
  return names;
}

uint64_t Ones(size_t bits) { return bits >= 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1; }

}  // namespace

Trial TryBits(ProbedVm& vm, uint64_t id, uint64_t value) {
  Trial trial;
  const size_t width = 8 * WidthOf(id);
  uint64_t sticks = 0;
  uint64_t ignored = 0;
  uint64_t other = 0;
  std::map<std::string, uint64_t> rejected;
  const uint64_t inverse = ~value & Ones(width);
  const Outcome all = TryOne(vm, id, value, inverse, trial);
  if (all.error == 0 && all.reads == inverse) {
    sticks = Ones(width);
  } else {
    for (size_t bit = 0; bit < width; ++bit) {
      const uint64_t mask = uint64_t{1} << bit;
      const Outcome one = TryOne(vm, id, value, value ^ mask, trial);
      if (one.error != 0) {
        rejected[ErrnoName(one.error)] |= mask;
      } else {
        (one.reads == (value ^ mask) ? sticks : one.reads == value ? ignored : other) |= mask;
      }
    }
  }
  ProbeJson& result = trial.result;
  result["sticks"] = Hex(sticks);
  result["ignored"] = Hex(ignored);
  result["other"] = Hex(other);
  result["rejected"] = ProbeJson::object();
  for (const auto& [error, mask] : rejected) result["rejected"][error] = Hex(mask);
  return trial;
}

Trial TryFields(ProbedVm& vm, uint64_t id, uint64_t value) {
  Trial trial;
  ProbeJson accepted = ProbeJson::array();
  ProbeJson changed = ProbeJson::array();
  std::set<std::string> errors;
  for (uint32_t field = 0; field < 16; ++field) {
    const uint64_t own = value >> 4 * field & 15;
    uint32_t bitmap = 1u << own;
    for (uint64_t tried = 0; tried < 16; ++tried) {
      if (tried == own) continue;
      const uint64_t wanted = value ^ ((own ^ tried) << 4 * field);
      const Outcome outcome = TryOne(vm, id, value, wanted, trial);
      if (outcome.error != 0) {
        errors.insert(ErrnoName(outcome.error));
      } else if (outcome.reads == wanted) {
        bitmap |= 1u << tried;
      } else {
        changed.push_back({{"field", field}, {"wrote", Hex(wanted)}, {"readback", Hex(outcome.reads)}});
      }
    }
    accepted.push_back(absl::StrFormat("%04x", bitmap));
  }
  trial.result["accepted"] = std::move(accepted);
  trial.result["changed"] = std::move(changed);
  trial.result["errnos"] = Names(errors);
  return trial;
}

Trial TryRange(ProbedVm& vm, uint64_t id, uint64_t value, uint32_t shift, uint32_t width) {
  Trial trial;
  std::string bitmap((size_t{1} << width) / 8, '\0');
  ProbeJson changed = ProbeJson::array();
  std::set<std::string> errors;
  const uint64_t own = value >> shift & Ones(width);
  for (uint64_t tried = 0; tried <= Ones(width); ++tried) {
    const uint64_t wanted = value ^ ((own ^ tried) << shift);
    const Outcome outcome = tried == own ? Outcome{0, value} : TryOne(vm, id, value, wanted, trial);
    if (outcome.error != 0) {
      errors.insert(ErrnoName(outcome.error));
    } else if (outcome.reads == wanted) {
      bitmap[tried / 8] = static_cast<char>(bitmap[tried / 8] | 1 << tried % 8);
    } else {
      changed.push_back({{"wrote", Hex(wanted)}, {"readback", Hex(outcome.reads)}});
    }
  }
  trial.result["shift"] = shift;
  trial.result["width"] = width;
  trial.result["accepted"] = HexBytes(bitmap);
  trial.result["changed"] = std::move(changed);
  trial.result["errnos"] = Names(errors);
  return trial;
}

Trial TryValues(ProbedVm& vm, uint64_t id, uint64_t value, const std::vector<uint64_t>& tries) {
  Trial trial;
  ProbeJson results = ProbeJson::object();
  for (const uint64_t wanted : tries) {
    const Outcome outcome = TryOne(vm, id, value, wanted, trial);
    results[absl::StrFormat("%x", wanted)] = outcome.error != 0        ? ErrnoName(outcome.error)
                                             : outcome.reads == wanted ? "ok"
                                                                       : absl::StrFormat("->%x", outcome.reads);
  }
  trial.result["tries"] = std::move(results);
  return trial;
}

}  // namespace armstate
