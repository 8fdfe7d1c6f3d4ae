// A folder for one test, removed with all that is in it.
#ifndef ARMSTATE_TESTS_TESTING_TEMP_DIR_H_
#define ARMSTATE_TESTS_TESTING_TEMP_DIR_H_

#include <stdlib.h>

#include <filesystem>
#include <string>

#include "gtest/gtest.h"

namespace armstate {

class TempDir {
 public:
  TempDir() : path_(testing::TempDir() + "armstateXXXXXX") { EXPECT_NE(mkdtemp(path_.data()), nullptr); }
  ~TempDir() { std::filesystem::remove_all(path_); }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace armstate

#endif  // ARMSTATE_TESTS_TESTING_TEMP_DIR_H_
