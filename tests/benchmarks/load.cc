#include "tests/benchmarks/load.h"

#include <grpcpp/create_channel.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <fstream>
#include <mutex>
#include <sstream>
#include <thread>
#include <utility>

#include "absl/synchronization/blocking_counter.h"
#include "absl/time/clock.h"
#include "client/checkpoint_stream.h"
#include "client/connection.h"

namespace armstate {
namespace {

absl::Duration OwnCpuTime() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return absl::DurationFromTimeval(usage.ru_utime) + absl::DurationFromTimeval(usage.ru_stime);
}

std::shared_ptr<grpc::Channel> NewConnection(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxAnswerBytes);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // else all share one connection
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

// One client: makes a call, and another one when it is answered.
template <typename Request>
class Caller {
 public:
  using Start =
      std::function<void(v1::CheckpointService::Stub& stub, grpc::ClientContext* context, const Request* request,
                         v1::Checkpoint* response, std::function<void(grpc::Status)> done)>;

  Caller(const std::string& address, LoadMeter& meter, std::function<Request()> next, Start start,
         absl::BlockingCounter& ended)
      : stub_(v1::CheckpointService::NewStub(NewConnection(address))),
        meter_(meter),
        next_(std::move(next)),
        start_(std::move(start)),
        ended_(ended) {}

  void Call() {
    context_ = std::make_unique<grpc::ClientContext>();
    request_ = next_();
    begin_ = absl::Now();
    start_(*stub_, context_.get(), &request_, &response_, [this](const grpc::Status& status) {
      if (meter_.End(begin_, status.ok() ? "" : "error: " + status.error_message())) return Call();
      ended_.DecrementCount();
    });
  }

 private:
  std::unique_ptr<v1::CheckpointService::Stub> stub_;
  LoadMeter& meter_;
  std::function<Request()> next_;
  Start start_;
  absl::BlockingCounter& ended_;
  std::unique_ptr<grpc::ClientContext> context_;
  Request request_;
  v1::Checkpoint response_;
  absl::Time begin_;
};

template <typename Request>
LoadResult Load(const LoadOptions& options, const std::function<Request(int)>& next,
                const typename Caller<Request>::Start& start) {
  LoadMeter meter(options);
  absl::BlockingCounter ended(options.clients);
  std::vector<std::unique_ptr<Caller<Request>>> callers;
  for (int i = 0; i < options.clients; ++i) {
    callers.push_back(std::make_unique<Caller<Request>>(
        options.address, meter, [&next, i] { return next(i); }, start, ended));
  }
  for (const auto& caller : callers) caller->Call();
  meter.Wait();
  ended.Wait();
  return meter.Result();
}

}  // namespace

absl::Duration CpuTimeOf(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  // After the program's name, which may hold anything: state, then 10 fields, then the user's and the system's ticks.
  std::istringstream fields(text.substr(std::min(text.size(), text.rfind(')') + 1)));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  int64_t user = 0, system = 0;
  fields >> user >> system;
  return absl::Seconds(user + system) / sysconf(_SC_CLK_TCK);
}

int64_t MemoryOf(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/statm");
  int64_t all = 0, resident = 0;
  file >> all >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

struct LoadMeter::State {
  absl::Time begin;
  absl::Time end;
  pid_t server = 0;
  absl::Duration server_cpu;
  absl::Duration client_cpu;

  std::mutex mutex;
  std::vector<uint32_t> microseconds;
  int64_t failed = 0;
  std::string first_error;
};

LoadMeter::LoadMeter(const LoadOptions& options) : state_(std::make_unique<State>()) {
  state_->begin = absl::Now() + options.warm_up;
  state_->end = state_->begin + options.duration;
  state_->server = options.server;
}

LoadMeter::~LoadMeter() = default;

bool LoadMeter::End(absl::Time begin, const std::string& error) {
  const absl::Time now = absl::Now();
  if (now < state_->begin) return true;
  if (now >= state_->end) return false;
  const std::lock_guard<std::mutex> lock(state_->mutex);
  if (!error.empty()) {
    if (state_->failed++ == 0) state_->first_error = error;
    return true;
  }
  state_->microseconds.push_back(static_cast<uint32_t>(absl::ToInt64Microseconds(now - begin)));
  return true;
}

void LoadMeter::Wait() {
  absl::SleepFor(state_->begin - absl::Now());
  state_->server_cpu = CpuTimeOf(state_->server);
  state_->client_cpu = OwnCpuTime();
  absl::SleepFor(state_->end - absl::Now());
  state_->server_cpu = CpuTimeOf(state_->server) - state_->server_cpu;
  state_->client_cpu = OwnCpuTime() - state_->client_cpu;
}

LoadResult LoadMeter::Result() {
  LoadResult result;
  result.failed = state_->failed;
  result.first_error = state_->first_error;
  std::vector<uint32_t>& times = state_->microseconds;
  if (times.empty()) return result;
  std::sort(times.begin(), times.end());
  const auto count = static_cast<int64_t>(times.size());
  result.per_second = static_cast<double>(count) / absl::ToDoubleSeconds(state_->end - state_->begin);
  result.p50 = absl::Microseconds(times[times.size() / 2]);
  result.p99 = absl::Microseconds(times[times.size() * 99 / 100]);
  result.server_cpu = state_->server_cpu / count;
  result.client_cpu = state_->client_cpu / count;
  return result;
}

LoadResult LoadCreate(const LoadOptions& options, const NextCreate& next) {
  return Load<v1::CreateCheckpointRequest>(
      options, next, [](v1::CheckpointService::Stub& stub, auto* context, auto* request, auto* response, auto done) {
        stub.async()->CreateCheckpoint(context, request, response, std::move(done));
      });
}

LoadResult LoadStream(const LoadOptions& options, const NextCreate& next) {
  LoadMeter meter(options);
  const auto push_all = [&](int client) {
    std::mutex mutex;
    std::deque<std::pair<int64_t, absl::Time>> begins;  // of the items on their way; about in order
    std::atomic<bool> go_on{true};
    CheckpointStream stream(v1::CheckpointService::NewStub(NewConnection(options.address)),
                            [&](int64_t item, const absl::StatusOr<v1::Checkpoint>& stored) {
                              absl::Time begin;
                              {
                                const std::lock_guard<std::mutex> lock(mutex);
                                auto found = begins.begin();
                                while (found->first != item) ++found;
                                begin = found->second;
                                begins.erase(found);
                              }
                              if (!meter.End(begin, stored.ok() ? "" : stored.status().ToString())) go_on = false;
                            });
    for (int64_t item = 0; go_on; ++item) {
      v1::CreateCheckpointRequest request = next(client);
      {
        const std::lock_guard<std::mutex> lock(mutex);
        begins.emplace_back(item, absl::Now());
      }
      if (!stream.Push(std::move(request)).ok()) break;
    }
    if (const absl::Status status = stream.Finish(); !status.ok()) meter.End(absl::Now(), status.ToString());
  };
  std::vector<std::thread> clients;
  for (int i = 0; i < options.clients; ++i) clients.emplace_back(push_all, i);
  meter.Wait();
  for (std::thread& client : clients) client.join();
  return meter.Result();
}

LoadResult LoadGet(const LoadOptions& options, const NextGet& next) {
  return Load<v1::GetCheckpointRequest>(
      options,
      [&next](int client) {
        v1::GetCheckpointRequest request;
        request.set_name(next(client));
        return request;
      },
      [](v1::CheckpointService::Stub& stub, auto* context, auto* request, auto* response, auto done) {
        stub.async()->GetCheckpoint(context, request, response, std::move(done));
      });
}

}  // namespace armstate
