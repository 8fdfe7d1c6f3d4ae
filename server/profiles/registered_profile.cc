#include "server/profiles/registered_profile.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "proto/cpu_profile_conversion.h"
#include "proto/resource_names.h"
#include "storage/format/digest.h"

namespace armstate {
namespace {

// The limits keep a name within 128 bytes.
constexpr size_t kMaxKernelPart = 24;
constexpr size_t kMaxCpuPart = 40;
constexpr size_t kMaxFeatureSetPart = 40;
constexpr size_t kDigestPart = 4;

// The characters that a name may contain.
std::string NamePart(absl::string_view text, size_t max_size) {
  std::string part(text.substr(0, max_size));
  std::replace_if(
      part.begin(), part.end(), [](char c) { return !absl::ascii_isalnum(c) && c != '_'; }, '-');
  return part;
}

// Returns "6.12.117" for "6.12.117+deb12-cloud-arm64".
absl::string_view VersionNumber(absl::string_view kernel) {
  const auto end =
      std::find_if(kernel.begin(), kernel.end(), [](char c) { return !absl::ascii_isdigit(c) && c != '.'; });
  return kernel.substr(0, std::min<size_t>(end - kernel.begin(), kMaxKernelPart));
}

}  // namespace

absl::StatusOr<std::shared_ptr<const RegisteredProfile>> RegisterProfile(v1::CpuProfile message, ProfileOrigin origin) {
  absl::StatusOr<std::shared_ptr<const CpuProfile>> profile = CpuProfileFromProto(message);
  if (!profile.ok()) return Annotate(profile.status(), message.name());
  message.set_register_count(message.registers_size());
  message.clear_error();
  std::string digest = ProfileDigest(message);
  return std::make_shared<const RegisteredProfile>(
      RegisteredProfile{std::move(message), *std::move(profile), origin, std::move(digest)});
}

v1::CpuProfile WithoutRegisters(const v1::CpuProfile& profile) {
  v1::CpuProfile summary;
  summary.set_name(profile.name());
  summary.set_accelerator(profile.accelerator());
  summary.set_hypervisor(profile.hypervisor());
  summary.set_hypervisor_version(profile.hypervisor_version());
  summary.set_machine_type(profile.machine_type());
  summary.set_cpu_model(profile.cpu_model());
  *summary.mutable_machine_options() = profile.machine_options();
  summary.set_register_count(profile.register_count());
  summary.set_vcpu_features(profile.vcpu_features());
  summary.set_memory_tagging(profile.memory_tagging());
  summary.set_writable_implementation_id(profile.writable_implementation_id());
  if (profile.has_error()) *summary.mutable_error() = profile.error();
  if (profile.has_list_load()) *summary.mutable_list_load() = profile.list_load();
  *summary.mutable_refused_subsections() = profile.refused_subsections();
  *summary.mutable_undetermined_subsections() = profile.undetermined_subsections();
  *summary.mutable_subsection_sizes() = profile.subsection_sizes();
  return summary;
}

std::string ProfileHeaderBytes(const v1::CpuProfile& profile) {
  v1::CpuProfile header = WithoutRegisters(profile);
  header.clear_name();
  header.clear_register_count();
  return header.SerializeAsString();
}

std::string ProfileDigest(const v1::CpuProfile& profile) {
  v1::CpuProfile content = profile;
  content.clear_name();
  content.set_register_count(content.registers_size());
  content.clear_error();
  content.DiscardUnknownFields();
  // A message without maps has only one serialization.
  return Sha256(content.SerializeAsString());
}

std::string ProbedProfileName(const v1::CpuProfile& profile, absl::string_view feature_set) {
  const std::string digest = ProfileDigest(profile);
  return FormatCpuProfileName(
      absl::StrCat("kvm-", VersionNumber(profile.hypervisor_version()), ".", NamePart(profile.cpu_model(), kMaxCpuPart),
                   ".", NamePart(feature_set, kMaxFeatureSetPart), profile.writable_implementation_id() ? "-impid" : "",
                   "-", absl::BytesToHexString(absl::string_view(digest).substr(0, kDigestPart))));
}

}  // namespace armstate
