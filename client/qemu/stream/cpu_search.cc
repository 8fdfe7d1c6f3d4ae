#include "client/qemu/stream/cpu_search.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/qemu/stream/error.h"
#include "client/qemu/stream/format.h"
#include "client/qemu/stream/reader.h"
#include "client/qemu/stream/section_header.h"

namespace armstate {
namespace {

constexpr absl::string_view kCpuName(
    "\x03"
    "cpu",
    4);
constexpr absl::string_view kCommonName(
    "\x0a"
    "cpu_common",
    11);
constexpr size_t kNameOffset = 5;  // in a section: type, u32 id, then the name
// Sections are numbered from 0; machines have some dozens to hundreds.
constexpr uint32_t kMaxSectionId = 65535;

class Search {
 public:
  Search(absl::string_view stream, size_t first_device, bool has_footers)
      : stream_(stream), begin_(first_device), has_footers_(has_footers) {}

  absl::StatusOr<CpuSearchResult> Run() {
    size_t from = begin_;
    while (true) {
      const size_t name_at = stream_.find(kCpuName, from + kNameOffset);
      if (name_at == absl::string_view::npos) break;
      const size_t header_at = name_at - kNameOffset;
      from = header_at + 1;
      if (!LooksLikeHeader(header_at)) continue;
      const absl::Status status = Read(header_at);
      if (!status.ok()) {
        // Without footers, data can look like a header: only a section that parses counts.
        if (has_footers_) return status;
        if (first_failure_.ok()) first_failure_ = status;
        continue;
      }
      from = End(result_.vcpus.back());
    }
    if (result_.vcpus.empty()) {
      return first_failure_.ok() ? StreamError(stream_.size(), "", "the stream has no cpu section") : first_failure_;
    }
    absl::Status status = FindEndOfStream();
    if (status.ok()) status = CheckNoneIsLost();
    if (!status.ok()) return status;
    return std::move(result_);
  }

 private:
  static size_t End(const VcpuSection& section) { return section.header.payload + section.cpu.size; }

  bool LooksLikeHeader(size_t at) const {
    if (static_cast<uint8_t>(stream_[at]) != kSectionFull) return false;
    if (Number32(at + 1) > kMaxSectionId) return false;
    if (!has_footers_ || at == begin_) return true;
    return at >= begin_ + kFooterSize && static_cast<uint8_t>(stream_[at - kFooterSize]) == kSectionFooter &&
           Number32(at - 4) < Number32(at + 1);
  }

  uint32_t Number32(size_t at) const { return static_cast<uint32_t>(LoadBigEndian(stream_.substr(at, 4))); }

  absl::Status Read(size_t at) {
    StreamReader reader(stream_, at + 1, "");
    StreamSection header = ReadSectionHeader(at, reader);
    if (!reader.ok()) return reader.status();
    const std::string name = absl::StrCat("cpu ", header.instance);
    const SectionEnd end{has_footers_ ? SectionEnd::kFooter : SectionEnd::kNextHeader, header.id, 0};
    absl::StatusOr<CpuSection> cpu = ParseCpuSection(stream_, header.payload, header.version, end, name);
    if (!cpu.ok()) return cpu.status();
    const size_t before = result_.vcpus.empty() ? begin_ : End(result_.vcpus.back());
    const size_t common = stream_.substr(before, at - before).rfind(kCommonName);
    if (common == absl::string_view::npos || Number32(before + common + kCommonName.size()) != header.instance) {
      return StreamError(at, name, "the cpu_common section before it is of another vCPU, or there is none");
    }
    result_.vcpus.push_back({std::move(header), *std::move(cpu), {}});
    return absl::OkStatus();
  }

  // The end-of-stream byte follows the last section's footer. It is the last byte, or a (damaged) description follows
  // it.
  absl::Status FindEndOfStream() {
    if (IsEndOfStream(stream_.size() - 1)) {
      result_.end_of_stream = stream_.size() - 1;
      return absl::OkStatus();
    }
    const size_t last = End(result_.vcpus.back());
    for (size_t at = stream_.find(absl::string_view("\x00\x06", 2), last); at != absl::string_view::npos;
         at = stream_.find(absl::string_view("\x00\x06", 2), at + 1)) {
      if (!has_footers_ || !IsEndOfStream(at)) continue;
      result_.end_of_stream = at;
      return absl::OkStatus();
    }
    return StreamError(stream_.size(), "", "the stream ends without an end-of-stream byte");
  }

  // There is a vCPU with a damaged header behind the last one that was found.
  absl::Status CheckNoneIsLost() const {
    const size_t last = End(result_.vcpus.back());
    const size_t name_at = stream_.substr(0, result_.end_of_stream).find(kCommonName, last);
    if (name_at == absl::string_view::npos) return absl::OkStatus();
    return StreamError(name_at, "cpu_common", "no cpu section follows this one");
  }

  bool IsEndOfStream(size_t at) const {
    const VcpuSection& last = result_.vcpus.back();
    if (stream_[at] != 0 || at < End(last)) return false;
    if (!has_footers_) return true;
    if (at < End(last) + kFooterSize || static_cast<uint8_t>(stream_[at - kFooterSize]) != kSectionFooter) return false;
    const uint32_t id = Number32(at - 4);
    return id >= last.header.id && id <= kMaxSectionId;
  }

  absl::string_view stream_;
  size_t begin_;
  bool has_footers_;
  CpuSearchResult result_;
  absl::Status first_failure_;
};

}  // namespace

absl::StatusOr<CpuSearchResult> SearchCpuSections(absl::string_view stream, size_t first_device, bool has_footers) {
  return Search(stream, first_device, has_footers).Run();
}

}  // namespace armstate
