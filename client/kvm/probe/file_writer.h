// `ProbeFileWriter` writes the file of `armstate-kvm probe`: JSON lines, each with a checksum.
#ifndef ARMSTATE_CLIENT_KVM_PROBE_FILE_WRITER_H_
#define ARMSTATE_CLIENT_KVM_PROBE_FILE_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "client/kvm/probe/json.h"

namespace armstate {

// First line {"format":"armstate-probe","version":1}, last line {"end":N} with N = the lines before it. The last member
// of each line is "crc": 8 digits, the CRC-32 (zlib's, ISO 3309) of the whole file up to where `,"crc":` begins in this
// line, so that a line that is changed, missing, doubled or moved shows in its place.
class ProbeFileWriter {
 public:
  ProbeFileWriter();

  // `line` has at least one member.
  void Add(const ProbeJson& line);
  // Adds the last line. Not to be used any more afterwards.
  std::string Finish();

  size_t lines() const { return lines_; }

 private:
  void Append(absl::string_view text);

  std::string text_;
  uint32_t checksum_ = 0;  // of all of text_
  size_t lines_ = 0;
};

// A checksum of one register in a list, as in "sums": 8 digits, the CRC-32 of its ID and value as the list prints them.
std::string RegisterChecksum(absl::string_view id, absl::string_view value);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_KVM_PROBE_FILE_WRITER_H_
