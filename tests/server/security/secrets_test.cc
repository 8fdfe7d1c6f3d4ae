// Asks every RPC that can show the keys of a guest, with and without the right and the wish to see them.
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "armstate/v1/checkpoint_service.grpc.pb.h"
#include "armstate/v1/engine_service.grpc.pb.h"
#include "armstate/v1/host_service.grpc.pb.h"
#include "armstate/v1/restore_service.grpc.pb.h"
#include "client/cli/armstate.h"
#include "google/protobuf/text_format.h"
#include "grpcpp/impl/codegen/client_unary_call.h"
#include "gtest/gtest.h"
#include "tests/server/security/secured_server.h"

namespace armstate {
namespace {

constexpr uint64_t kApiaLo = 0x603000000013c108, kApgaHi = 0x603000000013c119;
// Two versions of the key; nothing else has such bytes.
constexpr uint64_t kOldKey = 0x5ec2e7a11d0bfab5, kNewKey = 0xd15ea5edcab1eb0f;
constexpr char kProfile[] = "cpuProfiles/qemu-11.1.virt.max";

constexpr char kPolicy[] = R"(
    rules { identities: "cn:owner" permissions: [PERMISSION_PUSH, PERMISSION_READ, PERMISSION_RESTORE,
            PERMISSION_READ_SECRETS] resources: ["vms/*", "machines/*", "hosts/*"] }
    rules { identities: "cn:reader" permissions: [PERMISSION_READ] resources: ["vms/*", "machines/*"] }
    rules { identities: "cn:restorer" permissions: [PERMISSION_READ, PERMISSION_RESTORE] resources: ["vms/*", "machines/*"] }
)";

std::string BytesOf(uint64_t value) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(value >> 8 * i));
  return bytes;
}

// Whether the bytes hold a key in any form.
bool HoldsKey(const std::string& bytes) {
  const std::string lower = absl::AsciiStrToLower(bytes);
  for (const uint64_t key : {kOldKey, kNewKey}) {
    const std::string little = BytesOf(key);
    const std::string big(little.rbegin(), little.rend());
    for (const std::string& form : {little, big}) {
      if (bytes.find(form) != std::string::npos) return true;
    }
    for (const std::string& form : {absl::StrFormat("%x", key), absl::StrCat(key)}) {
      if (lower.find(form) != std::string::npos) return true;
    }
  }
  return false;
}

struct Answer {
  grpc::Status status;
  std::string bytes;
};

const google::protobuf::MethodDescriptor& Find(const std::string& rpc) {
  const std::vector<std::string> parts = absl::StrSplit(rpc, '/');
  return *google::protobuf::DescriptorPool::generated_pool()
              ->FindServiceByName("armstate.v1." + parts[0])
              ->FindMethodByName(parts[1]);
}

Answer CallWith(const std::shared_ptr<grpc::Channel>& channel, const std::string& rpc,
                const google::protobuf::Message& request) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(30)));
  const std::string name = absl::StrCat("/armstate.v1.", rpc);
  const grpc::Slice bytes(request.SerializeAsString());
  const grpc::ByteBuffer sent(&bytes, 1);
  grpc::ByteBuffer received;
  Answer answer;
  answer.status = grpc::internal::BlockingUnaryCall<grpc::ByteBuffer, grpc::ByteBuffer>(
      channel.get(), grpc::internal::RpcMethod(name.c_str(), grpc::internal::RpcMethod::NORMAL_RPC), &context, sent,
      &received);
  grpc::Slice whole;
  if (answer.status.ok() && received.DumpToSingleSlice(&whole).ok()) {
    answer.bytes.assign(reinterpret_cast<const char*>(whole.begin()), whole.size());
  }
  return answer;
}

Answer Call(const std::shared_ptr<grpc::Channel>& channel, const std::string& rpc, const std::string& request) {
  const std::unique_ptr<google::protobuf::Message> message(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(Find(rpc).input_type())->New());
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(request, message.get())) << request;
  return CallWith(channel, rpc, *message);
}

// A machine with the new key, and checkpoints 1 and 2 of vms/a: the old key, and the new one.
class SecretsTest : public testing::Test {
 protected:
  SecretsTest() {
    EXPECT_EQ(Call(owner_, "EngineService/CreateMachine",
                   absl::StrCat("machine_id: 'm' machine { cpu_profile: '", kProfile, "' }"))
                  .status.error_message(),
              "");
    for (const uint64_t key : {kOldKey, kNewKey}) {
      v1::WriteRegistersRequest write;
      write.set_machine("machines/m");
      write.mutable_registers()->add_ids(kApiaLo);
      write.mutable_registers()->add_ids(kApgaHi);
      write.mutable_registers()->set_values(BytesOf(key) + BytesOf(key));
      const Answer written = CallWith(owner_, "EngineService/WriteRegisters", write);
      EXPECT_EQ(written.status.error_message(), "");
      EXPECT_FALSE(HoldsKey(written.bytes));
      const Answer captured = Call(owner_, "EngineService/CaptureMachine", "machine: 'machines/m' parent: 'vms/a'");
      EXPECT_EQ(captured.status.error_message(), "");
      EXPECT_FALSE(HoldsKey(captured.bytes));
    }
  }

  SecuredServer server_{kPolicy};
  const std::shared_ptr<grpc::Channel> owner_ = server_.ChannelOf({"owner"});
  const std::shared_ptr<grpc::Channel> reader_ = server_.ChannelOf({"reader"});
  const std::shared_ptr<grpc::Channel> restorer_ = server_.ChannelOf({"restorer"});
};

struct Row {
  std::string rpc;
  std::string request;
  // Who may ask besides the owner: nobody, or who may restore.
  bool restorer_may = false;
};

const std::vector<Row>& Table() {
  static const std::string on_profile =
      absl::StrCat("checkpoint: 'vms/a/checkpoints/1' target { cpu_profile: '", kProfile, "' } ");
  static const std::string on_older =
      "checkpoint: 'vms/a/checkpoints/1' target { cpu_profile: 'cpuProfiles/qemu-11.1.virt.cortex-a57' } ";
  static const std::string on_other = "checkpoint: 'vms/a/checkpoints/1' target { checkpoint: 'vms/a/checkpoints/2' } ";
  static const auto* const rows = new std::vector<Row>{
      {"CheckpointService/GetCheckpoint", "name: 'vms/a/checkpoints/1' view: CHECKPOINT_VIEW_FULL ", true},
      {"CheckpointService/GetCheckpoint", "name: 'vms/a/checkpoints/latest' vcpu_indexes: 0 ", true},
      {"CheckpointService/GetCheckpoint",
       "name: 'vms/a/checkpoints/1' view: CHECKPOINT_VIEW_DECODED include_fields: true ", true},
      {"CheckpointService/GetCheckpoint",
       "name: 'vms/a/checkpoints/1' view: CHECKPOINT_VIEW_DECODED registers: 'apiakeylo_el1' include_advice: true ",
       true},
      {"CheckpointService/CompareCheckpoints",
       "old_checkpoint: 'vms/a/checkpoints/1' new_checkpoint: 'vms/a/checkpoints/2' "},
      {"CheckpointService/CompareCheckpoints",
       "old_checkpoint: 'vms/a/checkpoints/1' new_checkpoint: 'machines/m' all_registers: true "},
      {"CheckpointService/ListRegisterHistory", "parent: 'vms/a' register_name: 'APIAKeyLo_EL1' "},
      {"CheckpointService/ListRegisterHistory",
       "parent: 'vms/a' register_name: '0x603000000013c119' all_versions: true "},
      {"RestoreService/ValidateCheckpoint", on_profile + "all_registers: true "},
      {"RestoreService/ValidateCheckpoint", on_other + "all_registers: true "},
      {"RestoreService/PlanRestore", on_profile, true},
      {"RestoreService/PlanRestore", on_other},
      {"RestoreService/ConvertCheckpoint", on_profile, true},
      // A CPU without keys: they would be lost.
      {"RestoreService/ValidateCheckpoint", on_older},
      {"RestoreService/ConvertCheckpoint", on_older, true},
      {"EngineService/ReadRegisters", "machine: 'machines/m' "},
      {"EngineService/ReadRegisters", "machine: 'machines/m' register_ids: 0x603000000013c108 "},
  };
  return *rows;
}

TEST_F(SecretsTest, OnlyThoseWhoMayAndAskAreShownTheKeys) {
  for (const Row& row : Table()) {
    SCOPED_TRACE(row.rpc + " " + row.request);
    const Answer redacted = Call(owner_, row.rpc, row.request);
    EXPECT_EQ(redacted.status.error_message(), "");
    EXPECT_FALSE(HoldsKey(redacted.bytes));
    // Otherwise the row would show nothing.
    const std::string ask = row.request + "include_secrets: true ";
    const Answer shown = Call(owner_, row.rpc, ask);
    EXPECT_EQ(shown.status.error_message(), "");
    EXPECT_TRUE(HoldsKey(shown.bytes));

    EXPECT_EQ(Call(reader_, row.rpc, ask).status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
    const Answer restorer = Call(restorer_, row.rpc, ask);
    EXPECT_EQ(restorer.status.error_code(),
              row.restorer_may ? grpc::StatusCode::OK : grpc::StatusCode::PERMISSION_DENIED);
    EXPECT_EQ(HoldsKey(restorer.bytes), row.restorer_may);
  }
}

TEST_F(SecretsTest, OtherAnswersHaveNoKeys) {
  const std::vector<std::pair<std::string, std::string>> calls = {
      {"RestoreService/FindRestoreTargets", "checkpoint: 'vms/a/checkpoints/1'"},
      {"EngineService/RestoreMachine", "machine: 'machines/m' checkpoint: 'vms/a/checkpoints/1' all_registers: true"},
      {"CheckpointService/ListCheckpoints", "parent: 'vms/a'"},
      {"CheckpointService/SearchRegisters", "filter: 'SCTLR_EL1:*'"},
      // The target kept another key than was wanted, as its host reports.
      {"RestoreService/CreateRestore",
       absl::StrCat("parent: 'vms/a/checkpoints/1' restore { target { cpu_profile: '", kProfile,
                    "' } report { verdict: VERDICT_REFUSED vcpus { registers { register_id: ", kApiaLo,
                    " outcome: REGISTER_OUTCOME_DIFFERS verdict: VERDICT_REFUSED wanted: "
                    "'\\xb5\\xfa\\x0b\\x1d\\xa1\\xe7\\xc2\\x5e' got: "
                    "'\\x0f\\xeb\\xb1\\xca\\xed\\xa5\\x5e\\xd1' put_back_error: 'holds 0x5ec2e7a11d0bfab5' } } } }")},
      {"RestoreService/ListRestores", "parent: 'vms/a/checkpoints/1'"},
  };
  for (const auto& [rpc, request] : calls) {
    const Answer answer = Call(owner_, rpc, request);
    EXPECT_EQ(answer.status.error_message(), "") << rpc;
    EXPECT_FALSE(answer.bytes.empty()) << rpc;
    EXPECT_FALSE(HoldsKey(answer.bytes)) << rpc << ": " << answer.bytes;
  }
}

TEST_F(SecretsTest, NobodyCanSearchForAKey) {
  for (const std::string filter : {"APIAKeyLo_EL1 = 0x5ec2e7a11d0bfab5", "NOT (apgakeyhi_el1 > 1)",
                                   "SCTLR_EL1 = 0 OR 0x603000000013c108 <= 0x8000000000000000", "APIAKeyLo_EL1:*"}) {
    const Answer answer = Call(owner_, "CheckpointService/SearchRegisters", absl::StrCat("filter: '", filter, "'"));
    EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << filter;
    EXPECT_NE(answer.status.error_message().find("is secret"), std::string::npos) << answer.status.error_message();
    EXPECT_FALSE(HoldsKey(answer.status.error_message()));
  }
}

// Otherwise 64 verdicts would find a key.
TEST_F(SecretsTest, NoToleranceCanAskForTheBitsOfAKey) {
  const std::string request = absl::StrCat("checkpoint: 'vms/a/checkpoints/1' target { cpu_profile: '", kProfile,
                                           "' } tolerances { name: 'x' reason: 'x' registers: 'SCTLR_EL1' ");
  const Answer named = Call(owner_, "RestoreService/ValidateCheckpoint",
                            request +
                                "conditions { register_name: 'APIAKeyLo_EL1' comparison: COMPARISON_AT_MOST "
                                "value: 9223372036854775808 } }");
  EXPECT_EQ(named.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_NE(named.status.error_message().find("is secret"), std::string::npos) << named.status.error_message();
  const Answer other = Call(owner_, "RestoreService/ValidateCheckpoint",
                            request +
                                "conditions { register_name: 'TPIDR_EL1' comparison: COMPARISON_AT_MOST other { "
                                "register_name: 'APIAKeyLo_EL1' } } }");
  EXPECT_EQ(other.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  const Answer absent =
      Call(owner_, "RestoreService/ValidateCheckpoint",
           request + "conditions { register_name: 'APIAKeyLo_EL1' comparison: COMPARISON_ABSENT side: SIDE_TARGET } }");
  EXPECT_EQ(absent.status.error_message(), "");
}

TEST_F(SecretsTest, ARedactedCheckpointCannotBePushed) {
  v1::CreateCheckpointRequest push;
  push.set_parent("vms/b");
  ASSERT_TRUE(push.mutable_checkpoint()->ParseFromString(
      Call(owner_, "CheckpointService/GetCheckpoint", "name: 'vms/a/checkpoints/1' view: CHECKPOINT_VIEW_FULL").bytes));
  EXPECT_FALSE(push.checkpoint().vcpus(0).registers().redacted_ids().empty());
  const Answer answer = CallWith(owner_, "CheckpointService/CreateCheckpoint", push);
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_NE(answer.status.error_message().find("redacted"), std::string::npos) << answer.status.error_message();
}

// The keys may be told apart, and no more.
TEST_F(SecretsTest, AChangedKeyIsTold) {
  v1::CompareCheckpointsResponse comparison;
  ASSERT_TRUE(
      comparison.ParseFromString(Call(reader_, "CheckpointService/CompareCheckpoints",
                                      "old_checkpoint: 'vms/a/checkpoints/1' new_checkpoint: 'vms/a/checkpoints/2'")
                                     .bytes));
  ASSERT_EQ(comparison.vcpus(0).registers_size(), 2);
  EXPECT_EQ(comparison.vcpus(0).registers(0).name(), "APIAKeyLo_EL1");
  EXPECT_EQ(comparison.vcpus(0).registers(0).new_value(), "changed");
  v1::ListRegisterHistoryResponse history;
  ASSERT_TRUE(history.ParseFromString(
      Call(reader_, "CheckpointService/ListRegisterHistory", "parent: 'vms/a' register_name: 'APIAKeyLo_EL1'").bytes));
  EXPECT_EQ(history.entries_size(), 2);
  // A page token has the last value, but not that of a key.
  ASSERT_TRUE(history.ParseFromString(Call(reader_, "CheckpointService/ListRegisterHistory",
                                           "parent: 'vms/a' register_name: 'APIAKeyLo_EL1' page_size: 1")
                                          .bytes));
  std::string token;
  ASSERT_TRUE(absl::WebSafeBase64Unescape(history.next_page_token(), &token));
  EXPECT_FALSE(HoldsKey(token)) << token;
}

TEST_F(SecretsTest, TheCommandShowsKeysOnlyWithSecrets) {
  const TlsFiles owner = server_.ca().Issue("owner-cli", {"owner"});
  const std::vector<std::vector<std::string>> commands = {
      {"show", "a", "APIAKeyLo_EL1"},
      {"show", "a"},
      {"show", "a", "--output=json"},
      {"diff", "a@1", "a@2"},
      {"history", "a", "APGAKeyHi_EL1"},
      {"validate", "a", "--target", "qemu-11.1.virt.cortex-a57", "--details"},
      {"plan", "a", "--target", "qemu-11.1.virt.max"},
      {"plan", "a", "--target", "qemu-11.1.virt.cortex-a57"},
      {"machine", "read", "m"},
      {"machine", "read", "m", "APIAKeyLo_EL1"},
  };
  for (const std::vector<std::string>& command : commands) {
    for (const bool secrets : {false, true}) {
      std::vector<std::string> arguments = {"--server=" + server_.target(), "--tls-ca=" + owner.ca,
                                            "--tls-certificate=" + owner.certificate, "--tls-key=" + owner.key};
      arguments.insert(arguments.end(), command.begin(), command.end());
      if (secrets) arguments.push_back("--secrets");
      std::ostringstream out, err;
      RunArmstate(arguments, Terminal{out, err, false, false});
      EXPECT_EQ(err.str(), "") << command[0];
      EXPECT_NE(out.str(), "") << command[0];
      EXPECT_EQ(HoldsKey(out.str()), secrets) << absl::StrJoin(arguments, " ") << "\n" << out.str();
      if (!secrets && command[0] != "validate") {
        EXPECT_NE(out.str().find("redacted"), std::string::npos) << out.str();
      }
    }
  }
}

}  // namespace
}  // namespace armstate
