#include "client/qemu/qmp/connection.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace armstate {
namespace {

using Json = nlohmann::json;

// Far more than any answer needs: a peer that never sends a newline must not exhaust memory.
constexpr size_t kMaxMessage = size_t{16} << 20;

absl::Status Unavailable(absl::string_view what, int error) {
  return absl::UnavailableError(absl::StrCat("QMP: ", what, ": ", strerror(error)));
}

absl::Status Connect(int fd, const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return absl::InvalidArgumentError(
        absl::StrCat("QMP: socket path ", path, " is longer than ", sizeof(address.sun_path) - 1, " bytes"));
  }
  std::copy(path.begin(), path.end(), address.sun_path);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) return Unavailable(path, errno);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<QmpConnection> QmpConnection::Open(const std::string& socket_path, absl::Time deadline) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return Unavailable("socket", errno);
  QmpConnection connection(fd, deadline);
  const absl::Status connected = Connect(fd, socket_path);
  if (!connected.ok()) return connected;
  const absl::StatusOr<Json> greeting = connection.Receive();
  if (!greeting.ok()) return greeting.status();
  if (!greeting->contains("QMP")) return absl::InternalError("QMP: the socket does not greet as QEMU does");
  const absl::StatusOr<Json> negotiated = connection.Execute("qmp_capabilities");
  if (!negotiated.ok()) return negotiated.status();
  return connection;
}

QmpConnection::QmpConnection(QmpConnection&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      deadline_(other.deadline_),
      received_(std::move(other.received_)),
      events_(std::move(other.events_)) {}

QmpConnection& QmpConnection::operator=(QmpConnection&& other) noexcept {
  std::swap(fd_, other.fd_);
  deadline_ = other.deadline_;
  received_ = std::move(other.received_);
  events_ = std::move(other.events_);
  return *this;
}

QmpConnection::~QmpConnection() {
  if (fd_ >= 0) close(fd_);
}

absl::StatusOr<Json> QmpConnection::Execute(absl::string_view command, Json arguments, int fd) {
  const Json message = {{"execute", std::string(command)}, {"arguments", std::move(arguments)}};
  // Must not throw for text that is not UTF-8, e.g. a file name.
  const std::string line = message.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  const absl::Status sent = Send(line, fd);
  if (!sent.ok()) return sent;
  while (true) {
    absl::StatusOr<Json> answer = Receive();
    if (!answer.ok()) return answer;
    if (answer->contains("event")) {
      events_.push_back(*std::move(answer));
      continue;
    }
    if (answer->contains("return")) return (*answer)["return"];
    if (!answer->contains("error")) return absl::InternalError("QMP: an answer that is neither a return nor an error");
    const Json& error = (*answer)["error"];
    const auto text = error.is_object() ? error.find("desc") : error.end();
    const bool has_text = error.is_object() && text != error.end() && text->is_string();
    return absl::FailedPreconditionError(
        absl::StrCat("QEMU refuses ", command, ": ", has_text ? text->get<std::string>() : "no reason given"));
  }
}

absl::StatusOr<Json> QmpConnection::WaitForEvent(absl::string_view event) {
  while (true) {
    Json message;
    if (!events_.empty()) {
      message = std::move(events_.front());
      events_.pop_front();
    } else {
      absl::StatusOr<Json> received = Receive();
      if (!received.ok()) return received;
      message = *std::move(received);
    }
    if (message.value("event", Json()) == Json(std::string(event))) return message.value("data", Json::object());
  }
}

absl::Status QmpConnection::WaitUntilReady(short events) {
  while (true) {
    const absl::Duration left = deadline_ - absl::Now();
    if (left <= absl::ZeroDuration()) return absl::DeadlineExceededError("QMP: QEMU did not answer in time");
    pollfd poll_fd = {fd_, events, 0};
    // Rounded up, so that the last wait is not a busy loop.
    const int64_t milliseconds = std::min<int64_t>(absl::ToInt64Milliseconds(left) + 1, 1000);
    const int ready = poll(&poll_fd, 1, static_cast<int>(milliseconds));
    if (ready > 0) return absl::OkStatus();
    if (ready < 0 && errno != EINTR) return Unavailable("poll", errno);
  }
}

absl::Status QmpConnection::Send(absl::string_view line, int fd) {
  while (!line.empty()) {
    const absl::Status ready = WaitUntilReady(POLLOUT);
    if (!ready.ok()) return ready;
    iovec part = {const_cast<char*>(line.data()), line.size()};
    msghdr message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    if (fd >= 0) {
      message.msg_control = control;
      message.msg_controllen = sizeof(control);
      cmsghdr* header = CMSG_FIRSTHDR(&message);
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN(sizeof(int));
      memcpy(CMSG_DATA(header), &fd, sizeof(int));
    }
    const ssize_t sent = sendmsg(fd_, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) {
      if (errno == EINTR || errno == EAGAIN) continue;
      return Unavailable("send", errno);
    }
    line.remove_prefix(sent);
    fd = -1;  // sent with the first byte only
  }
  return absl::OkStatus();
}

absl::StatusOr<Json> QmpConnection::Receive() {
  size_t searched = 0;
  while (true) {
    const size_t newline = received_.find('\n', searched);
    if (newline != std::string::npos) {
      Json message = Json::parse(received_.begin(), received_.begin() + newline, nullptr, /*allow_exceptions=*/false);
      received_.erase(0, newline + 1);
      if (!message.is_object()) return absl::InternalError("QMP: a message that is not a JSON object");
      return message;
    }
    searched = received_.size();
    if (searched > kMaxMessage) return absl::InternalError("QMP: a message of more than 16 MiB");
    const absl::Status ready = WaitUntilReady(POLLIN);
    if (!ready.ok()) return ready;
    char chunk[16384];
    const ssize_t size = recv(fd_, chunk, sizeof(chunk), MSG_DONTWAIT);
    if (size == 0) return absl::UnavailableError("QMP: QEMU closed the connection");
    if (size < 0) {
      if (errno == EINTR || errno == EAGAIN) continue;
      return Unavailable("receive", errno);
    }
    received_.append(chunk, size);
  }
}

}  // namespace armstate
