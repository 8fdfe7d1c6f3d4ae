// This header edits the text of probes, to make them faulty.
#ifndef ARMSTATE_TESTS_SERVER_PROBE_PROBE_EDITS_H_
#define ARMSTATE_TESTS_SERVER_PROBE_PROBE_EDITS_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace armstate {

// Replaces the first `from` after `start`.
inline void Edit(std::string& text, const std::string& start, const std::string& from, const std::string& to) {
  const size_t begin = text.find(start);
  ASSERT_NE(begin, std::string::npos) << start;
  const size_t at = text.find(from, begin);
  ASSERT_NE(at, std::string::npos) << from;
  text.replace(at, from.size(), to);
}

// Returns the text of the line that begins with `start`.
inline std::string LineOf(const std::string& text, const std::string& start) {
  const size_t begin = text.find(start);
  return begin == std::string::npos ? "" : text.substr(begin, text.find('\n', begin) + 1 - begin);
}

// Returns the number of that line, from 1.
inline std::string LineNumber(const std::string& text, const std::string& start) {
  return std::to_string(1 + std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(text.find(start)), '\n'));
}

}  // namespace armstate

#endif  // ARMSTATE_TESTS_SERVER_PROBE_PROBE_EDITS_H_
