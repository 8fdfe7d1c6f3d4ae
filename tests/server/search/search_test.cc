// Tests SearchRegisters over a socket. Register IDs are Linux's (Documentation/virt/kvm/api.rst), fields the Arm ARM's.
#include <gmock/gmock.h>

#include <chrono>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/server/server_fixture.h"

namespace armstate {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using StatusCode = grpc::StatusCode;

constexpr uint64_t kX0 = 0x6030000000100000;
constexpr uint64_t kSctlr = 0x603000000013c080;

v1::SearchRegistersRequest Filter(const std::string& filter) {
  v1::SearchRegistersRequest request;
  request.set_filter(filter);
  return request;
}

// "a@1:0,1", a checkpoint with its vCPUs.
std::vector<std::string> Matches(const v1::SearchRegistersResponse& response) {
  std::vector<std::string> texts;
  for (const v1::MatchedCheckpoint& match : response.checkpoints()) {
    std::string text = match.checkpoint().substr(std::string("vms/").size());
    text.replace(text.find("/checkpoints/"), std::string("/checkpoints/").size(), "@");
    char separator = ':';
    for (const v1::MatchedVcpu& vcpu : match.vcpus()) {
      absl::StrAppend(&text, std::string(1, separator), vcpu.vcpu_index());
      separator = ',';
    }
    texts.push_back(text);
  }
  return texts;
}

class SearchTest : public ServerTest {
 protected:
  // A server that has just started asks clients to retry until its index is ready.
  RpcResult Search(const v1::SearchRegistersRequest& request, v1::SearchRegistersResponse* response) {
    RpcResult result;
    do {
      response->Clear();
      result = Call(checkpoints(), &CheckpointStub::SearchRegisters, request, response);
    } while (result.reason == "INDEX_BUILDING");
    return result;
  }
  // The call must succeed.
  v1::SearchRegistersResponse Search(const v1::SearchRegistersRequest& request) {
    v1::SearchRegistersResponse response;
    EXPECT_EQ(Search(request, &response), RpcResult());
    return response;
  }
  std::vector<std::string> Found(const std::string& filter) { return Matches(Search(Filter(filter))); }
  RpcResult Result(const v1::SearchRegistersRequest& request) {
    v1::SearchRegistersResponse response;
    return Search(request, &response);
  }
  void Delete(const std::string& name) {
    v1::DeleteCheckpointRequest request;
    request.set_name(name);
    EXPECT_EQ(Call(checkpoints(), &CheckpointStub::DeleteCheckpoint, request), RpcResult());
  }
};

TEST_F(SearchTest, WhatWasAcknowledgedIsFoundAtOnce) {
  for (uint64_t value = 1; value <= 50; ++value) {
    Create(SmallRequest("vms/a", value));
    ASSERT_THAT(Found(absl::StrCat("SCTLR_EL1 = ", value)), ElementsAre(absl::StrCat("a@", value, ":0")));
    // It is no longer that of the latest version.
    ASSERT_THAT(Found(absl::StrCat("SCTLR_EL1 = ", value - 1)), IsEmpty());
  }
  Delete("vms/a/checkpoints/50");
  EXPECT_THAT(Found("SCTLR_EL1:*"), ElementsAre("a@49:0"));
}

TEST_F(SearchTest, AnAnswerHasTheValuesThatTheFilterNames) {
  Create(SmallRequest("vms/a", 0x30d00801, 2));
  v1::SearchRegistersResponse response = Search(Filter("SCTLR_EL1.M = 1 AND TPIDR_EL1 = 1 AND NOT ESR_EL1.EC = 0x25"));
  ASSERT_THAT(Matches(response), ElementsAre("a@1:1"));
  EXPECT_EQ(response.total_count(), 1);
  EXPECT_EQ(response.scanned_checkpoints(), 0);
  EXPECT_EQ(response.scan_reason(), "");
  EXPECT_EQ(response.checkpoints(0).create_time().DebugString(),
            Get("vms/a/checkpoints/1").create_time().DebugString());
  const v1::MatchedVcpu& vcpu = response.checkpoints(0).vcpus(0);
  ASSERT_EQ(vcpu.registers_size(), 3);
  EXPECT_EQ(vcpu.registers(0).name(), "SCTLR_EL1.M");
  EXPECT_EQ(vcpu.registers(0).value(), "0x1");
  EXPECT_EQ(vcpu.registers(1).value(), "0x0000000000000001");
  EXPECT_EQ(vcpu.registers(2).name(), "ESR_EL1.EC");
  EXPECT_EQ(vcpu.registers(2).value(), "");
}

TEST_F(SearchTest, AnyVcpuOrAll) {
  Create(SmallRequest("vms/a", 1, 2));
  Create(SmallRequest("vms/b", 1, 1));
  v1::SearchRegistersRequest request = Filter("TPIDR_EL1 = 0");
  EXPECT_THAT(Matches(Search(request)), ElementsAre("a@1:0", "b@1:0"));
  request.set_vcpu_match(v1::VCPU_MATCH_ALL);
  EXPECT_THAT(Matches(Search(request)), ElementsAre("b@1:0"));
  EXPECT_THAT(Found("vcpu = 1 AND SCTLR_EL1 = 1"), ElementsAre("a@1:1"));
  request.set_vcpu_match(static_cast<v1::VcpuMatch>(9));
  EXPECT_EQ(Result(request), (RpcResult{StatusCode::INVALID_ARGUMENT, "FIELD_INVALID", {{"field", "vcpu_match"}}}));
}

TEST_F(SearchTest, PagesAreOfOneMoment) {
  for (const char* vm : {"a", "b", "c", "d", "e"}) Create(SmallRequest(absl::StrCat("vms/", vm), 1));
  v1::SearchRegistersRequest request = Filter("SCTLR_EL1 = 1");
  request.set_page_size(2);
  v1::SearchRegistersResponse response = Search(request);
  EXPECT_THAT(Matches(response), ElementsAre("a@1:0", "b@1:0"));
  EXPECT_EQ(response.total_count(), 5);
  Create(SmallRequest("vms/aa", 1));
  Create(SmallRequest("vms/d", 2));
  Create(SmallRequest("vms/f", 1));
  Delete("vms/c/checkpoints/1");
  request.set_page_token(response.next_page_token());
  response = Search(request);
  EXPECT_THAT(Matches(response), ElementsAre("c@1:0", "d@1:0"));
  // The same page again.
  EXPECT_THAT(Matches(Search(request)), ElementsAre("c@1:0", "d@1:0"));
  request.set_page_token(response.next_page_token());
  response = Search(request);
  EXPECT_THAT(Matches(response), ElementsAre("e@1:0"));
  EXPECT_EQ(response.next_page_token(), "");
  EXPECT_THAT(Found("SCTLR_EL1 = 1"), ElementsAre("a@1:0", "aa@1:0", "b@1:0", "e@1:0", "f@1:0"));
}

TEST_F(SearchTest, TokensOfOtherSearches) {
  for (const char* vm : {"a", "b"}) Create(SmallRequest(absl::StrCat("vms/", vm), 1));
  v1::SearchRegistersRequest request = Filter("SCTLR_EL1 = 1");
  request.set_page_size(1);
  const std::string token = Search(request).next_page_token();
  const auto reason = [this](v1::SearchRegistersRequest changed) { return Result(changed).reason; };
  v1::SearchRegistersRequest other = Filter("SCTLR_EL1 >= 1");
  other.set_page_token(token);
  EXPECT_EQ(reason(other), "PAGE_TOKEN_INVALID");
  other = request;
  other.set_page_token(token);
  other.set_vcpu_match(v1::VCPU_MATCH_ALL);
  EXPECT_EQ(reason(other), "PAGE_TOKEN_INVALID");
  other.clear_vcpu_match();
  other.set_all_versions(true);
  EXPECT_EQ(reason(other), "PAGE_TOKEN_INVALID");
  other = request;
  other.set_page_token("x");
  EXPECT_EQ(reason(other), "PAGE_TOKEN_INVALID");
  // Cached answers do not survive a restart of the server.
  Restart();
  other.set_page_token(token);
  EXPECT_EQ(reason(other), "PAGE_TOKEN_INVALID");
  EXPECT_THAT(Found("SCTLR_EL1 = 1"), ElementsAre("a@1:0", "b@1:0"));
}

TEST_F(SearchTest, AllVersions) {
  for (const uint64_t value : {1, 2, 1, 1}) Create(SmallRequest("vms/a", value));
  Create(SmallRequest("vms/b", 1));
  v1::SearchRegistersRequest request = Filter("SCTLR_EL1 = 1");
  request.set_all_versions(true);
  v1::SearchRegistersResponse response = Search(request);
  EXPECT_THAT(Matches(response), ElementsAre("a@1:0", "a@3:0", "a@4:0", "b@1:0"));
  EXPECT_EQ(response.scanned_checkpoints(), 5);
  EXPECT_NE(response.scan_reason(), "");
  request.set_page_size(2);
  response = Search(request);
  EXPECT_THAT(Matches(response), ElementsAre("a@1:0", "a@3:0"));
  Delete("vms/a/checkpoints/4");
  Create(SmallRequest("vms/a", 1));
  Create(SmallRequest("vms/c", 1));
  std::vector<std::string> rest;
  while (!response.next_page_token().empty()) {
    request.set_page_token(response.next_page_token());
    response = Search(request);
    for (const std::string& found : Matches(response)) rest.push_back(found);
  }
  EXPECT_THAT(rest, ElementsAre("b@1:0"));
}

TEST_F(SearchTest, WhatIsNotIndexedIsReadAndSaysSo) {
  v1::CreateCheckpointRequest request = SmallRequest("vms/a", 1);
  *request.mutable_checkpoint()->mutable_vcpus(0)->mutable_registers() = Registers({{kX0, 7}, {kSctlr, 1}});
  Create(request);
  request.set_parent("vms/b");
  *request.mutable_checkpoint()->mutable_vcpus(0)->mutable_registers() = Registers({{kX0, 8}, {kSctlr, 1}});
  Create(request);
  request.set_parent("vms/c");
  *request.mutable_checkpoint()->mutable_vcpus(0)->mutable_registers() = Registers({{kX0, 7}, {kSctlr, 2}});
  Create(request);
  v1::SearchRegistersResponse response = Search(Filter("X0 = 7"));
  EXPECT_THAT(Matches(response), ElementsAre("a@1:0", "c@1:0"));
  EXPECT_EQ(response.scanned_checkpoints(), 3);
  EXPECT_EQ(response.scan_reason(), "X0 is not indexed");
  // Only what the index does not rule out.
  response = Search(Filter("X0 = 7 AND SCTLR_EL1 = 2"));
  EXPECT_THAT(Matches(response), ElementsAre("c@1:0"));
  EXPECT_EQ(response.scanned_checkpoints(), 1);
}

TEST_F(SearchTest, MistakesHaveAPlace) {
  Create(SmallRequest("vms/a", 1));
  const struct {
    const char* filter;
    const char* position;
    const char* nearest;
  } kCases[] = {
      {"", "0", ""},
      {"vcpu = 0 AND SCTLR_EL11 = 0", "13", "SCTLR_EL1"},
      {"SCTLR_EL1.WXM = 1", "0", "SCTLR_EL1.WXN"},
      {"vcp = 0", "0", "vcpu"},
      {"vcpu = 0 AND", "12", ""},
      {"(vcpu = 0", "0", ""},
      {"vcpu = 0)", "8", ""},
      {"SCTLR_EL1 = high", "12", ""},
  };
  for (const auto& test : kCases) {
    SCOPED_TRACE(test.filter);
    RpcResult result = Result(Filter(test.filter));
    EXPECT_EQ(result.code, StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(result.reason, "FILTER_INVALID");
    EXPECT_EQ(result.metadata["position"], test.position);
    EXPECT_EQ(result.metadata["nearest"], test.nearest);
  }
  v1::SearchRegistersRequest request = Filter("vcpu = 0");
  request.set_page_size(-1);
  EXPECT_EQ(Result(request), (RpcResult{StatusCode::INVALID_ARGUMENT, "FIELD_INVALID", {{"field", "page_size"}}}));
}

TEST_F(SearchTest, ADeadlineEndsASearchAndTheNextOneIsAnswered) {
  for (int i = 0; i < 20; ++i) Create(SmallRequest("vms/a", 1));
  v1::SearchRegistersRequest request = Filter("SCTLR_EL1 = 1");
  request.set_all_versions(true);
  grpc::ClientContext late;
  late.set_deadline(std::chrono::system_clock::now() - std::chrono::seconds(1));
  v1::SearchRegistersResponse response;
  EXPECT_EQ(checkpoints().SearchRegisters(&late, request, &response).error_code(), StatusCode::DEADLINE_EXCEEDED);
  grpc::ClientContext cancelled;
  cancelled.TryCancel();
  EXPECT_EQ(checkpoints().SearchRegisters(&cancelled, request, &response).error_code(), StatusCode::CANCELLED);
  EXPECT_EQ(Search(request).checkpoints_size(), 20);
}

}  // namespace
}  // namespace armstate
