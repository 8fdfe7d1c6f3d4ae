#include "client/qemu/json_text.h"

#include <cstddef>

namespace armstate {
namespace {

// Returns the position after white space, commas and colons.
size_t SkipSeparators(absl::string_view text, size_t at) {
  const size_t next = text.find_first_not_of(" \t\r\n,:", at);
  return next == absl::string_view::npos ? text.size() : next;
}

// Returns the position after the value that begins at `at`.
size_t ValueEnd(absl::string_view text, size_t at) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = at; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c != '"') continue;
      in_string = false;
      if (depth == 0) return i + 1;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (depth <= 1) return depth == 0 ? i : i + 1;  // the end of a number, or of a container
      --depth;
    } else if (depth == 0 && (c == ',' || c == ' ' || c == '\t' || c == '\r' || c == '\n')) {
      return i;
    }
  }
  return text.size();
}

// Calls back with each value of a container, keys included.
template <typename Callback>
void ForEachValue(absl::string_view container, char open, const Callback& callback) {
  if (container.empty() || container[0] != open) return;
  for (size_t at = SkipSeparators(container, 1); at < container.size();) {
    const size_t end = ValueEnd(container, at);
    if (end == at) return;  // the closing bracket
    callback(container.substr(at, end - at));
    at = SkipSeparators(container, end);
  }
}

}  // namespace

std::vector<absl::string_view> JsonElements(absl::string_view array) {
  std::vector<absl::string_view> elements;
  ForEachValue(array, '[', [&](absl::string_view element) { elements.push_back(element); });
  return elements;
}

absl::string_view JsonMember(absl::string_view object, absl::string_view key) {
  absl::string_view found;
  bool is_key = true, is_wanted = false;
  ForEachValue(object, '{', [&](absl::string_view value) {
    if (is_key) {
      is_wanted = value.size() == key.size() + 2 && value.substr(1, key.size()) == key;
    } else if (is_wanted && found.empty()) {
      found = value;
    }
    is_key = !is_key;
  });
  return found;
}

}  // namespace armstate
