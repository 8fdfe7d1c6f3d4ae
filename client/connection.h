// `Connection` is a connection to armstated, which all clients share.
#ifndef ARMSTATE_CLIENT_CONNECTION_H_
#define ARMSTATE_CLIENT_CONNECTION_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "grpcpp/channel.h"
#include "grpcpp/security/credentials.h"
#include "proto/tls_files.h"

namespace armstate {

// Largest request and answer, in bytes; the server's limits too.
inline constexpr int kMaxMessageBytes = 16 << 20;
inline constexpr int kMaxAnswerBytes = kMaxMessageBytes + (64 << 10);

// The port that armstated listens on by default.
inline constexpr absl::string_view kDefaultTarget = "127.0.0.1:7443";

struct ConnectionOptions {
  // "host", "host:port" (proto/host_port.h), or any other target that gRPC knows ("unix:/run/armstated.sock",
  // "dns:///armstate.example:7443"). With one that CompleteTarget refuses all calls fail as it does.
  std::string target = std::string(kDefaultTarget);
  // The time limit of a call, with all its attempts.
  absl::Duration call_timeout = absl::Seconds(30);
  // The number of attempts, if a call is safe to repeat and the server is UNAVAILABLE, or busy (RESOURCE_EXHAUSTED); 1
  // means once. gRPC allows 5 at most. Pushes by a CheckpointStream are its caller's to repeat.
  int max_attempts = 5;
  // The pause before the second attempt. gRPC waits a random time up to it, and up to twice as long before each further
  // one.
  absl::Duration initial_backoff = absl::Milliseconds(100);
  absl::Duration max_backoff = absl::Seconds(2);
  // A connection with a running call that has been silent for so long is pinged, and given up 20 s later. gRPC servers
  // by default hang up on clients that ping more often.
  absl::Duration keepalive_time = absl::Minutes(5);
  // Use the environment's http_proxy (https_proxy, grpc_proxy), as gRPC does by default. The addresses of
  // servers like this one are seldom those that such a proxy is for.
  bool use_http_proxy = false;
  // TLS if one of them is named: the server's certificate must be of the CA (empty: of one that gRPC trusts), and for
  // the target's host name; the certificate is the client's. The files are read again when they change. With files that
  // CredentialsOf refuses all calls fail as it does.
  TlsFiles tls = {};
  // In place of these files. Null, without files: plain text.
  std::shared_ptr<grpc::ChannelCredentials> credentials;
};

// A channel, and how calls are made on it. Connects when the first call is made, and again whenever the connection was
// lost.
//
// Example:
//   Connection connection(ConnectionOptions{"127.0.0.1:7443"});
//   CheckpointClient checkpoints(connection);
//
// Cheap to copy: copies share the channel. Thread-safe.
class Connection {
 public:
  explicit Connection(const ConnectionOptions& options);

  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  absl::Duration call_timeout() const { return call_timeout_; }

 private:
  std::shared_ptr<grpc::Channel> channel_;
  absl::Duration call_timeout_;
};

// Plain text if no file is named. Errors: WatchTlsFiles.
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> CredentialsOf(const TlsFiles& files);

// The target with its port: gRPC would take 443 where none is named. INVALID_ARGUMENT, without a reason of the wire, if
// it is invalid.
absl::StatusOr<std::string> CompleteTarget(absl::string_view target);

// The gRPC service config that `options` mean, as JSON: which calls are tried again, how often and when.
std::string ServiceConfigJson(const ConnectionOptions& options);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_CONNECTION_H_
