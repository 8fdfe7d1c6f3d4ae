// `KvmVcpu` is a KVM vCPU as a register port.
#ifndef ARMSTATE_CLIENT_KVM_VCPU_H_
#define ARMSTATE_CLIENT_KVM_VCPU_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "client/kvm/calls.h"
#include "core/port_errors.h"
#include "core/vcpu_register_port.h"

namespace armstate {

// KVM_GET_REG_LIST, KVM_GET_ONE_REG and KVM_SET_ONE_REG as a port. An error of Write is RefusedError with the errno
// (core/port_errors.h), exactly as the engine's vCPUs predict it. Not thread-safe; movable.
class KvmVcpu final : public VcpuRegisterPort {
 public:
  // The vCPU is initialised and finalised; `calls` outlives this object. Shares `likely_layout` if that is the vCPU's.
  // `vector_lengths` is what the kernel answered when SVE_VLS was written before the vCPU was finalised: it refuses
  // every write after that, also of the same value.
  //
  // Errors: the answer of KVM_GET_REG_LIST; DATA_LOSS if its list is malformed (an ID twice, or an invalid ID).
  static absl::StatusOr<KvmVcpu> Create(KvmVcpuCalls& calls,
                                        const std::shared_ptr<const RegisterLayout>& likely_layout = nullptr,
                                        KvmErrno vector_lengths = 0);

  KvmVcpuCalls& calls() const { return *calls_; }

  const std::shared_ptr<const RegisterLayout>& layout() const override { return layout_; }
  absl::Status Read(size_t index, absl::Span<char> value) override;
  // Does not write again what the whole VM shares and has already: ID and firmware registers, once another vCPU has got
  // them.
  absl::Status Write(size_t index, absl::string_view value) override;
  absl::Span<const uint32_t> restore_order() const override { return restore_order_; }
  absl::Span<const CounterPair> counter_pairs() const override { return counter_pairs_; }
  absl::string_view unknown_register_error() const override { return kKvmUnknownRegister; }
  // The counters of the timers.
  bool is_moving(size_t index) const override;
  ReadBack read_back() const override { return ReadBack::kWhenAllAreWritten; }
  void WriteInOrder(absl::Span<const uint32_t> indexes, absl::string_view values, absl::Span<char> read_back,
                    std::vector<RegisterError>& errors) override;

 private:
  KvmVcpu(KvmVcpuCalls& calls, std::shared_ptr<const RegisterLayout> layout, KvmErrno vector_lengths);

  KvmVcpuCalls* calls_;
  std::shared_ptr<const RegisterLayout> layout_;
  std::vector<uint32_t> restore_order_;
  std::vector<CounterPair> counter_pairs_;
  KvmErrno vector_lengths_;
};

// All that KVM_GET_REG_LIST gives, in the kernel's order.
absl::StatusOr<std::vector<uint64_t>> ListKvmRegisters(KvmVcpuCalls& calls);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_KVM_VCPU_H_
