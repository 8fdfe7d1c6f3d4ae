#include "tests/benchmarks/guest_requests.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/profiles/registry.h"
#include "tests/testing/linux_checkpoints.h"

namespace armstate {
namespace {

// Different ones that are made beforehand, so that making them costs the measured machine little.
constexpr uint32_t kGuests = 10;
constexpr uint32_t kNumbers = 100;

std::string Values(const std::vector<RegisterList>& lists, size_t size) {
  std::string values;
  while (values.size() < size) {
    for (const RegisterList& list : lists) absl::StrAppend(&values, list.values());
  }
  values.resize(size);
  return values;
}

}  // namespace

GuestRequests::GuestRequests() {
  const std::unique_ptr<ProfileRegistry> profiles = ProfileRegistry::BuiltIn().value();
  const std::shared_ptr<const RegisterLayout> layout =
      profiles->Find("cpuProfiles/qemu-7.2.virt.cortex-a57").value()->profile->layout();
  const LinuxGuests guests;
  for (uint32_t guest = 0; guest < kGuests; ++guest) {
    for (uint32_t number = 0; number < kNumbers; ++number) {
      v1::Checkpoint checkpoint;
      v1::Source& source = *checkpoint.mutable_source();
      source.set_accelerator(v1::ACCELERATOR_TCG);
      source.set_hypervisor("QEMU");
      source.set_hypervisor_version("7.2.22");
      source.set_host_kernel("6.1.0-37-generic");
      source.set_machine_type("virt-7.2");
      source.set_cpu_model("cortex-a57");
      source.set_host(absl::StrCat("host-", guest));
      checkpoint.mutable_capture_time()->set_seconds(1700000000 + number * 300);
      checkpoint.mutable_capture_time()->set_nanos(static_cast<int>(guest * 1234567 + number * 7654321 % 1000000));
      (*checkpoint.mutable_labels())["team"] = "web";
      (*checkpoint.mutable_labels())["job"] = "hourly";
      v1::RegisterList& registers = *checkpoint.add_vcpus()->mutable_registers();
      registers.mutable_ids()->Add(layout->raw_ids().begin(), layout->raw_ids().end());
      registers.set_values(Values(guests.Checkpoint(guest, number), layout->values_size()));
      prepared_.push_back(std::move(checkpoint));
    }
  }
}

v1::CreateCheckpointRequest GuestRequests::Make(uint32_t guest, uint32_t number) const {
  v1::CreateCheckpointRequest request;
  request.set_parent(GuestName(guest));
  *request.mutable_checkpoint() = prepared_[guest % kGuests * kNumbers + number % kNumbers];
  return request;
}

std::string GuestName(uint32_t guest) { return absl::StrFormat("vms/web-%05u", guest); }

}  // namespace armstate
