// libFuzzer: any text as a page token or a resume token, as it is and as what one holds, with the positions of the
// lists that have more to say than where they are.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "server/rpc/page_position.h"
#include "server/rpc/page_token.h"
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

constexpr absl::string_view kQuestion = "search/0123456789abcdef";

// What is read once is written as a token that reads the same.
template <typename Position>
void DecodePosition(const std::string& token) {
  const absl::StatusOr<Position> position = Position::FromToken(kQuestion, token);
  if (!position.ok()) return CheckRefused(position.status());
  const std::string written = position->ToToken(kQuestion);
  const absl::StatusOr<Position> again = Position::FromToken(kQuestion, written);
  Check(again.ok() && again->ToToken(kQuestion) == written);
}

void Decode(const std::string& token) {
  if (!token.empty()) {
    DecodePosition<HistoryPosition>(token);
    DecodePosition<ResultPosition>(token);
    DecodePosition<ScanPosition>(token);
  }
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
  armstate::Decode(armstate::EncodePageToken(armstate::kQuestion, text));
  armstate::Decode(armstate::EncodePageToken("vms", text));
  armstate::Decode(armstate::EncodePageToken("validate/vms/web-1/checkpoints/1", text));
  armstate::Decode(armstate::EncodePageToken("watch/0000000000000007", text));
  return 0;
}
