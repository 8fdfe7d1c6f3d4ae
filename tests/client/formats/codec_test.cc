// Against the programs that libvirt and users pack with.
#include "client/formats/codec.h"

#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/run_shell.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

using ::testing::HasSubstr;

void Write(const std::string& path, const std::string& content) { std::ofstream(path, std::ios::binary) << content; }

std::string Read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// Larger than any buffer; half of it cannot be packed.
std::string Content() {
  std::mt19937 random(1);
  std::string content(3 << 20, 'x');
  for (size_t i = 0; i < content.size() / 2; ++i) content[i] = static_cast<char>(random());
  return content;
}

absl::Status UnpackInto(Codec codec, absl::string_view packed, std::string& unpacked) {
  unpacked.clear();
  return Unpack(codec, packed, [&](absl::string_view bytes) {
    unpacked.append(bytes.data(), bytes.size());
    return absl::OkStatus();
  });
}

class CodecTest : public testing::TestWithParam<Codec> {
 protected:
  std::string Program() const { return std::string(CodecName(GetParam())); }

  std::string PackedByProgram(const std::string& content) const {
    const TempDir dir;
    Write(dir.path() + "/a", content);
    return RunShell(Program() + " -c <" + dir.path() + "/a");
  }
};

TEST_P(CodecTest, UnpacksWhatTheProgramPacks) {
  const std::string content = Content();
  const std::string packed = PackedByProgram(content);
  EXPECT_EQ(DetectCodec(packed), GetParam());
  std::string unpacked;
  ASSERT_EQ(UnpackInto(GetParam(), packed, unpacked), absl::OkStatus());
  EXPECT_TRUE(unpacked == content);
}

TEST_P(CodecTest, TheProgramUnpacksWhatIsPacked) {
  const std::string content = Content();
  const absl::string_view view = content;
  std::string packed;
  const absl::Status status =
      Pack(GetParam(), {view.substr(0, 10), view.substr(10, 0), view.substr(10)}, [&](absl::string_view bytes) {
        packed.append(bytes.data(), bytes.size());
        return absl::OkStatus();
      });
  ASSERT_EQ(status, absl::OkStatus());
  EXPECT_LT(packed.size(), content.size() * 3 / 4);
  const TempDir dir;
  Write(dir.path() + "/a", packed);
  EXPECT_TRUE(RunShell(Program() + " -dc <" + dir.path() + "/a") == content);
}

TEST_P(CodecTest, PackedPartsMayFollowEachOther) {
  std::string unpacked;
  ASSERT_EQ(UnpackInto(GetParam(), PackedByProgram("abc") + PackedByProgram("def") + std::string(512, '\0'), unpacked),
            absl::OkStatus());
  EXPECT_EQ(unpacked, "abcdef");
}

TEST_P(CodecTest, EveryTruncationIsRefused) {
  const std::string packed = PackedByProgram("some text, some text, some text");
  std::string unpacked;
  for (size_t size = 0; size < packed.size(); ++size) {
    ASSERT_FALSE(UnpackInto(GetParam(), packed.substr(0, size), unpacked).ok()) << size;
  }
}

TEST_P(CodecTest, DamageAndOtherBytesBehindAreRefused) {
  std::string packed = PackedByProgram(Content());
  std::string unpacked;
  EXPECT_THAT(std::string(UnpackInto(GetParam(), packed + "more", unpacked).message()),
              HasSubstr("is followed by something else"));
  packed[packed.size() / 2] = static_cast<char>(packed[packed.size() / 2] ^ 1);
  EXPECT_THAT(std::string(UnpackInto(GetParam(), packed, unpacked).message()), HasSubstr("is damaged"));
}

TEST_P(CodecTest, TheSinkEndsIt) {
  const std::string packed = PackedByProgram(Content());
  int calls = 0;
  const absl::Status status = Unpack(GetParam(), packed, [&](absl::string_view) {
    ++calls;
    return absl::CancelledError("enough");
  });
  EXPECT_EQ(status, absl::CancelledError("enough"));
  EXPECT_EQ(calls, 1);
}

INSTANTIATE_TEST_SUITE_P(All, CodecTest, testing::Values(Codec::kGzip, Codec::kBzip2, Codec::kXz, Codec::kZstd),
                         [](const auto& info) { return std::string(CodecName(info.param)); });

TEST(CodecMemoryTest, HugeWindowsAreRefused) {
  std::string unpacked;
  const std::string zstd = RunShell("head -c 10000000 /dev/zero | zstd -c --long=31 -1");  // 2 GiB
  EXPECT_FALSE(UnpackInto(Codec::kZstd, zstd, unpacked).ok());
  EXPECT_EQ(unpacked, "");
}

TEST(CodecDetectionTest, OthersAreNone) {
  EXPECT_EQ(DetectCodec(""), absl::nullopt);
  EXPECT_EQ(DetectCodec("QEVM"), absl::nullopt);
}

}  // namespace
}  // namespace armstate
