// ReadFile and WriteFile read and write the whole content of a file.
#ifndef ARMSTATE_TESTS_TESTING_WHOLE_FILE_H_
#define ARMSTATE_TESTS_TESTING_WHOLE_FILE_H_

#include <fstream>
#include <iterator>
#include <string>

#include "tests/testing/temp_dir.h"

namespace armstate {

inline std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// Returns the path of the file.
inline std::string WriteFile(const TempDir& dir, const std::string& name, const std::string& content) {
  const std::string path = dir.path() + "/" + name;
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

}  // namespace armstate

#endif  // ARMSTATE_TESTS_TESTING_WHOLE_FILE_H_
