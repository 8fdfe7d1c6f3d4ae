// QMP connections that get answers that a real QEMU does not give, or seldom.
#include "client/qemu/qmp/connection.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "client/qemu/qmp/checkpoint.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/qemu/qmp/fake_qmp.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

using ::nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::Time Soon() { return absl::Now() + absl::Seconds(20); }

// Greets, takes every command, and answers `command` with `answer`.
FakeQmp::Answer Answering(const std::string& command, const std::string& answer) {
  return [=](int, const std::string& asked) -> absl::optional<std::string> {
    if (asked.empty()) return kGreeting;
    return asked == command ? answer : R"({"return": {}})";
  };
}

struct BadAnswer {
  const char* name;
  std::string answer;
  absl::StatusCode code;
  const char* text;
};

class BadAnswerTest : public testing::TestWithParam<BadAnswer> {};

TEST_P(BadAnswerTest, IsAnError) {
  const FakeQmp fake(Answering("query-status", GetParam().answer));
  absl::StatusOr<QmpConnection> qmp = QmpConnection::Open(fake.path(), Soon());
  ASSERT_TRUE(qmp.ok()) << qmp.status();
  const absl::StatusOr<json> answer = qmp->Execute("query-status");
  EXPECT_EQ(answer.status().code(), GetParam().code);
  EXPECT_THAT(std::string(answer.status().message()), HasSubstr(GetParam().text));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadAnswerTest,
    testing::Values(BadAnswer{"Refused", R"({"error": {"class": "GenericError", "desc": "not today"}})",
                              absl::StatusCode::kFailedPrecondition, "QEMU refuses query-status: not today"},
                    BadAnswer{"RefusedWithoutText", R"({"error": 1})", absl::StatusCode::kFailedPrecondition,
                              "no reason"},
                    BadAnswer{"NeitherReturnNorError", "{}", absl::StatusCode::kInternal, "neither"},
                    BadAnswer{"NotJson", "{nothing", absl::StatusCode::kInternal, "not a JSON object"},
                    BadAnswer{"NoObject", "[1]", absl::StatusCode::kInternal, "not a JSON object"},
                    BadAnswer{"DeepJson", std::string(1000000, '['), absl::StatusCode::kInternal, "not a JSON object"},
                    BadAnswer{"Endless", std::string(17 << 20, 'x'), absl::StatusCode::kInternal, "more than 16 MiB"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(QmpConnectionTest, NoQemuAtTheSocket) {
  const FakeQmp fake([](int, const std::string&) { return absl::optional<std::string>("{\"hello\": 1}"); });
  EXPECT_EQ(QmpConnection::Open(fake.path(), Soon()).status().code(), absl::StatusCode::kInternal);
}

TEST(QmpConnectionTest, ClosedBeforeTheGreeting) {
  const FakeQmp fake([](int, const std::string&) { return absl::optional<std::string>(); });
  EXPECT_EQ(QmpConnection::Open(fake.path(), Soon()).status().code(), absl::StatusCode::kUnavailable);
}

TEST(QmpConnectionTest, NoAnswerInTime) {
  // An event is no answer.
  const FakeQmp fake(Answering("query-status", R"({"event": "RESUME"})"));
  absl::StatusOr<QmpConnection> qmp = QmpConnection::Open(fake.path(), Soon());
  ASSERT_TRUE(qmp.ok()) << qmp.status();
  qmp->set_deadline(absl::Now() + absl::Milliseconds(50));
  EXPECT_EQ(qmp->Execute("query-status").status().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST(QmpConnectionTest, EventsThatComeBeforeTheAnswerAreKept) {
  const FakeQmp fake(Answering("stop",
                               "{\"event\": \"STOP\", \"data\": {\"n\": 1}}\n{\"event\": \"MIGRATION\", \"data\": "
                               "{\"status\": \"setup\"}}\n{\"return\": {}}"));
  absl::StatusOr<QmpConnection> qmp = QmpConnection::Open(fake.path(), Soon());
  ASSERT_TRUE(qmp.ok()) << qmp.status();
  EXPECT_TRUE(qmp->Execute("stop").ok());
  const absl::StatusOr<json> event = qmp->WaitForEvent("MIGRATION");
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ((*event)["status"], "setup");
}

// A running VM up to the moment when it is stopped.
absl::optional<std::string> Running(const std::string& command) {
  if (command.empty()) return kGreeting;
  if (command == "query-status") return R"({"return": {"status": "running", "running": true}})";
  if (command == "qom-get") return R"({"return": "virt-7.2-machine"})";
  if (command == "query-cpus-fast") return R"({"return": [{"qom-path": "/machine/unattached/device[0]"}]})";
  return R"({"return": {}})";
}

TEST(GuestPauseTest, ConnectionLostWhileTheGuestIsStopped) {
  TempDir folder;
  const FakeQmp fake([](int connection, const std::string& command) -> absl::optional<std::string> {
    if (connection == 0 && command == "query-memdev") return absl::nullopt;
    return Running(command);
  });
  QmpCheckpointOptions options;
  options.keep_stream = folder.path() + "/kept.mig";
  EXPECT_EQ(CheckpointByQmp(fake.path(), options).status().code(), absl::StatusCode::kUnavailable);
  const std::vector<std::vector<std::string>> commands = fake.commands();
  ASSERT_EQ(commands.size(), 2u);
  EXPECT_THAT(commands[0], testing::Contains("stop"));
  EXPECT_THAT(commands[1], ElementsAre("qmp_capabilities", "query-status", "cont"));
}

TEST(GuestPauseTest, StopThatFailsMayHaveStoppedTheGuest) {
  const FakeQmp fake([](int, const std::string& command) -> absl::optional<std::string> {
    if (command == "stop") return R"({"error": {"desc": "half done"}})";
    return Running(command);
  });
  QmpCheckpointOptions options;
  options.leave_paused = true;
  EXPECT_THAT(std::string(CheckpointByQmp(fake.path(), options).status().message()), HasSubstr("half done"));
  EXPECT_EQ(fake.commands()[0].back(), "cont");
}

TEST(GuestPauseTest, AGuestThatCannotBeContinuedIsToldOf) {
  TempDir folder;
  const FakeQmp fake([](int, const std::string& command) -> absl::optional<std::string> {
    if (command == "cont") return R"({"error": {"desc": "a disk is gone"}})";
    if (command == "migrate") return R"({"error": {"desc": "State blocked"}})";
    if (command == "query-migrate-capabilities") {
      return R"({"return": [{"capability": "events", "state": true}, {"capability": "x-ignore-shared", "state": false}]})";
    }
    return Running(command);
  });
  QmpCheckpointOptions options;
  options.keep_stream = folder.path() + "/kept.mig";
  const absl::Status status = CheckpointByQmp(fake.path(), options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("QEMU refuses migrate: State blocked"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("THE GUEST IS STOPPED"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("a disk is gone"));
}

}  // namespace
}  // namespace armstate
