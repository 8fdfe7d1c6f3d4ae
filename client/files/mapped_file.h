// `MappedFile` maps a file instead of reading it: migration streams may be as large as the guest's RAM.
#ifndef ARMSTATE_CLIENT_FILES_MAPPED_FILE_H_
#define ARMSTATE_CLIENT_FILES_MAPPED_FILE_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace armstate {

// Read-only. The file must not become shorter while it is mapped. Movable; the bytes stay where they are.
class MappedFile {
 public:
  // NOT_FOUND or INVALID_ARGUMENT with the reason if it cannot be opened or is no regular file.
  static absl::StatusOr<MappedFile> Open(const std::string& path);
  // The file of an open descriptor, which may be closed afterwards. `name` is for errors.
  static absl::StatusOr<MappedFile> Map(int fd, absl::string_view name);

  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  absl::string_view bytes() const { return absl::string_view(static_cast<const char*>(address_), size_); }

 private:
  MappedFile(void* address, size_t size) : address_(address), size_(size) {}

  void* address_;  // null if the file is empty
  size_t size_;
};

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_FILES_MAPPED_FILE_H_
