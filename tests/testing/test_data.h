// Files under tests/data.
#ifndef ARMSTATE_TESTS_TESTING_TEST_DATA_H_
#define ARMSTATE_TESTS_TESTING_TEST_DATA_H_

#include <string>

namespace armstate {

// Path of a data dependency of this test, from the top of the project, e.g. "server/armstated".
std::string Runfile(const std::string& path);

// The content of tests/data/`path`, and what it is when decompressed. The process ends if it cannot be read.
std::string ReadTestData(const std::string& path);
std::string ReadZstdTestData(const std::string& path);

}  // namespace armstate

#endif  // ARMSTATE_TESTS_TESTING_TEST_DATA_H_
