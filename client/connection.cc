#include "client/connection.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "grpc/grpc.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/impl/grpc_library.h"
#include "grpcpp/security/tls_credentials_options.h"
#include "grpcpp/support/channel_arguments.h"
#include "proto/host_port.h"

namespace armstate {
namespace {

// The largest message, with room for the overhead of HTTP/2 and protobuf. gRPC does not retry a request that does not
// fit into this buffer.
constexpr int kRetryBufferBytes = kMaxMessageBytes + (1 << 20);

constexpr int kKeepaliveTimeoutMs = 20'000;

std::string Seconds(absl::Duration duration) { return absl::StrFormat("%.3fs", absl::ToDoubleSeconds(duration)); }

std::shared_ptr<grpc::Channel> FailingChannel(const absl::Status& status) {
  const grpc::GrpcLibraryCodegen library;  // nothing else has initialized gRPC yet
  return grpc::CreateChannelInternal(
      "",
      grpc_lame_client_channel_create(nullptr, static_cast<grpc_status_code>(status.code()),
                                      std::string(status.message()).c_str()),
      {});
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> CredentialsOf(const TlsFiles& files) {
  if (files.empty()) return grpc::InsecureChannelCredentials();
  auto provider = WatchTlsFiles(files);
  if (!provider.ok()) return provider.status();
  grpc::experimental::TlsChannelCredentialsOptions tls;
  tls.set_certificate_provider(*std::move(provider));
  if (!files.ca.empty()) tls.watch_root_certs();
  if (!files.certificate.empty()) tls.watch_identity_key_cert_pairs();
  return grpc::experimental::TlsCredentials(tls);
}

// A busy server answers RESOURCE_EXHAUSTED, and so does gRPC when messages of other calls use up the memory.
//
// An attempt that ended with UNAVAILABLE may have taken effect. Calls that do harm or answer differently the second
// time are not retried here: a second DeleteVm might delete a VM that was created again, a second CreateMachine would
// find its own machine, and a second CreateBackup makes a second backup. CreateCheckpoint and CaptureMachine carry a
// request ID, so they are safe to retry.
//
// StreamCheckpoints is left to CheckpointStream's caller, too: gRPC would send some messages of the call again and omit
// others, so that acknowledgements would be matched with the wrong items, and items that were never sent would count as
// stored.
std::string ServiceConfigJson(const ConnectionOptions& options) {
  if (options.max_attempts <= 1) return "{}";
  constexpr absl::string_view kFormat = R"({"methodConfig": [
    {"name": [{"service": "armstate.v1.CheckpointService"},
              {"service": "armstate.v1.RestoreService"},
              {"service": "armstate.v1.HostService"},
              {"service": "armstate.v1.EngineService"},
              {"service": "armstate.v1.AdminService"}],
     "retryPolicy": {"maxAttempts": %d, "initialBackoff": "%s", "maxBackoff": "%s", "backoffMultiplier": 2,
                     "retryableStatusCodes": ["UNAVAILABLE", "RESOURCE_EXHAUSTED"]}},
    {"name": [{"service": "armstate.v1.CheckpointService", "method": "DeleteCheckpoint"},
              {"service": "armstate.v1.CheckpointService", "method": "DeleteVm"},
              {"service": "armstate.v1.CheckpointService", "method": "StreamCheckpoints"},
              {"service": "armstate.v1.HostService", "method": "CreateHost"},
              {"service": "armstate.v1.HostService", "method": "DeleteHost"},
              {"service": "armstate.v1.EngineService", "method": "CreateMachine"},
              {"service": "armstate.v1.EngineService", "method": "DeleteMachine"},
              {"service": "armstate.v1.AdminService", "method": "CreateBackup"}]}]})";
  return absl::StrFormat(kFormat, options.max_attempts, Seconds(options.initial_backoff), Seconds(options.max_backoff));
}

absl::StatusOr<std::string> CompleteTarget(absl::string_view target) {
  // "dns://AUTHORITY/host" also names the DNS server.
  absl::string_view address = target;
  if (absl::ConsumePrefix(&address, "dns:") && absl::ConsumePrefix(&address, "//")) {
    address = absl::StrContains(address, '/') ? address.substr(address.find('/') + 1) : "";
  }
  for (const absl::string_view scheme : {"unix:", "unix-abstract:", "ipv4:", "ipv6:", "xds:"}) {
    if (absl::StartsWith(target, scheme)) return std::string(target);
  }
  const absl::StatusOr<HostPort> parsed = ParseHostPort(address);
  if (!parsed.ok()) return parsed.status();
  return absl::StrCat(target.substr(0, target.size() - address.size()), parsed->ToString());
}

Connection::Connection(const ConnectionOptions& options) : call_timeout_(options.call_timeout) {
  const absl::StatusOr<std::string> target = CompleteTarget(options.target);
  if (!target.ok()) {
    channel_ = FailingChannel(target.status());
    return;
  }
  absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> credentials = options.credentials;
  if (*credentials == nullptr) credentials = CredentialsOf(options.tls);
  if (!credentials.ok()) {
    channel_ = FailingChannel(credentials.status());
    return;
  }
  grpc::ChannelArguments arguments;
  arguments.SetMaxSendMessageSize(kMaxMessageBytes);
  arguments.SetMaxReceiveMessageSize(kMaxAnswerBytes);
  arguments.SetServiceConfigJSON(ServiceConfigJson(options));
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 1);
  // gRPC's default would wait up to two minutes before it reconnects to a server that was away for long.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS,
                   static_cast<int>(absl::ToInt64Milliseconds(options.initial_backoff)));
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, static_cast<int>(absl::ToInt64Milliseconds(options.max_backoff)));
  arguments.SetInt(GRPC_ARG_PER_RPC_RETRY_BUFFER_SIZE, kRetryBufferBytes);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, static_cast<int>(absl::ToInt64Milliseconds(options.keepalive_time)));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, options.use_http_proxy ? 1 : 0);
  channel_ = grpc::CreateCustomChannel(*target, *credentials, arguments);
}

}  // namespace armstate
