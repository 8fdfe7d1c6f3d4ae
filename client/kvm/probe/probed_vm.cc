#include "client/kvm/probe/probed_vm.h"

#include <cerrno>

#include "absl/types/span.h"
#include "client/kvm/probe/json.h"

namespace armstate {

void ProbedVm::Renew() {
  scratch_ = {};  // frees the old one first: hosts limit the number of VMs
  absl::StatusOr<ScratchVm> fresh = factory_();
  status_ = fresh.status();
  if (fresh.ok()) scratch_ = *std::move(fresh);
}

std::vector<uint64_t> ProbedVm::List(int vcpu) {
  if (!status_.ok()) return {};
  constexpr size_t kMostRegisters = 4096;
  std::vector<uint64_t> ids(kMostRegisters);
  uint64_t count = 0;
  ++calls_;
  if (scratch_.vcpus[static_cast<size_t>(vcpu)]->GetRegisterIds(absl::MakeSpan(ids), count) != 0) return {};
  ids.resize(count);
  return ids;
}

KvmErrno ProbedVm::Read(int vcpu, uint64_t id, std::string& value) {
  value.clear();
  if (!status_.ok()) return EIO;
  value.assign(WidthOf(id), '\0');
  ++calls_;
  const KvmErrno error = scratch_.vcpus[static_cast<size_t>(vcpu)]->GetRegister(id, absl::MakeSpan(value));
  if (error != 0) value.clear();
  return error;
}

KvmErrno ProbedVm::Write(int vcpu, uint64_t id, const std::string& value) {
  if (!status_.ok()) return EIO;
  ++calls_;
  return scratch_.vcpus[static_cast<size_t>(vcpu)]->SetRegister(id, value);
}

KvmErrno ProbedVm::ReadWord(int vcpu, uint64_t id, uint64_t& word) {
  std::string value;
  const KvmErrno error = Read(vcpu, id, value);
  word = WordOf(value);
  return error;
}

KvmErrno ProbedVm::WriteWord(int vcpu, uint64_t id, uint64_t word) {
  return Write(vcpu, id, BytesOf(word, WidthOf(id)));
}

}  // namespace armstate
