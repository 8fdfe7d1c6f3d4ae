// A file's bytes without reading them all.
#ifndef ARMSTATE_CLIENT_FILES_INPUT_FILE_H_
#define ARMSTATE_CLIENT_FILES_INPUT_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace armstate {

// What cannot be mapped (a pipe) is read instead, up to this many bytes.
inline constexpr size_t kMaxPipedBytes = size_t{256} << 20;

// A file mapped into memory: a stream with guest RAM may be larger than memory. Movable. Somebody who shortens the file
// meanwhile ends the program with SIGBUS.
class InputFile {
 public:
  // "-" is standard input. NOT_FOUND, PERMISSION_DENIED or another code of errno, naming the file; RESOURCE_EXHAUSTED
  // for a pipe that gives too much.
  static absl::StatusOr<InputFile> Open(const std::string& path);

  InputFile(InputFile&& other) noexcept;
  InputFile& operator=(InputFile&& other) noexcept;
  ~InputFile();

  absl::string_view bytes() const;

 private:
  InputFile() = default;
  absl::Status Fill(int fd, const std::string& path);

  void* address_ = nullptr;  // null if `read_` holds the bytes
  size_t size_ = 0;
  std::string read_;
};

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_FILES_INPUT_FILE_H_
