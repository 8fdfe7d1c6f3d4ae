#include "client/kvm/vm.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"

namespace armstate {
namespace {

// Returns an ioctl's errno. `result` receives the number that the call returns.
template <typename Argument>
KvmErrno Ioctl(int fd, unsigned long request, Argument argument, int* result = nullptr) {
  int answer = -1;
  do {
    answer = ioctl(fd, request, argument);
    // A signal may arrive at any moment; only KVM_RUN ends for it.
  } while (answer < 0 && errno == EINTR && request != KVM_RUN);
  if (answer < 0) return errno;
  if (result != nullptr) *result = answer;
  return 0;
}

uint64_t AddressOf(const void* pointer) { return reinterpret_cast<uintptr_t>(pointer); }

KvmErrno SetAttribute(int fd, uint32_t group, uint64_t attribute, const void* value) {
  kvm_device_attr request = {};
  request.group = group;
  request.attr = attribute;
  request.addr = AddressOf(value);
  return Ioctl(fd, KVM_SET_DEVICE_ATTR, &request);
}

}  // namespace

KvmErrno KvmVcpuFd::Init(const KvmVcpuInit& init) { return Ioctl(fd_, kKvmArmVcpuInit, &init); }

KvmErrno KvmVcpuFd::Finalize(int feature) { return Ioctl(fd_, kKvmArmVcpuFinalize, &feature); }

KvmErrno KvmVcpuFd::GetRegisterIds(absl::Span<uint64_t> ids, uint64_t& count) {
  // struct kvm_reg_list has the number of IDs, then the IDs.
  std::vector<uint64_t> list(1 + ids.size());
  list[0] = ids.size();
  const KvmErrno error = Ioctl(fd_, KVM_GET_REG_LIST, list.data());
  count = list[0];
  if (error == 0) std::copy_n(list.begin() + 1, std::min<uint64_t>(count, ids.size()), ids.begin());
  return error;
}

KvmErrno KvmVcpuFd::GetRegister(uint64_t id, absl::Span<char> value) {
  kvm_one_reg request = {id, AddressOf(value.data())};
  return Ioctl(fd_, KVM_GET_ONE_REG, &request);
}

KvmErrno KvmVcpuFd::SetRegister(uint64_t id, absl::string_view value) {
  kvm_one_reg request = {id, AddressOf(value.data())};
  return Ioctl(fd_, KVM_SET_ONE_REG, &request);
}

KvmErrno KvmVcpuFd::GetEvents(KvmVcpuEvents& events) { return Ioctl(fd_, kKvmGetVcpuEvents, &events); }

KvmErrno KvmVcpuFd::SetEvents(const KvmVcpuEvents& events) { return Ioctl(fd_, kKvmSetVcpuEvents, &events); }

KvmErrno KvmVcpuFd::GetMpState(uint32_t& state) {
  kvm_mp_state mp_state = {};
  const KvmErrno error = Ioctl(fd_, KVM_GET_MP_STATE, &mp_state);
  if (error == 0) state = mp_state.mp_state;
  return error;
}

KvmErrno KvmVcpuFd::SetMpState(uint32_t state) {
  const kvm_mp_state mp_state = {state};
  return Ioctl(fd_, KVM_SET_MP_STATE, &mp_state);
}

KvmErrno KvmVcpuFd::CompletePendingExit() {
  run_->immediate_exit = 1;
  const KvmErrno error = Run();
  run_->immediate_exit = 0;
  return error == EINTR ? 0 : error;  // with immediate_exit, KVM_RUN ends with EINTR
}

KvmErrno KvmVcpuFd::Run() { return Ioctl(fd_, KVM_RUN, nullptr); }

absl::StatusOr<std::unique_ptr<KvmVm>> KvmVm::Create(const std::string& device) {
  const int kvm_fd = open(device.c_str(), O_RDWR | O_CLOEXEC);
  if (kvm_fd < 0) {
    return absl::UnavailableError(
        absl::StrCat(device, ": ", ErrnoName(errno), ": this host has no KVM, or not for us"));
  }
  UniqueFd closes_kvm_fd(kvm_fd);
  int run_size = 0;
  if (const KvmErrno error = Ioctl(kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0, &run_size); error != 0) {
    return KvmStatus("KVM_GET_VCPU_MMAP_SIZE", error);
  }
  if (run_size < static_cast<int>(sizeof(kvm_run))) {
    return absl::InternalError(absl::StrCat("KVM_GET_VCPU_MMAP_SIZE: ", run_size, " bytes hold no struct kvm_run"));
  }
  int vm_fd = -1;
  if (const KvmErrno error = Ioctl(kvm_fd, KVM_CREATE_VM, 0, &vm_fd); error != 0) {
    return KvmStatus("KVM_CREATE_VM", error);
  }
  std::unique_ptr<KvmVm> vm(new KvmVm(closes_kvm_fd.release(), vm_fd, static_cast<size_t>(run_size)));
  uint32_t target = 0;
  if (vm->PreferredTarget(target) == ENOTTY) {
    return absl::UnavailableError(absl::StrCat(device, ": this is not KVM for arm64"));
  }
  return vm;
}

KvmVm::~KvmVm() {
  for (const Vcpu& vcpu : vcpus_) munmap(&vcpu.calls->run(), run_size_);
  for (const absl::Span<char> memory : memory_) munmap(memory.data(), memory.size());
}

int KvmVm::CheckCapability(KvmCapability capability) {
  int answer = 0;
  const KvmErrno error = Ioctl(kvm_fd_.get(), KVM_CHECK_EXTENSION, static_cast<unsigned long>(capability), &answer);
  return error == 0 ? answer : 0;
}

KvmErrno KvmVm::EnableCapability(KvmCapability capability) {
  kvm_enable_cap request = {};
  request.cap = static_cast<uint32_t>(capability);
  return Ioctl(vm_fd_.get(), KVM_ENABLE_CAP, &request);
}

KvmErrno KvmVm::PreferredTarget(uint32_t& target) {
  KvmVcpuInit preferred;
  const KvmErrno error = Ioctl(vm_fd_.get(), kKvmArmPreferredTarget, &preferred);
  if (error == 0) target = preferred.target;
  return error;
}

KvmErrno KvmVm::GetWritableMasks(absl::Span<uint64_t> masks) {
  if (masks.size() < static_cast<size_t>(kKvmFeatureIdMasks)) return EINVAL;
  KvmRegisterMaskRange request;
  request.masks = AddressOf(masks.data());
  return Ioctl(vm_fd_.get(), kKvmArmGetRegisterWritableMasks, &request);
}

absl::StatusOr<KvmVcpuFd*> KvmVm::AddVcpu() {
  int fd = -1;
  if (const KvmErrno error = Ioctl(vm_fd_.get(), KVM_CREATE_VCPU, vcpus_.size(), &fd); error != 0) {
    return KvmStatus("KVM_CREATE_VCPU", error);
  }
  auto owned_fd = std::make_unique<UniqueFd>(fd);
  void* const run = mmap(nullptr, run_size_, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (run == MAP_FAILED) return KvmStatus("mmap of struct kvm_run", errno);
  vcpus_.push_back({std::move(owned_fd), std::make_unique<KvmVcpuFd>(fd, static_cast<kvm_run*>(run))});
  return vcpus_.back().calls.get();
}

absl::StatusOr<absl::Span<char>> KvmVm::AddMemory(uint64_t guest_address, size_t size) {
  void* const memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return KvmStatus("mmap of guest memory", errno);
  kvm_userspace_memory_region region = {};
  region.slot = static_cast<uint32_t>(memory_.size());
  region.guest_phys_addr = guest_address;
  region.memory_size = size;
  region.userspace_addr = AddressOf(memory);
  memory_.emplace_back(static_cast<char*>(memory), size);
  if (const KvmErrno error = Ioctl(vm_fd_.get(), KVM_SET_USER_MEMORY_REGION, &region); error != 0) {
    return KvmStatus("KVM_SET_USER_MEMORY_REGION", error);
  }
  return memory_.back();
}

absl::Status KvmVm::AddGicV3(uint64_t distributor, uint64_t redistributors) {
  kvm_create_device request = {};
  request.type = KVM_DEV_TYPE_ARM_VGIC_V3;
  if (const KvmErrno error = Ioctl(vm_fd_.get(), KVM_CREATE_DEVICE, &request); error != 0) {
    return KvmStatus("KVM_CREATE_DEVICE of a GICv3", error);
  }
  gic_fd_ = std::make_unique<UniqueFd>(static_cast<int>(request.fd));
  const int fd = gic_fd_->get();
  const uint32_t interrupts = 64;  // the smallest number that is allowed
  KvmErrno error = SetAttribute(fd, kGicGroupInterruptCount, 0, &interrupts);
  if (error == 0) error = SetAttribute(fd, kGicGroupAddress, kGicAddressDistributor, &distributor);
  if (error == 0) error = SetAttribute(fd, kGicGroupAddress, kGicAddressRedistributor, &redistributors);
  if (error == 0) error = SetAttribute(fd, kGicGroupControl, kGicControlInit, nullptr);
  return KvmStatus("KVM_SET_DEVICE_ATTR of the GICv3", error);
}

absl::Status KvmVm::InitPmus(int interrupt) {
  for (const Vcpu& vcpu : vcpus_) {
    KvmErrno error = SetAttribute(vcpu.fd->get(), kPmuGroup, kPmuInterrupt, &interrupt);
    if (error == 0) error = SetAttribute(vcpu.fd->get(), kPmuGroup, kPmuInit, nullptr);
    if (error != 0) return KvmStatus("KVM_SET_DEVICE_ATTR of the PMU", error);
  }
  return absl::OkStatus();
}

}  // namespace armstate
