#include "storage/rocksdb/keys.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/escaping.h"

namespace armstate {
namespace {

using namespace std::string_literals;

std::string Hex(absl::string_view bytes) { return absl::BytesToHexString(bytes); }

// Typed from the format's description: these bytes are on users' disks.
TEST(KeysTest, GoldenBytes) {
  EXPECT_EQ(Hex(VmKey("web")), "7765620000");
  EXPECT_EQ(Hex(VmKeyEnd("web")), "7765620001");
  EXPECT_EQ(Hex(VmKey("a\0b"s)), "6100ff620000");
  EXPECT_EQ(Hex(VmKey("")), "0000");
  EXPECT_EQ(Hex(CheckpointKey("web", 258)), "77656200000000000000000102");
  EXPECT_EQ(Hex(RequestKey("web", "r1")), "77656200007231");
  EXPECT_EQ(Hex(EventKey(258)), "0000000000000102");
}

TEST(KeysTest, RequestIdsAreHashed) {
  // sha256sum of "r1", the first 8 bytes.
  EXPECT_EQ(Hex(RequestHash("r1")), "82f3e9c695dc6b8d");
  EXPECT_EQ(RequestHash(""), "");
}

TEST(KeysTest, ParseVmKey) {
  EXPECT_EQ(ParseVmKey(VmKey("a\0b"s)), "a\0b"s);
  EXPECT_EQ(ParseVmKey(VmKey("")), "");
  for (const std::string& no_key : {""s, "\0"s, "web"s, "web\0"s, "web\0\x01r1"s, VmKey("web") + "r"}) {
    EXPECT_FALSE(ParseVmKey(no_key).has_value()) << Hex(no_key);
  }
}

TEST(KeysTest, KeysSortAsNamesDo) {
  const std::vector<std::string> names = {"",     "\0"s,      "\0\0"s, "\0\x01"s, "\x01", "a",
                                          "a\0"s, "a\0\xff"s, "a\x01", "aa",      "ab",   "\xff"};
  for (size_t i = 0; i + 1 < names.size(); ++i) {
    EXPECT_LT(VmKey(names[i]), VmKey(names[i + 1])) << Hex(names[i]);
    // All of a VM's keys lie between its own two, which no other VM's keys do.
    EXPECT_LT(VmKey(names[i]), CheckpointKey(names[i], 1)) << Hex(names[i]);
    EXPECT_LT(RequestKey(names[i], "\xff\xff"), VmKeyEnd(names[i])) << Hex(names[i]);
    EXPECT_LE(VmKeyEnd(names[i]), VmKey(names[i + 1])) << Hex(names[i]);
  }
}

TEST(KeysTest, VersionsSortAsNumbers) {
  EXPECT_LT(CheckpointKey("a", 1), CheckpointKey("a", 2));
  EXPECT_LT(CheckpointKey("a", 255), CheckpointKey("a", 256));
  EXPECT_LT(CheckpointKey("a", 256), CheckpointKey("a", 0x7fffffffffffffff));
}

TEST(KeysTest, EndOfAPrefix) {
  EXPECT_EQ(PrefixEnd("web/"), "web0");
  EXPECT_EQ(PrefixEnd("a\xff"), "b");
  EXPECT_EQ(PrefixEnd("a\0"s), "a\x01");
  EXPECT_EQ(PrefixEnd("\xff\xff"), "");
  EXPECT_EQ(PrefixEnd(""), "");
}

TEST(KeysTest, ParseGivesTheNameBack) {
  for (const std::string& name : {""s, "web"s, "a\0b"s, "\0"s, "\0\0"s, "\xff\0\xff"s})
    EXPECT_EQ(ParseVmKey(VmKey(name)), name) << Hex(name);
}

TEST(KeysTest, ParseRefusesWhatIsNoVmKey) {
  for (const std::string& key : {""s, "\0"s, "web"s, "web\0"s, "web\0\x01"s, "web\0\0x"s, "web\0\xff"s}) {
    EXPECT_EQ(ParseVmKey(key), absl::nullopt) << Hex(key);
  }
}

TEST(KeysTest, ParseGivesTheVersionBack) {
  EXPECT_EQ(ParseCheckpointVersion(CheckpointKey("web", 258)), 258);
  EXPECT_EQ(ParseCheckpointVersion(CheckpointKey("", 1)), 1);
  EXPECT_EQ(ParseCheckpointVersion(VmKey("web")), absl::nullopt);
}

}  // namespace
}  // namespace armstate
