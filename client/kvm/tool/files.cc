#include "client/kvm/tool/files.h"

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "client/files/input_file.h"
#include "client/files/output_file.h"
#include "google/protobuf/util/json_util.h"

namespace armstate {
namespace {

// More than any checkpoint of 512 vCPUs needs.
constexpr size_t kMaxJsonBytes = size_t{64} << 20;

}  // namespace

absl::Status ReadJsonFile(const std::string& path, google::protobuf::Message& result) {
  const absl::StatusOr<InputFile> file = InputFile::Open(path);
  if (!file.ok()) return file.status();
  const absl::string_view bytes = file->bytes();
  const std::string what = result.GetDescriptor()->full_name();
  if (bytes.size() > kMaxJsonBytes) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", bytes.size(), " bytes are too many for ", what));
  }
  const auto status =
      google::protobuf::util::JsonStringToMessage(google::protobuf::StringPiece(bytes.data(), bytes.size()), &result);
  if (status.ok()) return absl::OkStatus();
  // The further lines of protobuf's message show the place in the input.
  const std::string message = std::string(status.message());
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": not JSON of ", what, ": ", message.substr(0, message.find('\n'))));
}

absl::Status WriteJsonFile(const std::string& path, const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  std::string text;
  const auto status = google::protobuf::util::MessageToJsonString(message, &text, options);
  if (!status.ok()) return absl::InternalError(std::string(status.message()));
  return WriteFile(path, text);
}

absl::Status WriteFile(const std::string& path, absl::string_view bytes) {
  absl::StatusOr<OutputFile> file = OutputFile::Create(path, IfExists::kReplace);
  if (!file.ok()) return file.status();
  file->Append(bytes);
  return file->Commit();
}

}  // namespace armstate
