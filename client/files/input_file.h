// `InputFile` gives access to the bytes of a file that the user names.
#ifndef ARMSTATE_CLIENT_FILES_INPUT_FILE_H_
#define ARMSTATE_CLIENT_FILES_INPUT_FILE_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/files/mapped_file.h"
#include "client/files/unique_fd.h"

namespace armstate {

// A file is mapped into memory: a stream with guest RAM may be larger than memory. What cannot be mapped (a pipe) is
// copied into a temporary file first. Somebody who shortens the file meanwhile ends the program with SIGBUS. Movable.
class InputFile {
 public:
  // "-" is standard input. NOT_FOUND, PERMISSION_DENIED or another code of errno, naming the file; INVALID_ARGUMENT for
  // a folder.
  static absl::StatusOr<InputFile> Open(const std::string& path);
  // An open file, which has been written whole. `name` is for errors.
  static absl::StatusOr<InputFile> Of(UniqueFd fd, const std::string& name);

  absl::string_view bytes() const { return mapped_.bytes(); }

  // The first byte at or behind `offset` that is not in a hole of the file, and the end of that data; both are the
  // file's size if no data follows. A file system without holes has data only.
  struct Extent {
    uint64_t begin;
    uint64_t end;
  };
  Extent NextData(uint64_t offset) const;

 private:
  InputFile(UniqueFd fd, MappedFile mapped) : fd_(std::move(fd)), mapped_(std::move(mapped)) {}

  UniqueFd fd_;
  MappedFile mapped_;
};

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_FILES_INPUT_FILE_H_
