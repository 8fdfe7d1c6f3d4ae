#include "tests/client/kvm/fake_kvm.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/engine_vm.h"
#include "core/port_errors.h"

namespace armstate {

class FakeKvm::Vcpu : public KvmVcpuCalls {
 public:
  Vcpu(FakeKvm& vm, size_t index) : vm_(vm), index_(index) {}

  KvmErrno Init(const KvmVcpuInit& init) override {
    Log(absl::StrFormat("init target=%u features=0x%x", init.target, init.features[0]));
    if (init.target != vm_.host_.preferred_target) return EINVAL;
    const uint32_t lacking = init.features[0] & ~vm_.host_.feature_bits;
    for (int bit = 0; bit < 32; ++bit) {
      if ((lacking >> bit & 1) == 0) continue;
      const auto error = vm_.host_.init_errors.find(bit);
      return error == vm_.host_.init_errors.end() ? EINVAL : error->second;
    }
    vm_.features_.bits = init.features[0];
    if (vm_.engine_.empty()) {
      const std::shared_ptr<const CpuProfile> profile = vm_.host_.profile(vm_.features_);
      if (profile == nullptr) return EINVAL;
      vm_.engine_ = MakeVcpus(profile, static_cast<int>(vm_.vcpus_.size()));
    }
    initialised_ = true;
    return 0;
  }

  KvmErrno Finalize(int feature) override {
    Log(absl::StrFormat("finalize %d", feature));
    if (vm_.faults.finalize != 0) return vm_.faults.finalize;
    if (!HasSve() || feature != static_cast<int>(VcpuFeature::kSve)) return EINVAL;
    if (finalised_) return EPERM;
    finalised_ = true;
    return 0;
  }

  KvmErrno GetRegisterIds(absl::Span<uint64_t> ids, uint64_t& count) override {
    if (!initialised_) return ENOEXEC;
    if (HasSve() && !finalised_) return EPERM;
    if (vm_.faults.list != 0) return vm_.faults.list;
    const absl::Span<const uint64_t> ascending = vm_.engine_[index_].layout()->raw_ids();
    // KVM's own order is not ascending.
    std::vector<uint64_t> all(ascending.rbegin(), ascending.rend());
    all.insert(all.end(), vm_.faults.listed_too.begin(), vm_.faults.listed_too.end());
    count = all.size();
    if (ids.empty()) count += static_cast<uint64_t>(vm_.faults.list_miscount);
    if (ids.size() < all.size()) return E2BIG;
    std::copy(all.begin(), all.end(), ids.begin());
    return 0;
  }

  KvmErrno GetRegister(uint64_t id, absl::Span<char> value) override {
    size_t position = 0;
    if (const KvmErrno error = Find(id, position); error != 0) return error;
    const auto fault = vm_.faults.get.find(id);
    if (fault != vm_.faults.get.end()) return fault->second;
    return ErrnoOf(vm_.Current(index_).Read(position, value), id);
  }

  KvmErrno SetRegister(uint64_t id, absl::string_view value) override {
    Log(absl::StrFormat("set 0x%x", id));
    size_t position = 0;
    if (const KvmErrno error = Find(id, position); error != 0) return error;
    if (id == kKvmSveVectorLengths && finalised_) return EPERM;
    const auto fault = vm_.faults.set.find(id);
    if (fault != vm_.faults.set.end()) return fault->second;
    EngineVcpu& vcpu = vm_.Current(index_);
    vm_.last_written_ = index_;
    return ErrnoOf(vcpu.Write(position, value), id);
  }

  KvmErrno GetEvents(KvmVcpuEvents& events) override {
    if (vm_.faults.get_events != 0) return vm_.faults.get_events;
    events = events_;
    return 0;
  }

  KvmErrno SetEvents(const KvmVcpuEvents& events) override {
    Log(absl::StrFormat("set events serror=%u", events.serror_pending));
    if (vm_.faults.set_events != 0) return vm_.faults.set_events;
    events_ = events;
    return 0;
  }

  KvmErrno GetMpState(uint32_t& state) override {
    state = mp_state_;
    return 0;
  }

  KvmErrno SetMpState(uint32_t state) override {
    Log(absl::StrFormat("set mp_state %u", state));
    if (vm_.faults.set_mp_state != 0) return vm_.faults.set_mp_state;
    mp_state_ = state;
    return 0;
  }

  KvmErrno CompletePendingExit() override {
    Log("run");
    return vm_.faults.run;
  }

 private:
  bool HasSve() const { return vm_.features_.has(VcpuFeature::kSve); }

  void Log(const std::string& what) { vm_.calls.push_back(absl::StrFormat("%u %s", index_, what)); }

  // The register's position, if it may be touched now.
  KvmErrno Find(uint64_t id, size_t& position) const {
    if (!initialised_) return ENOEXEC;
    const absl::StatusOr<RegisterId> known = RegisterId::Create(id);
    if (!known.ok()) return EINVAL;
    const absl::optional<size_t> found = vm_.engine_[index_].layout()->Find(*known);
    if (!found) return ENOENT;
    // z, p and ffr: their widths are not known before.
    if (known->register_class() == RegisterClass::kSve && id != kKvmSveVectorLengths && !finalised_) return EPERM;
    position = *found;
    return 0;
  }

  KvmErrno ErrnoOf(const absl::Status& status, uint64_t id) const {
    if (status.ok()) return 0;
    EXPECT_FALSE(IsUndetermined(status)) << absl::StrFormat("register 0x%x: ", id) << status;
    return ErrnoOfName(std::string(status.message()));
  }

  FakeKvm& vm_;
  const size_t index_;
  bool initialised_ = false;
  bool finalised_ = false;
  KvmVcpuEvents events_;
  uint32_t mp_state_ = 0;
};

FakeKvm::FakeKvm(FakeKvmHost host, int vcpu_count) : host_(std::move(host)) {
  for (int i = 0; i < vcpu_count; ++i) vcpus_.push_back(std::make_unique<Vcpu>(*this, vcpus_.size()));
}

FakeKvm::~FakeKvm() = default;

int FakeKvm::CheckCapability(KvmCapability capability) {
  const auto has = [&](VcpuFeature feature) { return host_.feature_bits >> static_cast<int>(feature) & 1; };
  switch (capability) {
    case KvmCapability::kEl1Is32Bit:
      return has(VcpuFeature::kEl1Is32Bit);
    case KvmCapability::kPmuV3:
      return has(VcpuFeature::kPmuV3);
    case KvmCapability::kSve:
      return has(VcpuFeature::kSve);
    case KvmCapability::kPtrauthAddress:
      return has(VcpuFeature::kPtrauthAddress);
    case KvmCapability::kPtrauthGeneric:
      return has(VcpuFeature::kPtrauthGeneric);
    case KvmCapability::kEl2:
      return has(VcpuFeature::kHasEl2);
    case KvmCapability::kMemoryTagging:
      return host_.memory_tagging;
    case KvmCapability::kWritableImplementationId:
      return host_.writable_implementation_id;
    default:
      return 0;
  }
}

KvmErrno FakeKvm::EnableCapability(KvmCapability capability) {
  if (CheckCapability(capability) == 0) return EINVAL;
  if (capability == KvmCapability::kMemoryTagging) features_.memory_tagging = true;
  if (capability == KvmCapability::kWritableImplementationId) features_.writable_implementation_id = true;
  return 0;
}

KvmErrno FakeKvm::PreferredTarget(uint32_t& target) {
  target = host_.preferred_target;
  return 0;
}

KvmErrno FakeKvm::GetWritableMasks(absl::Span<uint64_t> /*masks*/) { return ENOTTY; }

std::vector<KvmVcpuCalls*> FakeKvm::vcpus() {
  std::vector<KvmVcpuCalls*> all;
  for (const auto& vcpu : vcpus_) all.push_back(vcpu.get());
  return all;
}

EngineVcpu& FakeKvm::Current(size_t index) {
  engine_[index].AdoptVmWide(engine_[last_written_]);
  return engine_[index];
}

KvmErrno ErrnoOfName(const std::string& name) {
  for (int error = 1; error < 134; ++error) {  // Linux has no higher one
    const char* const known = strerrorname_np(error);
    if (known != nullptr && name == known) return error;
  }
  ADD_FAILURE() << "no errno: " << name;
  return EIO;
}

}  // namespace armstate
