// libFuzzer: any text as a page token or a resume token, as it is and as what one holds.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "server/page_token.h"
#include "server/watch/resume_token.h"

namespace armstate {
namespace {

void Check(bool holds) {
  if (!holds) abort();
}

void CheckRefused(const absl::Status& status) {
  const absl::optional<ErrorInfo> info = GetErrorInfo(status);
  Check(absl::IsInvalidArgument(status) && info && info->reason == ErrorReason::kPageTokenInvalid);
}

void Decode(const std::string& token) {
  for (const char* const list : {"vms", "vms/web-1/checkpoints", "validate/vms/web-1/checkpoints/1"}) {
    const absl::StatusOr<std::string> after = DecodePageToken(list, token);
    if (!after.ok()) {
      CheckRefused(after.status());
    } else if (!after->empty()) {
      Check(DecodePageToken(list, EncodePageToken(list, *after)).value() == *after);
    }
    // Up to the last vCPU once, from wherever it begins.
    int next = -1;
    const absl::StatusOr<std::string> page = AddVcpuPage({list, 3, token}, 8, [&next](int vcpu) {
      Check(next == -1 || next == vcpu);
      next = vcpu + 1;
      return size_t{0};
    });
    if (!page.ok()) {
      CheckRefused(page.status());
    } else {
      Check(page->empty() == (next == 8));
    }
  }
  const absl::StatusOr<uint64_t> sequence = DecodeResumeToken(7, token);
  if (!sequence.ok()) return CheckRefused(sequence.status());
  Check(DecodeResumeToken(7, EncodeResumeToken(7, *sequence)).value() == *sequence);
}

}  // namespace
}  // namespace armstate

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  armstate::Decode(text);
  armstate::Decode(absl::WebSafeBase64Escape(text));
  armstate::Decode(armstate::EncodePageToken("vms", text));
  armstate::Decode(armstate::EncodePageToken("validate/vms/web-1/checkpoints/1", text));
  armstate::Decode(armstate::EncodePageToken("watch/0000000000000007", text));
  return 0;
}
