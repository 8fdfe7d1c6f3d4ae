// Tests which advice a server has: the operator's file before the built-in rules.
#include "server/verdict/server_advice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <string>

#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

using ::testing::HasSubstr;

class ServerAdviceTest : public testing::Test {
 protected:
  absl::Status LoadText(const std::string& text) {
    const std::string path = folder_.path() + "/own.textproto";
    std::ofstream(path) << text;
    return ServerAdvice::Load(path).status();
  }

  TempDir folder_;
};

TEST_F(ServerAdviceTest, AFileIsCheckedAsAWhole) {
  EXPECT_EQ(LoadText(R"(
    # Machines of ours.
    rules {
      name: "our-timer" kind: ADVICE_KIND_CONSEQUENCE severity: ADVICE_SEVERITY_INFO
      conditions { register_name: "CNTV_CTL_EL0" field: "ENABLE" comparison: COMPARISON_EQUAL value: 1 }
      sentence: "CNTV_CTL_EL0 is {CNTV_CTL_EL0}"
    })"),
            absl::OkStatus());
  EXPECT_EQ(LoadText(""), absl::OkStatus());
  struct {
    const char* text;
    const char* message;
  } kCases[] = {
      {"\nrules { name: 5 }", "line 2: "},
      {"rules { name: 'x' severity: ADVICE_SEVERITY_INFO sentence: 'y' }", "line 1: advice \"x\": it has no kind"},
      {"rules { name: 'x' kind: ADVICE_KIND_CONSEQUENCE sentence: 'y' }", "line 1: advice \"x\": it has no severity"},
      {"\n\nrules { name: 'x' kind: ADVICE_KIND_CONSEQUENCE severity: ADVICE_SEVERITY_INFO sentence: '{SCTLR_EL1.Y}' }",
       "line 3: advice \"x\": field Y: SCTLR_EL1 lacks it"},
      {"rules { name: 'x' kind: ADVICE_KIND_CONSEQUENCE severity: ADVICE_SEVERITY_INFO sentence: 'y' "
       "conditions { register_name: 'TCR_EL1' } }",
       "line 1: advice \"x\": a condition has no comparison"},
      {"\nrules { name: 'x' kind: ADVICE_KIND_CONSEQUENCE severity: ADVICE_SEVERITY_INFO sentence: '\xff' }",
       "line 2: it has text that is not UTF-8"},
      {"rules { name: 'ptrauth' kind: ADVICE_KIND_CONSEQUENCE severity: ADVICE_SEVERITY_INFO sentence: 'y' }",
       "own.textproto: line 1: advice \"ptrauth\": a built-in rule has this name"},
      {"rules { name: 'x' kind: ADVICE_KIND_CONSEQUENCE severity: ADVICE_SEVERITY_INFO sentence: 'y' }\n"
       "rules { name: 'x' kind: ADVICE_KIND_CONSEQUENCE severity: ADVICE_SEVERITY_INFO sentence: 'y' }",
       "own.textproto: line 2: advice \"x\": line 1 has one of this name"},
  };
  for (const auto& c : kCases) {
    const absl::Status status = LoadText(c.text);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.message;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.message));
  }
}

TEST_F(ServerAdviceTest, AFileCanHave512Rules) {
  std::string text;
  for (int i = 0; i < 512; ++i) {
    text += "rules { name: 'x" + std::to_string(i) +
            "' kind: ADVICE_KIND_CONSEQUENCE severity: ADVICE_SEVERITY_INFO sentence: 'y' }\n";
  }
  EXPECT_EQ(LoadText(text), absl::OkStatus());
  const absl::Status status =
      LoadText(text + "rules { name: 'z' kind: ADVICE_KIND_CONSEQUENCE severity: ADVICE_SEVERITY_INFO sentence: 'y' }");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("own.textproto: line 513: there are more than 512 rules"));
}

TEST_F(ServerAdviceTest, AFileThatCannotBeRead) {
  EXPECT_EQ(ServerAdvice::Load(folder_.path()).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ServerAdvice::Load("/dev/zero").status().code(), absl::StatusCode::kInvalidArgument);
  const std::string pipe = folder_.path() + "/pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(ServerAdvice::Load(pipe).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(LoadText(std::string((size_t{1} << 20) + 1, '#').c_str()).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ServerAdvice::Load(folder_.path() + "/none").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace armstate
