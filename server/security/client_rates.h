// ClientRates keeps each client to its rate.
#ifndef ARMSTATE_SERVER_SECURITY_CLIENT_RATES_H_
#define ARMSTATE_SERVER_SECURITY_CLIENT_RATES_H_

#include <cstddef>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace armstate {

// Thread-safe.
class ClientRates {
 public:
  // Per second; 0: no limit.
  struct Rate {
    double calls = 0;
    double bytes = 0;
  };

  // Counts a call of so many bytes, and returns zero; or counts nothing and returns how long the client must wait. A
  // client may be ahead of its rate by what it may do in a second, and by one call.
  absl::Duration Take(const std::string& identity, const Rate& rate, size_t bytes, absl::Time now);

 private:
  // When what was taken would be done at the client's rate.
  struct Done {
    absl::Time calls = absl::InfinitePast();
    absl::Time bytes = absl::InfinitePast();
  };

  absl::Mutex mutex_;
  absl::flat_hash_map<std::string, Done> done_ ABSL_GUARDED_BY(mutex_);
  // With so many clients those are forgotten that have nothing to wait for.
  size_t most_ ABSL_GUARDED_BY(mutex_) = 1024;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_SECURITY_CLIENT_RATES_H_
