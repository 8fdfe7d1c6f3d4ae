#include "client/cli/files/probe_files.h"

#include "absl/strings/str_cat.h"
#include "client/cli/output/user_error.h"
#include "client/files/input_file.h"

namespace armstate {
namespace {

// The size of a request that armstated accepts, less some room for the rest of the request.
constexpr size_t kMaxBytes = (size_t{16} << 20) - (size_t{64} << 10);

}  // namespace

absl::Status AddProbeFiles(const std::vector<std::string>& paths,
                           google::protobuf::RepeatedPtrField<v1::ProbeFile>& files) {
  size_t room = kMaxBytes;
  for (const std::string& path : paths) {
    const absl::StatusOr<InputFile> file = InputFile::Open(path);
    if (!file.ok()) return file.status();
    if (file->bytes().size() > room) {
      return UsageError(
          absl::StrCat(path, ": a probe of more than ", kMaxBytes, " bytes cannot be sent; compress it with zstd"));
    }
    room -= file->bytes().size();
    v1::ProbeFile* added = files.Add();
    added->set_name(path);
    added->set_content(std::string(file->bytes()));
  }
  return absl::OkStatus();
}

}  // namespace armstate
