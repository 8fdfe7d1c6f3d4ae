// What a probe recorded on a KVM host: the register lists of a fresh VM for each set of vCPU features, and what became
// of the values that were tried on it.
#ifndef ARMSTATE_SERVER_PROBE_RECORDING_H_
#define ARMSTATE_SERVER_PROBE_RECORDING_H_

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace armstate {

struct HostProbe {
  // Each bit of the register changed on its own. The four masks are disjoint and cover the register.
  struct Bits {
    uint64_t sticks = 0;
    uint64_t ignored = 0;
    uint64_t other = 0;                                      // something else changed
    std::vector<std::pair<std::string, uint64_t>> rejected;  // by errno name
  };
  // Each value of each 4-bit field. Entry f is for bits 4f+3..4f; bit v of it: value v is accepted and read back.
  struct Fields {
    struct Changed {
      uint32_t field, wrote, reads;
    };
    std::array<uint16_t, 16> accepted = {};
    std::vector<Changed> changed;
    // Values that were accepted, but changed other fields too: what becomes of them with other values in those fields,
    // nobody tried.
    std::array<uint16_t, 16> unclear = {};
    std::string error;
  };
  // One value that was tried as a whole: refused with an errno, or accepted and read back.
  struct Value {
    uint64_t value = 0;
    std::string error;
    uint64_t reads = 0;
  };
  // Each value of bits shift .. shift + width - 1, with the register's other bits as they are.
  struct Range {
    uint32_t shift = 0;
    uint32_t width = 0;
    std::vector<bool> accepted;  // by value: accepted and read back
    // Accepted, but reads back as another value of these bits. What is neither was refused.
    std::vector<std::pair<uint32_t, uint32_t>> changed;
    std::string error;
  };
  // A workaround's level while a field of the ID register `controller` is 0.
  struct Level {
    uint64_t controller = 0;
    uint64_t mask = 0;
    uint64_t level = 0;
    std::vector<uint64_t> ignored;  // values above the level that were accepted and read back as the level
  };
  struct Experiments {
    absl::optional<Bits> bits;
    absl::optional<Fields> fields;
    std::vector<Value> values;
    absl::optional<Range> range;
    absl::optional<Level> level;
    absl::optional<bool> vm_wide;
    bool moving = false;  // has another value whenever it is read
    // In a VM with a writable implementation ID.
    absl::optional<Bits> implementation_id;
  };
  // Writes to the two registers of a pair, one after the other, and what both and PMCR_EL0 then read.
  struct CounterPair {
    struct Step {
      uint64_t id, value;
      uint64_t control, set, clear;  // read
    };
    uint64_t set = 0;
    uint64_t clear = 0;
    std::vector<Step> steps;
  };
  // Values of a timer's control register with compare values that were passed long ago, or are far away.
  struct Timer {
    struct Try {
      uint64_t control, compare, reads;
    };
    uint64_t control = 0;
    uint64_t compare = 0;
    std::vector<Try> tries;
  };
  // A set of vCPU features, with the registers that a fresh VM of two vCPUs then has.
  struct FeatureClass {
    std::string name;       // "pmu"
    uint64_t features = 0;  // of KVM_ARM_VCPU_INIT
    bool memory_tagging = false;
    // By ID: little-endian bytes, as wide as the ID says; of vCPU 0, 1, ...
    std::vector<std::map<uint64_t, std::string>> vcpus;
    // By ID, before the VM ran; empty if this class was not experimented on.
    std::map<uint64_t, Experiments> experiments;
    std::vector<CounterPair> counter_pairs;
    std::vector<Timer> timers;
    // A write to the first register was seen to change the second one. (With itself: its fields were accepted one by
    // one, but not together.)
    std::set<std::pair<uint64_t, uint64_t>> effects;
  };

  std::string host;
  std::string kernel;
  std::string cpu;
  // By `armstate-kvm probe`, which asks for everything: what it did not see is not there. Recorded probes asked for
  // less.
  bool complete = false;
  // KVM_CAP_ARM_WRITABLE_IMP_ID_REGS.
  bool writable_implementation_id = false;
  // KVM_ARM_GET_REG_WRITABLE_MASKS, by register ID; empty where the kernel has none.
  std::map<uint64_t, uint64_t> writable_masks;
  // Labelled questions ("set.pstate_3c4") and their answers: "0" or an errno name, or a value.
  std::map<std::string, std::string> answers;
  std::vector<FeatureClass> classes;
};

// One file of a probe. Refers to its parts.
struct ProbeInput {
  absl::string_view name;     // for errors
  absl::string_view content;  // may be compressed with zstd
};

// From JSON lines, split over any number of files: what `armstate-kvm probe` writes, or a recorded probe's three files.
// Lines of three kinds, told apart by their keys: one with "info" describes the host (a file may hold just that object,
// over many lines); lists of registers (only those of state "reset" are used); experiments (only those of a fresh VM).
//
// INVALID_ARGUMENT, reason CPU_PROFILE_MALFORMED, for what is not of this form or contradicts itself: a value not as
// wide as its register, an experiment on a register or class that the lists lack, made twice, or begun from another
// value than the list has, bits that both stick and are rejected; more than 64 MiB of text, a line of more than 1 MiB,
// more than 131072 experiments. What `armstate-kvm probe` wrote has checksums, which also show what was changed, lost,
// doubled or moved. With metadata "file", "line" (from 1) and, where one is at fault, "register_id".
absl::StatusOr<HostProbe> ParseHostProbe(const std::vector<ProbeInput>& files);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROBE_RECORDING_H_
