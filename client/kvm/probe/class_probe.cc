#include "client/kvm/probe/class_probe.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/kvm/probe/known_registers.h"

namespace armstate {
namespace {

constexpr uint64_t kSsbs = uint64_t{15} << 4;  // ID_AA64PFR1_EL1.SSBS
constexpr uint64_t kCounterNumber = 0xf800;    // PMCR_EL0.N
constexpr uint64_t kOneCounter = 0x800;

// Candidates: versions of PSCI, levels of workarounds, and unused values near them.
const std::vector<uint64_t>& FirmwareValues() {
  static const auto& values = *new std::vector<uint64_t>{
      0,    1,    2,    3,    4,       5,       7,       8,       0xf,     0x10,    0x11,
      0x12, 0x13, 0x14, 0x20, 0x10000, 0x10001, 0x10002, 0x10003, 0x10004, 0x20000, ~uint64_t{0}};
  return values;
}

bool IsPair(uint64_t id) {
  return std::any_of(std::begin(kProbePairs), std::end(kProbePairs),
                     [&](const ProbePair& pair) { return id == pair.set || id == pair.clear; });
}

}  // namespace

ProbeJson ClassProbe::Line(const std::string& kind) const {
  return {{"kind", kind}, {"cfg", name_}, {"phase", "fresh"}};
}

ClassProbe::Values ClassProbe::ReadAll(int vcpu) {
  Values values;
  for (const uint64_t id : ids_) vm_.Read(vcpu, id, values[id]);
  return values;
}

absl::Status ClassProbe::List(const ProbeJson& line, const std::string& state) {
  ids_ = vm_.List(0);
  if (ids_.empty()) return absl::UnavailableError(absl::StrCat("class ", name_, ": KVM_GET_REG_LIST failed"));
  ProbeJson list = line;
  list["state"] = state;
  list["vcpus"] = ProbeJson::array();
  for (int vcpu = 0; vcpu < 2; ++vcpu) {
    const Values values = ReadAll(vcpu);
    if (vcpu == 0 && state == "reset") reset_ = values;
    ProbeJson registers = ProbeJson::array();
    std::string sums;
    for (const uint64_t id : ids_) {
      const std::string& value = values.at(id);
      if (value.empty()) return absl::UnavailableError(absl::StrCat("class ", name_, ": cannot read ", HexId(id)));
      registers.push_back({HexId(id), WidthOf(id), HexBytes(value)});
      sums += RegisterChecksum(HexId(id), HexBytes(value));
    }
    list["vcpus"].push_back({{"index", vcpu}, {"regs", std::move(registers)}, {"sums", std::move(sums)}});
  }
  file_.Add(list);
  return absl::OkStatus();
}

void ClassProbe::AddTrial(const std::string& kind, uint64_t id, uint64_t value, Trial trial) {
  ProbeJson line = Line(kind);
  line["reg"] = HexId(id);
  line["value"] = Hex(value);
  line.update(trial.result);
  file_.Add(line);
  std::vector<uint64_t>& accepted = accepted_[id];
  accepted.insert(accepted.end(), trial.accepted.begin(), trial.accepted.end());
}

absl::Status ClassProbe::TryRegisters() {
  const Values again = ReadAll(0);
  ProbeJson moving = Line("moving");
  moving["regs"] = ProbeJson::array();
  for (const uint64_t id : ids_) {
    const std::string& value = reset_.at(id);
    if (again.at(id) != value) {
      moving["regs"].push_back(HexId(id));
      moving_.insert(id);
    } else if (value.size() <= 8 && !IsPair(id)) {
      if (absl::Status status = TryRegister(id, WordOf(value)); !status.ok()) return status;
    }
  }
  file_.Add(moving);
  return TryVectors();
}

absl::Status ClassProbe::TryVectors() {
  ProbeJson line = Line("vectors");
  line["kept"] = ProbeJson::array();
  line["other"] = ProbeJson::array();
  for (const uint64_t id : ids_) {
    const std::string ones(WidthOf(id), '\xff');
    if (ones.size() <= 8 || id == kKvmSveVectorLengths) continue;
    std::string reads;
    const KvmErrno error = vm_.Write(0, id, ones);
    vm_.Read(0, id, reads);
    if (error == 0 && reads == ones) {
      line["kept"].push_back(HexId(id));
    } else {
      line["other"].push_back({HexId(id), error == 0 ? "" : ErrnoName(error), HexBytes(reads)});
    }
    vm_.Write(0, id, reset_.at(id));
  }
  file_.Add(line);
  return vm_.status();
}

absl::Status ClassProbe::TryRegister(uint64_t id, uint64_t value) {
  if (HasIdFields(id)) {
    AddTrial("nibbles", id, value, TryFields(vm_, id, value));
    return vm_.status();
  }
  AddTrial("bits", id, value, TryBits(vm_, id, value));
  if (id == kProbePstate) AddTrial("range", id, value, TryRange(vm_, id, value, 0, 5));  // the mode
  if (id == kProbeClidr) AddTrial("range", id, value, TryRange(vm_, id, value, 21, 9));  // LoUIS, LoC, LoUU
  if (id == kProbePmcr) AddTrial("range", id, value, TryRange(vm_, id, value, 11, 5));   // N
  if (ClassOfId(id) == RegisterClass::kDemux) AddTrial("range", id, value, TryRange(vm_, id, value, 0, 3));  // LineSize
  if (ClassOfId(id) == RegisterClass::kFirmware) {
    AddTrial("fw", id, value, TryValues(vm_, id, value, FirmwareValues()));
  }
  return vm_.status();
}

absl::StatusOr<bool> ClassProbe::TryEffect(uint64_t id, uint64_t wanted) {
  ProbeJson line = Line("effect");
  line["reg"] = HexId(id);
  line["value"] = Hex(WordOf(reset_.at(id)));
  line["wrote"] = Hex(wanted);
  const KvmErrno error = vm_.WriteWord(0, id, wanted);
  uint64_t reads = 0;
  if (error == 0) vm_.ReadWord(0, id, reads);
  line["result"] = error != 0 ? ErrnoName(error) : reads == wanted ? "ok" : absl::StrCat("->", Hex(reads));
  line["changed"] = ProbeJson::array();
  line["gone"] = ProbeJson::array();
  line["new"] = ProbeJson::array();
  const std::vector<uint64_t> list = vm_.List(0);
  for (const uint64_t now : list) {
    const auto before = reset_.find(now);
    if (before == reset_.end()) {
      line["new"].push_back(HexId(now));
      continue;
    }
    std::string value;
    if (now == id || moving_.count(now) > 0) continue;
    vm_.Read(0, now, value);
    if (value != before->second) line["changed"].push_back({HexId(now), HexBytes(before->second), HexBytes(value)});
  }
  for (const uint64_t before : ids_) {
    if (std::find(list.begin(), list.end(), before) == list.end()) line["gone"].push_back(HexId(before));
  }
  file_.Add(line);
  uint64_t restored = 0;
  const bool put_back = error != 0 || (vm_.WriteWord(0, id, WordOf(reset_.at(id))) == 0 &&
                                       vm_.ReadWord(0, id, restored) == 0 && restored == WordOf(reset_.at(id)));
  const bool alone = line["changed"].empty() && line["new"].empty() && line["gone"].empty();
  if (!put_back || !alone) vm_.Renew();
  if (!vm_.status().ok()) return vm_.status();
  return line["result"] == "ok" && alone;
}

absl::Status ClassProbe::TryEffects() {
  for (const auto& [id, values] : accepted_) {
    if (values.empty()) continue;
    if (HasIdFields(id)) {
      // Writes all fields at their least accepted values at once, then at their greatest: independent fields are
      // accepted together. Side effects are then searched for field by field.
      const uint64_t own = WordOf(reset_.at(id));
      uint64_t least = own;
      uint64_t greatest = own;
      for (const uint64_t value : values) {
        for (uint32_t shift = 0; shift < 64; shift += 4) {
          const uint64_t field = uint64_t{15} << shift;
          if ((value & field) < (least & field)) least = (least & ~field) | (value & field);
          if ((value & field) > (greatest & field)) greatest = (greatest & ~field) | (value & field);
        }
      }
      for (const uint64_t wanted : {least, greatest}) {
        if (wanted == own) continue;
        const absl::StatusOr<bool> alone = TryEffect(id, wanted);
        if (!alone.ok()) return alone.status();
        for (uint32_t shift = 0; shift < 64 && !*alone; shift += 4) {
          const uint64_t field = uint64_t{15} << shift;
          // Not in the field, or in no other: then that was it already.
          if ((wanted & field) == (own & field) || ((wanted ^ own) & ~field) == 0) continue;
          if (const auto one = TryEffect(id, (own & ~field) | (wanted & field)); !one.ok()) return one.status();
        }
      }
    } else if (ClassOfId(id) == RegisterClass::kFirmware || ClassOfId(id) == RegisterClass::kFirmwareFeatureBitmap ||
               id == kProbePmcr) {
      if (const auto alone = TryEffect(id, values.front()); !alone.ok()) return alone.status();
    }
  }
  return vm_.status();
}

absl::Status ClassProbe::TryFirmwareWithoutSsbs() {
  if (!has(kProbePfr1)) return absl::OkStatus();
  const uint64_t without = WordOf(reset_.at(kProbePfr1)) & ~kSsbs;
  const std::vector<uint64_t>& accepted = accepted_[kProbePfr1];
  if (std::find(accepted.begin(), accepted.end(), without) == accepted.end()) return absl::OkStatus();
  for (const uint64_t id : ids_) {
    if (ClassOfId(id) != RegisterClass::kFirmware) continue;
    ProbeJson tries = ProbeJson::object();
    uint64_t value = 0;
    for (const uint64_t wanted : FirmwareValues()) {
      // After a value that the host kept, the next one is tried in a fresh VM.
      if (vm_.WriteWord(0, kProbePfr1, without) != 0) break;
      vm_.ReadWord(0, id, value);
      const Trial trial = TryValues(vm_, id, value, {wanted});
      tries.update(trial.result["tries"]);
    }
    ProbeJson line = Line("fw");
    line["reg"] = HexId(id);
    line["value"] = Hex(value);
    line["with"] = {{"reg", HexId(kProbePfr1)}, {"value", Hex(without)}};
    line["tries"] = std::move(tries);
    file_.Add(line);
  }
  vm_.Renew();
  return vm_.status();
}

absl::Status ClassProbe::TryVmWide() {
  ProbeJson line = Line("vm_wide");
  line["shared"] = ProbeJson::array();
  line["own"] = ProbeJson::array();
  for (const auto& [id, values] : accepted_) {
    uint64_t before = 0;
    uint64_t after = 0;
    if (values.empty() || vm_.ReadWord(1, id, before) != 0) continue;
    const auto other = std::find_if(values.begin(), values.end(), [&](uint64_t value) { return value != before; });
    if (other == values.end() || vm_.WriteWord(0, id, *other) != 0 || vm_.ReadWord(1, id, after) != 0) continue;
    line[after == before ? "own" : "shared"].push_back(HexId(id));
    vm_.Write(0, id, reset_.at(id));
  }
  file_.Add(line);
  vm_.Renew();
  return vm_.status();
}

absl::Status ClassProbe::TryCounterPairs() {
  for (const ProbePair& pair : kProbePairs) {
    if (!has(pair.set) || !has(pair.clear) || !has(kProbePmcr)) continue;
    const uint64_t pmcr = WordOf(reset_.at(kProbePmcr));
    ProbeJson line = Line("pair");
    line["reg"] = HexId(pair.set);
    line["clear"] = HexId(pair.clear);
    line["value"] = Hex(WordOf(reset_.at(pair.set)));
    line["steps"] = ProbeJson::array();
    const auto step = [&](const char* what, uint64_t id, uint64_t value) {
      const KvmErrno error = vm_.WriteWord(0, id, value);
      uint64_t reads[3] = {};
      vm_.ReadWord(0, kProbePmcr, reads[0]);
      vm_.ReadWord(0, pair.set, reads[1]);
      vm_.ReadWord(0, pair.clear, reads[2]);
      line["steps"].push_back(
          {what, Hex(value), error == 0 ? "" : ErrnoName(error), Hex(reads[0]), Hex(reads[1]), Hex(reads[2])});
    };
    step("clear", pair.clear, ~uint64_t{0});
    step("set", pair.set, ~uint64_t{0});
    step("clear", pair.clear, 1);
    step("set", pair.set, 2);
    step("set", pair.set, ~uint64_t{0});
    if ((pmcr & kCounterNumber) != 0) {  // one counter less, then one more than there are
      step("pmcr", kProbePmcr, pmcr - kOneCounter);
      step("set", pair.set, ~uint64_t{0});
      step("pmcr", kProbePmcr, pmcr + kOneCounter);
    }
    file_.Add(line);
    vm_.Renew();
  }
  return vm_.status();
}

absl::Status ClassProbe::TryTimers() {
  for (const ProbeTimer& timer : kProbeTimers) {
    if (!has(timer.control) || !has(timer.compare)) continue;
    ProbeJson line = Line("timer");
    line["reg"] = HexId(timer.control);
    line["compare"] = HexId(timer.compare);
    line["tries"] = ProbeJson::array();
    for (const uint64_t compare : {uint64_t{0}, ~uint64_t{0} >> 1}) {  // long ago, and in centuries
      for (uint64_t control = 0; control < 8; ++control) {
        uint64_t reads = 0;
        if (vm_.WriteWord(0, timer.compare, compare) != 0 || vm_.WriteWord(0, timer.control, control) != 0) continue;
        vm_.ReadWord(0, timer.control, reads);
        line["tries"].push_back({Hex(control), Hex(compare), Hex(reads)});
      }
    }
    file_.Add(line);
  }
  vm_.Renew();
  return vm_.status();
}

}  // namespace armstate
