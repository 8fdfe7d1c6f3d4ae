// libFuzzer: any bytes as the file of a probe, and the CPU profiles that it makes.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/error.h"
#include "proto/cpu_profile_conversion.h"
#include "server/hosts/host_draft.h"
#include "server/probe/recording.h"

namespace armstate {
namespace {

void Check(bool holds) {
  if (!holds) abort();
}

void CheckRefused(const absl::Status& status) {
  const absl::optional<ErrorInfo> info = GetErrorInfo(status);
  Check(absl::IsInvalidArgument(status) && info && !info->metadata.empty());
}

void ParseProbe(const std::string& bytes) {
  const absl::StatusOr<std::vector<ProbeRecording>> probes = ParseProbeRecordings({{"it", bytes}});
  if (!probes.ok()) return CheckRefused(probes.status());
  const absl::StatusOr<HostDraft> host = HostFromProbes(*probes);
  if (!host.ok()) return Check(absl::IsInvalidArgument(host.status()));
  for (const v1::CpuProfile& profile : host->profiles) {
    const absl::Status status = CpuProfileFromProto(profile).status();
    Check(status.ok() || absl::IsInvalidArgument(status));
  }
}

}  // namespace
}  // namespace armstate

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  armstate::ParseProbe(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
