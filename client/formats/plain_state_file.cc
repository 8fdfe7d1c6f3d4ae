#include "client/formats/plain_state_file.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "client/formats/file_kind.h"
#include "client/formats/patched_copy.h"

namespace armstate {

absl::Status PlainStateFile::Write(absl::Span<const StreamPatch> patches, OutputFile& out) const {
  AppendPatched(file_, stream_offset_, patches, out);
  return absl::OkStatus();
}

uint64_t FindStreamBehindZeros(const InputFile& file) {
  const absl::string_view bytes = file.bytes();
  for (InputFile::Extent data = file.NextData(0); data.begin < bytes.size(); data = file.NextData(data.end)) {
    const auto first =
        std::find_if(bytes.begin() + data.begin, bytes.begin() + data.end, [](char c) { return c != 0; });
    if (first == bytes.begin() + data.end) continue;
    const uint64_t at = static_cast<uint64_t>(first - bytes.begin());
    return absl::StartsWith(bytes.substr(at), kStreamBeginning) ? at : bytes.size();
  }
  return bytes.size();
}

}  // namespace armstate
