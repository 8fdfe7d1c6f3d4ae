#include "storage/format/byte_delta.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace armstate {
namespace {

using namespace std::string_literals;

std::string Delta(const std::string& base, const std::string& bytes) {
  ByteWriter delta;
  AppendDelta(base, FindEqualWords(base), bytes, delta);
  return std::move(delta).Release();
}

// What a difference makes of a base, with what is left of the difference behind "|"; "none" if it is none.
std::string Apply(const std::string& base, const std::string& delta, size_t limit = 1000) {
  ByteReader reader(delta);
  std::string bytes;
  if (!ApplyDelta(base, FindEqualWords(base), limit, reader, bytes)) return "none";
  return bytes + (reader.remaining() > 0 ? absl::StrCat("|", reader.Bytes(reader.remaining())) : "");
}

// Typed from the format's description.
struct Golden {
  const char* name;
  std::string base;
  std::string bytes;
  const char* delta;
};

const Golden kGolden[] = {
    {"equal", "any bytes", "any bytes", "00"},
    {"both empty", "", "", "00"},
    // a ^ b = 03 in byte 0 of word 0; one word skipped; 1 ^ 2 = 03 and 3 ^ 4 = 07 in bytes 1 and 3 of word 2.
    {"two words", "aaaaxxxx0103", "baaaxxxx0204",
     "0102"
     "01"
     "03"
     "1a"
     "03"
     "07"},
    {"short last word", "xxxxyyyyz", "xxxxyyyya",
     "0101"
     "21"
     "1b"},
    {"inserted", "source=QEMU time=9 host=a", "source=QEMU time=10 host=a",
     "02"
     "11"
     "07"
     "02"
     "3130"},
    {"removed", "abcdefgh", "abgh",
     "02"
     "02"
     "02"
     "00"},
    {"from nothing", "", "abc",
     "02"
     "00"
     "00"
     "03"
     "616263"},
    {"to nothing", "abc", "",
     "02"
     "00"
     "00"
     "00"},
    // Word 1 equals word 0, word 3 equals word 1: all three change together, and only the first is written.
    {"copies of a register", "ABCDABCD----ABCD", "ABcDABcD----ABcD",
     "0101"
     "04"
     "20"},
    // Word 1 does not follow word 0 this time.
    {"a copy that differs", "ABCDABCD--------zzzz", "ABcDABCD--------zzz!",
     "0103"
     "04"
     "20"
     "04"
     "20"
     "28"
     "5b"},
    // Zeros are no copies of each other: most registers are 0.
    {"zeros", std::string(12, '\0'), "\x01"s + std::string(11, '\0'),
     "0101"
     "01"
     "01"},
    // 15 words are skipped, then 16.
    {"long skips", std::string(33 * 4, '\0'),
     std::string(60, '\0') + "\x01"s + std::string(67, '\0') + "\x02"s + "\0\0\0"s,
     "0102"
     "f1"
     "00"
     "01"
     "f1"
     "01"
     "02"},
};

TEST(ByteDeltaTest, GoldenBytes) {
  for (const Golden& golden : kGolden) {
    SCOPED_TRACE(golden.name);
    EXPECT_EQ(absl::BytesToHexString(Delta(golden.base, golden.bytes)), golden.delta);
    EXPECT_EQ(Apply(golden.base, absl::HexStringToBytes(golden.delta)), golden.bytes);
  }
}

TEST(ByteDeltaTest, TellsWhereItEnds) {
  for (const Golden& golden : kGolden) {
    EXPECT_EQ(Apply(golden.base, absl::HexStringToBytes(golden.delta) + "next"), golden.bytes + "|next") << golden.name;
  }
}

TEST(ByteDeltaTest, CutShort) {
  for (const Golden& golden : kGolden) {
    const std::string delta = absl::HexStringToBytes(golden.delta);
    for (size_t size = 0; size < delta.size(); ++size) {
      EXPECT_EQ(Apply(golden.base, delta.substr(0, size)), "none") << golden.name << " " << size;
    }
  }
}

TEST(ByteDeltaTest, BytesThatAreNoDifference) {
  const std::string base = "aaaabbbbc";  // two words and a short one
  const std::pair<const char*, const char*> cases[] = {
      {"unknown mode", "03"},
      {"word after the last",
       "010131"
       "01"},
      {"word far after the last",
       "0101f1"
       "ffffffff0f"
       "01"},
      {"byte after the last",
       "010122"
       "01"},
      {"word without bytes", "010100"},
      {"more words than follow", "01020101"},
      {"beginning longer than the base",
       "02"
       "0a"
       "00"
       "00"},
      {"beginning and end longer than the base",
       "02"
       "05"
       "05"
       "00"},
      {"huge length",
       "02"
       "00"
       "00"
       "ffffffff0f"},
      {"number above 32 bits",
       "02"
       "00"
       "00"
       "ffffffff1f"},
      {"number longer than it need be",
       "02"
       "00"
       "00"
       "8000"},
  };
  for (const auto& [name, hex] : cases) EXPECT_EQ(Apply(base, absl::HexStringToBytes(hex)), "none") << name;
}

TEST(ByteDeltaTest, LimitOfTheResult) {
  EXPECT_EQ(Apply("ab",
                  absl::HexStringToBytes("02010102"
                                         "7878"),
                  4),
            "axxb");
  EXPECT_EQ(Apply("ab",
                  absl::HexStringToBytes("02010102"
                                         "7878"),
                  3),
            "none");
}

// Any change of any bytes comes back, and costs no more than the bytes and their length.
TEST(ByteDeltaTest, RandomChanges) {
  for (uint32_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    std::mt19937 random(seed);
    // Few different bytes, so that words repeat.
    const auto some = [&](size_t size) {
      std::string bytes(size, '\0');
      for (char& byte : bytes) byte = static_cast<char>(random() % 3);
      return bytes;
    };
    const std::string base = some(random() % 300);
    std::string bytes = base;
    for (uint32_t i = random() % 20; i > 0 && !bytes.empty(); --i) bytes[random() % bytes.size()] ^= random() % 256;
    if (random() % 3 == 0) bytes.insert(random() % (bytes.size() + 1), some(random() % 20));
    if (random() % 3 == 0) bytes.erase(random() % (bytes.size() + 1), random() % 20);
    if (random() % 10 == 0) bytes = some(random() % 300);
    const std::string delta = Delta(base, bytes);
    EXPECT_EQ(Apply(base, delta), bytes);
    EXPECT_LE(delta.size(), bytes.size() + 5);  // mode, beginning, end, length of up to 2 bytes
  }
}

}  // namespace
}  // namespace armstate
