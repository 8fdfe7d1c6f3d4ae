#include "client/kvm/vcpu.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/catalog.h"
#include "core/port_errors.h"
#include "core/restore_order.h"

namespace armstate {
namespace {

constexpr uint64_t kTimerCount = 0x6030'0000'0013'df1a;
constexpr uint64_t kPhysicalTimerCount = 0x6030'0000'0013'df01;
// No kernel so far lists more than 700.
constexpr uint64_t kMaxRegisters = 1 << 16;

// The error for the errno of a write.
absl::Status AnswerStatus(KvmErrno error) { return error == 0 ? absl::OkStatus() : RefusedError(ErrnoName(error)); }

}  // namespace

absl::StatusOr<std::vector<uint64_t>> ListKvmRegisters(KvmVcpuCalls& calls) {
  std::vector<uint64_t> ids;
  uint64_t count = 0;
  KvmErrno error = calls.GetRegisterIds(absl::MakeSpan(ids), count);
  if (error == E2BIG) {
    if (count > kMaxRegisters) {
      return absl::DataLossError(absl::StrCat("KVM_GET_REG_LIST: a vCPU of ", count, " registers"));
    }
    ids.resize(count);
    error = calls.GetRegisterIds(absl::MakeSpan(ids), count);
  }
  if (error != 0) return KvmStatus("KVM_GET_REG_LIST", error);
  if (count > ids.size()) {
    return absl::DataLossError(absl::StrCat("KVM_GET_REG_LIST: gave ", count, " registers where ", ids.size(), " fit"));
  }
  ids.resize(count);
  return ids;
}

KvmVcpu::KvmVcpu(KvmVcpuCalls& calls, std::shared_ptr<const RegisterLayout> layout, KvmErrno vector_lengths)
    : calls_(&calls),
      layout_(std::move(layout)),
      restore_order_(RestoreOrder(*layout_, IdScheme::kKvm)),
      counter_pairs_(CounterPairsOf(*layout_)),
      vector_lengths_(vector_lengths) {}

absl::StatusOr<KvmVcpu> KvmVcpu::Create(KvmVcpuCalls& calls, const std::shared_ptr<const RegisterLayout>& likely_layout,
                                        KvmErrno vector_lengths) {
  absl::StatusOr<std::vector<uint64_t>> ids = ListKvmRegisters(calls);
  if (!ids.ok()) return ids.status();
  std::sort(ids->begin(), ids->end());
  if (likely_layout != nullptr && likely_layout->raw_ids() == absl::MakeConstSpan(*ids)) {
    return KvmVcpu(calls, likely_layout, vector_lengths);
  }
  absl::StatusOr<std::shared_ptr<const RegisterLayout>> layout = RegisterLayout::Create(*ids);
  if (!layout.ok()) return absl::DataLossError(absl::StrCat("KVM_GET_REG_LIST: ", layout.status().message()));
  return KvmVcpu(calls, *std::move(layout), vector_lengths);
}

absl::Status KvmVcpu::Read(size_t index, absl::Span<char> value) {
  const KvmErrno error = calls_->GetRegister(layout_->id(index).raw(), value);
  return error == 0 ? absl::OkStatus() : absl::InternalError(absl::StrCat("KVM_GET_ONE_REG: ", ErrnoName(error)));
}

absl::Status KvmVcpu::Write(size_t index, absl::string_view value) {
  const RegisterId id = layout_->id(index);
  if (id.raw() == kKvmSveVectorLengths) return AnswerStatus(vector_lengths_);
  if (IsVmWideOnKvm(id)) {
    std::array<char, 256> held;  // the widest register has 2048 bits
    const absl::Span<char> own = absl::MakeSpan(held).subspan(0, value.size());
    const KvmErrno error = calls_->GetRegister(id.raw(), own);
    if (error == 0 && absl::string_view(own.data(), own.size()) == value) return absl::OkStatus();
  }
  return AnswerStatus(calls_->SetRegister(id.raw(), value));
}

bool KvmVcpu::is_moving(size_t index) const {
  const uint64_t id = layout_->id(index).raw();
  return id == kTimerCount || id == kPhysicalTimerCount;
}

void KvmVcpu::WriteInOrder(absl::Span<const uint32_t> indexes, absl::string_view values, absl::Span<char> /*read_back*/,
                           std::vector<RegisterError>& errors) {
  for (const uint32_t index : indexes) {
    absl::Status status = Write(index, values.substr(layout_->offset(index), layout_->width(index)));
    if (!status.ok()) errors.push_back({index, std::move(status)});
  }
}

}  // namespace armstate
