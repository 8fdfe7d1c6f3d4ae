// Tests the limits of requests over a socket: one more than allowed is refused with the field, and whatever is stored
// at the limit can be queried. The numbers are those of docs/limits.md.
#include <gmock/gmock.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "storage/repository/checkpoint_repository.h"
#include "storage/rocksdb/storage.h"
#include "tests/server/server_fixture.h"

namespace armstate {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

constexpr uint64_t kFirstUnknown = 0x6030000000200000;  // 64 bits, of no class that has names
constexpr char kTarget[] = "cpuProfiles/qemu-7.2.virt.cortex-a57";
// The command's, and that of the client library.
constexpr absl::Duration kDeadline = absl::Seconds(30);

v1::VcpuState Vcpu(int index, int registers, uint64_t value) {
  v1::VcpuState vcpu;
  vcpu.set_vcpu_index(index);
  v1::RegisterList& list = *vcpu.mutable_registers();
  for (int i = 0; i < registers; ++i) {
    list.add_ids(kFirstUnknown + static_cast<uint64_t>(i));
    for (int byte = 0; byte < 8; ++byte) list.mutable_values()->push_back(static_cast<char>(value >> 8 * byte));
  }
  return vcpu;
}

v1::CreateCheckpointRequest Request(int vcpus, int registers, uint64_t value = 1) {
  v1::CreateCheckpointRequest request;
  request.set_parent("vms/large");
  request.mutable_checkpoint()->mutable_source()->set_accelerator(v1::ACCELERATOR_TCG);
  for (int i = 0; i < vcpus; ++i) *request.mutable_checkpoint()->add_vcpus() = Vcpu(i, registers, value);
  return request;
}

class LimitsTest : public ServerTest {
 protected:
  // One of them is refused, with its field, count and limit.
  template <typename Stub, typename Request, typename Response>
  void ExpectRefused(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                     const Request& request, const std::string& field, const std::string& count,
                     const std::string& limit) {
    Response response;
    const RpcResult result = Call(stub, method, request, &response);
    EXPECT_EQ(result, (RpcResult{grpc::StatusCode::INVALID_ARGUMENT,
                                 "FIELD_INVALID",
                                 {{"field", field}, {"count", count}, {"limit", limit}}}))
        << result.message;
  }
  void ExpectRefused(const v1::CreateCheckpointRequest& request, const std::string& field, const std::string& count,
                     const std::string& limit) {
    ExpectRefused(checkpoints(), &CheckpointStub::CreateCheckpoint, request, field, count, limit);
  }

  // All pages of an answer, each of which must come in time.
  template <typename Response, typename Stub, typename Request>
  std::vector<Response> Pages(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                              Request request) {
    std::vector<Response> pages;
    do {
      grpc::ClientContext context;
      context.set_deadline(absl::ToChronoTime(absl::Now() + kDeadline));
      const grpc::Status status = (stub.*method)(&context, request, &pages.emplace_back());
      EXPECT_TRUE(status.ok()) << status.error_code() << " " << status.error_message();
      if (!status.ok()) break;
      EXPECT_LT(pages.back().ByteSizeLong(), size_t{8} << 20);
      request.set_page_token(pages.back().next_page_token());
    } while (!request.page_token().empty());
    return pages;
  }

  // Each register differs.
  void ExpectCompared(const std::string& first, const std::string& second, int64_t registers) {
    v1::CompareCheckpointsRequest request;
    request.set_old_checkpoint(first);
    request.set_new_checkpoint(second);
    int64_t different = 0;
    for (const auto& page :
         Pages<v1::CompareCheckpointsResponse>(checkpoints(), &CheckpointStub::CompareCheckpoints, request)) {
      for (const v1::VcpuComparison& vcpu : page.vcpus()) different += vcpu.registers_size();
    }
    EXPECT_EQ(different, registers);
  }

  // At least so many registers have this outcome.
  void ExpectJudged(const std::string& name, int vcpus, int64_t at_least, v1::RegisterOutcome outcome) {
    v1::ValidateCheckpointRequest request;
    request.set_checkpoint(name);
    request.mutable_target()->set_cpu_profile(kTarget);
    int64_t found = 0;
    int next = 0;
    for (const auto& page :
         Pages<v1::ValidateCheckpointResponse>(restore(), &RestoreStub::ValidateCheckpoint, request)) {
      EXPECT_EQ(page.report().verdict(), v1::VERDICT_REFUSED);
      for (const v1::VcpuRestoreReport& vcpu : page.report().vcpus()) {
        EXPECT_EQ(vcpu.vcpu_index(), next++);
        for (const v1::RegisterReport& one : vcpu.registers()) found += one.outcome() == outcome;
      }
    }
    EXPECT_EQ(next, vcpus);
    EXPECT_GE(found, at_least);
  }

  void ExpectPlanned(const std::string& name, int vcpus, int64_t least_omitted) {
    v1::PlanRestoreRequest request;
    request.set_checkpoint(name);
    request.mutable_target()->set_cpu_profile(kTarget);
    int64_t omitted = 0;
    int next = 0;
    for (const auto& page : Pages<v1::PlanRestoreResponse>(restore(), &RestoreStub::PlanRestore, request)) {
      EXPECT_EQ(page.vcpus_size(), page.report().vcpus_size());
      for (const v1::VcpuRestorePlan& vcpu : page.vcpus()) {
        EXPECT_EQ(vcpu.vcpu_index(), next++);
        omitted += vcpu.omissions_size();
      }
    }
    EXPECT_EQ(next, vcpus);
    EXPECT_GE(omitted, least_omitted);
  }

  void ExpectConverted(const std::string& name, int vcpus) {
    v1::ConvertCheckpointRequest request;
    request.set_checkpoint(name);
    request.mutable_target()->set_cpu_profile(kTarget);
    int given = 0;
    for (const auto& page : Pages<v1::ConvertCheckpointResponse>(restore(), &RestoreStub::ConvertCheckpoint, request)) {
      given += page.report().vcpus_size();
    }
    EXPECT_EQ(given, vcpus);
  }

  // A register that had the values 1 and 2.
  void ExpectFound() {
    v1::ListRegisterHistoryRequest history;
    history.set_parent("vms/large");
    history.set_register_name(absl::StrCat("0x", absl::Hex(kFirstUnknown)));
    const auto entries =
        Pages<v1::ListRegisterHistoryResponse>(checkpoints(), &CheckpointStub::ListRegisterHistory, history);
    EXPECT_EQ(entries.front().entries_size(), 2);
    v1::SearchRegistersRequest search;
    search.set_filter(absl::StrCat("0x", absl::Hex(kFirstUnknown), " = 2"));
    const auto found = Pages<v1::SearchRegistersResponse>(checkpoints(), &CheckpointStub::SearchRegisters, search);
    EXPECT_EQ(found.front().checkpoints_size(), 1);
  }
};

TEST_F(LimitsTest, OneMoreIsRefusedAtTheDoor) {
  ExpectRefused(Request(513, 1), "checkpoint.vcpus", "513", "512");
  ExpectRefused(Request(1, 4097), "checkpoint.vcpus[0].registers", "4097", "4096");
  ExpectRefused(Request(512, 1025), "checkpoint.vcpus", "524800", "524288");
  v1::CreateCheckpointRequest request = Request(1, 1);
  for (int i = 0; i < 257; ++i) request.mutable_checkpoint()->mutable_source()->add_vcpu_features("sve");
  ExpectRefused(request, "checkpoint.source.vcpu_features", "257", "256");
  request = Request(1, 1);
  request.mutable_checkpoint()->mutable_source()->add_vcpu_features(std::string(256, 'a'));
  ExpectRefused(request, "checkpoint.source.vcpu_features", "256", "255");
  request = Request(1, 1);
  request.mutable_checkpoint()->mutable_source()->set_cpu_model(std::string(256, 'a'));
  ExpectRefused(request, "checkpoint.source.cpu_model", "256", "255");
  request = Request(1, 1);
  for (int i = 0; i < 65; ++i) (*request.mutable_checkpoint()->mutable_labels())[absl::StrCat("a", i)] = "";
  ExpectRefused(request, "checkpoint.labels", "65", "64");
  request = Request(1, 1);
  for (int i = 0; i < 16385; ++i) request.mutable_checkpoint()->add_gaps()->set_reason("gone");
  ExpectRefused(request, "checkpoint.gaps", "16385", "16384");
  request = Request(1, 1);
  request.mutable_checkpoint()->add_gaps()->set_reason(std::string(256, 'a'));
  ExpectRefused(request, "checkpoint.gaps.reason", "256", "255");
  request = Request(1, 1);
  for (int i = 0; i < 2049; ++i) {
    request.mutable_checkpoint()->mutable_vcpus(0)->add_opaque_fields()->set_name(absl::StrCat("f", i));
  }
  ExpectRefused(request, "checkpoint.vcpus[0].opaque_fields", "2049", "2048");
  request = Request(1, 1);
  v1::OpaqueField& field = *request.mutable_checkpoint()->mutable_vcpus(0)->add_opaque_fields();
  field.set_name(std::string(256, 'a'));
  ExpectRefused(request, "checkpoint.vcpus[0].opaque_fields.name", "256", "255");
  field.set_name("a");
  field.set_data(std::string(1 << 20, 'a'));
  ExpectRefused(request, "checkpoint.vcpus[0].opaque_fields", "1048577", "1048576");
  EXPECT_EQ(LatestVersion("vms/large"), 0);
}

TEST_F(LimitsTest, QuestionsHaveLimitsToo) {
  v1::ValidateCheckpointRequest validate;
  validate.set_checkpoint(Create(Request(1, 1)).name());
  v1::VcpuLists& lists = *validate.mutable_target()->mutable_lists();
  lists.set_accelerator(v1::ACCELERATOR_TCG);
  *lists.add_vcpus() = Vcpu(0, 4097, 1).registers();
  ExpectRefused(restore(), &RestoreStub::ValidateCheckpoint, validate, "target.lists.vcpus[0].registers", "4097",
                "4096");
  v1::ConvertCheckpointRequest convert;
  *convert.mutable_state() = Request(1, 4097).checkpoint();
  ExpectRefused(restore(), &RestoreStub::ConvertCheckpoint, convert, "checkpoint.vcpus[0].registers", "4097", "4096");
  v1::CompareCheckpointsRequest compare;
  compare.set_old_checkpoint(validate.checkpoint());
  compare.set_new_checkpoint(validate.checkpoint());
  for (int i = 0; i < 513; ++i) compare.add_vcpu_indexes(0);
  ExpectRefused(checkpoints(), &CheckpointStub::CompareCheckpoints, compare, "vcpu_indexes", "513", "512");
  v1::ReadRegistersRequest read;
  read.set_machine("machines/none");
  for (int i = 0; i < 4097; ++i) read.add_register_ids(kFirstUnknown);
  ExpectRefused(engine(), &EngineStub::ReadRegisters, read, "register_ids", "4097", "4096");
  v1::ImportCpuProfileRequest import;
  import.mutable_cpu_profile()->set_name("cpuProfiles/large");
  import.mutable_cpu_profile()->set_accelerator(v1::ACCELERATOR_KVM);
  for (int i = 0; i < 4097; ++i) import.mutable_cpu_profile()->add_registers()->set_id(kFirstUnknown + i);
  ExpectRefused(host(), &HostStub::ImportCpuProfile, import, "cpu_profile.registers", "4097", "4096");
}

// A checkpoint as it was stored before the limit existed.
TEST_F(LimitsTest, WhatIsStoredAboveALimitStaysReadable) {
  Create(Request(1, 1));
  Stop();
  {
    absl::StatusOr<std::unique_ptr<RocksDbStorage>> storage = RocksDbStorage::Open(data_dir(), {});
    ASSERT_TRUE(storage.ok()) << storage.status();
    CheckpointRepository repository((*storage)->checkpoints());
    v1::Checkpoint basic = Request(1, 1).checkpoint();
    basic.clear_vcpus();
    RegisterListBuilder registers;
    for (uint64_t i = 0; i < 5000; ++i) registers.Add(*RegisterId::Create(kFirstUnknown + i), i);
    NewCheckpoint large;
    large.metadata = basic.SerializeAsString();
    large.vcpus.push_back({0, *std::move(registers).Build(), ""});
    ASSERT_EQ(repository.Create("large", std::move(large), absl::nullopt)->summary.version, 2);
  }
  Start();
  EXPECT_EQ(ValueOf(Get("vms/large/checkpoints/2").vcpus(0).registers(), kFirstUnknown + 4999), 4999u);
  ExpectCompared("vms/large/checkpoints/1", "vms/large/checkpoints/2", 5000);
}

TEST_F(LimitsTest, ManyVcpusAtTheLimitAreAnswered) {
  const std::string first = Create(Request(512, 1024, 1)).name();
  const std::string second = Create(Request(512, 1024, 2)).name();
  EXPECT_EQ(Get(second).vcpus_size(), 512);
  ExpectCompared(first, second, 512 * 1024);
  ExpectJudged(second, 512, 512 * 1024, v1::REGISTER_OUTCOME_UNKNOWN);
  ExpectPlanned(second, 512, 512 * 1024);
  ExpectFound();
}

TEST_F(LimitsTest, LongListsAtTheLimitAreAnswered) {
  const std::string first = Create(Request(128, 4096, 1)).name();
  const std::string second = Create(Request(128, 4096, 2)).name();
  EXPECT_EQ(Get(second).vcpus_size(), 128);
  ExpectCompared(first, second, 128 * 4096);
  ExpectJudged(second, 128, 128 * 4096, v1::REGISTER_OUTCOME_UNKNOWN);
  ExpectFound();
}

// Registers of a real CPU, with fields and with advice for each: the longest possible refusal.
TEST_F(LimitsTest, RefusedFieldsOfManyVcpusAreAnswered) {
  CreateMachine("m", "qemu-7.2.virt.cortex-a57", 512);
  v1::CaptureMachineRequest capture;
  capture.set_machine("machines/m");
  capture.set_parent("vms/large");
  v1::Checkpoint first;
  ASSERT_EQ(Call(engine(), &EngineStub::CaptureMachine, capture, &first), RpcResult());
  v1::CreateCheckpointRequest inverted;
  inverted.set_parent("vms/large");
  *inverted.mutable_checkpoint() = Get(first.name());
  inverted.mutable_checkpoint()->mutable_source()->set_accelerator(v1::ACCELERATOR_TCG);
  inverted.mutable_checkpoint()->mutable_source()->set_cpu_model("cortex-a53");
  for (v1::VcpuState& vcpu : *inverted.mutable_checkpoint()->mutable_vcpus()) {
    for (char& byte : *vcpu.mutable_registers()->mutable_values()) byte = static_cast<char>(~byte);
  }
  const v1::Checkpoint second = Create(inverted);
  ExpectCompared(first.name(), second.name(), second.register_count());
  ExpectJudged(second.name(), 512, 512 * 100, v1::REGISTER_OUTCOME_IGNORED);
  ExpectPlanned(second.name(), 512, 0);
  ExpectConverted(second.name(), 512);
  // The machine is restored all or nothing, and says of as many vCPUs why not as fit into an answer.
  v1::RestoreMachineRequest request;
  request.set_machine("machines/m");
  request.set_checkpoint(second.name());
  v1::RestoreMachineResponse response;
  ASSERT_EQ(Call(engine(), &EngineStub::RestoreMachine, request, &response), RpcResult());
  EXPECT_EQ(response.report().verdict(), v1::VERDICT_REFUSED);
  EXPECT_LT(response.report().vcpus_size(), 512);
  EXPECT_THAT(response.report().notes(), Contains(HasSubstr("ValidateCheckpoint returns all of it")));
}

}  // namespace
}  // namespace armstate
