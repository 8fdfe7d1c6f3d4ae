// The register lists of real servers (tests/data/firecracker): stored, shown and compared by name.
#include <gmock/gmock.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/catalog.h"
#include "core/register_list.h"
#include "tests/server/server_fixture.h"
#include "tests/testing/zstd_file.h"

namespace armstate {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

// The value is in binary digits.
RegisterList ReadList(const std::string& host) {
  const auto dump = nlohmann::json::parse(ReadZstdFile("tests/data/firecracker/" + host + ".json.zst"));
  std::map<uint64_t, std::string> values;
  for (const auto& entry : dump["guest_cpu_config"]["reg_modifiers"]) {
    const RegisterId id = *RegisterId::Create(std::stoull(entry["addr"].get<std::string>(), nullptr, 16));
    const std::string digits = entry["bitmap"].get<std::string>().substr(2);
    std::string value(id.width(), '\0');
    for (size_t bit = 0; bit < 8 * value.size() && bit < digits.size(); ++bit) {
      if (digits[digits.size() - 1 - bit] == '1') value[bit / 8] = static_cast<char>(value[bit / 8] | 1 << bit % 8);
    }
    values[id.raw()] = value;
  }
  RegisterListBuilder builder;
  for (const auto& [id, value] : values) builder.AddBytes(*RegisterId::Create(id), value);
  return *std::move(builder).Build();
}

class GravitonTest : public ServerTest {
 protected:
  std::string Push(const std::string& vm, const std::string& host) {
    v1::CreateCheckpointRequest request;
    request.set_parent("vms/" + vm);
    request.mutable_checkpoint()->mutable_source()->set_accelerator(v1::ACCELERATOR_KVM);
    v1::RegisterList& list = *request.mutable_checkpoint()->add_vcpus()->mutable_registers();
    const RegisterList recorded = ReadList(host);
    for (const uint64_t id : recorded.layout().raw_ids()) list.add_ids(id);
    list.set_values(std::string(recorded.values()));
    return Create(request).name();
  }
};

// Names like "S3_0_C15_C2_0", "p15,0,c1,c0,0" and "0x4020000000130000".
bool IsUnnamed(const std::string& name) {
  return absl::StartsWith(name, "0x") || absl::StartsWith(name, "S3_") || absl::StartsWith(name, "p1");
}

TEST_F(GravitonTest, AreShownAndComparedByName) {
  std::map<std::string, std::string> names;  // of checkpoints
  for (const char* cpu : {"neoverse-n1", "neoverse-v1"}) {
    for (const char* kernel : {"5.10", "6.1", "6.18"}) {
      const std::string host = absl::StrCat(cpu, "@", kernel);
      names[host] = Push(absl::StrCat(cpu, "-", kernel), host);
      v1::GetCheckpointRequest request;
      request.set_name(names[host]);
      request.set_view(v1::CHECKPOINT_VIEW_DECODED);
      request.set_include_fields(true);
      v1::Checkpoint shown;
      ASSERT_EQ(Call(checkpoints(), &CheckpointStub::GetCheckpoint, request, &shown), RpcResult());
      EXPECT_GT(shown.decoded_vcpus(0).registers_size(), 200) << host;
      for (const v1::DecodedRegister& decoded : shown.decoded_vcpus(0).registers()) {
        EXPECT_FALSE(IsUnnamed(decoded.name())) << host << ": " << decoded.id() << " is " << decoded.name();
      }
    }
  }
  std::set<std::string> changed;
  for (const auto& [host, old_name] : names) {
    for (const auto& [other, new_name] : names) {
      v1::CompareCheckpointsRequest request;
      request.set_old_checkpoint(old_name);
      request.set_new_checkpoint(new_name);
      v1::CompareCheckpointsResponse response;
      ASSERT_EQ(Call(checkpoints(), &CheckpointStub::CompareCheckpoints, request, &response), RpcResult());
      for (const v1::VcpuComparison& vcpu : response.vcpus()) {
        for (const v1::RegisterChange& change : vcpu.registers()) {
          EXPECT_FALSE(IsUnnamed(change.name())) << host << " and " << other << ": " << change.ShortDebugString();
          if (host == "neoverse-n1@6.1" && other == "neoverse-v1@6.1") {
            changed.insert(absl::StrCat(change.name(), " ", change.old_value(), " -> ", change.new_value()));
          }
        }
      }
    }
  }
  // tests/data/README.md: the MIDR of the two.
  EXPECT_THAT(changed, Contains("MIDR_EL1 0x00000000413fd0c1 -> 0x00000000411fd401"));
}

}  // namespace
}  // namespace armstate
