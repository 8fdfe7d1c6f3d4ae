// The engine refuses what real QEMU 7.2 refuses, bit by bit: each register of each recorded configuration was patched
// in a saved state and loaded into the real QEMU (tests/data/README.md); here the same values are restored onto an
// engine vCPU of the profile.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "core/capture.h"
#include "core/engine_vcpu.h"
#include "core/restore.h"
#include "server/profiles/registry.h"
#include "tests/client/qemu/corpus.h"
#include "tests/testing/zstd_file.h"

namespace armstate {
namespace {

struct Row {
  uint64_t id, value, mask;
  std::string register_class;  // "rw", "partial", "const"
  bool effective;              // false: accepted, but another ID that shares the storage wins
  std::set<uint64_t> changes;
};

uint64_t Hex(const nlohmann::json& text) { return std::stoull(text.get<std::string>(), nullptr, 16); }

// By configuration, e.g. "virt.cortex-a15.sec.smp1".
std::map<std::string, std::vector<Row>> ReadRows() {
  std::map<std::string, std::vector<Row>> rows;
  std::istringstream lines(ReadZstdFile("tests/data/qemu-7.2/masks.jsonl.zst"));
  for (std::string line; std::getline(lines, line);) {
    const nlohmann::json row = nlohmann::json::parse(line);
    std::set<uint64_t> changes;
    for (const nlohmann::json& id : row["changes"]) changes.insert(Hex(id));
    rows[row["cfg"]].push_back(
        {Hex(row["index"]), Hex(row["value"]), Hex(row["mask"]), row["class"], row["effective"], changes});
  }
  return rows;
}

class QemuMasksTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    static const ProfileRegistry* registry = ProfileRegistry::BuiltIn()->release();
    static const auto* rows = new std::map<std::string, std::vector<Row>>(ReadRows());
    const auto profile = registry->Find(CorpusProfile(GetParam()));
    ASSERT_TRUE(profile.ok()) << profile.status();
    profile_ = (*profile)->profile;
    rows_ = rows->at(GetParam());
  }

  // What a fresh vCPU says to the recorded state with one register changed.
  RestoreReport RestoreWith(uint64_t id, uint64_t value, RegisterList* after = nullptr) {
    RegisterListBuilder builder;
    for (const Row& row : rows_) builder.Add(*RegisterId::Create(row.id), row.id == id ? value : row.value);
    EngineVcpu vcpu(profile_);
    const RestoreReport report = RestoreRegisters(*std::move(builder).Build(), vcpu, OnRefusal::kKeepGoing);
    if (after != nullptr) *after = CaptureRegisters(vcpu).registers;
    return report;
  }

  std::shared_ptr<const CpuProfile> profile_;
  std::vector<Row> rows_;
};

TEST_P(QemuMasksTest, AcceptsAndRefusesAsQemu) {
  EXPECT_NE(RestoreWith(0, 0).verdict, Verdict::kRefused) << "the recorded state itself";
  for (const Row& row : rows_) {
    SCOPED_TRACE(RegisterId::Create(row.id)->ToString());
    const size_t bits = 8 * RegisterId::Create(row.id)->width();
    if (row.mask != 0) {
      const RestoreReport report = RestoreWith(row.id, row.value ^ row.mask);
      EXPECT_NE(report.verdict, Verdict::kRefused);
      bool overwritten = false;
      for (const RegisterFinding& finding : report.findings) {
        if (finding.id.raw() == row.id) overwritten = finding.outcome == RegisterOutcome::kOverwritten;
      }
      EXPECT_EQ(overwritten, !row.effective);
    }
    for (size_t bit = 0; bit < bits; ++bit) {
      const uint64_t flip = uint64_t{1} << bit;
      if ((row.mask & flip) != 0) continue;
      const RestoreReport report = RestoreWith(row.id, row.value ^ flip);
      EXPECT_EQ(report.verdict, Verdict::kRefused) << "bit " << bit;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllConfigurations, QemuMasksTest, testing::ValuesIn([] {
                           std::vector<std::string> names;
                           for (const auto& [name, rows] : ReadRows()) names.push_back(name);
                           return names;
                         }()),
                         [](const auto& info) {
                           std::string name = info.param;
                           for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
                           return name;
                         });

}  // namespace
}  // namespace armstate
