// What QEMU 7.2, 10.0 and 11.1 did with each other's streams and their own, row by row: the verdict on the profile of
// the target is the same.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/qemu/qemu_capture.h"
#include "core/catalog.h"
#include "server/host_targets.h"
#include "server/judgement.h"
#include "server/qemu_profiles.h"
#include "tests/testing/zstd_file.h"

namespace armstate {
namespace {

constexpr char kFolder[] = "tests/data/qemu-versions/";

std::vector<nlohmann::json> Rows() {
  std::vector<nlohmann::json> rows;
  std::ifstream file(absl::StrCat(kFolder, "matrix.jsonl"));
  for (std::string line; std::getline(file, line);) rows.push_back(nlohmann::json::parse(line));
  return rows;
}

const ProfileRegistry& Profiles() {
  static const ProfileRegistry* registry = ProfileRegistry::BuiltIn()->release();
  return *registry;
}

// The stream of a row's source, as a push keeps it.
const JudgedCheckpoint& Saved(const nlohmann::json& source) {
  static auto* known = new std::map<std::string, JudgedCheckpoint>;
  const std::string option = source[3];
  const std::string name = absl::StrCat(std::string(source[0]), ".", std::string(source[1]), ".",
                                        std::string(source[2]), option.empty() ? "" : ".", option);
  const auto found = known->find(name);
  if (found != known->end()) return found->second;
  absl::StatusOr<QemuCapture> capture =
      CaptureQemuStream(ReadZstdFile(absl::StrCat(kFolder, "streams/", name, ".mig.zst")));
  EXPECT_TRUE(capture.ok()) << name << ": " << capture.status();
  JudgedCheckpoint checkpoint;
  checkpoint.scheme = IdScheme::kTcg;
  checkpoint.loaded.basic.mutable_source()->set_accelerator(v1::TCG);
  checkpoint.loaded.vcpus = std::move(capture->vcpus);
  return (*known)[name] = std::move(checkpoint);
}

absl::StatusOr<ChosenProfile> Target(const nlohmann::json& target) {
  QemuMachine machine{target[0], target[1], target[2], {}};
  if (target[3] == "el2") machine.machine_options = {"virtualization=on"};
  return ChooseProfile(Profiles(), machine);
}

std::string Text(const Judgement& judgement) {
  std::string text;
  for (const std::string& note : judgement.notes) absl::StrAppend(&text, "\n  ", note);
  for (const RegisterFinding& finding : judgement.reports[0].findings) {
    if (VerdictOf(finding) < Verdict::kUndetermined) continue;
    absl::StrAppend(&text, "\n  ", RegisterName(finding.id, IdScheme::kTcg), ": ", finding.reason);
  }
  return text;
}

TEST(QemuVersions, TheVerdictIsWhatTheReleaseDid) {
  const JudgedTolerances tolerances = *JudgedTolerances::Create({});
  const std::vector<nlohmann::json> rows = Rows();
  int accepted = 0;
  for (const nlohmann::json& row : rows) {
    const absl::StatusOr<ChosenProfile> target = Target(row["dst"]);
    ASSERT_TRUE(target.ok()) << row << target.status();
    const Judgement judgement = Judge(Saved(row["src"]), TargetOfProfile(target->entry), tolerances);
    EXPECT_NE(judgement.verdict, Verdict::kUndetermined) << row << Text(judgement);
    EXPECT_EQ(judgement.verdict != Verdict::kRefused, row["accepted"].get<bool>()) << row << Text(judgement);
    accepted += row["accepted"].get<bool>();
  }
  EXPECT_EQ(rows.size(), 138u);
  EXPECT_EQ(accepted, 40);
}

}  // namespace
}  // namespace armstate
