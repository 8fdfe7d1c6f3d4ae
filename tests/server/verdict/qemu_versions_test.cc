// The record of what QEMU 7.2, 10.0 and 11.1 did with each other's streams and their own, row by row: the verdict on
// the profile of the target is the same.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/qemu/capture.h"
#include "core/catalog.h"
#include "server/profiles/qemu_profiles.h"
#include "server/restores/host_targets.h"
#include "server/verdict/judgement.h"
#include "tests/testing/zstd_file.h"

namespace armstate {
namespace {

constexpr char kFolder[] = "tests/data/qemu-versions/";

std::vector<nlohmann::json> Rows(const std::string& matrix) {
  std::vector<nlohmann::json> rows;
  std::ifstream file(kFolder + matrix);
  for (std::string line; std::getline(file, line);) rows.push_back(nlohmann::json::parse(line));
  return rows;
}

const ProfileRegistry& Profiles() {
  static const ProfileRegistry* registry = ProfileRegistry::BuiltIn()->release();
  return *registry;
}

// The stream of a row's source, as a push keeps it.
const VerdictInput& Saved(const std::string& folder, const nlohmann::json& source) {
  static auto* known = new std::map<std::string, VerdictInput>;
  const std::string option = source[3];
  const std::string name = absl::StrCat(std::string(source[0]), ".", std::string(source[1]), ".",
                                        std::string(source[2]), option.empty() ? "" : ".", option);
  const auto found = known->find(name);
  if (found != known->end()) return found->second;
  absl::StatusOr<QemuCapture> capture =
      CaptureQemuStream(ReadZstdFile(absl::StrCat(kFolder, folder, name, ".mig.zst")));
  EXPECT_TRUE(capture.ok()) << name << ": " << capture.status();
  VerdictInput checkpoint;
  checkpoint.scheme = IdScheme::kTcg;
  checkpoint.loaded.basic.mutable_source()->set_accelerator(v1::ACCELERATOR_TCG);
  checkpoint.loaded.vcpus = std::move(capture->vcpus);
  return (*known)[name] = std::move(checkpoint);
}

absl::StatusOr<ChosenProfile> Target(const nlohmann::json& target) {
  QemuMachine machine{target[0], target[1], target[2], {}};
  for (const absl::string_view option : absl::StrSplit(std::string(target[3]), '.', absl::SkipEmpty())) {
    machine.machine_options.push_back(option == "el2"   ? "virtualization=on"
                                      : option == "el3" ? "secure=on"
                                                        : absl::StrCat(option, "=on"));
  }
  return ChooseProfile(Profiles(), machine);
}

std::string Text(const VmVerdict& judgement) {
  std::string text;
  for (const std::string& note : judgement.notes) absl::StrAppend(&text, "\n  ", note);
  for (const RegisterFinding& finding : judgement.reports[0].findings) {
    if (VerdictOf(finding) < Verdict::kUndetermined) continue;
    absl::StrAppend(&text, "\n  ", RegisterName(finding.id, IdScheme::kTcg), ": ", finding.reason);
  }
  return text;
}

// How many rows QEMU accepted.
int CheckRows(const std::vector<nlohmann::json>& rows, const std::string& folder) {
  const TolerancesByScheme tolerances = *TolerancesByScheme::Create({});
  int accepted = 0;
  for (const nlohmann::json& row : rows) {
    const absl::StatusOr<ChosenProfile> target = Target(row["dst"]);
    EXPECT_TRUE(target.ok()) << row << target.status();
    if (!target.ok()) continue;
    const VmVerdict judgement = *Judge(Saved(folder, row["src"]), TargetOfProfile(target->entry), tolerances);
    EXPECT_NE(judgement.verdict, Verdict::kUndetermined) << row << Text(judgement);
    EXPECT_EQ(judgement.verdict != Verdict::kRefused, row["accepted"].get<bool>()) << row << Text(judgement);
    accepted += row["accepted"].get<bool>();
  }
  return accepted;
}

TEST(QemuVersions, TheVerdictIsWhatTheReleaseDid) {
  const std::vector<nlohmann::json> rows = Rows("matrix.jsonl");
  EXPECT_EQ(rows.size(), 138u);
  EXPECT_EQ(CheckRows(rows, "streams/"), 40);
}

// VMs that have not run, of other models and machines.
TEST(QemuVersions, TheVerdictOnOtherMachines) {
  const std::vector<nlohmann::json> rows = Rows("more/matrix.jsonl");
  EXPECT_EQ(rows.size(), 67u);
  EXPECT_EQ(CheckRows(rows, "more/"), 35);
}

// The MPU of a CPU is part of its stream: QEMU has no place for the regions of one that the target's CPU lacks.
TEST(QemuVersions, TheVerdictOnCpusOfTheMProfile) {
  std::vector<nlohmann::json> rows = Rows("m-profile/matrix.jsonl");
  ASSERT_EQ(rows.size(), 36u);
  // QEMU loads the FPU's registers into CPUs without one, or with another FPSCR, and says nothing.
  int lost = 0;
  for (nlohmann::json& row : rows) {
    const std::string from = row["src"][2], to = row["dst"][2];
    if ((to != "cortex-m3" || (from != "cortex-m4" && from != "cortex-m7")) &&
        (to != "cortex-m33" || from != "cortex-m55")) {
      continue;
    }
    EXPECT_TRUE(row["accepted"]);
    row["accepted"] = false;
    ++lost;
  }
  EXPECT_EQ(lost, 3);
  EXPECT_EQ(CheckRows(rows, "m-profile/"), 18 - lost);
}

// Bits 63-32 of CTR, which only QEMU's stream has, are compared like all others.
TEST(QemuVersions, AnotherUpperHalfIsRefused) {
  VerdictInput checkpoint = Saved("more/", {"11.1", "virt-9.2", "neoverse-n2", ""});
  const ResolvedTarget target = TargetOfProfile(Target({"11.1", "virt-9.2", "neoverse-n2", ""})->entry);
  const TolerancesByScheme tolerances = *TolerancesByScheme::Create({});
  ASSERT_EQ(Judge(checkpoint, target, tolerances)->verdict, Verdict::kAccepted);
  int changed = 0;
  for (OpaqueField& field : checkpoint.loaded.vcpus[0].opaque_fields) {
    if (field.name != "cpreg_vmstate_values[0x40200000200f0001]") continue;
    field.data.back() ^= 1;
    ++changed;
  }
  ASSERT_EQ(changed, 1);
  const VmVerdict judgement = *Judge(checkpoint, target, tolerances);
  EXPECT_EQ(judgement.verdict, Verdict::kRefused);
  ASSERT_EQ(judgement.reports[0].findings.size(), 1u);
  EXPECT_EQ(
      judgement.reports[0].findings[0].reason,
      "bits 63-32, which only QEMU's stream has and QEMU compares, are 0x5 in the checkpoint and 0x4 on the target");
}

}  // namespace
}  // namespace armstate
