#include "server/metrics/metrics_endpoint.h"

#include <exception>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/version.h"
#include "prometheus/gauge.h"

namespace armstate {
namespace {

// Each connection has a thread while it sends its request and takes the answer. A scrape is short; clients that are
// slow must have many connections to keep all threads busy, and have each of them for half a second only.
const std::vector<std::string>& Options() {
  static const auto* const options =
      new std::vector<std::string>{"num_threads",       "64",  "connection_queue",  "256", "request_timeout_ms", "500",
                                   "linger_timeout_ms", "500", "enable_keep_alive", "no"};
  return *options;
}

}  // namespace

absl::StatusOr<std::unique_ptr<MetricsEndpoint>> MetricsEndpoint::Start(const HostPort& address) {
  std::vector<std::string> options = Options();
  options.insert(options.end(), {"listening_ports", address.ToString()});
  try {  // civetweb reports by exceptions
    return std::unique_ptr<MetricsEndpoint>(
        new MetricsEndpoint(std::make_unique<prometheus::Exposer>(std::move(options))));
  } catch (const std::exception& error) {
    return absl::UnavailableError(
        absl::StrCat("cannot serve metrics on ", address.ToString(), ": ", error.what(), ": is the port in use?"));
  }
}

MetricsEndpoint::MetricsEndpoint(std::unique_ptr<prometheus::Exposer> exposer)
    : registry_(std::make_shared<prometheus::Registry>()), exposer_(std::move(exposer)) {
  prometheus::BuildGauge()
      .Name("armstate_build_info")
      .Help("1, with the version of armstated.")
      .Register(*registry_)
      .Add({{"version", kVersion}})
      .Set(1);
  exposer_->RegisterCollectable(registry_);
}

void MetricsEndpoint::Add(std::shared_ptr<prometheus::Collectable> metrics) {
  exposer_->RegisterCollectable(metrics);
  added_.push_back(std::move(metrics));
}

int MetricsEndpoint::port() const { return exposer_->GetListeningPorts().front(); }

}  // namespace armstate
