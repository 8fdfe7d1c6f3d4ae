// `RecordKind` names the kinds of records that are kept beside the checkpoints.
#ifndef ARMSTATE_STORAGE_RECORD_KIND_H_
#define ARMSTATE_STORAGE_RECORD_KIND_H_

namespace armstate {

enum class RecordKind {
  kMachine,        // "machines/": the engine's machines
  kHost,           // "hosts/"
  kCpuProfile,     // "cpuProfiles/": those that are not built into the program
  kRestoreReport,  // "restores/": what hosts told of restores; see NumberInName
};

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_RECORD_KIND_H_
