// A client that does nothing wrong, while others attack: pushes, by calls and by a stream, and reads, at an even pace.
// scripts/attack starts it and asks it by its standard input, a line at a time; each answer is a line of JSON.
//
//   begin           counts from now on: "{}"
//   end             what was counted since: {"calls": .., "errors": {CODE: how many}, "first_error": .., "push_p99_ms":
//   .., "read_p99_ms": ..} pause, resume   no calls meanwhile: "{}" verify ADDRESS  reads all that was acknowledged
//   there: {"acknowledged": .., "gone": .., "first_gone": ..}
//
// A call's time begins when it was due by the pace, so a call that waits for a late one before it is late, too. Its VMs
// are its own: "vms/good-00000" and so on.
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "armstate/v1/checkpoint_service.grpc.pb.h"
#include "client/checkpoint_stream.h"
#include "client/connection.h"
#include "nlohmann/json.hpp"
#include "tests/benchmarks/guest_requests.h"

namespace armstate {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(10);
// Of each of two pushing, one streaming and two reading threads.
constexpr absl::Duration kPace = absl::Milliseconds(20);
constexpr uint32_t kVmsOfAThread = 4;

// What was counted between two commands. Thread-safe.
class Counts {
 public:
  enum class Kind { kPush, kRead };

  void Add(Kind kind, absl::Time due, const std::string& code, const std::string& message) {
    const double milliseconds = absl::ToDoubleMilliseconds(absl::Now() - due);
    const absl::MutexLock lock(&mutex_);
    ++calls_;
    (kind == Kind::kPush ? push_times_ : read_times_).push_back(milliseconds);
    if (code.empty()) return;
    if (errors_.empty()) first_error_ = code + ": " + message;
    ++errors_[code];
  }

  nlohmann::json TakeAll() {
    const absl::MutexLock lock(&mutex_);
    nlohmann::json json = {{"calls", calls_},
                           {"errors", errors_},
                           {"first_error", first_error_},
                           {"push_p99_ms", P99(push_times_)},
                           {"read_p99_ms", P99(read_times_)}};
    calls_ = 0;
    errors_.clear();
    first_error_.clear();
    push_times_.clear();
    read_times_.clear();
    return json;
  }

 private:
  static double P99(std::vector<double>& times) {
    if (times.empty()) return 0;
    std::sort(times.begin(), times.end());
    return times[times.size() * 99 / 100];
  }

  absl::Mutex mutex_;
  int64_t calls_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, int64_t> errors_ ABSL_GUARDED_BY(mutex_);
  std::string first_error_ ABSL_GUARDED_BY(mutex_);
  std::vector<double> push_times_ ABSL_GUARDED_BY(mutex_);
  std::vector<double> read_times_ ABSL_GUARDED_BY(mutex_);
};

// Which request each acknowledged checkpoint is of. Thread-safe.
class Acknowledged {
 public:
  struct Push {
    std::string checkpoint;
    uint32_t guest;
    uint32_t number;
  };

  void Add(Push push) {
    const absl::MutexLock lock(&mutex_);
    pushes_.push_back(std::move(push));
  }
  // Any of them; none yet: an empty name.
  Push Pick(std::mt19937& random) const {
    const absl::MutexLock lock(&mutex_);
    return pushes_.empty() ? Push() : pushes_[random() % pushes_.size()];
  }
  std::vector<Push> All() const {
    const absl::MutexLock lock(&mutex_);
    return pushes_;
  }

 private:
  mutable absl::Mutex mutex_;
  std::vector<Push> pushes_ ABSL_GUARDED_BY(mutex_);
};

std::string CodeName(int code) {
  static const char* const kNames[] = {
      "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
      "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
      "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
      "DATA_LOSS", "UNAUTHENTICATED"};
  return code > 0 && code < 17 ? kNames[code] : "";
}

std::unique_ptr<v1::CheckpointService::Stub> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxAnswerBytes);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection of its own
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);             // an error is an error
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  return v1::CheckpointService::NewStub(
      grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
}

grpc::Status Get(v1::CheckpointService::Stub& stub, const std::string& name, v1::Checkpoint* checkpoint) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + kPatience));
  v1::GetCheckpointRequest request;
  request.set_name(name);
  return stub.GetCheckpoint(&context, request, checkpoint);
}

// Empty if it is what was pushed.
std::string Difference(const GuestRequests& requests, const Acknowledged::Push& push, const v1::Checkpoint& read) {
  const v1::Checkpoint wanted = requests.Make(push.guest, push.number).checkpoint();
  if (read.name() != push.checkpoint) return absl::StrCat("is ", read.name());
  if (read.vcpus_size() != wanted.vcpus_size() ||
      read.vcpus(0).SerializeAsString() != wanted.vcpus(0).SerializeAsString()) {
    return "has other vCPUs than were pushed";
  }
  return read.source().host() == wanted.source().host() ? "" : "is from another host";
}

class WellBehavedClient {
 public:
  explicit WellBehavedClient(std::string address) : address_(std::move(address)) {
    for (uint32_t i = 0; i < 2; ++i) threads_.emplace_back([this, i] { Push(i); });
    threads_.emplace_back([this] { Stream(2); });
    for (uint32_t i = 0; i < 2; ++i) threads_.emplace_back([this, i] { Read(i); });
  }
  ~WellBehavedClient() {
    ends_ = true;
    for (std::thread& thread : threads_) thread.join();
  }

  Counts& counts() { return counts_; }
  void SetPaused(bool paused) { paused_ = paused; }

  nlohmann::json Verify(const std::string& address) {
    const auto stub = Connect(address);
    int64_t gone = 0;
    std::string first_gone;
    const std::vector<Acknowledged::Push> all = acknowledged_.All();
    for (const Acknowledged::Push& push : all) {
      v1::Checkpoint read;
      const grpc::Status status = Get(*stub, push.checkpoint, &read);
      const std::string difference = status.ok() ? Difference(requests_, push, read) : status.error_message();
      if (difference.empty()) continue;
      if (gone++ == 0) first_gone = absl::StrCat(push.checkpoint, ": ", difference);
    }
    return {{"acknowledged", all.size()}, {"gone", gone}, {"first_gone", first_gone}};
  }

 private:
  using Kind = Counts::Kind;

  // When the next call is due, after a wait for it. A pace that a pause has interrupted begins anew.
  absl::Time WaitForDue(absl::Time due) const {
    bool was_paused = false;
    while (paused_ && !ends_) {
      absl::SleepFor(absl::Milliseconds(10));
      was_paused = true;
    }
    due = was_paused ? absl::Now() : due + kPace;
    absl::SleepFor(due - absl::Now());
    return due;
  }

  // Counts up the guest's checkpoints of a thread.
  v1::CreateCheckpointRequest Next(uint32_t thread, uint32_t turn, Acknowledged::Push& push) const {
    push.guest = thread * kVmsOfAThread + turn % kVmsOfAThread;
    push.number = turn / kVmsOfAThread;
    v1::CreateCheckpointRequest request = requests_.Make(push.guest, push.number);
    request.set_parent(absl::StrFormat("vms/good-%05u", push.guest));
    request.set_request_id(absl::StrCat("good-", getpid(), "-", push.guest, "-", push.number));
    return request;
  }

  void Push(uint32_t thread) {
    const auto stub = Connect(address_);
    absl::Time due = absl::Now();
    for (uint32_t turn = 0; !ends_; ++turn) {
      due = WaitForDue(due);
      Acknowledged::Push push;
      const v1::CreateCheckpointRequest request = Next(thread, turn, push);
      grpc::ClientContext context;
      context.set_deadline(absl::ToChronoTime(absl::Now() + kPatience));
      v1::Checkpoint stored;
      const grpc::Status status = stub->CreateCheckpoint(&context, request, &stored);
      if (status.ok()) acknowledged_.Add({stored.name(), push.guest, push.number});
      counts_.Add(Kind::kPush, due, CodeName(status.error_code()), status.error_message());
    }
  }

  // A stream that breaks is an error, and begins anew.
  void Stream(uint32_t thread) {
    uint32_t turn = 0;
    while (!ends_) {
      absl::Mutex mutex;
      std::map<int64_t, std::pair<Acknowledged::Push, absl::Time>> on_the_way;
      CheckpointStream stream(Connect(address_), [&](int64_t item, const absl::StatusOr<v1::Checkpoint>& stored) {
        std::pair<Acknowledged::Push, absl::Time> pushed;
        {
          const absl::MutexLock lock(&mutex);
          const auto found = on_the_way.find(item);
          pushed = found->second;
          on_the_way.erase(found);
        }
        if (stored.ok()) acknowledged_.Add({stored->name(), pushed.first.guest, pushed.first.number});
        counts_.Add(Kind::kPush, pushed.second, CodeName(static_cast<int>(stored.status().code())),
                    std::string(stored.status().message()));
      });
      absl::Time due = absl::Now();
      absl::Status status;
      for (int64_t item = 0; !ends_ && status.ok(); ++item) {
        due = WaitForDue(due);
        Acknowledged::Push push;
        v1::CreateCheckpointRequest request = Next(thread, turn++, push);
        {
          const absl::MutexLock lock(&mutex);
          on_the_way[item] = {push, due};
        }
        status = stream.Push(std::move(request)).status();
      }
      if (const absl::Status finished = stream.Finish(); !finished.ok() && status.ok()) status = finished;
      if (status.ok()) continue;
      counts_.Add(Kind::kPush, due, CodeName(static_cast<int>(status.code())), std::string(status.message()));
      absl::SleepFor(absl::Milliseconds(100));
    }
  }

  void Read(uint32_t thread) {
    const auto stub = Connect(address_);
    std::mt19937 random(thread);
    absl::Time due = absl::Now();
    while (!ends_) {
      due = WaitForDue(due);
      const Acknowledged::Push push = acknowledged_.Pick(random);
      if (push.checkpoint.empty()) continue;
      v1::Checkpoint read;
      const grpc::Status status = Get(*stub, push.checkpoint, &read);
      std::string code = CodeName(status.error_code());
      std::string message = push.checkpoint + ": " + status.error_message();
      if (status.ok()) {
        message = Difference(requests_, push, read);
        if (!message.empty()) code = "WRONG";
      }
      counts_.Add(Kind::kRead, due, code, message);
    }
  }

  const std::string address_;
  const GuestRequests requests_;
  Counts counts_;
  Acknowledged acknowledged_;
  std::atomic<bool> paused_{false};
  std::atomic<bool> ends_{false};
  std::vector<std::thread> threads_;
};

}  // namespace
}  // namespace armstate

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: well_behaved_client ADDRESS\n";
    return 2;
  }
  armstate::WellBehavedClient client(argv[1]);
  for (std::string line; std::getline(std::cin, line);) {
    nlohmann::json answer = nlohmann::json::object();
    const absl::string_view command = line;
    if (command == "begin") {
      client.counts().TakeAll();
    } else if (command == "end") {
      answer = client.counts().TakeAll();
    } else if (command == "pause" || command == "resume") {
      client.SetPaused(command == "pause");
    } else if (absl::StartsWith(command, "verify ")) {
      answer = client.Verify(line.substr(7));
    } else {
      answer = {{"wrong_command", line}};
    }
    std::cout << answer.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << std::endl;
  }
  return 0;
}
