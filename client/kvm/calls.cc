#include "client/kvm/calls.h"

#include <cstring>

#include "absl/strings/str_cat.h"

namespace armstate {

std::string ErrnoName(KvmErrno error) {
  const char* const name = strerrorname_np(error);
  return name != nullptr ? name : absl::StrCat(error);
}

absl::Status KvmStatus(absl::string_view call, KvmErrno error) {
  if (error == 0) return absl::OkStatus();
  absl::StatusCode code = absl::ErrnoToStatusCode(error);
  // Not UNKNOWN, which stands for an answer of the kernel that is not known (core/port_errors.h).
  if (code == absl::StatusCode::kUnknown) code = absl::StatusCode::kInternal;
  return absl::Status(code, absl::StrCat(call, ": ", ErrnoName(error), " (", std::strerror(error), ")"));
}

}  // namespace armstate
