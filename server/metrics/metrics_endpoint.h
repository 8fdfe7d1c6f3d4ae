// MetricsEndpoint serves metrics to Prometheus over HTTP.
#ifndef ARMSTATE_SERVER_METRICS_METRICS_ENDPOINT_H_
#define ARMSTATE_SERVER_METRICS_METRICS_ENDPOINT_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "prometheus/collectable.h"
#include "prometheus/exposer.h"
#include "prometheus/registry.h"
#include "proto/host_port.h"

namespace armstate {

// prometheus-cpp's server, which answers GET /metrics in Prometheus' text format.
class MetricsEndpoint {
 public:
  // Port 0 picks a free one. UNAVAILABLE if it is impossible to listen on the address.
  static absl::StatusOr<std::unique_ptr<MetricsEndpoint>> Start(const HostPort& address);

  // For metrics that count by themselves. Lives as long as the object.
  prometheus::Registry& registry() { return *registry_; }
  // Adds metrics that are collected by each scrape. They end with the object.
  void Add(std::shared_ptr<prometheus::Collectable> metrics);
  int port() const;

 private:
  explicit MetricsEndpoint(std::unique_ptr<prometheus::Exposer> exposer);

  std::shared_ptr<prometheus::Registry> registry_;
  std::vector<std::shared_ptr<prometheus::Collectable>> added_;
  std::unique_ptr<prometheus::Exposer> exposer_;  // destroyed first: nothing is scraped from then on
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_METRICS_METRICS_ENDPOINT_H_
