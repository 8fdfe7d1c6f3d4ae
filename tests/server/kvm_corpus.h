// This header reads the recordings of real KVM hosts in tests/data/kvm.
#ifndef ARMSTATE_TESTS_SERVER_KVM_CORPUS_H_
#define ARMSTATE_TESTS_SERVER_KVM_CORPUS_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/register_list.h"
#include "server/probe/recording.h"

namespace armstate {

// Returns all hosts, e.g. "cortex-a72@6.12".
std::vector<std::string> KvmHosts();

// The three files of a host's probe.
struct ProbeFiles {
  std::string lists, experiments, meta;

  // Returns views of the texts.
  std::vector<ProbeInput> list() const;
};
ProbeFiles ReadProbeFiles(const std::string& host);
ProbeRecording ReadHostProbe(const std::string& host);

// Hosts on which `armstate-kvm probe` was run, and the compressed file that it wrote there.
std::vector<std::string> ProbedKvmHosts();
std::string ReadArmstateKvmProbe(const std::string& host);

// The results of KVM_GET_REG_LIST and KVM_GET_ONE_REG on a host for a VM of one class in state "reset" or "ran".
struct RecordedVm {
  uint64_t features = 0;
  bool memory_tagging = false;
  // In KVM's order, which is the same for all vCPUs.
  std::vector<uint64_t> ids;
  std::vector<RegisterList> vcpus;
};
// By class and state.
std::map<std::pair<std::string, std::string>, RecordedVm> ReadRecordedVms(const std::string& host);

// The result of a real restore for one register, if it is not plainly OK.
struct RecordedFinding {
  std::string kind;  // "set", "differs", "moving"
  std::string error;
  std::string read_back;  // "0x..."
};

struct RecordedRestore {
  std::string source, feature_class, state, order;
  std::string init_step, init_error;
  uint64_t features_used = 0;
  int64_t ok = 0;
  // Registers that only the destination has, with the value that they kept: "0x..." by vCPU and register.
  std::map<std::pair<int, uint64_t>, std::string> destination_only;
  // By vCPU and register.
  std::map<std::pair<int, uint64_t>, RecordedFinding> findings;
};
// Returns all restores onto a host.
std::vector<RecordedRestore> ReadRecordedRestores(const std::string& host);

}  // namespace armstate

#endif  // ARMSTATE_TESTS_SERVER_KVM_CORPUS_H_
