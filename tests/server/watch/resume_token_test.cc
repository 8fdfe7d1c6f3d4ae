// Tests resume tokens.
#include "server/watch/resume_token.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace armstate {
namespace {

ErrorReason ReasonOf(const absl::StatusOr<uint64_t>& decoded) {
  EXPECT_EQ(decoded.status().code(), absl::StatusCode::kInvalidArgument) << decoded.status();
  EXPECT_EQ(GetErrorInfo(decoded.status())->metadata["field"], "resume_token");
  EXPECT_EQ(decoded.status().message().find("page_token"), absl::string_view::npos) << decoded.status();
  return GetErrorInfo(decoded.status())->reason;
}

TEST(ResumeTokenTest, NumberOfTheSameLog) {
  EXPECT_EQ(DecodeResumeToken(7, EncodeResumeToken(7, 0)).value(), 0u);
  EXPECT_EQ(DecodeResumeToken(~uint64_t{0}, EncodeResumeToken(~uint64_t{0}, 12345)).value(), 12345u);
}

// The log has another ID, because the server's data were restored from a backup.
TEST(ResumeTokenTest, AnotherLog) {
  EXPECT_EQ(ReasonOf(DecodeResumeToken(8, EncodeResumeToken(7, 5))), ErrorReason::kPageTokenInvalid);
  EXPECT_EQ(ReasonOf(DecodeResumeToken(7, EncodeResumeToken(0x77, 5))), ErrorReason::kPageTokenInvalid);
}

TEST(ResumeTokenTest, NoToken) {
  for (const char* const token : {"", "?", "MXx3YXRjaHw1"}) {  // the last one is "1|watch|5"
    EXPECT_EQ(ReasonOf(DecodeResumeToken(7, token)), ErrorReason::kPageTokenInvalid) << token;
  }
}

}  // namespace
}  // namespace armstate
