// What a server writes into its audit log, and what it does when it cannot.
#include <gmock/gmock.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/server/server_fixture.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

using Json = nlohmann::json;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using StatusCode = grpc::StatusCode;

class AuditedCallsTest : public ServerTest {
 protected:
  // An object that the base can use.
  struct Folder {
    TempDir dir;
    std::string file = absl::StrCat(dir.path(), "/audit.log");
  };

  explicit AuditedCallsTest(bool is_required = true, bool all_reads = false)
      : AuditedCallsTest(std::make_unique<Folder>(), is_required, all_reads) {}

  std::vector<Json> Entries() const {
    std::vector<Json> entries;
    std::ifstream file(folder_->file);
    for (std::string line; std::getline(file, line);) entries.push_back(Json::parse(line));
    return entries;
  }

  void LoseTheLog() {
    unlink(folder_->file.c_str());
    ASSERT_EQ(rmdir(folder_->dir.path().c_str()), 0);
  }
  void GiveItBack() { ASSERT_EQ(mkdir(folder_->dir.path().c_str(), 0700), 0); }

 private:
  AuditedCallsTest(std::unique_ptr<Folder> folder, bool is_required, bool all_reads)
      : ServerTest(Options(*folder, is_required, all_reads)), folder_(std::move(folder)) {}

  static ServerOptions Options(const Folder& folder, bool is_required, bool all_reads) {
    ServerOptions options;
    options.audit = {folder.file, is_required, all_reads};
    return options;
  }

  const std::unique_ptr<Folder> folder_;
};

TEST_F(AuditedCallsTest, AnEntrySaysWhoDidWhatToWhat) {
  v1::CreateCheckpointRequest request = SmallRequest("vms/a", 0xfeedface);
  request.set_request_id("11111111-2222-3333-4444-555555555555");
  grpc::ClientContext context;
  context.AddMetadata("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  v1::Checkpoint stored;
  ASSERT_TRUE(checkpoints().CreateCheckpoint(&context, request, &stored).ok());
  ASSERT_THAT(Entries(), SizeIs(1));
  Json entry = Entries()[0];
  EXPECT_THAT(entry["time"].get<std::string>(), testing::MatchesRegex("20[0-9-]+T[0-9:]+\\.[0-9]{6}Z"));
  EXPECT_THAT(entry["peer"].get<std::string>(), testing::StartsWith("ipv4:127.0.0.1:"));
  entry.erase("time");
  entry.erase("peer");
  EXPECT_EQ(entry, Json::parse(R"({"identity": "anyone", "rpc": "CheckpointService.CreateCheckpoint",
      "resources": ["vms/a"], "code": "OK", "result": "vms/a/checkpoints/1",
      "request_id": "11111111-2222-3333-4444-555555555555",
      "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"})"));
}

TEST_F(AuditedCallsTest, AVerdictAndARefusalAreInIt) {
  Create(SmallRequest("vms/a", 1));
  v1::ValidateCheckpointRequest validate;
  validate.set_checkpoint("vms/a/checkpoints/1");
  validate.mutable_target()->set_cpu_profile("cpuProfiles/qemu-7.2.virt.cortex-a57");
  v1::ValidateCheckpointResponse verdict;
  ASSERT_EQ(Call(restore(), &RestoreStub::ValidateCheckpoint, validate, &verdict), RpcResult());
  v1::DeleteVmRequest missing;
  missing.set_name("vms/none");
  EXPECT_EQ(Call(checkpoints(), &CheckpointStub::DeleteVm, missing).code, StatusCode::NOT_FOUND);
  const std::vector<Json> entries = Entries();
  ASSERT_THAT(entries, SizeIs(3));
  EXPECT_EQ(absl::StrCat("VERDICT_", entries[1]["verdict"].get<std::string>()),
            v1::Verdict_Name(verdict.report().verdict()));
  EXPECT_EQ(entries[1]["resources"], Json({"vms/a/checkpoints/1"}));
  EXPECT_EQ(entries[2]["code"], "NOT_FOUND");
  EXPECT_EQ(entries[2]["resources"], Json({"vms/none"}));
}

TEST_F(AuditedCallsTest, EachAcknowledgementOfAStreamHasAnEntryBeforeItIsSent) {
  grpc::ClientContext context;
  const auto stream = checkpoints().StreamCheckpoints(&context);
  v1::StreamCheckpointsRequest message;
  for (const char* vm : {"vms/a", "vms/b", "wrong"}) *message.add_requests() = SmallRequest(vm, 1);
  ASSERT_TRUE(stream->Write(message));
  std::multiset<std::string> entries;
  v1::StreamCheckpointsResponse response;
  for (int acknowledged = 0; acknowledged < 3 && stream->Read(&response);) {
    acknowledged += response.acknowledgements_size();
    entries.clear();
    for (const Json& entry : Entries())
      entries.insert(entry.value("result", "") + " " + entry["code"].get<std::string>());
    for (const auto& acknowledgement : response.acknowledgements()) {
      if (acknowledgement.has_checkpoint()) EXPECT_EQ(entries.count(acknowledgement.checkpoint().name() + " OK"), 1u);
    }
  }
  EXPECT_EQ(entries,
            (std::multiset<std::string>{" INVALID_ARGUMENT", "vms/a/checkpoints/1 OK", "vms/b/checkpoints/1 OK"}));
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_THAT(Entries(), SizeIs(4)) << "and one of its end";
}

TEST_F(AuditedCallsTest, ReadsAreLeftOut) {
  Create(SmallRequest("vms/a", 1));
  EXPECT_EQ(LatestVersion("vms/a"), 1);
  EXPECT_THAT(Entries(), SizeIs(1));
  Get("vms/a/checkpoints/1");  // with secrets
  ASSERT_THAT(Entries(), SizeIs(2));
  EXPECT_EQ(Entries()[1]["rpc"], "CheckpointService.GetCheckpoint");
  EXPECT_EQ(Entries()[1]["secrets"], true);
}

TEST_F(AuditedCallsTest, NothingIsAcknowledgedThatIsNotInIt) {
  Create(SmallRequest("vms/a", 1));
  LoseTheLog();
  const RpcResult result = Call(checkpoints(), &CheckpointStub::CreateCheckpoint, SmallRequest("vms/a", 2));
  EXPECT_EQ(result.code, StatusCode::UNAVAILABLE);
  EXPECT_EQ(result.message, "the audit log cannot be written: whether the call did anything is not known");
  grpc::ClientContext context;
  const auto stream = checkpoints().StreamCheckpoints(&context);
  v1::StreamCheckpointsRequest message;
  *message.add_requests() = SmallRequest("vms/b", 1);
  stream->Write(message);
  v1::StreamCheckpointsResponse response;
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_FALSE(stream->Finish().ok());
  EXPECT_GT(LatestVersion("vms/a"), 0) << "reads go on";
  GiveItBack();
  Create(SmallRequest("vms/a", 3));
  EXPECT_THAT(Entries(), SizeIs(1));
}

class WantedAuditTest : public AuditedCallsTest {
 protected:
  WantedAuditTest() : AuditedCallsTest(/*is_required=*/false, /*all_reads=*/true) {}
};

TEST_F(WantedAuditTest, CallsGoOnWithoutIt) {
  LoseTheLog();
  Create(SmallRequest("vms/a", 1));
  GiveItBack();
  Get("vms/a/checkpoints/1");
  ASSERT_THAT(Entries(), SizeIs(1));
  EXPECT_EQ(Entries()[0]["rpc"], "CheckpointService.GetCheckpoint") << "all reads";
}

TEST_F(WantedAuditTest, WhatAClientSendsCannotForgeALine) {
  v1::DeleteVmRequest request;
  request.set_name("vms/a\",\"code\":\"OK\"}\n{\"rpc\":\"forged\xc2\x85");
  EXPECT_EQ(Call(checkpoints(), &CheckpointStub::DeleteVm, request).code, StatusCode::INVALID_ARGUMENT);
  request.set_name(std::string(100'000, 'a'));
  EXPECT_EQ(Call(checkpoints(), &CheckpointStub::DeleteVm, request).code, StatusCode::INVALID_ARGUMENT);
  const std::vector<Json> entries = Entries();
  ASSERT_THAT(entries, SizeIs(2));
  EXPECT_EQ(entries[0]["code"], "INVALID_ARGUMENT");
  EXPECT_EQ(entries[0]["resources"][0], "vms/a\",\"code\":\"OK\"}\n{\"rpc\":\"forged\xc2\x85");
  EXPECT_EQ(entries[1]["resources"][0].get<std::string>().size(), 256u);
}

}  // namespace
}  // namespace armstate
