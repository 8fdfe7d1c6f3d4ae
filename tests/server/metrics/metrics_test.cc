// Tests what a scrape of a running server shows.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/server_fixture.h"

namespace armstate {
namespace {

using testing::HasSubstr;
using testing::Not;

ServerOptions WithMetrics() {
  ServerOptions options;
  options.metrics_address = "127.0.0.1:0";
  return options;
}

class MetricsTest : public ServerTest {
 protected:
  MetricsTest() : ServerTest(WithMetrics()) {}

  // Connects and sends this.
  int Send(const std::string& request) {
    const int connection = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(server().metrics_port()));
    EXPECT_EQ(connect(connection, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(send(connection, request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
    return connection;
  }
  // Returns the answer with its headers.
  std::string Get(const std::string& path) {
    const int connection = Send(absl::StrCat("GET ", path, " HTTP/1.0\r\n\r\n"));
    std::string answer;
    char buffer[4096];
    for (ssize_t size; (size = recv(connection, buffer, sizeof(buffer), 0)) > 0;) {
      answer.append(buffer, static_cast<size_t>(size));
    }
    close(connection);
    return answer;
  }
  // Returns the value of a metric, with its labels as they are printed; -1 if there is none.
  double Value(absl::string_view metric) {
    const std::string answer = Get("/metrics");
    for (absl::string_view line : absl::StrSplit(answer, '\n')) {
      double value = 0;
      if (absl::ConsumePrefix(&line, metric) && absl::ConsumePrefix(&line, " ") && absl::SimpleAtod(line, &value)) {
        return value;
      }
    }
    return -1;
  }
  // The server counts a call when it has ended, which its client may see before.
  bool Becomes(absl::string_view metric, double expected) {
    for (int i = 0; i < 100; ++i, usleep(20'000)) {
      if (Value(metric) == expected) return true;
    }
    return false;
  }
  static std::string Handled(const std::string& rpc, const std::string& code) {
    return absl::StrCat("grpc_server_handled_total{grpc_code=\"", code, "\",grpc_method=\"", rpc,
                        "\",grpc_service=\"armstate.v1.CheckpointService\",grpc_type=\"unary\"}");
  }
};

TEST_F(MetricsTest, CountCallsByTheirStatus) {
  EXPECT_EQ(Value(Handled("GetVm", "NotFound")), 0);
  for (int i = 0; i < 3; ++i) {
    grpc::ClientContext context;
    v1::GetVmRequest request;
    request.set_name("vms/none");
    v1::Vm vm;
    EXPECT_EQ(checkpoints().GetVm(&context, request, &vm).error_code(), grpc::StatusCode::NOT_FOUND);
  }
  EXPECT_TRUE(Becomes(Handled("GetVm", "NotFound"), 3));
  EXPECT_EQ(Value(Handled("GetVm", "OK")), 0);
  EXPECT_EQ(Value("grpc_server_handling_seconds_count{grpc_method=\"GetVm\",grpc_service=\"armstate.v1."
                  "CheckpointService\",grpc_type=\"unary\"}"),
            3);
}

TEST_F(MetricsTest, CountWhatIsStored) {
  EXPECT_EQ(Value("armstate_checkpoints_created_total"), 0);
  for (int i = 0; i < 2; ++i) Create(SmallRequest("vms/web", 0x30d0180));
  EXPECT_EQ(Value("armstate_checkpoints_created_total"), 2);
  EXPECT_EQ(Value("armstate_commit_duration_seconds_count"), Value("armstate_commit_batch_size_count"));
  EXPECT_GT(Value("armstate_commit_duration_seconds_sum"), 0);
  EXPECT_GT(Value("armstate_data_bytes"), 0);
  EXPECT_EQ(Value("armstate_writable"), 1);
  EXPECT_GT(Value("process_resident_memory_bytes"), 1 << 20);
  EXPECT_GT(Value("process_open_fds"), 3);
}

TEST_F(MetricsTest, TellNoName) {
  Create(SmallRequest("vms/secret-name", 0x30d0180));
  EXPECT_THAT(Get("/metrics"), Not(HasSubstr("secret-name")));
  EXPECT_THAT(Get("/other"), HasSubstr(" 404 "));
}

TEST_F(MetricsTest, SlowClientsDoNotBlockAScrape) {
  std::vector<int> slow;
  for (int i = 0; i < 120; ++i) slow.push_back(Send("GET /metrics HTTP/1.1\r\nX"));
  const absl::Time begin = absl::Now();
  EXPECT_THAT(Get("/metrics"), HasSubstr("armstate_build_info"));
  EXPECT_LT(absl::Now() - begin, absl::Seconds(3));
  for (const int connection : slow) close(connection);
}

// Returns what looks like a metric's name in PromQL.
std::set<std::string> MetricsIn(const std::string& text) {
  const std::regex name("\\b(?:armstate|grpc|process)_[a-z_]+");
  std::set<std::string> names;
  for (std::sregex_iterator it(text.begin(), text.end(), name); it != std::sregex_iterator(); ++it)
    names.insert(it->str());
  return names;
}

TEST_F(MetricsTest, DashboardAndAlertsAskForWhatThereIs) {
  const std::set<std::string> served = MetricsIn(Get("/metrics"));
  std::ifstream dashboard_file("monitoring/grafana-dashboard.json");
  const nlohmann::json dashboard = nlohmann::json::parse(dashboard_file);
  std::string expressions;
  for (const nlohmann::json& panel : dashboard.at("panels")) {
    for (const nlohmann::json& target : panel.at("targets")) {
      absl::StrAppend(&expressions, target.at("expr").get<std::string>(), "\n");
    }
  }
  std::ifstream alerts("monitoring/alerts.yaml");
  for (std::string line; std::getline(alerts, line);) {
    if (absl::StrContains(line, "expr: ")) absl::StrAppend(&expressions, line, "\n");
  }
  const std::set<std::string> asked = MetricsIn(expressions);
  EXPECT_GE(asked.size(), 10u);
  for (std::string name : asked) {
    if (name == "grpc_method" || name == "grpc_code" || name == "grpc_service" || name == "grpc_type") continue;
    EXPECT_EQ(served.count(name), 1u) << name;
  }
}

TEST(Metrics, AddressMustBeFree) {
  TempDir folder;
  ServerOptions options = WithMetrics();
  options.listen_address = "127.0.0.1:0";
  options.data_dir = folder.path() + "/one";
  const std::unique_ptr<Server> one = Server::Start(options).value();
  options.data_dir = folder.path() + "/two";
  options.metrics_address = absl::StrCat("127.0.0.1:", one->metrics_port());
  const absl::Status status = Server::Start(options).status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("is the port in use?"));
  options.metrics_address = "127.0.0.1:99999";
  EXPECT_THAT(std::string(Server::Start(options).status().message()), HasSubstr("--metrics: "));
}

TEST_F(MetricsTest, VerdictsAreCountedByWhatTheySay) {
  Create(SmallRequest("vms/a", 1));
  v1::ValidateCheckpointRequest validate;
  validate.set_checkpoint("vms/a/checkpoints/1");
  validate.mutable_target()->set_cpu_profile("cpuProfiles/qemu-7.2.virt.cortex-a57");
  v1::ValidateCheckpointResponse answer;
  ASSERT_EQ(Call(restore(), &RestoreStub::ValidateCheckpoint, validate, &answer), RpcResult());
  ASSERT_EQ(answer.report().verdict(), v1::VERDICT_REFUSED) << "the list lacks nearly everything";
  EXPECT_EQ(Value("armstate_verdicts_total{rpc=\"ValidateCheckpoint\",verdict=\"REFUSED\"}"), 1);
  EXPECT_EQ(Value("armstate_verdicts_total{rpc=\"ValidateCheckpoint\",verdict=\"ACCEPTED\"}"), 0);
  EXPECT_EQ(Value("armstate_verdicts_total{rpc=\"CreateRestore\",verdict=\"REFUSED\"}"), 0);
}

}  // namespace
}  // namespace armstate
