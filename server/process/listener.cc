#include "server/process/listener.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "spdlog/spdlog.h"

namespace armstate {
namespace {

// The descriptors that connections leave to the database, if there are few and if there are many.
constexpr size_t kReserveShare = 4;
constexpr size_t kMaxReserve = 1024;
// A connection without a request for this long may be closed in favour of a new one.
constexpr absl::Duration kUnused = absl::Minutes(1);
// The pause after a connection could not be accepted.
constexpr int kPauseMs = 100;

void SetOption(int socket, int level, int option) {
  const int on = 1;
  setsockopt(socket, level, option, &on, sizeof(on));
}

int PortOf(int socket) {
  sockaddr_storage bound = {};
  socklen_t size = sizeof(bound);
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&bound), &size) != 0) return 0;
  return ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(bound).sin6_port
                                           : reinterpret_cast<sockaddr_in&>(bound).sin_port);
}

// Anything else at the path stays.
void RemoveSocket(const char* path) {
  struct stat file = {};
  if (lstat(path, &file) == 0 && S_ISSOCK(file.st_mode)) unlink(path);
}

void LogShortage(int descriptors, absl::string_view consequence) {
  static absl::Time next;  // used only by the accepting thread
  const absl::Time now = absl::Now();
  if (now < next) return;
  next = now + absl::Seconds(10);
  spdlog::warn("{}: there are {} descriptors in use; `ulimit -n` sets their number", std::string(consequence),
               descriptors);
}

}  // namespace

size_t RaiseDescriptorLimit() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 256;
  if (limit.rlim_cur < limit.rlim_max) {
    const rlimit raised = {limit.rlim_max, limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  return static_cast<size_t>(std::min<rlim_t>(limit.rlim_cur, std::numeric_limits<int>::max()));
}

absl::StatusOr<int> Listener::AddTcp(const HostPort& address) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const std::string port_text = absl::StrCat(address.port);
  if (const int error = getaddrinfo(address.host.c_str(), port_text.c_str(), &hints, &found); error != 0) {
    return absl::UnavailableError(absl::StrCat("cannot listen on ", address.ToString(), ": ", gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, &freeaddrinfo);
  int port = 0;
  absl::Status status;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    if (absl::Status added = Add(*one, port); !added.ok()) status = added;
  }
  // A name may have addresses of a family that this machine lacks.
  if (port == 0 || absl::IsAlreadyExists(status)) {
    return absl::UnavailableError(absl::StrCat("cannot listen on ", address.ToString(), ": ", status.message()));
  }
  return port;
}

absl::Status Listener::AddUnix(const std::string& address, bool all_users) {
  const auto refuse = [&address](absl::string_view why) {
    return absl::UnavailableError(
        absl::StrCat("cannot listen on ", address, ": ", why, ": is the path correct, and does its folder exist?"));
  };
  sockaddr_un bound = {};
  bound.sun_family = AF_UNIX;
  absl::string_view name = address;
  const bool is_abstract = absl::ConsumePrefix(&name, "unix-abstract:");
  if (!is_abstract) {
    absl::ConsumePrefix(&name, "unix:");
    absl::ConsumePrefix(&name, "//");
  }
  const size_t begin = is_abstract ? 1 : 0;
  if (name.empty() || begin + name.size() >= sizeof(bound.sun_path)) return refuse(strerror(ENAMETOOLONG));
  memcpy(bound.sun_path + begin, name.data(), name.size());
  const auto size =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + begin + name.size() + (is_abstract ? 0 : 1));
  const auto* const bound_address = reinterpret_cast<const sockaddr*>(&bound);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket < 0) return refuse(strerror(errno));
  sockets_.push_back(socket);
  if (connect(socket, bound_address, size) == 0 || errno == EAGAIN) {
    return absl::UnavailableError(absl::StrCat("cannot listen on ", address, ": another process listens there"));
  }
  if (!is_abstract) {
    RemoveSocket(bound.sun_path);
    paths_.emplace_back(name);
  }
  if (bind(socket, bound_address, size) != 0) return refuse(strerror(errno));
  if (!is_abstract && chmod(bound.sun_path, all_users ? 0666 : 0600) != 0) return refuse(strerror(errno));
  return listen(socket, SOMAXCONN) == 0 ? absl::OkStatus() : refuse(strerror(errno));
}

Listener::Listener() : stop_(eventfd(0, EFD_CLOEXEC)) {
  const size_t limit = RaiseDescriptorLimit();
  const size_t reserve = std::min(limit / kReserveShare, kMaxReserve);
  max_descriptor_ = static_cast<int>(limit - reserve);
  most_descriptor_ = static_cast<int>(limit - reserve / 2);
}

// ALREADY_EXISTS if another process listens there.
absl::Status Listener::Add(const addrinfo& address, int& port) {
  const int socket = ::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket < 0) return absl::UnavailableError(strerror(errno));
  SetOption(socket, SOL_SOCKET, SO_REUSEADDR);
  SetOption(socket, IPPROTO_TCP, TCP_NODELAY);  // also applies to its connections
  sockaddr_storage bound = {};
  memcpy(&bound, address.ai_addr, address.ai_addrlen);
  if (address.ai_family == AF_INET6) {
    // "[::]" includes IPv4, as in gRPC, unless there is also an IPv4 address.
    if (port != 0) SetOption(socket, IPPROTO_IPV6, IPV6_V6ONLY);
    if (port != 0) reinterpret_cast<sockaddr_in6&>(bound).sin6_port = htons(static_cast<uint16_t>(port));
  } else if (port != 0) {
    reinterpret_cast<sockaddr_in&>(bound).sin_port = htons(static_cast<uint16_t>(port));
  }
  if (bind(socket, reinterpret_cast<sockaddr*>(&bound), address.ai_addrlen) != 0 || listen(socket, SOMAXCONN) != 0) {
    const int error = errno;
    close(socket);
    return error == EADDRINUSE ? absl::AlreadyExistsError("the port is in use")
                               : absl::UnavailableError(strerror(error));
  }
  sockets_.push_back(socket);
  port = PortOf(socket);
  return absl::OkStatus();
}

Listener::~Listener() {
  Stop();
  if (stop_ >= 0) close(stop_);
}

void Listener::Start(Acceptors acceptors, ConnectionGuard& guard) {
  acceptors_ = std::move(acceptors);
  guard_ = &guard;
  thread_ = std::thread([this] { Run(); });
}

void Listener::Stop() {
  if (thread_.joinable()) {
    eventfd_write(stop_, 1);
    thread_.join();
  }
  if (sockets_.empty()) return;
  for (const int socket : sockets_) close(socket);
  sockets_.clear();
  for (const std::string& path : paths_) RemoveSocket(path.c_str());
}

void Listener::Run() {
  std::vector<pollfd> waits = {{stop_, POLLIN, 0}};
  for (const int socket : sockets_) waits.push_back({socket, POLLIN, 0});
  absl::Time next_look = absl::Now();
  while (true) {
    const int wait = guard_->IsWatching() ? absl::ToInt64Milliseconds(guard_->interval()) : -1;
    if (poll(waits.data(), waits.size(), wait) < 0) continue;
    if (waits[0].revents != 0) return;
    if (const absl::Time now = absl::Now(); now >= next_look) {
      guard_->HangUp();
      next_look = now + guard_->interval();
    }
    for (size_t i = 1; i < waits.size(); ++i) {
      if (waits[i].revents == 0 || Accept(waits[i].fd)) continue;
      pollfd stop = waits[0];
      poll(&stop, 1, kPauseMs);
    }
  }
}

// Returns false if it is useless to try again at once.
bool Listener::Accept(int socket) {
  const int connection = accept4(socket, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (connection < 0) {
    const int error = errno;
    if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM) {
      LogShortage(max_descriptor_, absl::StrCat("connections are refused: ", strerror(error)));
    }
    return error == EAGAIN || error == EINTR || error == ECONNABORTED;
  }
  if (connection >= max_descriptor_) {
    // gRPC closes the other connection only in a moment, so some of the reserve are used until then; where half of it
    // is, a second one frees it again.
    const bool has_place = guard_->MakePlace(kUnused) && connection < most_descriptor_;
    if (connection >= (max_descriptor_ + most_descriptor_) / 2) guard_->MakePlace(kUnused);
    LogShortage(connection,
                has_place ? "connections without a request are closed for new ones" : "connections are refused");
    if (!has_place) {
      close(connection);
      return true;
    }
  }
  Acceptor* const acceptor = acceptors_(connection);
  if (acceptor == nullptr) {
    close(connection);
    return true;
  }
  Acceptor::NewConnectionParameters parameters;
  parameters.listener_fd = socket;
  parameters.fd = connection;
  guard_->Watch(connection);
  acceptor->HandleNewConnection(&parameters);
  return true;
}

}  // namespace armstate
