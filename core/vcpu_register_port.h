// `VcpuRegisterPort` is the interface of everything that has the registers of a vCPU: an engine vCPU, a KVM vCPU, a
// `cpu` section of a QEMU stream.
#ifndef ARMSTATE_CORE_VCPU_REGISTER_PORT_H_
#define ARMSTATE_CORE_VCPU_REGISTER_PORT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "core/counter_pairs.h"
#include "core/register_list.h"
#include "core/register_outcome.h"

namespace armstate {

// A register that could not be read or written.
struct RegisterError {
  size_t index;  // in the port's layout
  absl::Status status;
};

// The registers of one vCPU, by their position in the port's layout. A port names what it has when it is made; capture
// and restore (core/capture.h, core/restore.h) are written once, over this interface.
//
// A port moves bits as a raw reader and a raw writer do: without the side effects of a guest's access. Not thread-safe.
class VcpuRegisterPort {
 public:
  virtual ~VcpuRegisterPort() = default;

  // The registers that a capture brings. Does not change while the port lives.
  virtual const std::shared_ptr<const RegisterLayout>& layout() const = 0;

  // Copies the register's value (exactly layout()->width(index) bytes, little-endian) into `value`.
  // Errors: whatever the target answers.
  virtual absl::Status Read(size_t index, absl::Span<char> value) = 0;

  // Writes the register. OK does not mean that the value was kept: a target may ignore a write, in whole or in part.
  // Read it back. Errors: whatever the target answers; then the register has its old value. UndeterminedError
  // (core/port_errors.h) if the port only stands for a target and does not know what that would answer.
  virtual absl::Status Write(size_t index, absl::string_view value) = 0;

  // The order in which a restore must write this target's registers: a permutation of 0 .. layout()->size() - 1, which
  // lives as long as the port.
  virtual absl::Span<const uint32_t> restore_order() const = 0;

  // True for a register that a restore must bring, since the target refuses to go without it.
  virtual bool is_required(size_t /*index*/) const { return false; }
  // True if it is not known whether it is such a register.
  virtual bool may_be_required(size_t /*index*/) const { return false; }

  // The errno by which the target refuses a register that it does not list, "ENOENT"; empty if it answers with none.
  virtual absl::string_view unknown_register_error() const { return ""; }

  // True for a counter that goes on counting: it never reads back as written.
  virtual bool is_moving(size_t /*index*/) const { return false; }

  // Pairs whose bits a restore clears before it sets them. Only for a port that is read back when all are written.
  virtual absl::Span<const CounterPair> counter_pairs() const { return {}; }

  // When a restore must look whether a value was kept. QEMU's emulation judges each register at once; on KVM a register
  // may depend on one that is written later, perhaps to another vCPU.
  enum class ReadBack { kAtOnce, kWhenAllAreWritten };
  virtual ReadBack read_back() const { return ReadBack::kAtOnce; }

  // Reads all registers into `values`, which becomes a value area of the layout whatever it was. Goes on after errors,
  // which it adds to `errors`; what stands in the place of such a register is not its value.
  virtual void ReadAll(std::string& values, std::vector<RegisterError>& errors);

  // Writes the registers `indexes`, in this order, out of `values`, and reads each back at once into
  // `read_back`; both are value areas of the layout. Goes on after errors, which it adds to `errors`. A port that is
  // read back when all are written leaves `read_back` alone.
  virtual void WriteInOrder(absl::Span<const uint32_t> indexes, absl::string_view values, absl::Span<char> read_back,
                            std::vector<RegisterError>& errors);

  // Writes all registers out of `values` (a value area of the layout), if the port can tell that each of them will read
  // back as written, when it is written and when all are, on this vCPU and all others of its VM. Then
  // `outcomes` says of each register whether it was written or held its value before (kWritten, kUnchanged). False:
  // nothing was written, `outcomes` is as it was, and WriteInOrder will find out what stands against it.
  virtual bool TryBulkWrite(absl::string_view /*values*/, std::vector<RegisterOutcome>& /*outcomes*/) { return false; }
};

}  // namespace armstate

#endif  // ARMSTATE_CORE_VCPU_REGISTER_PORT_H_
