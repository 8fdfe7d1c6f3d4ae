// ConvertCheckpoint and the client library's rewriting of streams: recorded running guests of QEMU 7.2, 10.0 and 11.1,
// each carried to the other releases. What a release lists, and the values of its constants, its own recorded stream of
// the same guest tells.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/qemu/restore.h"
#include "client/state_conversion.h"
#include "core/catalog.h"
#include "core/register_kind.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/qemu/stream/cpu_sections.h"
#include "tests/end_to_end/saved_guest.h"
#include "tests/server/server_fixture.h"

namespace armstate {
namespace {

using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Names = std::vector<std::string>;

// The registers in which `max` of one release promises more than that of another: read from the recorded streams, in
// which a field of theirs is lower, or another algorithm of pointer authentication (ID_AA64ISAR1_EL1.APA, of which
// FEAT_PAuth2 changes the signatures). ID_DFR0 counts by HPMN0 and CopDbg. The named models have the same features in
// all releases.
Names GoneFeatures(const SavedGuest& guest, const std::string& from, const std::string& to) {
  static const auto* gone = new std::map<std::pair<std::string, std::string>, Names>{
      {{"7.2", "10.0"}, {"ID_AA64ISAR1_EL1"}},
      {{"7.2", "11.1"}, {"ID_AA64ISAR1_EL1"}},
      {{"10.0", "7.2"},
       {"ID_DFR0", "ID_MMFR4", "ID_DFR1", "ID_MMFR5", "ID_DFR0_EL1", "ID_MMFR4_EL1", "ID_DFR1_EL1", "ID_MMFR5_EL1",
        "ID_AA64PFR1_EL1", "ID_AA64ZFR0_EL1", "ID_AA64DFR0_EL1", "ID_AA64ISAR1_EL1", "ID_AA64ISAR2_EL1",
        "ID_AA64MMFR0_EL1", "ID_AA64MMFR1_EL1", "ID_AA64MMFR2_EL1", "ID_AA64MMFR3_EL1"}},
      {{"10.0", "11.1"}, {}},
      {{"11.1", "7.2"},
       {"ID_DFR0",          "ID_MMFR4",         "ID_DFR1",          "ID_MMFR5",         "ID_DFR0_EL1",
        "ID_MMFR4_EL1",     "ID_DFR1_EL1",      "ID_MMFR5_EL1",     "ID_AA64PFR1_EL1",  "ID_AA64PFR2_EL1",
        "ID_AA64ZFR0_EL1",  "ID_AA64SMFR0_EL1", "ID_AA64FPFR0_EL1", "ID_AA64DFR0_EL1",  "ID_AA64ISAR1_EL1",
        "ID_AA64ISAR2_EL1", "ID_AA64ISAR3_EL1", "ID_AA64MMFR0_EL1", "ID_AA64MMFR1_EL1", "ID_AA64MMFR2_EL1",
        "ID_AA64MMFR3_EL1", "ID_AA64MMFR4_EL1"}},
      {{"11.1", "10.0"},
       {"ID_AA64PFR1_EL1", "ID_AA64PFR2_EL1", "ID_AA64ZFR0_EL1", "ID_AA64SMFR0_EL1", "ID_AA64FPFR0_EL1",
        "ID_AA64ISAR2_EL1", "ID_AA64ISAR3_EL1", "ID_AA64MMFR3_EL1", "ID_AA64MMFR4_EL1"}},
  };
  return guest.cpu == "max" ? gone->at({from, to}) : Names();
}

// Other registers that both releases list and in which the guest gets the target's value, since it is a constant there.
// DBGDEVID1 tells of the debug registers of `max`. HCR_EL2.RW of a CPU without AArch64 is set by 10.0 alone, and 7.2
// does not let it be set.
std::set<std::string> OtherConstants(const SavedGuest& guest, const std::string& from, const std::string& to) {
  if (guest.cpu == "max" && (from == "7.2" || to == "7.2")) return {"DBGDEVID_QEMU"};
  if (guest.Cpu() == "cortex-a15.el2" && from == "10.0" && to == "7.2") return {"HCR_EL2"};
  return {};
}

class ConvertTest : public ServerTest, public testing::WithParamInterface<SavedGuest> {
 protected:
  ConvertTest() : client_(Connection(ConnectionOptions{target()})) {}

  // Each ordered pair of releases that have saved this guest.
  template <typename Check>
  void ForEachPair(const Check& check) {
    for (const std::string& from : GetParam().Releases()) {
      for (const std::string& to : GetParam().Releases()) {
        if (from == to) continue;
        SCOPED_TRACE(absl::StrCat(from, " -> ", to));
        check(from, to);
      }
    }
  }

  RestoreClient client_;
};

// The findings that refuse.
std::vector<v1::RegisterReport> Refusals(const v1::RestoreReport& report) {
  std::vector<v1::RegisterReport> refusals;
  for (const v1::RegisterReport& finding : report.vcpus(0).registers()) {
    if (!finding.accept_as().empty()) refusals.push_back(finding);
  }
  return refusals;
}

std::map<std::string, std::string> FieldsOf(const VcpuState& vcpu, bool upper_halves) {
  std::map<std::string, std::string> fields;
  for (const OpaqueField& field : vcpu.opaque_fields) {
    if (absl::StartsWith(field.name, "cpreg_vmstate_values[") == upper_halves) fields[field.name] = field.data;
  }
  return fields;
}

TEST_P(ConvertTest, OnlyAFeatureThatIsGoneRefuses) {
  ForEachPair([&](const std::string& from, const std::string& to) {
    const std::string stream = GetParam().Stream(from);
    const RegisterList own = Captured(stream).vcpus[0].registers;
    const RegisterList targets = Captured(GetParam().Stream(to)).vcpus[0].registers;
    const Names gone = GoneFeatures(GetParam(), from, to);
    const auto converted = ConvertStream(stream, GetParam().Profile(to), {}, client_);
    ASSERT_TRUE(converted.ok()) << converted.status();
    const v1::RestoreReport& report = converted->answer.report();
    EXPECT_EQ(report.verdict(), gone.empty() ? v1::VERDICT_ACCEPTED_WITH_CHANGES : v1::VERDICT_REFUSED);
    EXPECT_EQ(converted->patches.empty(), !gone.empty());
    Names names;
    for (const v1::RegisterReport& finding : Refusals(report)) {
      names.push_back(finding.name());
      EXPECT_EQ(finding.accept_as(), "feature-gone") << finding.name();
      const RegisterId id = *RegisterId::Create(finding.register_id());
      EXPECT_EQ(finding.wanted(), *own.Find(id)) << finding.name();
      EXPECT_EQ(finding.got(), *targets.Find(id)) << finding.name();
    }
    EXPECT_THAT(names, ElementsAreArray(gone));
    // Another name lets nothing pass.
    if (gone.empty()) return;
    const auto other = ConvertStream(stream, GetParam().Profile(to), {"state-lost", "counter-frequency"}, client_);
    ASSERT_TRUE(other.ok()) << other.status();
    EXPECT_EQ(other->answer.report().verdict(), v1::VERDICT_REFUSED);
  });
}

TEST_P(ConvertTest, TheGuestsReleaseAndCpuAreRecognised) {
  for (const std::string& release : GetParam().Releases()) {
    const auto converted = ConvertStream(GetParam().Stream(release), GetParam().Profile(release), {}, client_);
    ASSERT_TRUE(converted.ok()) << converted.status();
    // Up to machine type 9.0 `max` has another counter, for which later releases have a profile of their own.
    const bool has_own = GetParam().cpu == "max" && GetParam().machine == "virt-7.2" && release != "7.2";
    EXPECT_EQ(converted->answer.source_profile(),
              has_own ? absl::StrCat("cpuProfiles/qemu-", release, ".virt-9.0.max") : GetParam().Profile(release));
    // It is what it is converted to: nothing changes.
    EXPECT_EQ(converted->answer.report().verdict(), v1::VERDICT_ACCEPTED);
    EXPECT_TRUE(ApplyPatches(GetParam().Stream(release), converted->patches) == GetParam().Stream(release));
  }
}

TEST_P(ConvertTest, TheStreamHasTheTargetsListAndTheGuestsState) {
  ForEachPair([&](const std::string& from, const std::string& to) {
    const std::string stream = GetParam().Stream(from);
    const auto converted = ConvertStream(stream, GetParam().Profile(to), {"feature-gone"}, client_);
    ASSERT_TRUE(converted.ok()) << converted.status();
    ASSERT_EQ(converted->answer.report().verdict(), v1::VERDICT_ACCEPTED_WITH_CHANGES);
    const std::string rewritten = ApplyPatches(stream, converted->patches);
    const QemuCapture before = Captured(stream), after = Captured(rewritten);
    const QemuCapture targets = Captured(GetParam().Stream(to));
    EXPECT_THAT(after.notes, IsEmpty());
    EXPECT_THAT(after.gaps, IsEmpty());
    EXPECT_EQ(after.machine_type, GetParam().machine);
    const RegisterList &guest = before.vcpus[0].registers, &held = after.vcpus[0].registers,
                       &own = targets.vcpus[0].registers;
    ASSERT_EQ(held.layout().raw_ids(), own.layout().raw_ids());
    std::set<std::string> set_aside;
    for (size_t i = 0; i < held.size(); ++i) {
      const RegisterId id = held.id(i);
      const absl::optional<absl::string_view> saved = guest.Find(id);
      if (saved && !IsIdRegister(id) && held.value(i) == *saved) continue;
      EXPECT_EQ(held.value(i), own.value(i)) << id.ToString();
      if (saved && !IsIdRegister(id)) set_aside.insert(RegisterName(id, IdScheme::kTcg));
    }
    EXPECT_EQ(set_aside, OtherConstants(GetParam(), from, to));
    EXPECT_EQ(FieldsOf(after.vcpus[0], true), FieldsOf(targets.vcpus[0], true));
    // Of the fields beside the list only subsections come or go, and these the target knows.
    for (const auto& [name, data] : FieldsOf(after.vcpus[0], false)) {
      EXPECT_EQ(FieldsOf(before.vcpus[0], false)[name], data) << name;
    }

    // All before and behind the sections is as it was, up to the description.
    const MigrationStream old = Outline(stream), now = Outline(rewritten);
    const size_t begin = old.vcpus[0].header.payload;
    EXPECT_TRUE(rewritten.substr(0, begin) == stream.substr(0, begin));
    const size_t end = begin + old.vcpus[0].cpu.size, new_end = begin + now.vcpus[0].cpu.size;
    EXPECT_TRUE(rewritten.substr(new_end, now.end_of_stream - new_end) == stream.substr(end, old.end_of_stream - end));
  });
}

INSTANTIATE_TEST_SUITE_P(Guests, ConvertTest, testing::ValuesIn(SavedGuests()),
                         [](const auto& info) { return NameOf(info.param); });

}  // namespace
}  // namespace armstate
