// Tests who gets through to a server with mutual TLS and a policy, and what they see there; also while certificates and
// policy are replaced.
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "armstate/v1/checkpoint_service.grpc.pb.h"
#include "client/cli/armstate.h"
#include "client/connection.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/server.h"
#include "tests/server/security/secured_server.h"

namespace armstate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr char kPolicy[] = R"(
  rules { identities: "cn:pusher" permissions: PERMISSION_PUSH permissions: PERMISSION_READ resources: "vms/*" }
  rules { identities: "cn:web" permissions: PERMISSION_READ resources: "vms/web-*" }
  rules { identities: "uri:spiffe://prod/reader" permissions: PERMISSION_READ resources: "vms/*" }
  rules { identities: "dns:reader.example" permissions: PERMISSION_READ resources: "vms/*" }
)";

grpc::Status ListVms(const std::shared_ptr<grpc::Channel>& channel, std::vector<std::string>* names = nullptr) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(10)));
  v1::ListVmsResponse response;
  const grpc::Status status = v1::CheckpointService::NewStub(channel)->ListVms(&context, {}, &response);
  if (names != nullptr) names->clear();
  for (const v1::Vm& vm : response.vms()) {
    if (names != nullptr) names->push_back(vm.name());
  }
  return status;
}

std::vector<std::string> VmsOf(const std::shared_ptr<grpc::Channel>& channel) {
  std::vector<std::string> names;
  const grpc::Status status = ListVms(channel, &names);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return names;
}

grpc::Status Push(const std::shared_ptr<grpc::Channel>& channel, const std::string& vm) {
  v1::CreateCheckpointRequest request;
  request.set_parent(absl::StrCat("vms/", vm));
  request.mutable_checkpoint()->mutable_source()->set_accelerator(v1::ACCELERATOR_KVM);
  v1::VcpuState& vcpu = *request.mutable_checkpoint()->add_vcpus();
  vcpu.mutable_registers()->add_ids(0x6030000000100000);  // X0
  vcpu.mutable_registers()->set_values(std::string(8, '\1'));
  grpc::ClientContext context;
  v1::Checkpoint checkpoint;
  return v1::CheckpointService::NewStub(channel)->CreateCheckpoint(&context, request, &checkpoint);
}

bool Within(absl::Duration time, const std::function<bool()>& condition) {
  const absl::Time end = absl::Now() + time;
  while (!condition()) {
    if (absl::Now() > end) return false;
    absl::SleepFor(absl::Milliseconds(100));
  }
  return true;
}

TEST(SecuredCalls, IdentityIsUriThenDnsThenCommonName) {
  SecuredServer server(kPolicy);
  ASSERT_TRUE(Push(server.ChannelOf({"pusher"}), "web-1").ok());
  EXPECT_THAT(VmsOf(server.ChannelOf({"x", "URI:spiffe://prod/reader,DNS:other.example"})), ElementsAre("vms/web-1"));
  EXPECT_THAT(VmsOf(server.ChannelOf({"x", "DNS:reader.example"})), ElementsAre("vms/web-1"));
  EXPECT_THAT(VmsOf(server.ChannelOf({"pusher", "DNS:other.example"})), IsEmpty());
  EXPECT_THAT(VmsOf(server.ChannelOf({"pusher", "URI:spiffe://prod/other,DNS:reader.example"})), IsEmpty());
}

TEST(SecuredCalls, ACertificateWithoutNameIsNotAnyone) {
  const std::string policy = "rules { identities: 'anyone' permissions: PERMISSION_READ resources: 'vms/*' }";
  SecuredServer server(absl::StrCat(kPolicy, policy));
  ASSERT_TRUE(Push(server.ChannelOf({"pusher"}), "web-1").ok());
  EXPECT_THAT(VmsOf(server.ChannelOf({"", "email:pusher@prod.example"})), IsEmpty());
  server.WritePolicy(absl::StrCat(kPolicy, "rules { identities: 'cn:*' permissions: PERMISSION_READ resources: '*' }"));
  EXPECT_TRUE(Within(absl::Seconds(20), [&] { return !VmsOf(server.ChannelOf({"", ""})).empty(); }));
}

std::string Decoded(const std::string& token) {
  std::string text;
  EXPECT_TRUE(absl::WebSafeBase64Unescape(token, &text));
  return text;
}

// Neither the names nor, by short pages, the number of the others can be seen.
TEST(SecuredCalls, PagesAndTheirTokensNameOnlyWhatTheCallerMayRead) {
  SecuredServer server(kPolicy);
  const std::shared_ptr<grpc::Channel> pusher = server.ChannelOf({"pusher"});
  const std::shared_ptr<grpc::Channel> web = server.ChannelOf({"web"});
  for (const char* vm : {"a-secret", "web-1", "web-1-secret", "web-1", "web-2", "z-secret"}) {
    ASSERT_TRUE(Push(pusher, vm).ok());
  }
  server.WritePolicy(absl::StrCat(
      kPolicy, "rules { identities: 'cn:some' permissions: PERMISSION_READ resources: ['vms/web-1', 'vms/web-2'] }"));
  const std::shared_ptr<grpc::Channel> some = server.ChannelOf({"some"});
  ASSERT_TRUE(Within(absl::Seconds(20), [&] { return VmsOf(some).size() == 2; }));
  const auto stub = v1::CheckpointService::NewStub(some);
  std::vector<std::string> names;
  v1::ListVmsRequest list;
  list.set_page_size(1);
  do {
    v1::ListVmsResponse page;
    grpc::ClientContext context;
    ASSERT_TRUE(stub->ListVms(&context, list, &page).ok());
    ASSERT_EQ(page.vms_size(), 1);
    names.push_back(page.vms(0).name());
    list.set_page_token(page.next_page_token());
    EXPECT_THAT(Decoded(list.page_token()), Not(HasSubstr("secret")));
  } while (!list.page_token().empty());
  EXPECT_THAT(names, ElementsAre("vms/web-1", "vms/web-2"));

  names.clear();
  v1::SearchRegistersRequest search;
  search.set_filter("X0 = 0x0101010101010101");
  search.set_all_versions(true);
  search.set_page_size(1);
  do {
    v1::SearchRegistersResponse page;
    grpc::ClientContext context;
    ASSERT_TRUE(stub->SearchRegisters(&context, search, &page).ok());
    for (const auto& match : page.checkpoints()) names.push_back(match.checkpoint());
    search.set_page_token(page.next_page_token());
    EXPECT_THAT(Decoded(search.page_token()), Not(HasSubstr("secret")));
  } while (!search.page_token().empty());
  EXPECT_THAT(names, ElementsAre("vms/web-1/checkpoints/1", "vms/web-1/checkpoints/2", "vms/web-2/checkpoints/1"));
}

TEST(SecuredCalls, FurtherPagesOfASearchFollowThePolicy) {
  SecuredServer server(kPolicy);
  const std::shared_ptr<grpc::Channel> pusher = server.ChannelOf({"pusher"});
  const std::shared_ptr<grpc::Channel> web = server.ChannelOf({"web"});
  for (const char* vm : {"web-1", "web-2", "web-3", "web-4"}) ASSERT_TRUE(Push(pusher, vm).ok());
  const auto stub = v1::CheckpointService::NewStub(web);
  v1::SearchRegistersRequest search;
  search.set_filter("X0 = 0x0101010101010101");
  search.set_page_size(1);
  v1::SearchRegistersResponse first;
  grpc::ClientContext context;
  ASSERT_TRUE(stub->SearchRegisters(&context, search, &first).ok());
  EXPECT_EQ(first.total_count(), 4);
  search.set_page_token(first.next_page_token());
  server.WritePolicy(
      "rules { identities: 'cn:web' permissions: PERMISSION_READ resources: ['vms/web-1', 'vms/web-3'] }");
  ASSERT_TRUE(Within(absl::Seconds(20), [&] { return VmsOf(web).size() == 2; }));
  v1::SearchRegistersResponse second;
  grpc::ClientContext next;
  ASSERT_TRUE(stub->SearchRegisters(&next, search, &second).ok());
  ASSERT_EQ(second.checkpoints_size(), 1);
  EXPECT_EQ(second.checkpoints(0).checkpoint(), "vms/web-3/checkpoints/1");
  EXPECT_EQ(second.total_count(), 2);
}

TEST(SecuredCalls, ListsHaveWhatTheCallerMayRead) {
  SecuredServer server(kPolicy);
  const std::shared_ptr<grpc::Channel> pusher = server.ChannelOf({"pusher"});
  const std::shared_ptr<grpc::Channel> web = server.ChannelOf({"web"});
  for (const char* vm : {"db-1", "web-1", "web-2"}) ASSERT_TRUE(Push(pusher, vm).ok());
  EXPECT_THAT(VmsOf(pusher), ElementsAre("vms/db-1", "vms/web-1", "vms/web-2"));
  EXPECT_THAT(VmsOf(web), ElementsAre("vms/web-1", "vms/web-2"));
  const grpc::Status refused = Push(web, "web-1");
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(refused.error_message(), "cn:web does not have the permission \"push\" on vms/web-1");

  for (const std::string& odd : {std::string("db\x1b[31m"), std::string(1 << 20, 'x')}) {
    const grpc::Status answer = Push(web, odd);
    EXPECT_EQ(answer.error_code(), grpc::StatusCode::PERMISSION_DENIED);
    EXPECT_LT(answer.error_message().size(), 512u);
    EXPECT_THAT(answer.error_message(), Not(HasSubstr("\x1b")));
  }

  for (const bool all_versions : {false, true}) {
    v1::SearchRegistersRequest search;
    search.set_filter("X0 = 0x0101010101010101");
    search.set_all_versions(all_versions);
    search.set_page_size(1);
    v1::SearchRegistersResponse found;
    grpc::ClientContext context;
    const auto stub = v1::CheckpointService::NewStub(web);
    const grpc::Status status = stub->SearchRegisters(&context, search, &found);
    ASSERT_TRUE(status.ok()) << status.error_message();
    ASSERT_EQ(found.checkpoints_size(), 1);
    EXPECT_EQ(found.checkpoints(0).checkpoint(), "vms/web-1/checkpoints/1");
    // The next page is only for the caller of the first one.
    search.set_page_token(found.next_page_token());
    v1::SearchRegistersResponse next;
    grpc::ClientContext own;
    ASSERT_TRUE(stub->SearchRegisters(&own, search, &next).ok());
    EXPECT_EQ(next.checkpoints(0).checkpoint(), "vms/web-2/checkpoints/1");
    grpc::ClientContext of_other;
    EXPECT_EQ(v1::CheckpointService::NewStub(pusher)->SearchRegisters(&of_other, search, &next).error_code(),
              grpc::StatusCode::INVALID_ARGUMENT);
  }

  v1::WatchCheckpointsRequest watch;
  watch.set_parent("vms/-");
  watch.set_from_oldest(true);
  grpc::ClientContext context;
  const auto stub = v1::CheckpointService::NewStub(web);
  const auto events = stub->WatchCheckpoints(&context, watch);
  std::vector<std::string> seen;
  v1::CheckpointEvent event;
  while (seen.size() < 2 && events->Read(&event)) {
    if (event.kind() == v1::CheckpointEvent::KIND_CREATED) seen.push_back(event.checkpoint());
  }
  EXPECT_THAT(seen, ElementsAre("vms/web-1/checkpoints/1", "vms/web-2/checkpoints/1"));
  context.TryCancel();
}

TEST(SecuredCalls, NobodyElseGetsThrough) {
  SecuredServer server(kPolicy);
  TestCa other(server.folder(), "other");
  TlsFiles without;
  without.ca = server.ca().file();
  TlsFiles of_other = other.Issue("other", {"pusher"});
  of_other.ca = server.ca().file();
  TlsFiles unknown_server = server.ca().Issue("unknown", {"pusher"});
  unknown_server.ca = other.file();
  for (const TlsFiles& files : {TlsFiles(), without, of_other, unknown_server}) {
    const grpc::Status status = ListVms(server.ChannelBy(files));
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE) << files.certificate << " " << status.error_message();
  }
  // The client refuses its own certificate before it connects; without that check, the server would.
  const TlsFiles expired = server.ca().Issue("expired", {"pusher", "", -1});
  const grpc::Status status = ListVms(server.ChannelBy(expired));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("expired on"));
}

TEST(SecuredCalls, CertificatesAreReplacedWithoutALostCall) {
  SecuredServer server(kPolicy);
  const std::shared_ptr<grpc::Channel> old_channel = server.ChannelOf({"pusher"});
  ASSERT_TRUE(Push(old_channel, "a").ok());
  // The server's certificate is of another CA from now on, whose clients it does not take.
  TestCa next(server.folder(), "next");
  next.Issue("server", SecuredServer::Names());
  TlsFiles client = server.ca().Issue("client", {"pusher"});
  client.ca = next.file();
  const bool replaced = Within(absl::Seconds(20), [&] {
    EXPECT_TRUE(Push(old_channel, "a").ok());
    return Push(server.ChannelBy(client), "a").ok();
  });
  EXPECT_TRUE(replaced);
  EXPECT_TRUE(Push(old_channel, "a").ok());
}

// Whatever stands in the place of a file, both sides keep the one before it, and take the next good one.
TEST(SecuredCalls, BrokenTlsFilesAreNotTaken) {
  SecuredServer server(kPolicy);
  const TlsFiles client = server.ca().Issue("client", {"pusher"});
  const std::shared_ptr<grpc::Channel> old_channel = server.ChannelBy(client);
  ASSERT_TRUE(Push(old_channel, "a").ok());
  TlsFiles new_client = server.ca().Issue("new", {"pusher"});
  new_client.ca = server.folder() + "/copy.pem";
  std::filesystem::copy_file(server.ca().file(), new_client.ca);
  const auto in_folder = [&server](const char* name) { return absl::StrCat(server.folder(), "/", name); };
  ASSERT_EQ(mkdir(in_folder("folder").c_str(), 0700), 0);
  ASSERT_EQ(mkfifo(in_folder("pipe").c_str(), 0600), 0);
  std::ofstream(in_folder("huge")) << "x";
  ASSERT_EQ(truncate(in_folder("huge").c_str(), off_t{1} << 40), 0);
  std::ofstream(in_folder("half")) << "-----BEGIN CERTIFICATE-----\nMIIC";
  for (const char* wrong : {"folder", "pipe", "huge", "half", "missing", "new.key"}) {
    const std::vector<std::string> names = {in_folder("server.pem"), in_folder("server.key"), client.certificate,
                                            client.key, client.ca};
    for (const std::string& name : names) {
      ASSERT_EQ(rename(name.c_str(), (name + ".good").c_str()), 0);
      ASSERT_EQ(symlink(wrong, name.c_str()), 0);
    }
    absl::SleepFor(absl::Milliseconds(1500));  // both sides look every second
    EXPECT_TRUE(Push(old_channel, "a").ok()) << wrong;
    EXPECT_TRUE(Push(server.ChannelBy(new_client), "a").ok()) << wrong;
    for (const std::string& name : names) ASSERT_EQ(rename((name + ".good").c_str(), name.c_str()), 0);
  }
}

TEST(SecuredCalls, PolicyIsReplacedAsAWhole) {
  SecuredServer server(kPolicy);
  const std::shared_ptr<grpc::Channel> web = server.ChannelOf({"web"});
  EXPECT_EQ(Push(web, "web-1").error_code(), grpc::StatusCode::PERMISSION_DENIED);
  const std::string more =
      absl::StrCat(kPolicy, "rules { identities: 'cn:web' permissions: PERMISSION_PUSH resources: 'vms/web-*' }\n");
  server.WritePolicy(absl::string_view(more).substr(0, more.size() - 20));
  absl::SleepFor(absl::Milliseconds(2500));
  EXPECT_EQ(Push(web, "web-1").error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_TRUE(Push(server.ChannelOf({"pusher"}), "web-1").ok());  // by the policy before
  server.WritePolicy(more);
  EXPECT_TRUE(Within(absl::Seconds(20), [&] { return Push(web, "web-1").ok(); }));
  // A right that was taken away is gone for open connections too.
  server.WritePolicy("rules { identities: 'cn:pusher' permissions: PERMISSION_READ resources: 'vms/*' }");
  EXPECT_TRUE(Within(absl::Seconds(20),
                     [&] { return Push(web, "web-1").error_code() == grpc::StatusCode::PERMISSION_DENIED; }));
}

TEST(SecuredCalls, AUnixPeerIsItsUser) {
  TempDir folder;
  const auto write = [&](const std::string& identity) {
    std::ofstream(folder.path() + "/policy")
        << "rules { identities: '" << identity << "' permissions: PERMISSION_READ permissions: PERMISSION_PUSH "
        << "resources: 'vms/*' }";
  };
  const passwd* const user = getpwuid(geteuid());
  for (const bool is_own : {true, false}) {
    write(is_own ? absl::StrCat("unix:", user == nullptr ? absl::StrCat(geteuid()) : user->pw_name) : "unix:somebody");
    ServerOptions options;
    options.listen_address = absl::StrCat("unix-abstract:armstate-secured-calls-", getpid());
    options.data_dir = folder.path() + "/data";
    options.policy_file = folder.path() + "/policy";
    const std::unique_ptr<Server> server = Server::Start(options).value();
    ConnectionOptions connection;
    connection.target = options.listen_address;
    const std::shared_ptr<grpc::Channel> channel = Connection(connection).channel();
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(Push(channel, "a").error_code(), is_own ? grpc::StatusCode::OK : grpc::StatusCode::PERMISSION_DENIED);
    }
  }
}

TEST(SecuredCalls, OneServerHasSeveralAddresses) {
  TempDir folder;
  TestCa ca(folder.path(), "ours");
  ServerOptions options;
  ASSERT_EQ(chdir(folder.path().c_str()), 0);  // a socket's path must be short
  const std::string socket = "unix:socket";
  options.listen_address = absl::StrCat(socket, ",127.0.0.1:0,unix-abstract:armstate-several-", getpid(), ",[::1]:0");
  options.data_dir = folder.path() + "/data";
  options.tls = ca.Issue("server", SecuredServer::Names());
  options.tls.ca.clear();
  std::unique_ptr<Server> server = Server::Start(options).value();
  std::vector<std::string> addresses = absl::StrSplit(server->address(), ',');
  ASSERT_EQ(addresses.size(), 4u);
  EXPECT_EQ(addresses[1], absl::StrCat("127.0.0.1:", server->port()));
  EXPECT_THAT(addresses[3], AllOf(testing::StartsWith("[::1]:"), Not(HasSubstr(":0"))));
  for (size_t i = 0; i < addresses.size(); ++i) {
    ConnectionOptions connection;
    connection.target = addresses[i];
    if (i == 1) connection.tls.ca = ca.file();  // the last one gets plain text
    connection.max_attempts = 1;
    EXPECT_EQ(Push(Connection(connection).channel(), "a").ok(), i != 3) << addresses[i];
  }
  server.reset();
  EXPECT_FALSE(std::filesystem::exists(folder.path() + "/socket"));
  options.listen_address = socket + ",";
  EXPECT_EQ(Server::Start(options).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(SecuredCalls, TheCommandSaysWhatIsMissing) {
  SecuredServer server(kPolicy);
  ASSERT_TRUE(Push(server.ChannelOf({"pusher"}), "web-1").ok());
  const TlsFiles web = server.ca().Issue("web", {"web"});
  TestCa other(server.folder(), "other");
  const auto run = [&](const std::vector<std::string>& arguments) {
    std::vector<std::string> all = {"--server=" + server.target(), "--timeout=2s"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    std::ostringstream out;
    std::ostringstream err;
    const ExitStatus status = RunArmstate(all, Terminal{out, err, false, false});
    return absl::StrCat(static_cast<int>(status), " ", out.str(), err.str());
  };
  const std::string certificate = "--tls-certificate=" + web.certificate;
  const std::string key = "--tls-key=" + web.key;
  EXPECT_THAT(run({"--tls-ca=" + web.ca, certificate, key, "list"}),
              AllOf(testing::StartsWith("0 "), HasSubstr("web-1")));
  EXPECT_THAT(run({"--tls-ca=" + web.ca, certificate, key, "delete", "web-1", "--all"}),
              AllOf(testing::StartsWith("1 "), HasSubstr("cn:web does not have the permission \"delete\" on vms/web-1"),
                    HasSubstr("--policy")));
  EXPECT_THAT(run({"list"}), AllOf(testing::StartsWith("4 "), HasSubstr("It may need TLS (--tls-ca)")));
  const TlsFiles refused = other.Issue("refused", {"web"});
  EXPECT_THAT(
      run({"--tls-ca=" + web.ca, "--tls-certificate=" + refused.certificate, "--tls-key=" + refused.key, "list"}),
      AllOf(testing::StartsWith("4 "), HasSubstr("refuse this client's certificate")));
  EXPECT_THAT(
      run({"--tls-ca=" + other.file(), certificate, key, "list"}),
      AllOf(testing::StartsWith("4 "), HasSubstr("is --tls-ca the CA of the server, and localhost among the names")));
  ASSERT_EQ(mkfifo((server.folder() + "/pipe").c_str(), 0600), 0);
  EXPECT_THAT(run({"--tls-ca=" + server.folder() + "/pipe", "list"}),
              AllOf(testing::StartsWith("2 "), HasSubstr("pipe cannot be read: it is not a regular file")));
  EXPECT_THAT(run({"--tls-ca=" + web.key, "list"}),
              AllOf(testing::StartsWith("2 "), HasSubstr("web.key contains no certificate")));
  EXPECT_THAT(run({certificate, "list"}),
              AllOf(testing::StartsWith("2 "), HasSubstr("a certificate needs its private key")));
}

TEST(Start, RefusesWhatIsOpenOrWrong) {
  TempDir folder;
  TestCa ca(folder.path(), "ca");
  ServerOptions options;
  options.data_dir = folder.path() + "/data";
  options.listen_address = "0.0.0.0:0";
  const auto problem = [&] { return std::string(Server::Start(options).status().message()); };
  EXPECT_THAT(problem(), HasSubstr("without encryption: name --tls_certificate"));
  options.insecure = true;
  EXPECT_EQ(problem(), "");
  options.insecure = false;
  options.tls = ca.Issue("server", SecuredServer::Names());
  EXPECT_EQ(problem(), "");
  const TlsFiles good = options.tls;
  options.tls.key = ca.Issue("other", {"other"}).key;
  EXPECT_THAT(problem(), HasSubstr("other.key is not the key of the certificate"));
  options.tls.key = good.certificate;
  EXPECT_THAT(problem(), HasSubstr("server.pem contains no private key"));
  options.tls = ca.Issue("old", {"old", "", -1});
  EXPECT_THAT(problem(), HasSubstr("old.pem: the certificate expired on"));
  options.tls = good;
  options.tls.ca = folder.path() + "/missing";
  EXPECT_THAT(problem(), HasSubstr("missing cannot be read: No such file or directory"));
  options.tls = good;
  options.tls.key = folder.path();
  EXPECT_THAT(problem(), HasSubstr("cannot be read: it is a folder"));
  options.tls = good;
  options.policy_file = folder.path() + "/policy";
  EXPECT_THAT(problem(), HasSubstr("policy cannot be read: No such file or directory"));
  ASSERT_EQ(mkfifo(options.policy_file.c_str(), 0600), 0);
  EXPECT_THAT(problem(), HasSubstr("policy cannot be read: it is not a regular file"));
  ASSERT_EQ(unlink(options.policy_file.c_str()), 0);
  std::ofstream(options.policy_file) << "rules {\n  who: 'cn:a'\n}\n";
  EXPECT_THAT(problem(), HasSubstr("/policy: line 2, column"));
}

}  // namespace
}  // namespace armstate
