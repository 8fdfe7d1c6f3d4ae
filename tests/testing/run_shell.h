// Runs other programs in tests.
#ifndef ARMSTATE_TESTS_TESTING_RUN_SHELL_H_
#define ARMSTATE_TESTS_TESTING_RUN_SHELL_H_

#include <stdio.h>

#include <string>

#include "gtest/gtest.h"

namespace armstate {

// What the shell's command prints. Fails the test if its exit status is not 0.
inline std::string RunShell(const std::string& command) {
  FILE* const pipe = popen(command.c_str(), "r");
  std::string output;
  char buffer[4096];
  while (const size_t size = fread(buffer, 1, sizeof buffer, pipe)) output.append(buffer, size);
  EXPECT_EQ(pclose(pipe), 0) << command << '\n' << output;
  return output;
}

}  // namespace armstate

#endif  // ARMSTATE_TESTS_TESTING_RUN_SHELL_H_
