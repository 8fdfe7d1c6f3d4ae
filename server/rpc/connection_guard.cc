#include "server/rpc/connection_guard.h"

#include <linux/tcp.h>  // the tcp_info of <netinet/tcp.h> lacks the byte counters
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "server/rpc/connection.h"
#include "server/rpc/resident_bytes.h"
#include "spdlog/spdlog.h"

namespace armstate {
namespace {

// The allowance for the headers of a call and the framing of its message.
constexpr uint64_t kCallAllowance = 512;
// The allowance for a message in a stream: its prefix and frame, and what is sent because of the answer.
constexpr uint64_t kStreamAllowance = 96;
// Each 16 KiB of a message have the header of a frame, 9 bytes, and over TLS those of a record, 29 at most: this part.
constexpr uint64_t kFramingPart = 400;
// A client acknowledges an answer with at most two WINDOW_UPDATEs of 13 bytes for a frame of 16 KiB, each in a record:
// this part of it.
constexpr uint64_t kWindowUpdatesPart = 200;
// Requests that gRPC answers by itself, pings and health checks, are about as long as their answers: this many bytes in
// a tick, for some hundred health checks per second, also over TLS.
constexpr uint64_t kMostOfOwnAnswers = 40;
// Of the remaining difference, a tick forgives this part, i.e. half of it in some ten minutes. Above this size, nothing
// is forgiven.
constexpr uint64_t kForgottenPart = 163840;
constexpr uint64_t kMostForgotten = uint64_t{128} << 10;
// A client may reset so many calls at once, all of its calls and as many new ones, and so many in a second. Calls whose
// deadline has passed are among them.
constexpr int64_t kMostResets = 250;
constexpr int64_t kMostResetsPerSecond = 1000;
// After a connection with too many calls was disconnected, the next one is expected for this time.
constexpr absl::Duration kOften = absl::Seconds(1);
// No call is shorter than this: the header of a frame, and one byte.
constexpr int64_t kShortestCall = 10;
// Connections with fewer calls are not counted.
constexpr int64_t kFewCalls = 16;
// The connections whose calls are counted in an interval, in less than a millisecond.
constexpr size_t kMostCounted = 64;

// Returns how many connections may remain: fewer, the less memory there is, since gRPC enforces the limit of calls only
// after a client has acknowledged the settings; but never zero, since other things occupy memory too.
size_t Allowed(const ConnectionGuard::Limits& limits, uint64_t resident) {
  if (resident <= limits.resident_bytes) return std::numeric_limits<size_t>::max();
  const uint64_t last_quarter = limits.resident_bytes / 3;
  const uint64_t over = std::min(resident - limits.resident_bytes, last_quarter);
  return std::max<size_t>(limits.connections / 4, limits.connections * (last_quarter - over) / (last_quarter + 1));
}

}  // namespace

void ConnectionGuard::Complete(const std::string& connection, size_t bytes) {
  Add(connection, bytes + bytes / kFramingPart + kCallAllowance);
}

void ConnectionGuard::CompleteInStream(const std::string& connection, size_t bytes) {
  Add(connection, bytes + bytes / kFramingPart + kStreamAllowance);
}

void ConnectionGuard::Add(const std::string& connection, uint64_t bytes) {
  if (!absl::StartsWith(connection, "ipv")) return;
  const absl::MutexLock lock(&mutex_);
  completed_[connection] += bytes;
}

void ConnectionGuard::Watch(int socket) {
  if (std::string name = ConnectionOf(socket); !name.empty()) watched_[std::move(name)] = {socket, absl::Now()};
}

void ConnectionGuard::HangUp() {
  absl::flat_hash_map<std::string, uint64_t> completed;
  {
    const absl::MutexLock lock(&mutex_);
    completed.swap(completed_);
  }
  const absl::Time now = absl::Now();
  uint64_t all = 0;
  for (auto it = watched_.begin(); it != watched_.end();) {
    const auto current = it++;
    const auto done = completed.find(current->first);
    if (done != completed.end()) {
      current->second.used = now;
      current->second.had_message = true;
    }
    if (Update(current->first, done == completed.end() ? 0 : done->second, current->second)) {
      all += current->second.unfinished;
    } else {
      Remove(current);
    }
  }
  HangUpOnLargest(all);
  HangUpOnManyCalls();
  const size_t allowed = Allowed(limits_, ResidentBytes());
  if (watched_.size() <= allowed) return;
  static absl::Time next_warning;  // used only by the accepting thread
  if (now >= next_warning) {
    next_warning = now + absl::Seconds(10);
    spdlog::warn(
        "armstated uses much memory: of {} connections, the {} that have been without a request for the longest time "
        "are closed; a larger --memory_limit allows more",
        watched_.size(), watched_.size() - allowed);
  }
  while (watched_.size() > allowed) End(LeastUsed());
}

void ConnectionGuard::HangUpOnLargest(uint64_t all) {
  while (all > limits_.unfinished_bytes) {
    const auto largest = std::max_element(watched_.begin(), watched_.end(), [](const auto& a, const auto& b) {
      return a.second.unfinished < b.second.unfinished;
    });
    spdlog::warn("{}: disconnected: it has sent {} MiB of incomplete messages, and all connections together {} MiB",
                 largest->first, largest->second.unfinished >> 20, all >> 20);
    all -= largest->second.unfinished;
    End(largest);
  }
}

// Counts the calls of connections that may have many by what they have sent.
void ConnectionGuard::HangUpOnManyCalls() {
  std::vector<std::pair<int64_t, Connections::iterator>> suspects;
  for (auto it = watched_.begin(); it != watched_.end(); ++it) {
    const int64_t most = it->second.waiting_calls + static_cast<int64_t>(it->second.uncounted) / kShortestCall;
    if (most > kFewCalls) suspects.emplace_back(most, it);
  }
  const absl::Time now = absl::Now();
  ticks_ = now < often_until_ ? 1 : kUsualTicks;
  if (suspects.empty()) return;
  open_calls_.FindNew();
  const auto by_calls = [](const auto& a, const auto& b) { return a.first > b.first; };
  if (suspects.size() > kMostCounted) {
    std::nth_element(suspects.begin(), suspects.begin() + kMostCounted, suspects.end(), by_calls);
    suspects.resize(kMostCounted);
  }
  int64_t all = 0;
  for (auto& [calls, suspect] : suspects) {
    calls = CountCalls(suspect->first, now, suspect->second);
    all += calls;
    if (calls > kFewCalls) ticks_ = 1;
  }
  std::sort(suspects.begin(), suspects.end(), by_calls);
  for (const auto& [calls, suspect] : suspects) {
    if (calls <= limits_.calls_of_one && (all <= limits_.calls || calls <= kFewCalls)) return;
    static absl::Time next_warning;  // used only by the accepting thread
    if (now >= next_warning) {
      next_warning = now + absl::Seconds(10);
      spdlog::warn(
          "{}: disconnected, like others soon: it has {} calls without a message or reset at once, and all connections "
          "{}",
          suspect->first, calls, all);
    }
    all -= calls;
    End(suspect);
    often_until_ = now + kOften;
    ticks_ = 1;
  }
}

int64_t ConnectionGuard::CountCalls(const std::string& name, absl::Time now, Connection& connection) {
  const OpenCalls::Calls calls = open_calls_.Of(name);
  connection.waiting_calls = std::max<int64_t>(calls.open - handled_calls_(name), 0);
  connection.uncounted = 0;
  const int64_t permitted =
      static_cast<int64_t>(absl::ToDoubleSeconds(now - std::exchange(connection.counted, now)) * kMostResetsPerSecond);
  const int64_t resets = calls.reset - std::exchange(connection.reset_calls, calls.reset);
  connection.resets = std::max<int64_t>(connection.resets + resets - permitted, 0);
  return connection.resets > kMostResets ? std::max(connection.resets, connection.waiting_calls)
                                         : connection.waiting_calls;
}

bool ConnectionGuard::MakePlace(absl::Duration unused) {
  {
    // Those of which HangUp has not heard yet.
    const absl::MutexLock lock(&mutex_);
    for (const auto& [name, bytes] : completed_) {
      const auto watched = watched_.find(name);
      if (watched == watched_.end()) continue;
      watched->second.used = absl::Now();
      watched->second.had_message = true;
    }
  }
  const auto key = [](const Connection& one) { return std::make_pair(one.had_message, one.used); };
  while (!watched_.empty()) {
    const auto first = std::min_element(watched_.begin(), watched_.end(),
                                        [&key](const auto& a, const auto& b) { return key(a.second) < key(b.second); });
    if (first->second.had_message && first->second.used > absl::Now() - unused) return false;
    const bool is_open = ConnectionOf(first->second.socket) == first->first;
    if (is_open) {
      End(first);
      return true;
    }
    Remove(first);
  }
  return false;
}

ConnectionGuard::Connections::iterator ConnectionGuard::LeastUsed() {
  return std::min_element(watched_.begin(), watched_.end(),
                          [](const auto& a, const auto& b) { return a.second.used < b.second.used; });
}

void ConnectionGuard::End(Connections::iterator connection) {
  shutdown(connection->second.socket, SHUT_RDWR);
  Remove(connection);
}

void ConnectionGuard::Remove(Connections::iterator connection) {
  open_calls_.Forget(connection->first);
  watched_.erase(connection);
}

bool ConnectionGuard::Update(const std::string& name, uint64_t completed, Connection& connection) const {
  tcp_info info = {};
  socklen_t size = sizeof(info);
  if (ConnectionOf(connection.socket) != name ||
      getsockopt(connection.socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) {
    return false;
  }
  const uint64_t received = info.tcpi_bytes_received - std::exchange(connection.received, info.tcpi_bytes_received);
  connection.uncounted += received;
  const uint64_t taken = info.tcpi_bytes_acked - std::exchange(connection.taken, info.tcpi_bytes_acked);
  const uint64_t unfinished = connection.unfinished + received;
  const uint64_t forgotten = unfinished < kMostForgotten ? ticks_ * unfinished / kForgottenPart : 0;
  const uint64_t explained =
      completed + taken / kWindowUpdatesPart + std::min(taken, ticks_ * kMostOfOwnAnswers) + forgotten;
  connection.unfinished = unfinished - std::min(unfinished, explained);
  return true;
}

}  // namespace armstate
