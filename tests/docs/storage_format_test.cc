// The worked example in docs/storage-format.md is the golden database (tests/data/storage), byte for byte: RocksDB
// alone opens it, and each of its keys and values stands on the page.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "rocksdb/db.h"
#include "rocksdb/env.h"
#include "zstd.h"

namespace armstate {
namespace {

constexpr char kGolden[] = "tests/data/storage/format1";
constexpr char kPage[] = "docs/storage-format.md";

// "checkpoints 77 65 62" to the bytes of the value, both as two hexadecimal digits for each byte.
using Entries = std::map<std::string, std::string>;

std::string Hex(const rocksdb::Slice& slice) {
  const absl::string_view bytes(slice.data(), slice.size());
  return absl::StrJoin(bytes, " ", [](std::string* out, char byte) {
    absl::StrAppend(out, absl::Hex(static_cast<uint8_t>(byte), absl::kZeroPad2));
  });
}

std::string Family(const std::string& key) { return key.substr(0, key.find(' ')); }

// The record in a value of `bases`: u32 checksum, u8 format, u8 packing (1: zstd), u32 size, zstd frame.
std::string Unpack(const rocksdb::Slice& base) {
  constexpr size_t kHeader = 10;
  std::string record(size_t{1} << 16, '\0');
  const size_t size = ZSTD_decompress(record.data(), record.size(), base.data() + kHeader, base.size() - kHeader);
  EXPECT_FALSE(ZSTD_isError(size)) << ZSTD_getErrorName(size);
  return record.substr(0, ZSTD_isError(size) ? 0 : size);
}

// With the records in the values of `bases`, under "unpacked" in place of the column family's name.
Entries ReadGolden() {
  const std::unique_ptr<rocksdb::Env> env(rocksdb::NewMemEnv(rocksdb::Env::Default()));
  EXPECT_TRUE(env->CreateDirIfMissing("/data").ok());
  std::vector<std::string> names;
  EXPECT_TRUE(rocksdb::Env::Default()->GetChildren(kGolden, &names).ok());
  for (const std::string& name : names) {
    std::string content;
    EXPECT_TRUE(rocksdb::ReadFileToString(rocksdb::Env::Default(), absl::StrCat(kGolden, "/", name), &content).ok());
    EXPECT_TRUE(rocksdb::WriteStringToFile(env.get(), content, absl::StrCat("/data/", name)).ok());
  }
  rocksdb::DBOptions options;
  options.env = env.get();
  std::vector<std::string> families;
  EXPECT_TRUE(rocksdb::DB::ListColumnFamilies(options, "/data", &families).ok());
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const std::string& family : families) descriptors.emplace_back(family, rocksdb::ColumnFamilyOptions());
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = rocksdb::DB::OpenForReadOnly(options, "/data", descriptors, &handles, &opened);
  EXPECT_TRUE(status.ok()) << status.ToString();
  if (!status.ok()) return {};
  const std::unique_ptr<rocksdb::DB> db(opened);
  Entries entries;
  for (rocksdb::ColumnFamilyHandle* family : handles) {
    const std::unique_ptr<rocksdb::Iterator> it(db->NewIterator(rocksdb::ReadOptions(), family));
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      const std::string key = Hex(it->key());
      entries[absl::StrCat(family->GetName(), " ", key)] = Hex(it->value());
      if (family->GetName() == "bases") entries[absl::StrCat("unpacked ", key)] = Hex(Unpack(it->value()));
    }
    EXPECT_TRUE(it->status().ok()) << family->GetName();
  }
  for (rocksdb::ColumnFamilyHandle* family : handles) EXPECT_TRUE(db->DestroyColumnFamilyHandle(family).ok());
  return entries;
}

// The hexadecimal bytes that a line begins with; what they mean stands two spaces behind them.
std::string LeadingBytes(absl::string_view line) {
  return std::string(absl::StripAsciiWhitespace(line.substr(0, line.find("  "))));
}

// Blocks behind "<!-- golden -->" have "FAMILY KEY" and, indented by two further spaces, pieces of the value.
Entries ReadPage() {
  std::ifstream file(kPage);
  Entries entries;
  std::string line;
  std::string key;
  bool is_golden = false;
  while (std::getline(file, line)) {
    if (line == "<!-- golden -->") {
      is_golden = true;
    } else if (absl::StartsWith(line, "      ") && is_golden) {
      std::string& value = entries[key];
      absl::StrAppend(&value, value.empty() ? "" : " ", LeadingBytes(line.substr(6)));
    } else if (absl::StartsWith(line, "    ") && is_golden) {
      key = LeadingBytes(line.substr(4));
      EXPECT_TRUE(entries.emplace(key, "").second) << key << " is there twice";
    } else if (!line.empty()) {
      is_golden = false;
    }
  }
  return entries;
}

TEST(StorageFormatTest, ThePageShowsTheGoldenDatabase) {
  const Entries golden = ReadGolden();
  const Entries page = ReadPage();
  ASSERT_FALSE(golden.empty());
  std::set<std::string> shown_families;
  for (const auto& [key, value] : page) {
    const auto stored = golden.find(key);
    if (stored == golden.end()) {
      ADD_FAILURE() << key << " is not in the database";
    } else {
      EXPECT_EQ(value, stored->second) << key;
    }
    shown_families.insert(Family(key));
  }
  for (const auto& [key, value] : golden) {
    EXPECT_EQ(shown_families.count(Family(key)), 1u)
        << kPage << " shows nothing of a column family that has " << key << "\n"
        << value;
  }
}

}  // namespace
}  // namespace armstate
