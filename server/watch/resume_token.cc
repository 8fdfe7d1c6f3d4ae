#include "server/watch/resume_token.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "server/rpc/page_token.h"

namespace armstate {
namespace {

std::string TokenList(uint64_t log_id) { return absl::StrCat("watch/", absl::Hex(log_id, absl::kZeroPad16)); }

}  // namespace

std::string EncodeResumeToken(uint64_t log_id, uint64_t sequence) {
  return EncodePageToken(TokenList(log_id), absl::StrCat(sequence));
}

absl::StatusOr<uint64_t> DecodeResumeToken(uint64_t log_id, absl::string_view token) {
  const absl::StatusOr<std::string> text = DecodePageToken(TokenList(log_id), token);
  uint64_t sequence = 0;
  if (text.ok() && absl::SimpleAtoi(*text, &sequence)) return sequence;
  return MakeError(
      absl::StatusCode::kInvalidArgument, ErrorReason::kPageTokenInvalid,
      "resume_token is not one of this server's data; read the stored checkpoints again, and watch without a token",
      {{"field", "resume_token"}});
}

}  // namespace armstate
