// The recorded running guests of tests/data/qemu-versions/streams, and what becomes of them on another release.
#ifndef ARMSTATE_TESTS_END_TO_END_SAVED_GUEST_H_
#define ARMSTATE_TESTS_END_TO_END_SAVED_GUEST_H_

#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "armstate/v1/checkpoint.pb.h"
#include "client/qemu/capture.h"
#include "client/state_conversion.h"
#include "gtest/gtest.h"
#include "proto/vcpu_state_conversion.h"
#include "tests/testing/zstd_file.h"

namespace armstate {

// A virtual machine that several releases have saved.
struct SavedGuest {
  std::string machine;  // "virt-7.2"
  std::string cpu;      // "cortex-a57"
  std::string option;   // "el2" (virtualization=on) or nothing

  std::string Stream(const std::string& release) const {
    return ReadZstdFile(
        absl::StrCat("tests/data/qemu-versions/streams/", release, ".", machine, ".", Cpu(), ".mig.zst"));
  }
  // The profile of this CPU on the release's own machine type.
  std::string Profile(const std::string& release) const {
    return absl::StrCat("cpuProfiles/qemu-", release, ".virt.", Cpu());
  }
  std::string Cpu() const { return absl::StrCat(cpu, option.empty() ? "" : ".", option); }
  std::vector<std::string> Releases() const {
    return machine == "virt-7.2" ? std::vector<std::string>{"7.2", "10.0", "11.1"}
                                 : std::vector<std::string>{"10.0", "11.1"};
  }
};

inline std::ostream& operator<<(std::ostream& out, const SavedGuest& guest) {
  return out << guest.machine << "." << guest.Cpu();
}

// All that more than one release has saved.
inline std::vector<SavedGuest> SavedGuests() {
  std::vector<SavedGuest> guests;
  for (const char* machine : {"virt-7.2", "virt-10.0"}) {
    for (const char* cpu : {"cortex-a15", "cortex-a57", "cortex-a72", "neoverse-n1", "max"}) {
      guests.push_back({machine, cpu, ""});
    }
    for (const char* cpu : {"cortex-a15", "cortex-a57"}) guests.push_back({machine, cpu, "el2"});
  }
  return guests;
}

// For names of tests: "virt_7_2_cortex_a57_el2".
inline std::string NameOf(const SavedGuest& guest) {
  return absl::StrReplaceAll(absl::StrCat(guest.machine, "_", guest.Cpu()), {{".", "_"}, {"-", "_"}});
}

inline QemuCapture Captured(const std::string& stream) {
  absl::StatusOr<QemuCapture> capture = CaptureQemuStream(stream);
  EXPECT_TRUE(capture.ok()) << capture.status();
  return capture.ok() ? *std::move(capture) : QemuCapture();
}

// What a push of the stream would store.
inline v1::Checkpoint StateOf(QemuCapture capture) {
  v1::Checkpoint state;
  state.mutable_source()->set_accelerator(v1::ACCELERATOR_TCG);
  state.mutable_source()->set_hypervisor("QEMU");
  state.mutable_source()->set_machine_type(capture.machine_type);
  for (VcpuState& vcpu : capture.vcpus) *state.add_vcpus() = VcpuStateToProto(std::move(vcpu));
  return state;
}

// By the server at `client`.
inline absl::StatusOr<ConvertedState> ConvertStream(const std::string& stream, const std::string& profile,
                                                    const std::vector<std::string>& accept,
                                                    const RestoreClient& client) {
  v1::ConvertCheckpointRequest request;
  request.mutable_target()->set_cpu_profile(profile);
  request.mutable_accept()->Assign(accept.begin(), accept.end());
  return ConvertState(StateOf(Captured(stream)), stream, request, client);
}

}  // namespace armstate

#endif  // ARMSTATE_TESTS_END_TO_END_SAVED_GUEST_H_
