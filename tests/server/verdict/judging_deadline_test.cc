// Tests that long judging ends at its deadline and leaves a thread to other clients meanwhile. Each call here would
// take half a minute or longer.
#include <grpcpp/create_channel.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "server/verdict/server_advice.h"
#include "server/verdict/target_search.h"
#include "tests/server/kvm_targets.h"
#include "tests/server/restore_fixture.h"

namespace armstate {
namespace {

constexpr absl::Duration kDeadline = absl::Seconds(2);
// Far from what the whole work takes; a busy machine may be slow to see the deadline.
constexpr absl::Duration kLate = absl::Seconds(10);

class JudgingDeadlineTest : public RestoreTest {
 protected:
  void SetUp() override {
    v1::CreateCheckpointRequest large;
    large.set_parent("vms/large");
    large.mutable_checkpoint()->mutable_source()->set_accelerator(v1::ACCELERATOR_TCG);
    for (int i = 0; i < 512; ++i) {
      v1::VcpuState& vcpu = *large.mutable_checkpoint()->add_vcpus();
      vcpu.set_vcpu_index(i);
      // 64 bits each, of no class that has names.
      for (uint64_t id = 0; id < 1024; ++id) vcpu.mutable_registers()->add_ids(0x6030000000200000 + id);
      vcpu.mutable_registers()->set_values(std::string(1024 * 8, '\1'));
    }
    find_.set_checkpoint(Create(large).name());
    validate_.set_checkpoint(Create(SmallRequest("vms/small", 1)).name());
    validate_.mutable_target()->set_host(AddHost("a72", "cortex-a72@6.12"));
    v1::ListCpuProfilesRequest list;
    list.set_page_size(300);
    v1::ListCpuProfilesResponse profiles;
    ASSERT_EQ(Call(host(), &HostStub::ListCpuProfiles, list, &profiles), RpcResult());
    ASSERT_EQ(profiles.cpu_profiles_size(), 300);
    for (int i = 0; i < 300; ++i) {
      v1::CreateHostRequest request;
      request.set_host_id(absl::StrCat("h", i));
      request.mutable_host()->add_profiles()->set_cpu_profile(profiles.cpu_profiles(i).name());
      ASSERT_EQ(Call(host(), &HostStub::CreateHost, request), RpcResult());
    }
    AddHost("n1", "neoverse-n1@6.12");
    // The maximum number of targets, each of which is compared with each other.
    for (int i = 0; i < 500; ++i) {
      baseline_.add_targets()->set_host("hosts/a72");
      baseline_.add_targets()->set_host("hosts/n1");
    }
  }

  template <typename Request, typename Response>
  static void ExpectEndsInTime(RestoreStub& stub,
                               grpc::Status (RestoreStub::*method)(grpc::ClientContext*, const Request&, Response*),
                               const Request& request) {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + kDeadline));
    Response response;
    EXPECT_EQ((stub.*method)(&context, request, &response).error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  }

  // The server has finished the client's earlier calls: it works on one at a time.
  void ExpectIsServed(RestoreStub& stub) {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + kLate));
    v1::ValidateCheckpointResponse response;
    const grpc::Status status = stub.ValidateCheckpoint(&context, validate_, &response);
    EXPECT_TRUE(status.ok()) << status.error_code() << " " << status.error_message();
  }

  std::unique_ptr<RestoreStub> NewClient() const {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection of its own
    return v1::RestoreService::NewStub(
        grpc::CreateCustomChannel(target(), grpc::InsecureChannelCredentials(), arguments));
  }

  v1::FindRestoreTargetsRequest find_;
  v1::ComputeBaselineRequest baseline_;
  v1::ValidateCheckpointRequest validate_;
};

TEST_F(JudgingDeadlineTest, FindRestoreTargets) {
  ExpectEndsInTime(restore(), &RestoreStub::FindRestoreTargets, find_);
  ExpectIsServed(restore());
}

TEST_F(JudgingDeadlineTest, ComputeBaseline) {
  ExpectEndsInTime(restore(), &RestoreStub::ComputeBaseline, baseline_);
  ExpectIsServed(restore());
}

TEST_F(JudgingDeadlineTest, AnotherClientGoesOnMeanwhile) {
  const std::unique_ptr<RestoreStub> other = NewClient();
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::thread> calls;
  for (int i = 0; i < 4; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    calls.emplace_back([this, &context = *contexts.back()] {
      v1::FindRestoreTargetsResponse response;
      EXPECT_EQ(restore().FindRestoreTargets(&context, find_, &response).error_code(), grpc::StatusCode::CANCELLED);
    });
  }
  absl::SleepFor(absl::Seconds(1));  // they have started
  for (int i = 0; i < 5; ++i) ExpectIsServed(*other);
  for (const auto& context : contexts) context->TryCancel();
  for (std::thread& call : calls) call.join();
  ExpectIsServed(restore());
}

// One call of a client at a time is judged, and a read that asks for advice is judged.
TEST_F(JudgingDeadlineTest, AdviceWaitsForItsTurnAndAReadDoesNot) {
  grpc::ClientContext searching;
  std::thread call([&] {
    v1::FindRestoreTargetsResponse response;
    EXPECT_EQ(restore().FindRestoreTargets(&searching, find_, &response).error_code(), grpc::StatusCode::CANCELLED);
  });
  absl::SleepFor(absl::Seconds(1));  // it has started
  v1::GetCheckpointRequest get;
  get.set_name(validate_.checkpoint());
  const auto read = [&](absl::Duration patience) {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + patience));
    v1::Checkpoint response;
    return checkpoints().GetCheckpoint(&context, get, &response).error_code();
  };
  EXPECT_EQ(read(kLate), grpc::StatusCode::OK);
  get.set_include_advice(true);
  EXPECT_EQ(read(absl::Seconds(1)), grpc::StatusCode::DEADLINE_EXCEEDED);
  searching.TryCancel();
  call.join();
  EXPECT_EQ(read(kLate), grpc::StatusCode::OK);
}

TEST_F(JudgingDeadlineTest, ADrainEndsIt) {
  Stop();
  ServerOptions options;
  options.listen_address = "127.0.0.1:0";
  options.data_dir = data_dir();
  absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(options);
  ASSERT_TRUE(server.ok()) << server.status();
  const auto stub = v1::RestoreService::NewStub(
      grpc::CreateChannel(absl::StrCat("127.0.0.1:", (*server)->port()), grpc::InsecureChannelCredentials()));
  std::thread call([&] {
    grpc::ClientContext context;
    v1::FindRestoreTargetsResponse response;
    EXPECT_FALSE(stub->FindRestoreTargets(&context, find_, &response).ok());
  });
  absl::SleepFor(absl::Seconds(1));  // it has started
  const absl::Time begin = absl::Now();
  EXPECT_EQ((*server)->Shutdown(begin + absl::Seconds(1)), absl::OkStatus());
  EXPECT_LT(absl::Now() - begin, absl::Seconds(1) + kLate);
  call.join();
  Start();  // the fixture's
}

// The registers of one VM are written and judged for seconds: each vCPU polls when it is written and when it is judged.
TEST(Judge, AsksWhileItRestores) {
  const ProbeRecording a72 = ReadHostProbe("cortex-a72@6.12");
  const ResolvedTarget target = TargetOf(KvmProfile(a72, "pmu"));
  const VerdictInput checkpoint = CheckpointOf(ReadRecordedVms("cortex-a72@6.12").at({"pmu", "ran"}), a72);
  ASSERT_EQ(checkpoint.vcpu_count(), 2);
  const TolerancesByScheme tolerances = *TolerancesByScheme::Create({});
  for (const v1::Restorer by : {v1::RESTORER_ARMSTATE, v1::RESTORER_QEMU}) {
    int asked = 0;
    const auto judge = [&](int last) {
      asked = 0;
      return Judge(checkpoint, target, tolerances, by,
                   [&] { return ++asked <= last ? absl::OkStatus() : absl::DeadlineExceededError("it is late"); });
    };
    ASSERT_TRUE(judge(1000).ok());
    const int all = asked;
    EXPECT_GE(all, 4) << by;
    for (int last = 0; last < all; ++last) {
      EXPECT_EQ(judge(last).status().code(), absl::StatusCode::kDeadlineExceeded) << by;
      EXPECT_EQ(asked, last + 1) << by << ": it goes on";
    }
  }
}

TEST(JudgeHosts, SaysHowManyWereJudged) {
  const ProbeRecording a72 = ReadHostProbe("cortex-a72@6.12");
  const std::vector<SearchedHost> hosts = {
      {"hosts/a", {TargetOf(KvmProfile(a72, "pmu"))}},
      {"hosts/b", {TargetOf(KvmProfile(ReadHostProbe("neoverse-n1@6.12"), "pmu"))}},
  };
  const VerdictInput checkpoint = CheckpointOf(ReadRecordedVms("cortex-a72@6.12").at({"pmu", "ran"}), a72);
  const TolerancesByScheme tolerances = *TolerancesByScheme::Create({});
  int asked = 0, last = 1'000'000;
  const StopCheck stop = [&] { return ++asked <= last ? absl::OkStatus() : absl::DeadlineExceededError("it is late"); };
  const ServerAdvice advice = *ServerAdvice::Load("");
  ASSERT_EQ(JudgeHosts(checkpoint, hosts, tolerances, advice, stop)->size(), 2u);
  EXPECT_GE(asked, 2 * checkpoint.vcpu_count());
  last = asked - 1;
  asked = 0;
  const absl::Status status = JudgeHosts(checkpoint, hosts, tolerances, advice, stop).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_NE(status.message().find("it is late: 1 of 2 hosts were judged"), std::string::npos) << status;
}

}  // namespace
}  // namespace armstate
