#include "client/kvm/probe/file_writer.h"

#include <gtest/gtest.h>

namespace armstate {
namespace {

// The checksums are those of Python's zlib.crc32 over all bytes up to `,"crc"`.
TEST(ProbeFileTest, EachLineHasTheChecksumOfAllBeforeIt) {
  ProbeFileWriter file;
  file.Add({{"host", "n1"}});
  EXPECT_EQ(file.lines(), 2u);
  EXPECT_EQ(file.Finish(), R"({"format":"armstate-probe","version":1,"crc":"d1fe54e1"}
{"host":"n1","crc":"27333abc"}
{"end":2,"crc":"0c139ede"}
)");
}

TEST(ProbeFileTest, ChecksumOfOneRegister) {
  EXPECT_EQ(RegisterChecksum("0x603000000013c080", "0x0000000000c50078"), "9027e619");
}

}  // namespace
}  // namespace armstate
