#include "tests/client/kvm/recorded_host.h"

#include <gtest/gtest.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/cpu_profile_conversion.h"
#include "server/probe/infer_profiles.h"
#include "tests/server/kvm_corpus.h"

namespace armstate {

RecordedHost::RecordedHost(const std::string& name) : probe_(ReadHostProbe(name)) {}

FakeKvmHost RecordedHost::host() {
  FakeKvmHost host;
  for (const ProbeRecording::FeatureClass& c : probe_.classes) {
    host.feature_bits |= static_cast<uint32_t>(c.features);
    host.memory_tagging = host.memory_tagging || c.memory_tagging;
  }
  host.writable_implementation_id = probe_.writable_implementation_id;
  for (const auto& [question, answer] : probe_.answers) {
    absl::string_view bit_text = question;
    int bit = 0;
    if (absl::ConsumePrefix(&bit_text, "init.feature") && absl::SimpleAtoi(bit_text, &bit) && answer != "0") {
      host.init_errors[bit] = ErrnoOfName(answer);
    }
  }
  host.profile = [this](const VcpuFeatures& features) { return Profile(features); };
  return host;
}

std::shared_ptr<const CpuProfile> RecordedHost::Profile(const VcpuFeatures& features) {
  for (const ProbeRecording::FeatureClass& c : probe_.classes) {
    if (c.features != features.bits || c.memory_tagging != features.memory_tagging) continue;
    const auto implementation_id =
        features.writable_implementation_id ? ImplementationId::kWritable : ImplementationId::kFixed;
    std::shared_ptr<const CpuProfile>& profile =
        profiles_[absl::StrCat(c.name, features.writable_implementation_id ? ".impid" : "")];
    if (profile == nullptr) {
      const absl::StatusOr<v1::CpuProfile> message = ProfileFromProbe(probe_, c, implementation_id);
      EXPECT_TRUE(message.ok()) << c.name << ": " << message.status();
      if (message.ok()) profile = *CpuProfileFromProto(*message);
    }
    return profile;
  }
  return nullptr;
}

}  // namespace armstate
