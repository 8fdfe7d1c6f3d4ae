#include "server/unfinished_messages.h"

#include <linux/tcp.h>  // <netinet/tcp.h> has a tcp_info that ends before the bytes
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/match.h"
#include "server/connection.h"
#include "spdlog/spdlog.h"

namespace armstate {
namespace {

// For the headers of a call, and what else belongs to its message.
constexpr uint64_t kCallAllowance = 512;
// For a stream's message: its prefix and frame, and what is sent because of the answer. Long ones have more frames.
constexpr uint64_t kStreamAllowance = 96;
constexpr uint64_t kFrameHeadersPart = 1024;
// An interval forgets this part: half of it is left after some ten minutes.
constexpr uint64_t kForgottenPart = 16384;

}  // namespace

void UnfinishedMessages::Complete(const std::string& connection, size_t bytes) {
  Add(connection, bytes + kCallAllowance);
}

void UnfinishedMessages::CompleteInStream(const std::string& connection, size_t bytes) {
  Add(connection, bytes + bytes / kFrameHeadersPart + kStreamAllowance);
}

void UnfinishedMessages::Add(const std::string& connection, uint64_t bytes) {
  if (!absl::StartsWith(connection, "ipv")) return;
  const absl::MutexLock lock(&mutex_);
  completed_[connection] += bytes;
}

void UnfinishedMessages::Watch(int socket) {
  if (std::string name = ConnectionOf(socket); !name.empty()) watched_[std::move(name)] = {socket};
}

void UnfinishedMessages::HangUp() {
  absl::flat_hash_map<std::string, uint64_t> completed;
  {
    const absl::MutexLock lock(&mutex_);
    completed.swap(completed_);
  }
  uint64_t all = 0;
  for (auto it = watched_.begin(); it != watched_.end();) {
    const auto current = it++;
    const auto done = completed.find(current->first);
    if (Update(current->first, done == completed.end() ? 0 : done->second, current->second)) {
      all += current->second.unfinished;
    } else {
      watched_.erase(current);
    }
  }
  while (all > most_) {
    const auto largest = std::max_element(watched_.begin(), watched_.end(), [](const auto& a, const auto& b) {
      return a.second.unfinished < b.second.unfinished;
    });
    spdlog::warn(
        "{}: the connection is ended: it has sent {} MiB of messages that do not end, and all connections {} MiB",
        largest->first, largest->second.unfinished >> 20, all >> 20);
    shutdown(largest->second.socket, SHUT_RDWR);
    all -= largest->second.unfinished;
    watched_.erase(largest);
  }
}

bool UnfinishedMessages::Update(const std::string& name, uint64_t completed, Connection& connection) {
  tcp_info info = {};
  socklen_t size = sizeof(info);
  if (ConnectionOf(connection.socket) != name ||
      getsockopt(connection.socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) {
    return false;
  }
  const uint64_t received = std::exchange(connection.received, info.tcpi_bytes_received);
  const uint64_t unfinished = connection.unfinished + info.tcpi_bytes_received - received;
  connection.unfinished = unfinished - std::min(unfinished, completed + unfinished / kForgottenPart);
  return true;
}

}  // namespace armstate
