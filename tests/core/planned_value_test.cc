#include "core/planned_value.h"

#include <gtest/gtest.h>

#include <string>

namespace armstate {
namespace {

using Outcome = RegisterOutcome;

RegisterFinding Finding(Outcome outcome, const std::string& tolerance) {
  RegisterFinding finding{RegisterId::System(3, 0, 1, 0, 0), outcome, "wanted", "got", "", ""};
  finding.tolerance = tolerance;
  return finding;
}

TEST(PlannedValue, ByOutcomeToleranceAndTarget) {
  struct {
    Outcome outcome;
    const char* tolerance;
    // "": left out.
    std::string on_kvm;
    std::string on_tcg;
  } kCases[] = {
      {Outcome::kWritten, "", "wanted", "wanted"},
      {Outcome::kMoving, "", "wanted", "wanted"},
      {Outcome::kOverwritten, "", "wanted", "wanted"},
      {Outcome::kUnknown, "", "", ""},
      {Outcome::kUnknown, "t", "", ""},
      {Outcome::kNotInCheckpoint, "t", "", ""},
      {Outcome::kRequired, "t", "", ""},
      {Outcome::kWriteRefused, "", "wanted", "wanted"},
      {Outcome::kWriteRefused, "t", "", ""},
      {Outcome::kWriteUndetermined, "", "wanted", "wanted"},
      {Outcome::kWriteUndetermined, "t", "", ""},
      {Outcome::kIgnored, "", "wanted", "wanted"},
      {Outcome::kIgnored, "t", "wanted", "got"},
      {Outcome::kDiffers, "t", "wanted", "got"},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(std::to_string(static_cast<int>(c.outcome)) + " " + c.tolerance);
    const RegisterFinding finding = Finding(c.outcome, c.tolerance);
    EXPECT_EQ(PlannedValue(finding, IdScheme::kKvm).value_or(""), c.on_kvm);
    EXPECT_EQ(PlannedValue(finding, IdScheme::kTcg).value_or(""), c.on_tcg);
  }
}

}  // namespace
}  // namespace armstate
