// `OutputFile` writes a file that appears as a whole or not at all.
#ifndef ARMSTATE_CLIENT_FILES_OUTPUT_FILE_H_
#define ARMSTATE_CLIENT_FILES_OUTPUT_FILE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/files/input_file.h"
#include "client/files/sparse_writer.h"

namespace armstate {

enum class IfExists { kRefuse, kReplace };

// Writes to a temporary file beside the wanted one; Commit gives it its name. Without Commit nothing remains, also
// if the process is killed (where the file system has files without names). Only the
// user can read the file: a guest's registers hold keys. Only a regular file is ever replaced: a symbolic link stays,
// and what it points to is replaced; a pipe, a terminal or /dev/null gets the bytes as they are appended.
//
// Example:
//   absl::StatusOr<OutputFile> file = OutputFile::Create("a.json", IfExists::kRefuse);
//   file->Append(text);
//   return file->Commit();
class OutputFile {
 public:
  // ALREADY_EXISTS for a file with kRefuse; INVALID_ARGUMENT for a disk; otherwise as ResolveOutput, and codes of
  // errno, naming the file.
  static absl::StatusOr<OutputFile> Create(const std::string& path, IfExists if_exists);

  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();

  // The first error is kept for Commit. Blocks of zeros become holes of the file.
  void Append(absl::string_view bytes);
  // Bytes of another file; its holes stay holes. The range must be inside it.
  void AppendFrom(const InputFile& file, uint64_t offset, uint64_t size);
  // Brings the file to disk and gives it its name. ALREADY_EXISTS if a file of that name has appeared meanwhile (with
  // kRefuse).
  absl::Status Commit();

 private:
  OutputFile(int fd, SparseWriter writer) : fd_(fd), writer_(writer) {}

  std::string path_;
  // Empty if there is no temporary file: the output is not a regular file.
  std::string temporary_path_;
  int fd_;
  SparseWriter writer_;
  IfExists if_exists_ = IfExists::kRefuse;
  // temporary_path_ is not there until Commit.
  bool is_unnamed_ = false;
  absl::Status status_;
};

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_FILES_OUTPUT_FILE_H_
