#include "storage/format/crc32c.h"

#include <string>

#include "gtest/gtest.h"
#include "rocksdb/file_checksum.h"

namespace armstate {
namespace {

// RFC 3720, B.4.
TEST(Crc32cTest, VectorsOfTheRfc) {
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(Crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  std::string ascending;
  for (char i = 0; i < 32; ++i) ascending.push_back(i);
  EXPECT_EQ(Crc32c(ascending), 0x46dd794eu);
  EXPECT_EQ(Crc32c(std::string(ascending.rbegin(), ascending.rend())), 0x113fdb5cu);
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(Crc32c(""), 0u);
}

// Databases go from one machine to another, and not all have the instruction: RocksDB's own sum takes it for none.
TEST(Crc32cTest, IsRocksDbsAtAnyLengthAndAlignment) {
  std::string bytes;
  for (int i = 0; i < 100; ++i) bytes.push_back(static_cast<char>(i * 37 + 11));
  for (size_t begin = 0; begin < 9; ++begin) {
    for (size_t size = 0; size <= 40; ++size) {
      const auto generator = rocksdb::GetFileChecksumGenCrc32cFactory()->CreateFileChecksumGenerator({});
      generator->Update(&bytes[begin], size);
      generator->Finalize();
      uint32_t expected = 0;
      for (const char byte : generator->GetChecksum()) expected = expected << 8 | static_cast<uint8_t>(byte);
      EXPECT_EQ(Crc32c(absl::string_view(bytes).substr(begin, size)), expected) << begin << " " << size;
    }
  }
}

}  // namespace
}  // namespace armstate
