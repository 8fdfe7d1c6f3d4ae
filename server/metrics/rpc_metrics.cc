#include "server/metrics/rpc_metrics.h"

#include <array>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "prometheus/counter.h"
#include "prometheus/histogram.h"
#include "server/rpc/answer_verdict.h"
#include "server/rpc/served_rpcs.h"

namespace armstate {
namespace {

using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::InterceptorBatchMethods;
using grpc::experimental::ServerRpcInfo;

constexpr size_t kCodes = 17;  // grpc::StatusCode, from OK to UNAUTHENTICATED

// The names of grpc::StatusCode, which Prometheus' dashboards for gRPC expect.
constexpr const char* kCodeNames[kCodes] = {
    "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
    "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
    "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
    "DataLoss", "Unauthenticated"};

const char* TypeOf(const google::protobuf::MethodDescriptor& method) {
  if (method.client_streaming()) return method.server_streaming() ? "bidi_stream" : "client_stream";
  return method.server_streaming() ? "server_stream" : "unary";
}

// From 0.1 ms, a read from memory, to 26 s, by factors of four.
prometheus::Histogram::BucketBoundaries Seconds() {
  prometheus::Histogram::BucketBoundaries boundaries;
  for (double seconds = 0.0001; seconds < 30; seconds *= 4) boundaries.push_back(seconds);
  return boundaries;
}

}  // namespace

struct RpcMetrics::Rpc {
  prometheus::Counter* started = nullptr;
  std::array<prometheus::Counter*, kCodes> handled = {};
  prometheus::Histogram* seconds = nullptr;  // null for streams
  // By VerdictOfAnswer.
  std::map<std::string, prometheus::Counter*> verdicts = {};
};

// Deleted by gRPC when the call has ended.
class RpcMetrics::Call final : public grpc::experimental::Interceptor {
 public:
  explicit Call(const Rpc& rpc) : rpc_(rpc) { rpc_.started->Increment(); }
  ~Call() override {
    rpc_.handled[code_]->Increment();
    if (rpc_.seconds != nullptr) rpc_.seconds->Observe(absl::ToDoubleSeconds(absl::Now() - begin_));
  }

  void Intercept(InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      const auto code = static_cast<size_t>(methods->GetSendStatus().error_code());
      code_ = code < kCodes ? code : static_cast<size_t>(grpc::StatusCode::UNKNOWN);
    }
    if (!rpc_.verdicts.empty() && methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_MESSAGE)) {
      CountVerdict(methods->GetSendMessage());
    }
    methods->Proceed();
  }

 private:
  // Message is the first base of protobuf's generated classes.
  void CountVerdict(const void* answer) {
    if (answer == nullptr) return;
    const auto counter = rpc_.verdicts.find(VerdictOfAnswer(*static_cast<const google::protobuf::Message*>(answer)));
    if (counter != rpc_.verdicts.end()) counter->second->Increment();
  }

  const Rpc& rpc_;
  const absl::Time begin_ = absl::Now();
  size_t code_ = static_cast<size_t>(grpc::StatusCode::CANCELLED);  // if it ends without a status
};

RpcMetrics::RpcMetrics(prometheus::Registry& registry) {
  auto& started = prometheus::BuildCounter()
                      .Name("grpc_server_started_total")
                      .Help("Calls that a handler has begun.")
                      .Register(registry);
  auto& handled = prometheus::BuildCounter()
                      .Name("grpc_server_handled_total")
                      .Help("Calls that have ended, by their status.")
                      .Register(registry);
  auto& seconds = prometheus::BuildHistogram()
                      .Name("grpc_server_handling_seconds")
                      .Help("The duration of unary calls.")
                      .Register(registry);
  auto& verdicts = prometheus::BuildCounter()
                       .Name("armstate_verdicts_total")
                       .Help("Verdicts on restores and conversions, by what they say.")
                       .Register(registry);
  for (const auto& [path, method] : ServedRpcs()) {
    std::map<std::string, std::string> labels = {{"grpc_service", method->service()->full_name()},
                                                 {"grpc_method", method->name()},
                                                 {"grpc_type", TypeOf(*method)}};
    auto rpc = std::make_unique<Rpc>();
    rpc->started = &started.Add(labels);
    if (!method->server_streaming()) rpc->seconds = &seconds.Add(labels, Seconds());
    if (GivesVerdict(*method->output_type())) {
      for (const char* verdict : {"ACCEPTED", "ACCEPTED_WITH_CHANGES", "UNDETERMINED", "REFUSED"}) {
        rpc->verdicts[verdict] = &verdicts.Add({{"rpc", method->name()}, {"verdict", verdict}});
      }
    }
    for (size_t code = 0; code < kCodes; ++code) {
      labels["grpc_code"] = kCodeNames[code];
      rpc->handled[code] = &handled.Add(labels);
    }
    rpcs_.emplace(path, std::move(rpc));
  }
}

RpcMetrics::~RpcMetrics() = default;

grpc::experimental::Interceptor* RpcMetrics::CreateServerInterceptor(ServerRpcInfo* info) {
  const auto rpc = rpcs_.find(info->method());
  return rpc == rpcs_.end() ? nullptr : new Call(*rpc->second);
}

}  // namespace armstate
