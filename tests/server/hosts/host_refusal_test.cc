// Tests what HostService refuses, naming the fault and changing nothing, and stored hosts that are damaged.
#include <gmock/gmock.h>
#include <zstd.h>

#include <functional>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "core/vcpu_feature.h"
#include "storage/rocksdb/storage.h"
#include "tests/server/host_fixture.h"

namespace armstate {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using StatusCode = grpc::StatusCode;

constexpr char kRecorded[] = "neoverse-n1@6.12";
constexpr char kA57[] = "cpuProfiles/qemu-7.2.virt.cortex-a57";
constexpr char kPfr0[] = "0x603000000013c020";

class HostRefusalTest : public HostTest {
 protected:
  void ExpectNothingStored() {
    EXPECT_THAT(Hosts(), IsEmpty());
    EXPECT_THAT(ImportedProfiles(), IsEmpty());
  }
};

void Replace(std::string& text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  ASSERT_NE(at, std::string::npos) << from;
  text.replace(at, from.size(), to);
}

std::string Zstd(const std::string& text) {
  std::string compressed(ZSTD_compressBound(text.size()), '\0');
  compressed.resize(ZSTD_compress(&compressed[0], compressed.size(), text.data(), text.size(), 3));
  return compressed;
}

struct BadProbe {
  std::string name;
  std::function<void(v1::CreateHostRequest&)> damage;
  std::map<std::string, std::string> metadata;
  const char* message;
};

void PrintTo(const BadProbe& probe, std::ostream* out) { *out << probe.name; }

class BadProbeTest : public HostRefusalTest, public testing::WithParamInterface<BadProbe> {};

std::string& Content(v1::CreateHostRequest& request, int file) {
  return *request.mutable_probe(file)->mutable_content();
}

// Line 1 of the lists is that of class "base"; its first register with the ID is named.
const BadProbe kBadProbes[] = {
    {"Truncated",
     [](auto& request) { Content(request, 1).resize(Content(request, 1).size() - 20); },
     {{"file", "experiments"}, {"line", "1370"}},
     "is not a JSON object"},
    {"NotJson",
     [](auto& request) { Content(request, 0) = "MZ\x90\n"; },
     {{"file", "lists"}, {"line", "1"}},
     "is not a JSON object"},
    {"Empty",
     [](auto& request) {
       for (int i = 0; i < 3; ++i) Content(request, i).clear();
     },
     {{"file", "lists"}, {"line", "1"}},
     "there is no list of a fresh VM"},
    {"WrongWidth",
     [](auto& request) { Replace(Content(request, 0), std::string(kPfr0) + "\", 8,", std::string(kPfr0) + "\", 4,"); },
     {{"file", "lists"}, {"line", "1"}, {"register_id", kPfr0}},
     "is recorded with 4 bytes, but its ID says 8"},
    {"NoRegisterId",
     [](auto& request) { Replace(Content(request, 0), kPfr0, "0x603000000013c02g"); },
     {{"file", "lists"}, {"line", "1"}},
     "is not a hexadecimal number"},
    {"SameFeaturesTwice",
     [](auto& request) {
       std::string& lists = Content(request, 0);
       std::string base = lists.substr(0, lists.find('\n') + 1);
       Replace(base, "\"base\"", "\"other\"");
       lists += base;
     },
     {{"file", "lists"}, {"line", "5"}},
     "classes \"base\" and \"other\" have the same features"},
    {"TooManyFeatures",
     [](auto& request) { Replace(Content(request, 0), "\"feature_bits\": 4", "\"feature_bits\": 4294967300"); },
     {{"file", "lists"}, {"line", "1"}},
     "has more than 32 bits"},
    {"FileTwice",
     [](auto& request) { *request.add_probe() = request.probe(2); },
     {{"file", "meta"}, {"line", "1"}},
     "the host is described twice"},
    {"ZstdBomb",
     [](auto& request) { Content(request, 1) = Zstd(std::string(size_t{80} << 20, '\n')); },
     {{"file", "experiments"}, {"line", "1"}},
     "bytes of text"},
    {"TooManyExperiments",
     [](auto& request) {
       std::string lines;
       for (int i = 0; i < (1 << 17) + 1; ++i) lines += "{\"kind\":\"x\"}\n";
       Content(request, 1) = Zstd(lines);
     },
     {{"file", "experiments"}, {"line", "131073"}},
     "more than 131072 experiments"},
    {"ZstdCutShort",
     [](auto& request) {
       Content(request, 1) = Zstd(Content(request, 1));
       Content(request, 1).resize(Content(request, 1).size() / 2);
     },
     {{"file", "experiments"}, {"line", "1"}},
     "its zstd compression"},
    {"WithoutFileNames",
     [](auto& request) {
       for (v1::ProbeFile& file : *request.mutable_probe()) file.clear_name();
       Content(request, 1) = "{}";
     },
     {{"file", "probe[1]"}, {"line", "1"}},
     "is neither a list"},
};

TEST_P(BadProbeTest, IsRefusedByFileLineAndRegister) {
  v1::CreateHostRequest request = CreateRequest("h", kRecorded);
  GetParam().damage(request);
  const RpcResult result = Call(host(), &HostStub::CreateHost, request);
  EXPECT_EQ(result, (RpcResult{StatusCode::INVALID_ARGUMENT, "CPU_PROFILE_MALFORMED", GetParam().metadata}));
  EXPECT_THAT(result.message, HasSubstr(GetParam().message));
  v1::ImportCpuProfileRequest import;
  *import.mutable_probe() = request.probe();
  EXPECT_EQ(Call(host(), &HostStub::ImportCpuProfile, import), result);
  ExpectNothingStored();
}

INSTANTIATE_TEST_SUITE_P(Probes, BadProbeTest, testing::ValuesIn(kBadProbes),
                         [](const auto& test) { return test.param.name; });

// Also an update with a bad probe leaves the host as it was.
TEST_F(HostRefusalTest, ABadProbeChangesNoHost) {
  CreateHost(CreateRequest("h", kRecorded));
  const std::vector<std::string> profiles = ImportedProfiles();
  v1::UpdateHostRequest update;
  update.mutable_host()->set_name("hosts/h");
  update.mutable_update_mask()->add_paths("*");
  (*update.mutable_host()->mutable_labels())["zone"] = "new";
  *update.add_probe() = File("broken", "{");
  EXPECT_EQ(Call(host(), &HostStub::UpdateHost, update),
            (RpcResult{StatusCode::INVALID_ARGUMENT, "CPU_PROFILE_MALFORMED", {{"file", "broken"}, {"line", "1"}}}));
  EXPECT_EQ(Hosts().at(0).labels_size(), 0);
  EXPECT_EQ(ImportedProfiles(), profiles);
}

struct BadField {
  std::string name;
  std::function<void(v1::CreateHostRequest&)> damage;
  RpcResult result;
};

RpcResult FieldInvalid(const std::string& field) {
  return {StatusCode::INVALID_ARGUMENT, "FIELD_INVALID", {{"field", field}}};
}

void PrintTo(const BadField& field, std::ostream* out) { *out << field.name; }

void AddProfile(v1::CreateHostRequest& request, const std::string& profile) {
  request.mutable_host()->add_profiles()->set_cpu_profile(profile);
}

const BadField kBadFields[] = {
    {"NoId",
     [](auto& request) { request.clear_host_id(); },
     {StatusCode::INVALID_ARGUMENT, "RESOURCE_NAME_INVALID", {{"name", "hosts/"}, {"expected", "hosts/{host}"}}}},
    {"IdWithASlash",
     [](auto& request) { request.set_host_id("a/b"); },
     {StatusCode::INVALID_ARGUMENT, "RESOURCE_NAME_INVALID", {{"name", "hosts/a/b"}, {"expected", "hosts/{host}"}}}},
    {"NeitherProbeNorProfiles", [](auto& request) { request.clear_probe(); }, FieldInvalid("probe")},
    {"ProbeAndProfiles", [](auto& request) { AddProfile(request, kA57); }, FieldInvalid("host.profiles")},
    {"LabelKey", [](auto& request) { (*request.mutable_host()->mutable_labels())["Zone!"] = "x"; },
     FieldInvalid("host.labels")},
    {"LabelValue",
     [](auto& request) { (*request.mutable_host()->mutable_labels())["zone"] = std::string(256, 'x'); },
     {StatusCode::INVALID_ARGUMENT, "FIELD_INVALID", {{"field", "host.labels"}, {"count", "256"}, {"limit", "255"}}}},
    {"LongFileName",
     [](auto& request) { request.mutable_probe(0)->set_name(std::string(256, 'x')); },
     {StatusCode::INVALID_ARGUMENT, "FIELD_INVALID", {{"field", "probe.name"}, {"count", "256"}, {"limit", "255"}}}},
    {"UnknownProfile",
     [](auto& request) {
       request.clear_probe();
       AddProfile(request, "cpuProfiles/none");
     },
     {StatusCode::NOT_FOUND, "CPU_PROFILE_NOT_FOUND", {{"name", "cpuProfiles/none"}}}},
    {"ProfileTwice",
     [](auto& request) {
       request.clear_probe();
       AddProfile(request, kA57);
       AddProfile(request, kA57);
     },
     FieldInvalid("host.profiles")},
};

class BadFieldTest : public HostRefusalTest, public testing::WithParamInterface<BadField> {};

TEST_P(BadFieldTest, IsRefused) {
  v1::CreateHostRequest request = CreateRequest("h", kRecorded);
  GetParam().damage(request);
  EXPECT_EQ(Call(host(), &HostStub::CreateHost, request), GetParam().result);
  ExpectNothingStored();
}

INSTANTIATE_TEST_SUITE_P(Fields, BadFieldTest, testing::ValuesIn(kBadFields),
                         [](const auto& test) { return test.param.name; });

TEST_F(HostRefusalTest, ProfilesOfTwoAccelerators) {
  const v1::Host kvm = CreateHost(CreateRequest("kvm", kRecorded));
  v1::CreateHostRequest request;
  request.set_host_id("both");
  AddProfile(request, kA57);
  AddProfile(request, kvm.profiles(0).cpu_profile());
  EXPECT_EQ(Call(host(), &HostStub::CreateHost, request), FieldInvalid("host.profiles"));
}

TEST_F(HostRefusalTest, AHostThatExists) {
  CreateHost(CreateRequest("h", kRecorded));
  EXPECT_EQ(Call(host(), &HostStub::CreateHost, CreateRequest("h", "max7@6.1")),
            (RpcResult{StatusCode::ALREADY_EXISTS, "HOST_EXISTS", {{"name", "hosts/h"}}}));
  EXPECT_EQ(ImportedProfiles().size(), 2u) << "none of the second probe";
}

TEST_F(HostRefusalTest, AHostThatDoesNotExist) {
  const RpcResult not_found = {StatusCode::NOT_FOUND, "HOST_NOT_FOUND", {{"name", "hosts/none"}}};
  v1::Host none;
  EXPECT_EQ(Get("hosts/none", &none), not_found);
  EXPECT_EQ(Delete("hosts/none"), not_found);
  v1::UpdateHostRequest update;
  update.mutable_host()->set_name("hosts/none");
  update.mutable_update_mask()->add_paths("labels");
  EXPECT_EQ(Call(host(), &HostStub::UpdateHost, update), not_found);
  update.mutable_host()->set_name("none");
  EXPECT_EQ(Call(host(), &HostStub::UpdateHost, update), (RpcResult{StatusCode::INVALID_ARGUMENT,
                                                                    "RESOURCE_NAME_INVALID",
                                                                    {{"name", "none"}, {"expected", "hosts/{host}"}}}));
}

TEST_F(HostRefusalTest, UpdatesThatCannotBe) {
  CreateHost(CreateRequest("h", kRecorded));
  v1::UpdateHostRequest request;
  request.mutable_host()->set_name("hosts/h");
  EXPECT_EQ(Call(host(), &HostStub::UpdateHost, request), FieldInvalid("update_mask")) << "none";
  request.mutable_update_mask()->add_paths("kernel");
  EXPECT_EQ(Call(host(), &HostStub::UpdateHost, request), FieldInvalid("update_mask"));
  *request.mutable_update_mask()->mutable_paths(0) = "profiles";
  EXPECT_EQ(Call(host(), &HostStub::UpdateHost, request), FieldInvalid("probe")) << "a host needs profiles";
  request.mutable_host()->add_profiles()->set_cpu_profile(kA57);
  *request.mutable_probe() = CreateRequest("", kRecorded).probe();
  EXPECT_EQ(Call(host(), &HostStub::UpdateHost, request), FieldInvalid("host.profiles"));
  *request.mutable_update_mask()->mutable_paths(0) = "labels";
  EXPECT_EQ(Call(host(), &HostStub::UpdateHost, request), FieldInvalid("update_mask")) << "not with a probe";
  request.clear_probe();
  (*request.mutable_host()->mutable_labels())["Zone"] = "x";
  EXPECT_EQ(Call(host(), &HostStub::UpdateHost, request), FieldInvalid("host.labels"));
}

// Records that another program wrote into the database.
TEST_F(HostRefusalTest, ADamagedHostIsNamedAndHidesNoOther) {
  CreateHost(CreateRequest("a", kRecorded));
  CreateHost(CreateRequest("c", kRecorded));
  Stop();
  {
    auto storage = RocksDbStorage::Open(data_dir(), StorageOptions());
    ASSERT_TRUE(storage.ok()) << storage.status();
    ASSERT_TRUE((*storage)->records().Put(RecordKind::kHost, "b", "no host").ok());
  }
  Start();
  std::vector<v1::Host> hosts = Hosts();
  ASSERT_EQ(hosts.size(), 3u);
  EXPECT_EQ(hosts[1].name(), "hosts/b");
  EXPECT_EQ(hosts[1].error().message(), "a stored host cannot be read");
  EXPECT_EQ(hosts[1].error().code(), StatusCode::DATA_LOSS);
  EXPECT_FALSE(hosts[2].has_error());
  EXPECT_EQ(hosts[2].profiles_size(), 2);
  v1::Host damaged;
  const RpcResult data_loss = {StatusCode::DATA_LOSS, "RECORD_DAMAGED", {{"record", "hosts/b"}}};
  EXPECT_EQ(Get("hosts/b", &damaged), data_loss);
  v1::FindRestoreTargetsRequest find;
  find.set_checkpoint(Create(SmallRequest("vms/v", 1)).name());
  v1::FindRestoreTargetsResponse found;
  ASSERT_EQ(Call(restore(), &RestoreStub::FindRestoreTargets, find, &found), RpcResult());
  ASSERT_EQ(found.targets_size(), 3);
  EXPECT_EQ(found.targets(2).host(), "hosts/b") << "the others accept";
  EXPECT_EQ(found.targets(2).verdict(), v1::VERDICT_UNDETERMINED);
  EXPECT_THAT(found.targets(2).reason(), HasSubstr("a stored host cannot be read"));
  (*find.mutable_labels())["zone"] = "a";
  ASSERT_EQ(Call(restore(), &RestoreStub::FindRestoreTargets, find, &found), RpcResult());
  EXPECT_EQ(found.targets_size(), 1) << "nobody knows its labels";
  EXPECT_EQ(Call(host(), &HostStub::CreateHost, CreateRequest("b", kRecorded)),
            (RpcResult{StatusCode::ALREADY_EXISTS, "HOST_EXISTS", {{"name", "hosts/b"}}}));
  EXPECT_EQ(Delete("hosts/b"), RpcResult());
  EXPECT_EQ(Hosts().size(), 2u);
}

TEST_F(HostRefusalTest, ADamagedProfileIsNamedAndComesBackWithTheProbe) {
  const v1::Host made = CreateHost(CreateRequest("a", kRecorded));
  CreateHost(CreateRequest("other", "cortex-a53@6.12"));
  const std::string name = made.profiles(0).cpu_profile();
  Stop();
  {
    auto storage = RocksDbStorage::Open(data_dir(), StorageOptions());
    ASSERT_TRUE(storage.ok()) << storage.status();
    ASSERT_TRUE((*storage)->records().Put(RecordKind::kCpuProfile, name.substr(12), "no profile").ok());
  }
  Start();
  EXPECT_EQ(GetProfile(name), (RpcResult{StatusCode::DATA_LOSS, "RECORD_DAMAGED", {{"record", name}}}));
  EXPECT_EQ(ImportedProfiles().size(), 5u) << "it is still in the list";
  std::vector<v1::Host> hosts = Hosts();
  ASSERT_EQ(hosts.size(), 2u);
  EXPECT_FALSE(hosts[0].has_error()) << "the host has its other profiles";
  EXPECT_EQ(ProfileNames(hosts[0]), ProfileNames(made));
  v1::Host host_a;
  EXPECT_EQ(Get("hosts/a", &host_a), RpcResult());
  v1::UpdateHostRequest update;
  update.mutable_host()->set_name("hosts/a");
  update.mutable_update_mask()->add_paths("labels");
  (*update.mutable_host()->mutable_labels())["zone"] = "x";
  EXPECT_EQ(Call(host(), &HostStub::UpdateHost, update), RpcResult());

  // Only requests that need this profile get the error.
  v1::CreateCheckpointRequest of_profile[2];
  for (int i = 0; i < 2; ++i) {
    of_profile[i] = SmallRequest("vms/v", 1);
    VcpuFeatures features;
    features.bits = static_cast<uint32_t>(made.profiles(i).vcpu_features());
    for (const std::string& feature : VcpuFeatureNames(features)) {
      of_profile[i].mutable_checkpoint()->mutable_source()->add_vcpu_features(feature);
    }
  }
  const RpcResult damaged{StatusCode::DATA_LOSS, "RECORD_DAMAGED", {{"record", name}}};
  v1::ValidateCheckpointRequest validate;
  validate.mutable_target()->set_host("hosts/a");
  v1::ValidateCheckpointResponse verdict;
  validate.set_checkpoint(Create(of_profile[0]).name());
  EXPECT_EQ(Call(restore(), &RestoreStub::ValidateCheckpoint, validate), damaged);
  v1::FindRestoreTargetsRequest find;
  find.set_checkpoint(validate.checkpoint());
  v1::FindRestoreTargetsResponse found;
  ASSERT_EQ(Call(restore(), &RestoreStub::FindRestoreTargets, find, &found), RpcResult());
  ASSERT_EQ(found.targets_size(), 2);
  EXPECT_EQ(found.targets(1).host(), "hosts/a");
  EXPECT_EQ(found.targets(1).verdict(), v1::VERDICT_UNDETERMINED);
  EXPECT_THAT(found.targets(1).reason(), HasSubstr("a stored CPU profile cannot be read"));
  validate.set_checkpoint(Create(of_profile[1]).name());
  EXPECT_EQ(Call(restore(), &RestoreStub::ValidateCheckpoint, validate, &verdict), RpcResult());
  EXPECT_EQ(verdict.report().cpu_profile(), made.profiles(1).cpu_profile());
  validate.set_checkpoint(Create(SmallRequest("vms/v", 1)).name());
  EXPECT_EQ(Call(restore(), &RestoreStub::ValidateCheckpoint, validate, &verdict), RpcResult());
  EXPECT_EQ(verdict.report().cpu_profile(), made.profiles(1).cpu_profile());
  EXPECT_THAT(verdict.report().notes(), Contains(HasSubstr(name)));

  CreateHost(CreateRequest("again", kRecorded));
  EXPECT_EQ(GetProfile(name), RpcResult());
  EXPECT_EQ(Get("hosts/a", &host_a), RpcResult());
  EXPECT_EQ(ProfileNames(host_a), ProfileNames(made));
}

}  // namespace
}  // namespace armstate
