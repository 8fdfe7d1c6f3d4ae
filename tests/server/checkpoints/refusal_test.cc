// Tests malformed requests: each is refused with a code, a reason and the place of the fault, and nothing is stored.
#include <functional>
#include <map>
#include <string>

#include "tests/server/server_fixture.h"

namespace armstate {
namespace {

using Request = v1::CreateCheckpointRequest;

struct Refusal {
  const char* what;
  std::function<void(Request&)> spoil;
  const char* reason;
  std::map<std::string, std::string> metadata;
};

std::ostream& operator<<(std::ostream& out, const Refusal& refusal) { return out << refusal.what; }

class CreateRefusalTest : public ServerTest, public testing::WithParamInterface<Refusal> {};

TEST_P(CreateRefusalTest, IsRefusedAndNothingIsStored) {
  Request request = SmallRequest("vms/a", 1, 2);
  GetParam().spoil(request);
  EXPECT_EQ(Call(checkpoints(), &CheckpointStub::CreateCheckpoint, request),
            (RpcResult{grpc::StatusCode::INVALID_ARGUMENT, GetParam().reason, GetParam().metadata}));
  v1::ListVmsResponse vms;
  EXPECT_EQ(Call(checkpoints(), &CheckpointStub::ListVms, v1::ListVmsRequest(), &vms), RpcResult());
  EXPECT_EQ(vms.vms_size(), 0);
}

v1::Checkpoint& CheckpointOf(Request& request) { return *request.mutable_checkpoint(); }
v1::RegisterList& ListOf(Request& request, int vcpu) {
  return *request.mutable_checkpoint()->mutable_vcpus(vcpu)->mutable_registers();
}

const std::string& Long() {
  static const std::string& text = *new std::string(256, 'x');
  return text;
}

const Refusal kFieldRefusals[] = {
    {"ParentMissing",
     [](Request& r) { r.clear_parent(); },
     "RESOURCE_NAME_INVALID",
     {{"name", ""}, {"expected", "vms/{vm}"}}},
    {"ParentOfOtherCollection",
     [](Request& r) { r.set_parent("machines/a"); },
     "RESOURCE_NAME_INVALID",
     {{"name", "machines/a"}, {"expected", "vms/{vm}"}}},
    {"ParentWithSlash",
     [](Request& r) { r.set_parent("vms/a/b"); },
     "RESOURCE_NAME_INVALID",
     {{"name", "vms/a/b"}, {"expected", "vms/{vm}"}}},
    {"ParentWithBlank",
     [](Request& r) { r.set_parent("vms/a b"); },
     "RESOURCE_NAME_INVALID",
     {{"name", "vms/a b"}, {"expected", "vms/{vm}"}}},
    {"ParentBeginsWithDot",
     [](Request& r) { r.set_parent("vms/.."); },
     "RESOURCE_NAME_INVALID",
     {{"name", "vms/.."}, {"expected", "vms/{vm}"}}},
    {"RequestIdTooLong",
     [](Request& r) { r.set_request_id(std::string(65, 'r')); },
     "FIELD_INVALID",
     {{"field", "request_id"}, {"count", "65"}, {"limit", "64"}}},
    {"ExpectedVersionNegative",
     [](Request& r) { r.set_expected_latest_version(-1); },
     "FIELD_INVALID",
     {{"field", "expected_latest_version"}}},
    {"SourceMissing",
     [](Request& r) { CheckpointOf(r).clear_source(); },
     "FIELD_INVALID",
     {{"field", "checkpoint.source.accelerator"}}},
    {"AcceleratorUnknown",
     [](Request& r) { CheckpointOf(r).mutable_source()->set_accelerator(v1::Accelerator(9)); },
     "FIELD_INVALID",
     {{"field", "checkpoint.source.accelerator"}}},
    {"HypervisorTooLong",
     [](Request& r) { CheckpointOf(r).mutable_source()->set_hypervisor(Long()); },
     "FIELD_INVALID",
     {{"field", "checkpoint.source.hypervisor"}, {"count", "256"}, {"limit", "255"}}},
    {"MachineTypeTooLong",
     [](Request& r) { CheckpointOf(r).mutable_source()->set_machine_type(Long()); },
     "FIELD_INVALID",
     {{"field", "checkpoint.source.machine_type"}, {"count", "256"}, {"limit", "255"}}},
    {"FeatureTooLong",
     [](Request& r) { CheckpointOf(r).mutable_source()->add_vcpu_features(Long()); },
     "FIELD_INVALID",
     {{"field", "checkpoint.source.vcpu_features"}, {"count", "256"}, {"limit", "255"}}},
    {"CaptureTimeOutOfRange",
     [](Request& r) { CheckpointOf(r).mutable_capture_time()->set_nanos(1000000000); },
     "FIELD_INVALID",
     {{"field", "checkpoint.capture_time"}}},
    {"LabelKeyEmpty",
     [](Request& r) { (*CheckpointOf(r).mutable_labels())[""] = "x"; },
     "FIELD_INVALID",
     {{"field", "checkpoint.labels"}}},
    {"LabelKeyInCapitals",
     [](Request& r) { (*CheckpointOf(r).mutable_labels())["Key"] = "x"; },
     "FIELD_INVALID",
     {{"field", "checkpoint.labels"}}},
    {"LabelKeyTooLong",
     [](Request& r) { (*CheckpointOf(r).mutable_labels())[std::string(64, 'k')] = "x"; },
     "FIELD_INVALID",
     {{"field", "checkpoint.labels"}}},
    {"LabelValueTooLong",
     [](Request& r) { (*CheckpointOf(r).mutable_labels())["key"] = Long(); },
     "FIELD_INVALID",
     {{"field", "checkpoint.labels"}, {"count", "256"}, {"limit", "255"}}},
    {"LabelsTooMany",
     [](Request& r) {
       for (int i = 0; i < 65; ++i) (*CheckpointOf(r).mutable_labels())["k" + std::to_string(i)] = "x";
     },
     "FIELD_INVALID",
     {{"field", "checkpoint.labels"}, {"count", "65"}, {"limit", "64"}}},
    {"NoVcpus", [](Request& r) { CheckpointOf(r).clear_vcpus(); }, "FIELD_INVALID", {{"field", "checkpoint.vcpus"}}},
    {"TooManyVcpus",
     [](Request& r) { r = SmallRequest("vms/a", 1, 513); },
     "FIELD_INVALID",
     {{"field", "checkpoint.vcpus"}, {"count", "513"}, {"limit", "512"}}},
    {"VcpuIndexRepeated",
     [](Request& r) { CheckpointOf(r).mutable_vcpus(1)->set_vcpu_index(0); },
     "FIELD_INVALID",
     {{"field", "checkpoint.vcpus[1].vcpu_index"}}},
    {"VcpuIndexNegative",
     [](Request& r) { CheckpointOf(r).mutable_vcpus(0)->set_vcpu_index(-1); },
     "FIELD_INVALID",
     {{"field", "checkpoint.vcpus[0].vcpu_index"}}},
    {"VcpuIndexWithGap",
     [](Request& r) { CheckpointOf(r).mutable_vcpus(1)->set_vcpu_index(2); },
     "FIELD_INVALID",
     {{"field", "checkpoint.vcpus[1].vcpu_index"}}},
    {"GapOfAbsentVcpu",
     [](Request& r) { CheckpointOf(r).add_gaps()->set_vcpu_index(2); },
     "FIELD_INVALID",
     {{"field", "checkpoint.gaps"}}},
    {"GapOfNoRegister",
     [](Request& r) { CheckpointOf(r).add_gaps()->set_register_id(7); },
     "REGISTER_ID_INVALID",
     {{"field", "checkpoint.gaps"}, {"register_id", "0x0000000000000007"}}},
    {"OpaqueFieldWithoutName",
     [](Request& r) { CheckpointOf(r).mutable_vcpus(1)->add_opaque_fields(); },
     "FIELD_INVALID",
     {{"field", "checkpoint.vcpus[1].opaque_fields"}}},
    {"OpaqueFieldTwice",
     [](Request& r) {
       for (int i = 0; i < 2; ++i) CheckpointOf(r).mutable_vcpus(0)->add_opaque_fields()->set_name("cpu/m");
     },
     "FIELD_INVALID",
     {{"field", "checkpoint.vcpus[0].opaque_fields"}}},
};

// SmallRequest's lists are {0x603000000013c080, 0x603000000013c684}, 16 bytes of values.
const Refusal kListRefusals[] = {
    {"ListMissing",
     [](Request& r) { CheckpointOf(r).mutable_vcpus(1)->clear_registers(); },
     "FIELD_INVALID",
     {{"field", "checkpoint.vcpus[1].registers"}}},
    {"Unsorted",
     [](Request& r) {
       ListOf(r, 1) = Registers({{0x603000000013c684, 1}, {0x603000000013c080, 2}});
     },
     "REGISTER_LIST_MALFORMED",
     {{"field", "checkpoint.vcpus[1].registers"}, {"position", "1"}, {"register_id", "0x603000000013c080"}}},
    // As signed numbers these two would be in order.
    {"UnsortedAsUnsigned",
     [](Request& r) {
       ListOf(r, 0) = Registers({{0x603000000013c684, 1}, {0x4030000000100000, 2}});
     },
     "REGISTER_LIST_MALFORMED",
     {{"field", "checkpoint.vcpus[0].registers"}, {"position", "1"}, {"register_id", "0x4030000000100000"}}},
    {"Duplicate",
     [](Request& r) {
       ListOf(r, 0) = Registers({{0x603000000013c080, 1}, {0x603000000013c080, 1}});
     },
     "REGISTER_LIST_MALFORMED",
     {{"field", "checkpoint.vcpus[0].registers"}, {"position", "1"}, {"register_id", "0x603000000013c080"}}},
    {"ValuesShort",
     [](Request& r) { ListOf(r, 1).mutable_values()->pop_back(); },
     "REGISTER_LIST_MALFORMED",
     {{"field", "checkpoint.vcpus[1].registers"}, {"bytes", "15"}, {"expected_bytes", "16"}}},
    {"ValuesMissing",
     [](Request& r) { ListOf(r, 0).clear_values(); },
     "REGISTER_LIST_MALFORMED",
     {{"field", "checkpoint.vcpus[0].registers"}, {"bytes", "0"}, {"expected_bytes", "16"}}},
    {"ValuesLong",
     [](Request& r) { ListOf(r, 0).mutable_values()->push_back('\0'); },
     "REGISTER_LIST_MALFORMED",
     {{"field", "checkpoint.vcpus[0].registers"}, {"bytes", "17"}, {"expected_bytes", "16"}}},
    {"IdOfX86",
     [](Request& r) { ListOf(r, 0).set_ids(0, 0x2030000000000010); },
     "REGISTER_ID_INVALID",
     {{"field", "checkpoint.vcpus[0].registers"}, {"register_id", "0x2030000000000010"}}},
    {"IdOfMips",
     [](Request& r) { ListOf(r, 1).set_ids(1, 0x7030000000000010); },
     "REGISTER_ID_INVALID",
     {{"field", "checkpoint.vcpus[1].registers"}, {"register_id", "0x7030000000000010"}}},
    {"WidthOf4096Bits",
     [](Request& r) { ListOf(r, 0).set_ids(1, 0x609000000013c684); },
     "REGISTER_ID_INVALID",
     {{"field", "checkpoint.vcpus[0].registers"}, {"register_id", "0x609000000013c684"}}},
    {"IdZero",
     [](Request& r) { ListOf(r, 0).set_ids(0, 0); },
     "REGISTER_ID_INVALID",
     {{"field", "checkpoint.vcpus[0].registers"}, {"register_id", "0x0000000000000000"}}},
};

std::string NameOf(const testing::TestParamInfo<Refusal>& info) { return info.param.what; }

INSTANTIATE_TEST_SUITE_P(Fields, CreateRefusalTest, testing::ValuesIn(kFieldRefusals), NameOf);
INSTANTIATE_TEST_SUITE_P(Lists, CreateRefusalTest, testing::ValuesIn(kListRefusals), NameOf);

class NameRefusalTest : public ServerTest, public testing::WithParamInterface<std::string> {};

TEST_P(NameRefusalTest, IsNoCheckpoint) {
  v1::GetCheckpointRequest request;
  request.set_name(GetParam());
  EXPECT_EQ(Call(checkpoints(), &CheckpointStub::GetCheckpoint, request),
            (RpcResult{grpc::StatusCode::INVALID_ARGUMENT,
                       "RESOURCE_NAME_INVALID",
                       {{"name", GetParam()}, {"expected", "vms/{vm}/checkpoints/{version}"}}}));
}

INSTANTIATE_TEST_SUITE_P(Names, NameRefusalTest,
                         testing::Values("", "vms/a", "vms/a/checkpoints/", "vms/a/checkpoints/0",
                                         "vms/a/checkpoints/-1", "vms/a/checkpoints/01", "vms/a/checkpoints/1 ",
                                         "vms/a/checkpoints/9223372036854775808", "vms/a/checkpoints/LATEST",
                                         "vms//checkpoints/1", "vms/a/checkpoints/1/vcpus/0"));

// Error details travel in a trailer, and gRPC drops a response whose trailers are larger than 8 KiB.
TEST_F(ServerTest, AVeryLongNameIsRefusedLikeAnyOther) {
  v1::GetVmRequest request;
  request.set_name("vms/" + std::string(1000000, 'x'));
  const RpcResult result = Call(checkpoints(), &CheckpointStub::GetVm, request);
  EXPECT_EQ(result.code, grpc::StatusCode::INVALID_ARGUMENT) << result;
  EXPECT_EQ(result.reason, "RESOURCE_NAME_INVALID");
}

TEST_F(ServerTest, AnUnknownViewIsRefused) {
  Create(SmallRequest("vms/a", 1));
  v1::GetCheckpointRequest request;
  request.set_name("vms/a/checkpoints/1");
  request.set_view(static_cast<v1::CheckpointView>(9));
  EXPECT_EQ(Call(checkpoints(), &CheckpointStub::GetCheckpoint, request),
            (RpcResult{grpc::StatusCode::INVALID_ARGUMENT, "FIELD_INVALID", {{"field", "view"}}}));
}

}  // namespace
}  // namespace armstate
