#include "client/qemu/stream/cpu_section.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "client/qemu/stream/error.h"
#include "client/qemu/stream/format.h"
#include "client/qemu/stream/printable.h"
#include "client/qemu/stream/reader.h"

namespace armstate {
namespace {

// QEMU's MPUs and SAUs have at most 256 regions each; cpu/m-security has both.
constexpr uint32_t kMaxUnits = 512;
// The number of sizes to try in a section whose bytes look like the headers of subsections.
constexpr int kMaxTries = 4096;

class Parser {
 public:
  Parser(absl::string_view stream, size_t offset, const SectionEnd& end, absl::string_view name,
         absl::Span<const SubsectionDescription> described)
      : stream_(stream), begin_(offset), end_(end), name_(name), described_(described) {}

  absl::StatusOr<CpuSection> Parse(uint32_t version) {
    section_.version = version;
    StreamReader reader(stream_, begin_, name_);
    AddFields(CpuHeadFields(version), reader, section_.fields);
    const size_t count_at = reader.offset();
    const int64_t count = static_cast<int32_t>(reader.U32("cpreg_vmstate_array_len"));
    if (!reader.ok()) return reader.status();
    if (count < 0 || static_cast<uint64_t>(count) > (stream_.size() - reader.offset()) / 16) {
      return StreamError(count_at, name_,
                         absl::StrCat("cpreg_vmstate_array_len is ", count, ", but the rest of the stream has ",
                                      stream_.size() - reader.offset(), " bytes"));
    }
    section_.register_count = count;
    section_.ids = reader.offset() - begin_;
    reader.Bytes(8 * count, "cpreg_vmstate_indexes");
    section_.values = reader.offset() - begin_;
    reader.Bytes(8 * count, "cpreg_vmstate_values");
    AddFields(CpuTailFields(version), reader, section_.fields);
    if (!reader.ok()) return reader.status();

    absl::StatusOr<Tail> tail = ParseSubsections(reader.offset(), {});
    if (!tail.ok()) return tail.status();
    section_.size = tail->end - begin_;
    section_.subsections = std::move(tail->subsections);
    return std::move(section_);
  }

 private:
  struct Tail {
    std::vector<CpuSubsection> subsections;
    size_t end = 0;
  };

  void AddFields(absl::Span<const CpuFieldInfo> infos, StreamReader& reader, std::vector<CpuField>& fields) {
    for (const CpuFieldInfo& info : infos) {
      fields.push_back({info, reader.offset() - begin_});
      reader.Bytes(size_t{info.width} * info.count, info.name);
    }
  }

  bool IsEnd(size_t offset) const {
    if (end_.kind == SectionEnd::kExact) return offset == end_.offset;
    const absl::string_view rest = stream_.substr(offset);
    if (end_.kind == SectionEnd::kFooter) {
      return rest.size() > kFooterSize && static_cast<uint8_t>(rest[0]) == kSectionFooter &&
             LoadBigEndian(rest.substr(1, 4)) == end_.id && static_cast<uint8_t>(rest[kFooterSize]) <= kCommand;
    }
    if (rest == absl::string_view("\0", 1)) return true;
    // Sections are numbered in stream order, and a machine has a few hundred devices, so the upper bytes of the number
    // are zero.
    return rest.size() > 6 && rest[0] == kSectionFull && LoadBigEndian(rest.substr(1, 4)) > end_.id &&
           LoadBigEndian(rest.substr(1, 4)) < end_.id + 4096 && rest[5] != 0;
  }

  absl::Status NoEnd(size_t offset) const {
    if (offset >= stream_.size()) return StreamError(stream_.size(), name_, "the stream ends before the section does");
    const absl::string_view rest = stream_.substr(offset);
    if (static_cast<uint8_t>(rest[0]) == kSectionFooter && rest.size() >= kFooterSize &&
        end_.kind == SectionEnd::kFooter) {
      const uint64_t id = LoadBigEndian(rest.substr(1, 4));
      if (id != end_.id) {
        return StreamError(offset, name_, absl::StrCat("the footer is of section ", id, ", not of section ", end_.id));
      }
      return StreamError(offset + kFooterSize, name_,
                         rest.size() == kFooterSize ? "the stream ends behind the footer, without an end-of-stream byte"
                                                    : "no part of a stream begins behind the footer");
    }
    return StreamError(offset, name_, "neither a subsection nor the section's footer begins here");
  }

  // Reads the header of the subsection at `offset`, and checks that it may stand behind `before`.
  absl::StatusOr<CpuSubsection> ParseHeader(size_t offset, const std::vector<CpuSubsection>& before) const {
    StreamReader reader(stream_, offset + 1, name_);
    const absl::string_view name = reader.CountedString("the name of a subsection");
    const uint32_t version = reader.U32("the version of a subsection");
    if (!reader.ok()) return reader.status();
    const CpuSubsectionInfo* info = FindCpuSubsection(name);
    if (info == nullptr && !DescribedSize(name)) {
      return StreamError(offset, name_, absl::StrCat("unknown subsection '", Printable(name), "'"));
    }
    if (info != nullptr && info->version != version) {
      return StreamError(
          offset, name_,
          absl::StrCat("subsection ", name, " has version ", version, "; only ", info->version, " is known"));
    }
    absl::string_view parent;
    for (const CpuSubsection& other : before) {
      if (other.name == name) {
        return StreamError(offset, name_, absl::StrCat("subsection ", Printable(name), " is there twice"));
      }
      if (!other.nested) parent = other.name;
    }
    // A CPU has one MPU.
    if (UnitOf(info) != 0 && !before.empty() && UnitOf(before.back().info) != 0 &&
        UnitOf(before.back().info) != info->unit) {
      return StreamError(offset, name_, absl::StrCat("subsection ", name, " cannot follow ", before.back().name));
    }
    const bool nested = IsNestedSubsection(name);
    if (nested && !(absl::StartsWith(name, parent) && name.substr(parent.size(), 1) == "/")) {
      return StreamError(offset, name_, absl::StrCat("subsection ", Printable(name), " does not follow its parent"));
    }
    return CpuSubsection{std::string(name), version, info, offset - begin_, reader.offset() - begin_, 0, nested, {}};
  }

  static uint32_t UnitOf(const CpuSubsectionInfo* info) { return info == nullptr ? 0 : info->unit; }

  absl::optional<uint64_t> DescribedSize(absl::string_view name) const {
    for (const SubsectionDescription& subsection : described_) {
      if (subsection.name == name) return subsection.size;
    }
    return absl::nullopt;
  }

  // Parses all subsections from `offset` to the section's end. Recursive only where a size must be found, at most four
  // levels deep, since no subsection may occur twice.
  absl::StatusOr<Tail> ParseSubsections(size_t offset, std::vector<CpuSubsection> before) const {
    while (!IsEnd(offset)) {
      if (offset >= stream_.size() || stream_[offset] != kSubsection) return NoEnd(offset);
      absl::StatusOr<CpuSubsection> subsection = ParseHeader(offset, before);
      if (!subsection.ok()) return subsection.status();
      const CpuSubsectionInfo* const info = subsection->info;
      if (UnitOf(info) != 0) return FindSize(*std::move(subsection), std::move(before));
      StreamReader reader(stream_, begin_ + subsection->body, name_);
      reader.Bytes(info != nullptr ? info->base : *DescribedSize(subsection->name), Printable(subsection->name));
      if (!reader.ok()) return reader.status();
      if (info != nullptr) {
        size_t field_at = subsection->body;
        for (const CpuFieldInfo& field : info->fields) {
          subsection->fields.push_back({field, field_at});
          field_at += size_t{field.width} * field.count;
        }
      }
      offset = reader.offset();
      subsection->end = offset - begin_;
      before.push_back(*std::move(subsection));
    }
    return Tail{std::move(before), offset};
  }

  // Uses the size in the description if it leads to the section's end, otherwise tries every size. Sizes that include
  // the following subsections lead to the section's end, too; so the size with the most subsections counts, and it must
  // be unique.
  absl::StatusOr<Tail> FindSize(CpuSubsection subsection, std::vector<CpuSubsection> before) const {
    const CpuSubsectionInfo& info = *subsection.info;
    const size_t at = begin_ + subsection.offset;
    const auto parse_behind = [&](uint64_t units) -> absl::StatusOr<Tail> {
      const size_t end = begin_ + subsection.body + info.base + size_t{info.unit} * units;
      if ((!IsEnd(end) && stream_.substr(end, 1) != "\x05") || tries_ == 0) return NoEnd(end);
      --tries_;
      subsection.end = end - begin_;
      before.push_back(subsection);
      absl::StatusOr<Tail> tail = ParseSubsections(end, before);
      before.pop_back();
      return tail;
    };
    const uint64_t described = DescribedSize(subsection.name).value_or(0);
    if (described >= info.base && (described - info.base) % info.unit == 0 && described < stream_.size() - at) {
      absl::StatusOr<Tail> tail = parse_behind((described - info.base) / info.unit);
      if (tail.ok()) return tail;
    }
    absl::optional<Tail> best;
    bool ambiguous = false;
    for (uint32_t units = 0; units <= kMaxUnits; ++units) {
      if (begin_ + subsection.body + info.base + size_t{info.unit} * units >= stream_.size()) break;
      absl::StatusOr<Tail> tail = parse_behind(units);
      if (!tail.ok() || (best && tail->subsections.size() < best->subsections.size())) continue;
      ambiguous = best && tail->subsections.size() == best->subsections.size();
      best = *std::move(tail);
    }
    if (tries_ == 0)
      return StreamError(at, name_, absl::StrCat("too many sizes of subsection ", info.name, " are possible"));
    if (!best)
      return StreamError(at, name_, absl::StrCat("no size of subsection ", info.name, " leads to the section's end"));
    if (ambiguous) {
      return StreamError(at, name_,
                         absl::StrCat("more than one size of subsection ", info.name, " leads to the section's end"));
    }
    return *std::move(best);
  }

  absl::string_view stream_;
  size_t begin_;
  SectionEnd end_;
  std::string name_;
  absl::Span<const SubsectionDescription> described_;
  mutable int tries_ = kMaxTries;
  CpuSection section_;
};

}  // namespace

const CpuField* CpuSection::FindField(absl::string_view name) const {
  for (const CpuField& field : fields) {
    if (field.info.name == name) return &field;
  }
  return nullptr;
}

const CpuSubsection* CpuSection::FindSubsection(absl::string_view name) const {
  for (const CpuSubsection& subsection : subsections) {
    if (subsection.name == name) return &subsection;
  }
  return nullptr;
}

absl::StatusOr<CpuSection> ParseCpuSection(absl::string_view stream, size_t offset, uint32_t version,
                                           const SectionEnd& end, absl::string_view name,
                                           absl::Span<const SubsectionDescription> described) {
  if (version != kCpuVersion && version != kCpuVersionOld) {
    return StreamError(offset, name,
                       absl::StrCat("version ", version, " of the cpu section; only ", kCpuVersionOld, " and ",
                                    kCpuVersion, " are known"));
  }
  return Parser(stream, offset, end, name, described).Parse(version);
}

}  // namespace armstate
