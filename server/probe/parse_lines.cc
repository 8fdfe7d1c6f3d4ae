#include "server/probe/parse_lines.h"

#include <zlib.h>

#include <algorithm>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace armstate {
namespace {

constexpr size_t kLongestLine = size_t{1} << 20;
constexpr uint64_t kVersion = 1;
constexpr absl::string_view kFormat = R"({"format":"armstate-probe",)";
constexpr absl::string_view kChecksum = R"(,"crc":")";
constexpr size_t kChecksumSize = 8 + 8 + 2;  // ,"crc":" and 8 digits and "}

Json ParseJson(absl::string_view text) {
  return Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
}

uint32_t Crc32(uint32_t of_text_before, absl::string_view text) {
  return static_cast<uint32_t>(
      crc32_z(of_text_before, reinterpret_cast<const unsigned char*>(text.data()), text.size()));
}

// Splits off the first line.
absl::string_view TakeLine(absl::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  const absl::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

absl::StatusOr<Json> ParseLine(absl::string_view line, const Place& place) {
  if (line.size() > kLongestLine) return place.Error(absl::StrCat("is longer than ", kLongestLine, " bytes"));
  Json json = ParseJson(line);
  if (!json.is_object()) return place.Error("is not a JSON object");
  return json;
}

// Returns the first register of a list whose own checksum does not match its ID and value.
absl::optional<uint64_t> ChangedRegister(const Json& vcpu, const Place& place) {
  const absl::StatusOr<const Json*> registers = MemberArray(vcpu, "regs", place);
  const absl::StatusOr<std::string> sums = MemberText(vcpu, "sums", place);
  if (!registers.ok() || !sums.ok() || sums->size() != 8 * (*registers)->size()) return absl::nullopt;
  for (size_t i = 0; i < (*registers)->size(); ++i) {
    const Json& entry = (**registers)[i];
    if (!entry.is_array() || entry.size() != 3 || !entry[0].is_string() || !entry[2].is_string()) return absl::nullopt;
    const std::string& id = entry[0].get_ref<const std::string&>();
    const std::string text = absl::StrCat(id, entry[2].get_ref<const std::string&>());
    if (absl::StrFormat("%08x", Crc32(0, text)) == absl::string_view(*sums).substr(8 * i, 8)) continue;
    const absl::StatusOr<uint64_t> raw = HexWord(id, place);
    if (raw.ok()) return *raw;
  }
  return absl::nullopt;
}

absl::Status ChangedError(const Json& line, Place place) {
  if (const absl::StatusOr<uint64_t> id = MemberHex(line, "reg", place); id.ok()) place.register_id = *id;
  if (const absl::StatusOr<const Json*> vcpus = MemberArray(line, "vcpus", place); vcpus.ok()) {
    for (const Json& vcpu : **vcpus) {
      if (!place.register_id) place.register_id = ChangedRegister(vcpu, place);
    }
  }
  return place.Error(
      "its checksum does not match: it was changed, or lines before it are missing, duplicated or moved");
}

absl::Status VisitChecked(absl::string_view file, absl::string_view text, const ProbeLineVisitor& visit) {
  Place place{file, 0};
  uint32_t checksum = 0;
  bool ended = false;
  while (!text.empty()) {
    const absl::string_view line = TakeLine(text);
    ++place.line;
    if (ended) return place.Error("follows the last line");
    const absl::StatusOr<Json> json = ParseLine(line, place);
    if (!json.ok()) return json.status();
    const absl::string_view content = line.substr(0, line.size() - std::min(line.size(), kChecksumSize));
    checksum = Crc32(checksum, content);
    if (line.substr(content.size()) != absl::StrFormat("%s%08x\"}", kChecksum, checksum)) {
      return ChangedError(*json, place);
    }
    checksum = Crc32(checksum, absl::StrCat(line.substr(content.size()), "\n"));
    if (place.line == 1) {
      const absl::StatusOr<uint64_t> version = MemberNumber(*json, "version", place);
      if (!version.ok()) return version.status();
      if (*version != kVersion) return place.Error(absl::StrCat("version ", *version, " of the format is unknown"));
      continue;
    }
    if (Member(*json, "end") != nullptr) {
      ended = true;
      const absl::StatusOr<uint64_t> lines = MemberNumber(*json, "end", place);
      if (!lines.ok()) return lines.status();
      if (*lines != place.line - 1) return place.Error(absl::StrCat("there must be ", *lines, " lines before it"));
      continue;
    }
    if (absl::Status status = visit(*json, line, place); !status.ok()) return status;
  }
  ++place.line;
  return ended ? absl::OkStatus() : place.Error("is missing: the file is truncated");
}

}  // namespace

bool HasChecksums(absl::string_view text) { return absl::StartsWith(text, kFormat); }

absl::Status VisitProbeLines(absl::string_view file, absl::string_view text, const ProbeLineVisitor& visit) {
  if (HasChecksums(text)) return VisitChecked(file, text, visit);
  Place place{file, 1};
  if (text.size() <= kLongestLine) {
    const Json whole = ParseJson(text);
    if (whole.is_object()) return visit(whole, text, place);
  }
  for (; !text.empty(); ++place.line) {
    const absl::string_view line = TakeLine(text);
    if (line.empty()) continue;
    const absl::StatusOr<Json> json = ParseLine(line, place);
    if (!json.ok()) return json.status();
    if (absl::Status status = visit(*json, line, place); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace armstate
