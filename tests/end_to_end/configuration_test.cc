// What armstated takes from its configuration file, and what it tells systemd and those that collect its log.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/testing/armstated_process.h"
#include "tests/testing/run_shell.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ConfigurationTest : public testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& text) {
    std::ofstream(absl::StrCat(folder_.path(), "/", name)) << text;
    return absl::StrCat(folder_.path(), "/", name);
  }
  // What armstated prints, and its exit status.
  std::string Check(const std::string& config, const std::string& more = "") {
    return RunShell(absl::StrCat("timeout 30 server/armstated --config=", Write("armstated.conf", config),
                                 " --check_config ", more, " 2>&1; echo $?"));
  }

  TempDir folder_;
};

TEST_F(ConfigurationTest, IsCheckedWithAllItsFiles) {
  const std::string data_dir = folder_.path() + "/data";
  const std::string valid = absl::StrCat("# comment\nlisten = \"127.0.0.1:7443\"\ndata_dir = \"", data_dir,
                                         "\"\nmemory_limit = \"600MiB\"\n");
  EXPECT_EQ(Check(valid), "the configuration is valid\n0\n");
  EXPECT_EQ(Check(absl::StrCat(valid, "audit_log = \"", folder_.path(), "/audit.log\"\n")),
            "the configuration is valid\n0\n");
  for (const char* made : {"/data", "/audit.log"}) {
    EXPECT_NE(access((folder_.path() + made).c_str(), F_OK), 0) << made << ": it only looks";
  }
  EXPECT_EQ(Check(valid + "memory = \"1GiB\"\n"),
            "the configuration file names an option that there is not, or that cannot be in it: memory\n2\n");
  EXPECT_THAT(Check(valid + "check_config = true\n"),
              HasSubstr("check_config: This option is not allowed in a configuration file"));
  EXPECT_THAT(Check("memory_limit = \"1MiB\"\n"), HasSubstr("--memory_limit: 512MiB is the least\n"));
  EXPECT_THAT(Check("listen = \"0.0.0.0\"\n"), StartsWith("cannot listen on 0.0.0.0:7443 without encryption"));
  EXPECT_EQ(Check("listen = \"0.0.0.0\"\n", "--listen=127.0.0.1"), "the configuration is valid\n0\n")
      << "flags outweigh the file";
  const std::string policy = Write("policy", "rules { identities: \"unix:root\" }");
  EXPECT_EQ(Check(absl::StrCat("policy = \"", policy, "\"\n")),
            absl::StrCat(policy, ": rule 1 has no permissions\n2\n"));
  EXPECT_THAT(Check("tolerances = \"/none\"\n"), HasSubstr("/none"));
}

TEST_F(ConfigurationTest, AMissingFileIsNamed) {
  EXPECT_THAT(RunShell("server/armstated --config=/none --check_config 2>&1; echo $?"),
              testing::AllOf(StartsWith("/none was not readable"), EndsWith("\n2\n")));
}

TEST_F(ConfigurationTest, TheLogCanBeJson) {
  const auto server =
      ArmstatedProcess::StartCommand({"server/armstated", "--log_format=json", "--unencrypted", "--listen=127.0.0.1:0",
                                      "--data_dir=" + folder_.path() + "/data \" \xff"});
  ASSERT_TRUE(server.ok()) << server.status();
  std::istringstream log((*server)->log());
  std::string line;
  ASSERT_TRUE(std::getline(log, line));
  const nlohmann::json json = nlohmann::json::parse(line);
  EXPECT_EQ(json.at("level"), "info");
  EXPECT_THAT(json.at("message").get<std::string>(), EndsWith("/data \" \xef\xbf\xbd"));
  EXPECT_THAT(json.at("time").get<std::string>(), testing::MatchesRegex("2[0-9-]+T[0-9:]+\\.[0-9]{3}Z"));
}

// The protocol of sd_notify(3), as systemd's side of it.
TEST_F(ConfigurationTest, SystemdIsTold) {
  const int folder = open(folder_.path().c_str(), O_PATH);
  const int receiver = socket(AF_UNIX, SOCK_DGRAM, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  const std::string path = absl::StrCat("/proc/self/fd/", folder, "/notify");  // one of 108 bytes at most
  path.copy(address.sun_path, path.size());
  ASSERT_EQ(bind(receiver, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  const timeval patience = {30, 0};
  setsockopt(receiver, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  const auto next = [receiver] {
    char text[1024];
    const ssize_t size = recv(receiver, text, sizeof(text), 0);
    return size < 0 ? "" : std::string(text, static_cast<size_t>(size));
  };
  auto server = ArmstatedProcess::StartCommand({"/usr/bin/env", "NOTIFY_SOCKET=" + path,  // the descriptor is inherited
                                                "WATCHDOG_USEC=300000", "server/armstated", "--listen=127.0.0.1:0",
                                                "--data_dir=" + folder_.path() + "/data"});
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_THAT(next(), StartsWith("READY=1\nSTATUS=listening on port "));
  EXPECT_EQ(next(), "WATCHDOG=1");
  EXPECT_EQ(kill((*server)->pid(), SIGHUP), 0);
  EXPECT_EQ(next(), "WATCHDOG=1") << "it goes on";
  EXPECT_EQ((*server)->Stop(SIGTERM), 0);
  std::string last = next();
  while (last == "WATCHDOG=1") last = next();
  EXPECT_EQ(last, "STOPPING=1\nSTATUS=draining");
  close(receiver);
  close(folder);
}

}  // namespace
}  // namespace armstate
