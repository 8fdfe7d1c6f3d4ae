#include "client/kvm/probe/file_writer.h"

#include <zlib.h>

#include <utility>

#include "absl/strings/str_format.h"

namespace armstate {
namespace {

uint32_t Crc32(uint32_t of_text_before, absl::string_view text) {
  return static_cast<uint32_t>(
      crc32_z(of_text_before, reinterpret_cast<const unsigned char*>(text.data()), text.size()));
}

}  // namespace

ProbeFileWriter::ProbeFileWriter() { Add({{"format", "armstate-probe"}, {"version", 1}}); }

void ProbeFileWriter::Add(const ProbeJson& line) {
  std::string text = line.dump();
  text.pop_back();  // the brace
  Append(text);
  Append(absl::StrFormat(",\"crc\":\"%08x\"}\n", checksum_));
  ++lines_;
}

std::string ProbeFileWriter::Finish() {
  Add({{"end", lines_}});
  return std::move(text_);
}

void ProbeFileWriter::Append(absl::string_view text) {
  text_.append(text.data(), text.size());
  checksum_ = Crc32(checksum_, text);
}

std::string RegisterChecksum(absl::string_view id, absl::string_view value) {
  return absl::StrFormat("%08x", Crc32(Crc32(0, id), value));
}

}  // namespace armstate
