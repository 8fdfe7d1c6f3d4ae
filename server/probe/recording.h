// ProbeRecording holds what a probe recorded on a KVM host: the register lists of a fresh VM for each set of vCPU
// features, and the results of the values that were tried on it.
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

struct ProbeRecording {
  // The result of changing each bit of the register on its own. The four masks are disjoint and cover the register.
  struct Bits {
    uint64_t sticks = 0;
    uint64_t ignored = 0;
    uint64_t other = 0;                                      // something else changed
    std::vector<std::pair<std::string, uint64_t>> rejected;  // by errno name
  };
  // The result of each value of each 4-bit field. Entry f covers bits 4f+3..4f; bit v is set if value v is accepted and
  // reads back.
  struct Fields {
    struct Changed {
      uint32_t field, wrote, reads;
    };
    std::array<uint16_t, 16> accepted = {};
    std::vector<Changed> changed;
    // Values that were accepted but also changed other fields: their effect together with other values in those fields
    // is unknown.
    std::array<uint16_t, 16> unclear = {};
    std::string error;
  };
  // A value that was tried as a whole: refused with an errno, or accepted and read back.
  struct Value {
    uint64_t value = 0;
    std::string error;
    uint64_t reads = 0;
  };
  // The result of each value of bits shift .. shift + width - 1, with the register's other bits unchanged.
  struct Range {
    uint32_t shift = 0;
    uint32_t width = 0;
    std::vector<bool> accepted;  // by value: accepted and read back
    // Values that are accepted but read back as another value of these bits. Values that are neither here nor in
    // `accepted` were refused.
    std::vector<std::pair<uint32_t, uint32_t>> changed;
    std::string error;
  };
  // The level of a workaround while a field of the ID register `controller` is 0.
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
    bool moving = false;  // reads as another value every time
    // The result in a VM with a writable implementation ID.
    absl::optional<Bits> implementation_id;
  };
  // Successive writes to the two registers of a pair, and what both and PMCR_EL0 read afterwards.
  struct CounterPair {
    struct Step {
      uint64_t id, value;
      uint64_t control, set, clear;  // as read afterwards
    };
    uint64_t set = 0;
    uint64_t clear = 0;
    std::vector<Step> steps;
  };
  // Values of a timer's control register, with compare values that passed long ago or lie far in the future.
  struct Timer {
    struct Try {
      uint64_t control, compare, reads;
    };
    uint64_t control = 0;
    uint64_t compare = 0;
    std::vector<Try> tries;
  };
  // A set of vCPU features, with the registers of a fresh VM of two vCPUs that has them.
  struct FeatureClass {
    std::string name;       // "pmu"
    uint64_t features = 0;  // the bits of KVM_ARM_VCPU_INIT
    bool memory_tagging = false;
    // For vCPU 0, 1, ...: by ID, little-endian bytes as wide as the ID says.
    std::vector<std::map<uint64_t, std::string>> vcpus;
    // By ID, from before the VM ran; empty if this class was not experimented on.
    std::map<uint64_t, Experiments> experiments;
    std::vector<CounterPair> counter_pairs;
    std::vector<Timer> timers;
    // A write to the first register was observed to change the second one. (If both are the same: its fields were
    // accepted one by one, but not together.)
    std::set<std::pair<uint64_t, uint64_t>> effects;
  };

  std::string host;
  std::string kernel;
  std::string cpu;
  // The CPUs that it is about, as Linux lists them; empty: all, or the probe does not say.
  std::string cpus;
  // True if `armstate-kvm probe` made the recording, which tries everything: what it did not observe does not exist.
  // Older recorded probes tried less.
  bool complete = false;
  // KVM_CAP_ARM_WRITABLE_IMP_ID_REGS.
  bool writable_implementation_id = false;
  // The result of KVM_ARM_GET_REG_WRITABLE_MASKS, by register ID; empty if the kernel lacks it.
  std::map<uint64_t, uint64_t> writable_masks;
  // Labelled questions ("set.pstate_3c4") and their answers: "0" or an errno name, or a value.
  std::map<std::string, std::string> answers;
  std::vector<FeatureClass> classes;
};

// One file of a probe. Refers to its parts, which must outlive it.
struct ProbeInput {
  absl::string_view name;     // for errors
  absl::string_view content;  // may be compressed with zstd
};

// Parses one probe, JSON lines that are split over any number of files: the output of `armstate-kvm probe`, or a
// recorded probe's three files. There are three kinds of lines, distinguished by their keys: one with "info" describes
// the host (a file may hold just that object, over many lines); register lists (only those of state "reset" are used);
// experiments (only those on a fresh VM).
//
// INVALID_ARGUMENT, reason CPU_PROFILE_MALFORMED, for malformed or contradictory input: a value that is not as wide as
// its register; an experiment on a register or class that the lists lack, that is made twice, or that began from
// another value than the list has; bits that both stick and are rejected; more than 64 MiB of text, a line of more than
// 1 MiB, more than 131072 experiments. The output of `armstate-kvm probe` has checksums, which also reveal lines that
// were changed, lost, duplicated or moved. The metadata has "file", "line" (from 1) and, where one is at fault,
// "register_id".
absl::StatusOr<ProbeRecording> ParseProbeRecording(const std::vector<ProbeInput>& files);

// Parses the probes of a host, at least one: each file that `armstate-kvm probe` wrote is one, and all other files
// together are one. Errors: as ParseProbeRecording; the limits are those of all files together.
absl::StatusOr<std::vector<ProbeRecording>> ParseProbeRecordings(const std::vector<ProbeInput>& files);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROBE_RECORDING_H_
