#include "client/qemu/description_update.h"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/qemu/json_text.h"
#include "client/qemu/stream/reader.h"
#include "client/qemu/stream/vm_description.h"

namespace armstate {
namespace {

std::string Quoted(absl::string_view text) {
  return nlohmann::json(std::string(text)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// `Edits` collects replacements in a text, in ascending order.
class Edits {
 public:
  explicit Edits(absl::string_view text) : text_(text) {}

  // `old` points into the text.
  void Replace(absl::string_view old, absl::string_view replacement) {
    const size_t at = old.data() - text_.data();
    absl::StrAppend(&edited_, text_.substr(done_, at - done_), replacement);
    done_ = at + old.size();
  }
  std::string Take() && {
    absl::StrAppend(&edited_, text_.substr(done_));
    return std::move(edited_);
  }

 private:
  absl::string_view text_;
  size_t done_ = 0;
  std::string edited_;
};

using Subsections = absl::Span<const CpuSubsection>;

// The number of entries that the first subsection takes: itself, and those nested in it.
size_t FamilySize(Subsections subsections) {
  size_t size = 1;
  while (size < subsections.size() && subsections[size].nested) ++size;
  return size;
}

bool IsNamed(absl::string_view described, absl::string_view name) {
  return JsonMember(described, "vmsd_name") == Quoted(name);
}

std::string NewDescription(const CpuSubsection& subsection) {
  const std::string name = Quoted(subsection.name);
  return absl::StrCat("{\"vmsd_name\": ", name, ", \"version\": ", subsection.version,
                      ", \"fields\": [{\"name\": ", name,
                      ", \"type\": \"buffer\", \"size\": ", subsection.end - subsection.body, "}]}");
}

// Returns `parent`, the text of a device or subsection, with exactly these subsections.
std::string WithSubsections(absl::string_view parent, Subsections subsections, bool nested) {
  const absl::string_view array = JsonMember(parent, "subsections");
  const std::vector<absl::string_view> described = JsonElements(array);
  std::vector<std::string> texts;
  for (size_t i = 0; i < subsections.size();) {
    const CpuSubsection& subsection = subsections[i];
    const size_t family = nested ? 1 : FamilySize(subsections.subspan(i));
    std::string text;
    for (const absl::string_view candidate : described) {
      if (IsNamed(candidate, subsection.name)) text = std::string(candidate);
    }
    if (text.empty()) text = NewDescription(subsection);
    texts.push_back(nested ? text : WithSubsections(text, subsections.subspan(i + 1, family - 1), true));
    i += family;
  }
  // QEMU writes ", " between members, and omits an empty array.
  const std::string all = texts.empty() ? "" : absl::StrCat("[", absl::StrJoin(texts, ", "), "]");
  Edits edits(parent);
  if (!array.empty() && !all.empty()) {
    edits.Replace(array, all);
  } else if (!array.empty()) {
    // Removes the key and the comma before it, too.
    const size_t begin = array.data() - parent.data();
    const size_t comma = parent.substr(0, begin).rfind(',');
    if (comma == absl::string_view::npos) return std::string(parent);
    edits.Replace(parent.substr(comma, begin + array.size() - comma), "");
  } else if (!all.empty()) {
    edits.Replace(parent.substr(parent.size() - 1), absl::StrCat(", \"subsections\": ", all, "}"));
  }
  return std::move(edits).Take();
}

std::string UpdatedDevice(absl::string_view device, const CpuSection& section) {
  Edits edits(device);
  for (const absl::string_view field : JsonElements(JsonMember(device, "fields"))) {
    const absl::string_view name = JsonMember(field, "name");
    if (name != "\"cpreg_vmstate_indexes\"" && name != "\"cpreg_vmstate_values\"") continue;
    const absl::string_view length = JsonMember(field, "array_len");
    if (!length.empty()) edits.Replace(length, absl::StrCat(section.register_count));
  }
  return WithSubsections(std::move(edits).Take(), section.subsections, false);
}

std::string UpdatedText(absl::string_view json, absl::Span<const CpuSection> sections) {
  Edits edits(json);
  for (const absl::string_view device : JsonElements(JsonMember(json, "devices"))) {
    uint64_t instance = 0;
    if (JsonMember(device, "name") != "\"cpu\"" || !absl::SimpleAtoi(JsonMember(device, "instance_id"), &instance) ||
        instance >= sections.size()) {
      continue;
    }
    edits.Replace(device, UpdatedDevice(device, sections[instance]));
  }
  return std::move(edits).Take();
}

bool Fits(absl::string_view json, absl::Span<const CpuSection> sections) {
  const absl::StatusOr<VmDescription> description = ParseVmDescription(json);
  if (!description.ok()) return false;
  for (const DeviceDescription& device : description->devices) {
    if (device.name != "cpu") continue;
    if (device.instance >= sections.size()) return false;
    const CpuSection& section = sections[device.instance];
    if (device.size != section.size || device.cpreg_count != section.register_count ||
        device.subsections.size() != section.subsections.size()) {
      return false;
    }
  }
  return true;
}

bool HaveSameLayout(const CpuSection& a, const CpuSection& b) {
  const auto is_same = [](const CpuSubsection& x, const CpuSubsection& y) {
    return x.name == y.name && x.end - x.offset == y.end - y.offset;
  };
  return a.size == b.size && a.register_count == b.register_count &&
         std::equal(a.subsections.begin(), a.subsections.end(), b.subsections.begin(), b.subsections.end(), is_same);
}

}  // namespace

void UpdateDescription(absl::string_view stream, const MigrationStream& outline, absl::Span<const CpuSection> sections,
                       std::vector<StreamPatch>& patches, std::vector<std::string>& notes) {
  const auto is_unchanged = [](const CpuSection& section, const VcpuSection& vcpu) {
    return HaveSameLayout(section, vcpu.cpu);
  };
  if (!outline.has_description ||
      std::equal(sections.begin(), sections.end(), outline.vcpus.begin(), outline.vcpus.end(), is_unchanged)) {
    return;
  }
  // The end-of-stream byte, the description's type, its length, its text.
  const size_t length_at = outline.end_of_stream + 2;
  const size_t length = LoadBigEndian(stream.substr(length_at, 4));
  const absl::string_view json = stream.substr(length_at + 4, length);
  const std::string updated = UpdatedText(json, sections);
  if (Fits(updated, sections)) {
    if (updated == json) return;
    std::string bytes(4, '\0');
    StoreBigEndian(updated.size(), 4, &bytes[0]);
    patches.push_back({length_at, 4 + length, bytes + updated});
    return;
  }
  const size_t end = outline.end_of_stream + 1;
  patches.push_back({end, stream.size() - end, ""});
  notes.push_back(
      "the stream's JSON description is not as QEMU writes it and does not fit the new cpu sections: cut off");
}

}  // namespace armstate
