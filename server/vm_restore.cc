#include "server/vm_restore.h"

#include <algorithm>
#include <utility>

namespace armstate {

VmRestore RestoreVm(const std::vector<VcpuState>& checkpoint, std::vector<EngineVcpu>& vcpus, OnRefusal on_refusal) {
  VmRestore restore;
  std::vector<EngineVcpu> tried = vcpus;
  for (size_t i = 0; i < tried.size(); ++i) {
    restore.reports.push_back(RestoreRegisters(checkpoint[i].registers, tried[i], OnRefusal::kKeepGoing));
    restore.verdict = std::max(restore.verdict, restore.reports.back().verdict);
  }
  if (restore.verdict == Verdict::kRefused && on_refusal == OnRefusal::kPutBack) {
    restore.rolled_back = true;
  } else {
    vcpus = std::move(tried);
  }
  return restore;
}

}  // namespace armstate
