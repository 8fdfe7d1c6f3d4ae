// libFuzzer: any text as a search's filter, and what it says of checkpoints.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/error.h"
#include "server/search/filter.h"

namespace armstate {
namespace {

void Check(bool holds) {
  if (!holds) abort();
}

IndexedMetadata Facts(IdScheme scheme) {
  v1::Checkpoint basic;
  basic.set_version(7);
  basic.mutable_create_time()->set_seconds(1'700'000'000);
  basic.mutable_source()->set_accelerator(scheme == IdScheme::kTcg ? v1::ACCELERATOR_TCG : v1::ACCELERATOR_KVM);
  basic.mutable_source()->set_hypervisor("QEMU");
  basic.mutable_source()->set_cpu_model("cortex-a57");
  basic.mutable_source()->add_vcpu_features("sve");
  (*basic.mutable_labels())["team"] = "web";
  return IndexedMetadataOf("web-1", basic, scheme);
}

RegisterList Registers() {
  RegisterListBuilder builder;
  builder.Add(*RegisterId::Create(0x6030'0000'0010'0000), 1);            // X0
  builder.Add(*RegisterId::Create(0x6040'0000'0010'0054), 1);            // V0
  builder.Add(*RegisterId::Create(0x6030'0000'0013'c080), 0x30d0'0981);  // SCTLR_EL1
  return *std::move(builder).Build();
}

void ParseFilter(const std::string& text) {
  const absl::StatusOr<Filter> filter = Filter::Parse(text);
  if (!filter.ok()) {
    const absl::optional<ErrorInfo> info = GetErrorInfo(filter.status());
    return Check(absl::IsInvalidArgument(filter.status()) && info && info->reason == ErrorReason::kFilterInvalid);
  }
  static const RegisterList registers = Registers();
  for (const IdScheme scheme : {IdScheme::kKvm, IdScheme::kTcg}) {
    const bool matches = filter->Matches(Facts(scheme), 0, registers);
    // The opposite of what it says; it may be nested too deeply, or too long, to be said.
    const absl::StatusOr<Filter> opposite = Filter::Parse("NOT (" + text + ")");
    if (opposite.ok()) Check(opposite->Matches(Facts(scheme), 0, registers) != matches);
  }
}

}  // namespace
}  // namespace armstate

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  armstate::ParseFilter(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
