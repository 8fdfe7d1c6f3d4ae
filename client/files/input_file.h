// The bytes of a file that the user names.
#ifndef ARMSTATE_CLIENT_FILES_INPUT_FILE_H_
#define ARMSTATE_CLIENT_FILES_INPUT_FILE_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "client/qemu/mapped_file.h"

namespace armstate {

// What cannot be mapped (a pipe) is read instead, up to this many bytes.
inline constexpr size_t kMaxPipedBytes = size_t{256} << 20;

// A regular file is mapped into memory: a stream with guest RAM may be larger than memory. Somebody who shortens the
// file meanwhile ends the program with SIGBUS. Movable.
class InputFile {
 public:
  // "-" is standard input. NOT_FOUND, PERMISSION_DENIED or another code of errno, naming the file; RESOURCE_EXHAUSTED
  // for a pipe that gives too much.
  static absl::StatusOr<InputFile> Open(const std::string& path);

  absl::string_view bytes() const { return mapped_ ? mapped_->bytes() : absl::string_view(read_); }

 private:
  InputFile() = default;
  absl::Status Fill(int fd, const std::string& name);

  absl::optional<MappedFile> mapped_;
  std::string read_;
};

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_FILES_INPUT_FILE_H_
