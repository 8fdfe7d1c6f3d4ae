// Test data under tests/data, compressed with zstd.
#ifndef ARMSTATE_TESTS_TESTING_ZSTD_FILE_H_
#define ARMSTATE_TESTS_TESTING_ZSTD_FILE_H_

#include <string>

namespace armstate {

// The content of a file of the runfiles, e.g. "tests/data/qemu-7.2/streams/virt.max.smp1.mig.zst". Ends the test
// program if it cannot be read.
std::string ReadZstdFile(const std::string& path);

}  // namespace armstate

#endif  // ARMSTATE_TESTS_TESTING_ZSTD_FILE_H_
