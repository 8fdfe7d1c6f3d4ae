// `kMaxVcpus` and the other constants limit the size of a request. docs/limits.md has them in one table with reasons.
//
// A request within these limits can be stored, and whatever is stored can be queried: every answer about it arrives
// within the command's deadline of 30 s, in pages where it may be larger than a message. Data that was stored before a
// limit was introduced stays readable.
#ifndef ARMSTATE_CORE_LIMITS_H_
#define ARMSTATE_CORE_LIMITS_H_

#include <cstddef>

namespace armstate {

// Of a checkpoint, a saved VM or a machine.
inline constexpr int kMaxVcpus = 512;
// Of one vCPU, a CPU profile, or one write. Real lists have up to 500.
inline constexpr int kMaxVcpuRegisters = 4096;
// Of all vCPUs together: 1024 each of as many vCPUs as there can be.
inline constexpr int kMaxRegisters = kMaxVcpus * 1024;
// Of one vCPU; names and data together.
inline constexpr int kMaxOpaqueFields = 2048;
inline constexpr size_t kMaxOpaqueBytes = size_t{1} << 20;
// Of a checkpoint: what a capture could not bring.
inline constexpr int kMaxGaps = 16384;
inline constexpr int kMaxVcpuFeatures = 256;
inline constexpr int kMaxLabels = 64;
// A name, a label's value: all text of a request that has no limit of its own.
inline constexpr size_t kMaxTextBytes = 255;
// One line for a person: the reason of a gap, text and notes of a restore that is reported.
inline constexpr size_t kMaxLineBytes = 1000;

// Of a restore that is reported, with the names of its registers and the differences: an answer must hold it.
inline constexpr int kMaxReportBytes = 15 << 20;
inline constexpr int kMaxReportNotes = 1000;
// Differences between report and verdict that are kept.
inline constexpr int kMaxReportDifferences = 10000;

// Of a set of tolerances, or of a file of advice.
inline constexpr size_t kMaxTolerances = 512;
// In one tolerance: registers, source_registers and fields; patterns and conditions, which every finding is tried with.
inline constexpr size_t kMaxToleranceNames = 1024;
inline constexpr size_t kMaxToleranceConditions = 16;

// Of a host.
inline constexpr int kMaxHostProfiles = 256;
// Of one ComputeBaseline.
inline constexpr int kMaxBaselineTargets = 1000;
// A search's filter.
inline constexpr size_t kMaxFilterBytes = 4096;
// One CPU profile, in protobuf's binary format.
inline constexpr size_t kMaxProfileBytes = size_t{4} << 20;

}  // namespace armstate

#endif  // ARMSTATE_CORE_LIMITS_H_
