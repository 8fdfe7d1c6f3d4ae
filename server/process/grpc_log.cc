#include "server/process/grpc_log.h"

#include <string>

#include "absl/base/const_init.h"
#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "grpc/support/log.h"
#include "spdlog/spdlog.h"

namespace armstate {
namespace {

constexpr absl::Duration kInterval = absl::Seconds(1);

ABSL_CONST_INIT absl::Mutex log_mutex(absl::kConstInit);
absl::Time next_line ABSL_GUARDED_BY(log_mutex) = absl::InfinitePast();
int left_out ABSL_GUARDED_BY(log_mutex) = 0;

void Take(gpr_log_func_args* line) {
  std::string suffix;
  {
    const absl::MutexLock lock(&log_mutex);
    const absl::Time now = absl::Now();
    if (now < next_line) {
      ++left_out;
      return;
    }
    if (left_out > 0) suffix = absl::StrCat(" (", left_out, " more were left out before)");
    left_out = 0;
    next_line = now + kInterval;
  }
  spdlog::warn("gRPC: {}{}", line->message, suffix);
}

}  // namespace

void LogGrpc() {
  gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
  gpr_set_log_function(&Take);
}

}  // namespace armstate
