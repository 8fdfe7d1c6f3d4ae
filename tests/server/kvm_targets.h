// This header prepares recorded KVM hosts and VMs for judging.
#ifndef ARMSTATE_TESTS_SERVER_KVM_TARGETS_H_
#define ARMSTATE_TESTS_SERVER_KVM_TARGETS_H_

#include <string>
#include <vector>

#include "server/probe/infer_profiles.h"
#include "server/verdict/judgement.h"
#include "server/verdict/resolved_target.h"
#include "tests/server/kvm_corpus.h"

namespace armstate {

// Returns the profile of a class in a host's probe.
v1::CpuProfile KvmProfile(const ProbeRecording& probe, const std::string& feature_class,
                          ImplementationId implementation_id = ImplementationId::kFixed);
ResolvedTarget TargetOf(const v1::CpuProfile& profile);

// Returns a checkpoint of a recorded VM, named "vms/v/checkpoints/1".
VerdictInput CheckpointOf(const RecordedVm& vm, const ProbeRecording& host);

}  // namespace armstate

#endif  // ARMSTATE_TESTS_SERVER_KVM_TARGETS_H_
