// Every register that a real list or a profile has is called by a name, not by its encoding.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "core/catalog.h"
#include "gtest/gtest.h"
#include "tests/testing/zstd_file.h"

namespace armstate {
namespace {

constexpr size_t kDigits = 16;  // of an ID

std::string ReadFile(const std::filesystem::path& path) {
  if (path.extension() == ".zst") return ReadZstdFile(path.string());
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// The contents of the folder's files with that ending, in no order.
template <typename Visitor>
int ForEachFile(const std::string& folder, absl::string_view ending, Visitor visit) {
  int count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(
           folder, std::filesystem::directory_options::follow_directory_symlink)) {
    if (!absl::EndsWith(entry.path().string(), ending)) continue;
    visit(ReadFile(entry.path()));
    ++count;
  }
  return count;
}

// Adds what follows `before` as 16 hexadecimal digits.
void AddIdsAfter(absl::string_view before, const std::string& text, std::set<uint64_t>& ids) {
  for (size_t at = text.find(before.data(), 0, before.size()); at != std::string::npos;
       at = text.find(before.data(), at + 1, before.size())) {
    uint64_t id = 0;
    const std::string digits = text.substr(at + before.size(), kDigits);
    if (digits.size() == kDigits && absl::SimpleHexAtoi(digits, &id)) ids.insert(id);
  }
}

// Adds what looks like the big-endian ID of a system or coprocessor register in a migration stream:
// 0x6030000000 13...., 0x40200000 200f....
void AddIdsOfStream(const std::string& stream, std::set<uint64_t>& ids) {
  for (size_t at = 0; at + 8 <= stream.size(); ++at) {
    if (stream[at] != 0x60 && stream[at] != 0x40) continue;
    uint64_t id = 0;
    for (size_t i = 0; i < 8; ++i) id = id << 8 | static_cast<uint8_t>(stream[at + i]);
    const uint64_t coprocessor = id & ~uint64_t{0x0010'0000'2001'ffff};
    if (id >> 16 == 0x6030'0000'0013 || coprocessor == 0x4020'0000'000e'0000) ids.insert(id);
  }
}

// Names like "S3_0_C15_C2_0", "p15,0,c1,c0,0" and "0x4020000000130000".
bool IsUnnamed(absl::string_view name) {
  const auto is_digit = [name](size_t at) { return at < name.size() && absl::ascii_isdigit(name[at]); };
  return absl::StartsWith(name, "0x") || (absl::StartsWith(name, "S") && is_digit(1) && name.substr(2, 1) == "_") ||
         (absl::StartsWith(name, "p") && is_digit(1));
}

void ExpectNames(const std::set<uint64_t>& ids, size_t at_least) {
  EXPECT_GE(ids.size(), at_least);
  for (const uint64_t raw : ids) {
    const absl::StatusOr<RegisterId> id = RegisterId::Create(raw);
    ASSERT_TRUE(id.ok()) << raw;
    for (const IdScheme scheme : {IdScheme::kKvm, IdScheme::kTcg}) {
      const std::string name = RegisterName(*id, scheme);
      EXPECT_FALSE(IsUnnamed(name)) << id->ToString() << " is " << name;
    }
  }
}

TEST(CatalogListsTest, UnnamedNamesAreTold) {
  for (const char* name : {"S3_0_C15_C2_0", "S2_1_C0_C0_3", "p15,0,c1,c0,0", "p6,0,c0", "0x4020000000130000"}) {
    EXPECT_TRUE(IsUnnamed(name)) << name;
  }
  for (const char* name : {"SP_EL0", "S2PIR_EL2", "PC", "PAR_EL1", "SCTLR_S"}) EXPECT_FALSE(IsUnnamed(name)) << name;
}

TEST(CatalogListsTest, GravitonUnderThreeKernels) {
  std::set<uint64_t> ids;
  const int files = ForEachFile("tests/data/firecracker", ".json.zst",
                                [&ids](const std::string& text) { AddIdsAfter("\"addr\": \"0x", text, ids); });
  EXPECT_EQ(files, 6);
  ExpectNames(ids, 312);
}

TEST(CatalogListsTest, KvmHosts) {
  std::set<uint64_t> ids;
  const int files = ForEachFile("tests/data/kvm/hosts", ".jsonl.zst",
                                [&ids](const std::string& text) { AddIdsAfter("[\"0x", text, ids); });
  EXPECT_EQ(files, 11);
  ExpectNames(ids, 390);
}

TEST(CatalogListsTest, QemusEmulation) {
  std::set<uint64_t> ids;
  const int files = ForEachFile("tests/data/qemu-7.2/lists", ".jsonl.zst",
                                [&ids](const std::string& text) { AddIdsAfter("[\"0x", text, ids); });
  EXPECT_GE(files, 30);
  ExpectNames(ids, 400);
}

TEST(CatalogListsTest, MigrationStreams) {
  std::set<uint64_t> ids;
  int files = 0;
  for (const char* folder : {"tests/data/qemu-versions", "tests/data/qemu-7.2/more", "tests/data/qemu-kvm"}) {
    files += ForEachFile(folder, ".mig.zst", [&ids](const std::string& stream) { AddIdsOfStream(stream, ids); });
  }
  EXPECT_GE(files, 60);
  ExpectNames(ids, 600);
}

TEST(CatalogListsTest, Profiles) {
  std::set<uint64_t> ids;
  const int files =
      ForEachFile("profiles", ".textproto", [&ids](const std::string& text) { AddIdsAfter("{ id: 0x", text, ids); });
  EXPECT_GE(files, 100);
  ExpectNames(ids, 600);
}

TEST(CatalogListsTest, RecordedIds) {
  std::set<uint64_t> ids;
  AddIdsAfter("m 0x", ReadFile("tests/data/recorded_register_ids.txt"), ids);  // "kvm 0x..."
  AddIdsAfter("g 0x", ReadFile("tests/data/recorded_register_ids.txt"), ids);  // "tcg 0x..."
  ExpectNames(ids, 670);
}

}  // namespace
}  // namespace armstate
