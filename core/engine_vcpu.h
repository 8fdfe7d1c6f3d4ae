// `EngineVcpu` is a vCPU of the service itself, which behaves as a CPU profile says.
#ifndef ARMSTATE_CORE_ENGINE_VCPU_H_
#define ARMSTATE_CORE_ENGINE_VCPU_H_

#include <memory>
#include <string>

#include "core/cpu_profile.h"
#include "core/port_errors.h"
#include "core/vcpu_register_port.h"

namespace armstate {

// Keeps its values in list order: a capture is one copy, a restore a walk over flat arrays. Registers that show another
// one's storage (CpuProfile::views) are kept in step by every write. Copyable; not thread-safe.
class EngineVcpu final : public VcpuRegisterPort {
 public:
  // In reset state.
  explicit EngineVcpu(std::shared_ptr<const CpuProfile> profile, VcpuPosition position = {});

  void Reset();
  const CpuProfile& profile() const { return *profile_; }
  // The state, without a copy. Not what a capture of it brings: some registers are computed when they are read.
  absl::string_view values() const { return values_; }
  // The registers that a capture contains.
  std::string ShownValues() const;
  // Takes over a state that values() gave, e.g. from disk. INVALID_ARGUMENT if it is of another size.
  absl::Status LoadValues(std::string values);
  // Takes over what all vCPUs of a VM share from another one of the same VM and profile, which was written later.
  void AdoptVmWide(const EngineVcpu& other);

  const std::shared_ptr<const RegisterLayout>& layout() const override { return profile_->layout(); }
  absl::Status Read(size_t index, absl::Span<char> value) override;
  // RefusedError or UndeterminedError (core/port_errors.h).
  absl::Status Write(size_t index, absl::string_view value) override;
  absl::Span<const uint32_t> restore_order() const override { return profile_->restore_order(); }
  bool is_required(size_t index) const override { return profile_->is_required(index); }
  bool may_be_required(size_t index) const override { return profile_->may_be_required(index); }
  absl::string_view unknown_register_error() const override {
    return profile_->scheme() == IdScheme::kKvm ? kKvmUnknownRegister : "";
  }
  bool is_moving(size_t index) const override { return profile_->computed().is_moving(index); }
  absl::Span<const CounterPair> counter_pairs() const override { return profile_->counter_pairs(); }
  ReadBack read_back() const override {
    return profile_->scheme() == IdScheme::kTcg || profile_->computed().empty() ? ReadBack::kAtOnce
                                                                                : ReadBack::kWhenAllAreWritten;
  }
  void ReadAll(std::string& values, std::vector<RegisterError>& errors) override;
  void WriteInOrder(absl::Span<const uint32_t> indexes, absl::string_view values, absl::Span<char> read_back,
                    std::vector<RegisterError>& errors) override;
  bool TryBulkWrite(absl::string_view values, std::vector<RegisterOutcome>& outcomes) override;

 private:
  void Store(size_t index, const char* value);
  void StoreShared(size_t index);

  std::shared_ptr<const CpuProfile> profile_;
  VcpuPosition position_;
  std::string values_;
  // TryBulkWrite makes the next state here. Kept only for its memory.
  std::string after_;
};

}  // namespace armstate

#endif  // ARMSTATE_CORE_ENGINE_VCPU_H_
