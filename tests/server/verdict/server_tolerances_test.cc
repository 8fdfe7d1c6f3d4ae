// Tests which tolerances a verdict uses: the built-in ones, the operator's file, the request's.
#include "server/verdict/server_tolerances.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "core/catalog.h"
#include "core/error.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

// Returns why the rule of this name is harmless between KVM hosts; empty if no finding of a few registers has it.
std::string ReasonOf(const absl::StatusOr<TolerancesByScheme>& tolerances, const std::string& name) {
  if (!tolerances.ok()) return std::string(tolerances.status().message());
  RegisterListBuilder builder;
  for (const char* reg : {"MIDR_EL1", "TCR2_EL1", "AIDR_EL1"}) builder.Add(*ParseRegisterName(reg, IdScheme::kKvm), 0);
  const RegisterList list = *std::move(builder).Build();
  RestoreReport report;
  for (size_t i = 0; i < list.size(); ++i) {
    const std::string value(list.value(i));
    report.findings.push_back({list.id(i), RegisterOutcome::kUnknown, value, "", "", ""});
  }
  tolerances->Between(IdScheme::kKvm, IdScheme::kKvm)->Apply(list, list, list.values(), report);
  for (const RegisterFinding& finding : report.findings) {
    if (finding.tolerance == name) return finding.reason;
  }
  return "";
}

class ServerTolerancesTest : public testing::Test {
 protected:
  absl::StatusOr<ServerTolerances> LoadText(const std::string& text) {
    const std::string path = folder_.path() + "/own.textproto";
    std::ofstream(path) << text;
    return ServerTolerances::Load(path);
  }
  static std::string Metadata(const absl::Status& status, const std::string& key) {
    const absl::optional<ErrorInfo> info = GetErrorInfo(status);
    if (!info || info->reason != ErrorReason::kToleranceMalformed) return "another error: " + status.ToString();
    const auto found = info->metadata.find(key);
    return found == info->metadata.end() ? "" : found->second;
  }

  TempDir folder_;
};

TEST_F(ServerTolerancesTest, AFolderIsNotReadAsNoTolerances) {
  EXPECT_EQ(ServerTolerances::Load(folder_.path()).status().code(), absl::StatusCode::kInvalidArgument);
}

constexpr char kRule[] = R"(tolerances { name: "any-midr" reason: "not read" registers: "MIDR_EL1" })";

TEST_F(ServerTolerancesTest, TheOperatorsAndTheRequestsStandBesideTheBuiltInOnes) {
  const absl::StatusOr<ServerTolerances> server = LoadText(kRule);
  ASSERT_TRUE(server.ok()) << server.status();
  google::protobuf::RepeatedPtrField<v1::Tolerance> request;
  EXPECT_EQ(ReasonOf(server->With(request, ToleranceUse::kServerToo), "any-midr"), "not read");
  EXPECT_NE(ReasonOf(server->With(request, ToleranceUse::kServerToo), "hidden-tcr2"), "");
  EXPECT_EQ(ReasonOf(server->With(request, ToleranceUse::kRequestOnly), "any-midr"), "");
  v1::Tolerance* own = request.Add();
  own->set_name("mine");
  own->set_reason("my guests");
  own->add_registers("AIDR_EL1");
  EXPECT_EQ(ReasonOf(server->With(request, ToleranceUse::kServerToo), "mine"), "my guests");
  EXPECT_EQ(ReasonOf(server->With(request, ToleranceUse::kServerToo), "any-midr"), "not read");
  EXPECT_EQ(ReasonOf(server->With(request, ToleranceUse::kRequestOnly), "mine"), "my guests");
  EXPECT_EQ(ReasonOf(server->With(request, ToleranceUse::kRequestOnly), "any-midr"), "");
  // Two rules with the same name: a report could not say which one it means.
  own->set_name("any-midr");
  EXPECT_EQ(Metadata(server->With(request, ToleranceUse::kServerToo).status(), "tolerance"), "any-midr");
  EXPECT_TRUE(server->With(request, ToleranceUse::kRequestOnly).ok());
}

TEST_F(ServerTolerancesTest, AFileThatIsWrongIsNotLoaded) {
  EXPECT_EQ(ServerTolerances::Load(folder_.path() + "/none").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Metadata(LoadText("\ntolerances { name: 5 }").status(), "line"), "2");
  EXPECT_EQ(Metadata(LoadText(R"(tolerances { name: "x" reason: "y" registers: "MIDR_EL9" })").status(), "register"),
            "MIDR_EL9");
  EXPECT_EQ(Metadata(LoadText(R"(tolerances { name: "hidden-tcr2" reason: "y" registers: "MIDR_EL1" })").status(),
                     "tolerance"),
            "hidden-tcr2")
      << "the name of a built-in one";
  EXPECT_TRUE(LoadText("").ok());
}

}  // namespace
}  // namespace armstate
