#include "server/security/client_rates.h"

#include <algorithm>
#include <utility>

namespace armstate {
namespace {

constexpr absl::Duration kAhead = absl::Seconds(1);

}  // namespace

absl::Duration ClientRates::Take(const std::string& identity, const Rate& rate, size_t bytes, absl::Time now) {
  const absl::MutexLock lock(&mutex_);
  if (done_.size() >= most_) {
    absl::erase_if(done_, [now](const auto& one) { return std::max(one.second.calls, one.second.bytes) <= now; });
    most_ = std::max(most_, 2 * done_.size());
  }
  Done& done = done_[identity];
  const absl::Time calls = std::max(done.calls, now), sent = std::max(done.bytes, now);
  const absl::Duration wait =
      std::max(rate.calls > 0 ? calls - now : absl::ZeroDuration(), rate.bytes > 0 ? sent - now : absl::ZeroDuration());
  if (wait > kAhead) return wait - kAhead;
  if (rate.calls > 0) done.calls = calls + absl::Seconds(1 / rate.calls);
  if (rate.bytes > 0) done.bytes = sent + absl::Seconds(static_cast<double>(bytes) / rate.bytes);
  return absl::ZeroDuration();
}

}  // namespace armstate
