// `RestoreRegisters` writes a register list to a port in the target's order, reads every register back, and reports on
// each.
#ifndef ARMSTATE_CORE_RESTORE_H_
#define ARMSTATE_CORE_RESTORE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "core/counter_pairs.h"
#include "core/register_list.h"
#include "core/register_outcome.h"
#include "core/vcpu_register_port.h"

namespace armstate {

bool Refuses(RegisterOutcome outcome);

// True for an outcome that left another value in the target, which PutBack undoes.
bool ChangesTarget(RegisterOutcome outcome);

// Values of one field that the target keeps, whatever the register's other fields hold.
struct AcceptedFieldValues {
  uint64_t mask = 0;             // the field's bits in the register
  std::vector<uint64_t> values;  // ascending
};

// A register that is not simply written or unchanged. RegisterRestore makes it; rules (core/tolerance_set.h,
// core/conversion.h, core/qemu_load.h) and the words of a verdict (server/verdict/text.h) complete it. Whoever prints
// or sends it only translates it.
struct RegisterFinding {
  RegisterId id;
  RegisterOutcome outcome;
  // Little-endian, as wide as the ID says; empty where there is no such value.
  std::string wanted;
  std::string got;
  // Why, in one line.
  std::string reason;
  // After a refused all-or-nothing restore: it could not be put back, and why. Empty otherwise.
  std::string put_back_error;
  // kWriteRefused, kUnknown: the target's answer, "EINVAL", if it was an errno.
  std::string error = {};
  // The rule by which this outcome refuses nothing (core/tolerance_set.h, core/conversion.h). Empty: none.
  std::string tolerance = {};
  // The name by which the user can accept the refusal (core/conversion.h). Empty: none.
  std::string accept_as = {};
  // Refuses unless a tolerance covers it, whatever the outcome is.
  bool needs_tolerance = false;
  // Of fields that differ, in a verdict; those of which that is known.
  std::vector<AcceptedFieldValues> accepted = {};
  // What a person can do about it, in one line, in a verdict. Empty: nothing.
  std::string advice = {};
};

// Each outweighs those before it. kUndetermined: nothing is known to be refused, but not everything is known.
enum class Verdict { kAccepted, kAcceptedWithChanges, kUndetermined, kRefused };

// The verdict on the whole list that one register leads to.
Verdict VerdictOf(const RegisterFinding& finding);

struct RestoreReport {
  Verdict verdict = Verdict::kAccepted;
  // One for each register of the port's layout.
  std::vector<RegisterOutcome> outcomes;
  // All registers but the written and unchanged ones, and the unknown ones: ascending IDs.
  std::vector<RegisterFinding> findings;
  // The target was left as it was before.
  bool rolled_back = false;
};

// The verdict of all findings, for a report in which tolerances were named.
void RecomputeVerdict(RestoreReport& report);

// True if the old values were written back after a refusal, even if the target did not take all of them: see
// RegisterFinding::put_back_error.
bool TriedToPutBack(const RestoreReport& report);

enum class OnRefusal {
  kPutBack,    // all or nothing: the old values are put back
  kKeepGoing,  // accepted values stay, as with QEMU's write_list_to_cpustate
};

// The meaning of a list for the registers that it lacks.
enum class ListScope {
  kWholeVcpu,      // they are missing: reported, and refused where the target requires them
  kSomeRegisters,  // they are not meant
};

// Restores `list` into `port`. Never stops at the first finding. With kPutBack nothing is written where the lists alone
// show that the restore is refused (an unknown or a required register); kKeepGoing tries everything that can be tried.
RestoreReport RestoreRegisters(const RegisterList& list, VcpuRegisterPort& port, OnRefusal on_refusal,
                               ListScope scope = ListScope::kWholeVcpu);

// The same with OnRefusal::kKeepGoing in two steps, for the vCPUs of one VM: on KVM some registers are the VM's, so
// that a write to the last vCPU may show on the first one. Write all, then judge all.
//
// Example:
//   RegisterRestore restore(list, port);
//   restore.Write(port.restore_order());
//   RestoreReport report = restore.Judge();
//
// Refers to `list` and `port`. Not thread-safe.
class RegisterRestore {
 public:
  RegisterRestore(const RegisterList& list, VcpuRegisterPort& port, ListScope scope = ListScope::kWholeVcpu);

  // True if the target has every register of the list, and the list every register that the target requires.
  bool lists_match() const { return lists_match_; }
  // Writes in this order: positions in port.layout(). Registers that the list lacks are left out, but for those that
  // clear what one of the list sets.
  void Write(absl::Span<const uint32_t> order, CounterPairWrites pairs = CounterPairWrites::kClearFirst);
  // Says what became of every register, by reading the port again unless the port said it all at the write. Once.
  RestoreReport Judge();
  // Instead of Write and Judge: what the lists alone say.
  RestoreReport JudgeLists();
  // Writes the old values back, for a report of a refusal that Judge gave.
  void PutBack(RestoreReport& report);

 private:
  absl::string_view ValueAt(absl::string_view area, size_t index) const;
  void Add(RestoreReport& report, RegisterFinding finding) const;
  // A list that was made for Linux 6.12 has, in the register that clears, all bits that the guest does not use: QEMU
  // clears them so before it sets the others. The guest has what the register that sets says, in both.
  void UndoComplement(const CounterPair& pair);
  void CompareLists();
  bool WriteInBulk(absl::Span<const uint32_t> order);
  void WriteInOrder(std::string values, absl::Span<char> read_back, std::vector<RegisterError>& errors);
  RestoreReport StartReport(absl::string_view after) const;
  RegisterOutcome Kept(size_t index) const;
  void JudgeValue(RestoreReport& report, size_t index, absl::string_view after) const;
  void JudgeError(RestoreReport& report, const RegisterError& error, absl::string_view after) const;
  RegisterFinding& FindingOf(RestoreReport& report, size_t index) const;

  const ListScope scope_;
  const RegisterList& list_;
  VcpuRegisterPort& port_;
  const RegisterLayout& layout_;
  const bool same_layout_;
  bool lists_match_ = true;
  // By the port at the write; empty if it had to be asked register by register.
  std::vector<RegisterOutcome> outcomes_;
  // Value areas of the port's layout.
  std::string wanted_;
  std::string before_;
  std::string read_back_;
  // By position in the port's layout: the list has it.
  std::vector<bool> incoming_;
  std::vector<uint32_t> write_order_;
  std::vector<uint32_t> cleared_;  // of write_order_: written with all ones
  std::vector<uint32_t> missing_;  // in the port's layout
  std::vector<uint32_t> unknown_;  // in the list
  std::vector<RegisterError> write_errors_;
};

}  // namespace armstate

#endif  // ARMSTATE_CORE_RESTORE_H_
