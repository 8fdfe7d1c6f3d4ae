#include "client/qemu/stream/opaque_fields.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/qemu/stream/format.h"
#include "client/qemu/stream/reader.h"
#include "core/error.h"
#include "core/register_kind.h"

namespace armstate {
namespace {

constexpr absl::string_view kMarker = "cpu";
constexpr size_t kMaxNameLength = 255;

std::string BigEndian32(uint32_t value) {
  std::string bytes(4, '\0');
  StoreBigEndian(value, 4, &bytes[0]);
  return bytes;
}

absl::Status FieldError(absl::string_view field, absl::string_view message) {
  return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kFieldInvalid,
                   absl::StrCat("opaque field ", field, ": ", message), {{"field", std::string(field)}});
}

bool AllZero(absl::string_view bytes) { return bytes.find_first_not_of('\0') == absl::string_view::npos; }

void CollectField(const CpuField& field, absl::string_view prefix, absl::string_view payload,
                  const std::vector<bool>& covered, std::vector<OpaqueField>& fields) {
  const CpuFieldInfo& info = field.info;
  const size_t size = size_t{info.width} * info.count;
  const absl::string_view bytes = payload.substr(field.offset, size);
  const auto first = covered.begin() + field.offset;
  if (std::find(first, first + size, true) == first + size) {
    if (!AllZero(bytes)) fields.push_back({absl::StrCat(prefix, info.name), std::string(bytes)});
    return;
  }
  for (unsigned i = 0; i < info.count; ++i) {
    const absl::string_view element = bytes.substr(size_t{info.width} * i, info.width);
    bool kept = false;  // a byte that is neither zero nor a register's
    for (size_t k = 0; k < element.size(); ++k) kept |= element[k] != 0 && !first[info.width * i + k];
    if (!kept) continue;
    const std::string index = info.count == 1 ? "" : absl::StrCat("[", info.first_index + i, "]");
    fields.push_back({absl::StrCat(prefix, info.name, index), std::string(element)});
  }
}

const OpaqueField* Find(const std::vector<OpaqueField>& fields, absl::string_view name) {
  for (const OpaqueField& field : fields) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

// True for "cpu/NAME", the version of a subsection, with its body if that is kept as a whole.
bool IsSubsection(const OpaqueField& field) {
  return absl::StartsWith(field.name, "cpu/") && !absl::StrContains(field.name, ':');
}

bool HasRegisters(const CpuSubsectionInfo* info) { return info != nullptr && !info->fields.empty(); }

struct BuiltSubsections {
  std::string bytes;
  // The sizes of subsections that are not in our own tables.
  std::vector<SubsectionDescription> unknown;
};

// Builds the bytes of the subsections that the fields describe, in the fields' order.
absl::StatusOr<BuiltSubsections> BuildSubsections(const std::vector<OpaqueField>& fields) {
  BuiltSubsections built;
  std::string parent;
  for (const OpaqueField& field : fields) {
    if (!IsSubsection(field)) continue;
    if (!IsNestedSubsection(field.name)) {
      parent = absl::StrCat(field.name, "/");
    } else if (parent.empty() || !absl::StartsWith(field.name, parent)) {
      return FieldError(field.name, "it does not follow the subsection that it is nested in");
    }
    const CpuSubsectionInfo* info = FindCpuSubsection(field.name);
    const absl::string_view data = field.data;
    if (field.name.size() > kMaxNameLength) return FieldError("cpu/", "the name of a subsection is too long");
    if (data.size() < 4) return FieldError(field.name, "it does not begin with a version");
    if (info != nullptr && LoadBigEndian(data.substr(0, 4)) != info->version) {
      return FieldError(field.name, absl::StrCat("it does not begin with the version ", info->version));
    }
    if (HasRegisters(info) && data.size() != 4) return FieldError(field.name, "it has more than a version");
    if (info == nullptr) built.unknown.push_back({field.name, data.size() - 4});
    absl::StrAppend(&built.bytes, absl::string_view("\x05", 1), std::string(1, static_cast<char>(field.name.size())),
                    field.name, data);
    if (HasRegisters(info)) built.bytes.append(info->base, '\0');
  }
  return built;
}

// The bits of a list entry above its register's width; see opaque_fields.h.
std::string UpperBitsName(uint64_t id) { return absl::StrFormat("cpreg_vmstate_values[0x%016x]", id); }

struct UpperBits {
  size_t offset;  // in the section
  size_t size;
  uint64_t id;
};

std::vector<UpperBits> FindUpperBits(const CpuSection& section, absl::string_view payload) {
  std::vector<UpperBits> all;
  const std::vector<uint64_t> ids = ListedIds(section, payload);
  for (size_t i = 0; i < ids.size(); ++i) {
    const absl::StatusOr<RegisterId> id = RegisterId::Create(ids[i]);
    if (id.ok() && id->width() < 8) all.push_back({section.values + 8 * i, 8 - id->width(), ids[i]});
  }
  return all;
}

// Finds FIELD or FIELD[i] among `candidates`: where it is, and its size.
struct Place {
  size_t offset;
  size_t size;
};
absl::optional<Place> FindPlace(const std::vector<CpuField>& candidates, absl::string_view name) {
  for (const CpuField& field : candidates) {
    if (field.info.name == name) return Place{field.offset, size_t{field.info.width} * field.info.count};
  }
  const size_t bracket = name.rfind('[');
  if (bracket == absl::string_view::npos || name.back() != ']') return absl::nullopt;
  uint32_t index = 0;
  if (!absl::SimpleAtoi(name.substr(bracket + 1, name.size() - bracket - 2), &index)) return absl::nullopt;
  for (const CpuField& field : candidates) {
    const CpuFieldInfo& info = field.info;
    if (info.name != name.substr(0, bracket) || index < info.first_index || index - info.first_index >= info.count)
      continue;
    return Place{field.offset + size_t{info.width} * (index - info.first_index), info.width};
  }
  return absl::nullopt;
}

absl::optional<Place> FindPlace(const CpuSection& section, absl::string_view name) {
  const size_t colon = name.find(':');
  if (colon == absl::string_view::npos) return FindPlace(section.fields, name);
  const CpuSubsection* subsection = section.FindSubsection(name.substr(0, colon));
  return subsection == nullptr ? absl::nullopt : FindPlace(subsection->fields, name.substr(colon + 1));
}

absl::StatusOr<CpuSectionImage> Reshape(const CpuSection& target, absl::string_view target_payload,
                                        const OpaqueField& marker, const std::vector<OpaqueField>& fields) {
  if (marker.data != BigEndian32(target.version)) {
    return FieldError(marker.name, absl::StrCat("the checkpoint's section is not of version ", target.version,
                                                ", as the target's is"));
  }
  const CpuField& last = target.fields.back();
  CpuSectionImage image;
  image.payload = std::string(target_payload.substr(0, last.offset + size_t{last.info.width} * last.info.count));
  for (const CpuField& field : target.fields) {
    std::fill_n(image.payload.begin() + field.offset, size_t{field.info.width} * field.info.count, '\0');
  }
  for (const UpperBits& upper : FindUpperBits(target, target_payload)) {
    const OpaqueField* field = Find(fields, UpperBitsName(upper.id));
    if (field != nullptr && field->data.size() != upper.size) {
      return FieldError(field->name, absl::StrCat("it has ", field->data.size(), " bytes, not ", upper.size));
    }
    // For an identification register, the target's own bits are right where the checkpoint's are not known.
    if (field == nullptr && IsIdRegister(*RegisterId::Create(upper.id))) continue;
    image.payload.replace(upper.offset, upper.size, field != nullptr ? field->data : std::string(upper.size, '\0'));
  }
  const absl::StatusOr<BuiltSubsections> subsections = BuildSubsections(fields);
  if (!subsections.ok()) return subsections.status();
  image.payload += subsections->bytes;
  const SectionEnd end{SectionEnd::kExact, 0, image.payload.size()};
  absl::StatusOr<CpuSection> section =
      ParseCpuSection(image.payload, 0, target.version, end, "cpu", subsections->unknown);
  if (!section.ok()) return FieldError(marker.name, absl::StrCat("its subsections: ", section.status().message()));
  image.section = *std::move(section);
  // The board decides the number of an MPU's regions; it is not in the stream.
  for (const CpuSubsection& own : target.subsections) {
    if (own.info == nullptr || own.info->unit == 0) continue;
    const CpuSubsection* given = image.section.FindSubsection(own.name);
    if (given == nullptr || given->end - given->body == own.end - own.body) continue;
    return FieldError(own.name, absl::StrCat("it has ", given->end - given->body, " bytes, the target's has ",
                                             own.end - own.body, ": the CPUs have MPUs of different sizes"));
  }
  return image;
}

}  // namespace

bool IsOfQemu(const std::vector<OpaqueField>& fields) { return Find(fields, kMarker) != nullptr; }

std::vector<OpaqueField> CollectOpaqueFields(const CpuSection& section, absl::string_view payload,
                                             const std::vector<RegisterBinding>& bindings) {
  std::vector<bool> covered(payload.size());
  for (const RegisterBinding& binding : bindings) {
    for (const RegisterSegment& segment : binding.segments) {
      std::fill_n(covered.begin() + segment.offset, segment.width, true);
    }
  }
  std::vector<OpaqueField> fields = {{std::string(kMarker), BigEndian32(section.version)}};
  for (const CpuField& field : section.fields) CollectField(field, "", payload, covered, fields);
  bool parent_is_whole = false;
  for (const CpuSubsection& subsection : section.subsections) {
    const std::string version = BigEndian32(subsection.version);
    if (!subsection.nested) parent_is_whole = !HasRegisters(subsection.info);
    if (HasRegisters(subsection.info)) {
      fields.push_back({subsection.name, version});
      for (const CpuField& field : subsection.fields) {
        CollectField(field, absl::StrCat(subsection.name, ":"), payload, covered, fields);
      }
    } else if (subsection.nested && parent_is_whole) {
      // It follows its parent, and is kept from its first byte on.
      absl::StrAppend(&fields.back().data, payload.substr(subsection.offset, subsection.end - subsection.offset));
    } else {
      fields.push_back(
          {subsection.name, absl::StrCat(version, payload.substr(subsection.body, subsection.end - subsection.body))});
    }
  }
  for (const UpperBits& upper : FindUpperBits(section, payload)) {
    const absl::string_view bits = payload.substr(upper.offset, upper.size);
    if (!AllZero(bits)) fields.push_back({UpperBitsName(upper.id), std::string(bits)});
  }
  return fields;
}

absl::StatusOr<CpuSectionImage> ApplyOpaqueFields(const CpuSection& target, absl::string_view target_payload,
                                                  const std::vector<OpaqueField>& fields) {
  CpuSectionImage image{std::string(target_payload), target};
  const OpaqueField* marker = Find(fields, kMarker);
  if (marker != nullptr) {
    absl::StatusOr<CpuSectionImage> reshaped = Reshape(target, target_payload, *marker, fields);
    if (!reshaped.ok()) return reshaped.status();
    image = *std::move(reshaped);
  }
  for (const OpaqueField& field : fields) {
    // With a marker, these were handled above. The register list reports a register that the target lacks.
    if (marker != nullptr &&
        (&field == marker || IsSubsection(field) || absl::StartsWith(field.name, "cpreg_vmstate_values["))) {
      continue;
    }
    const absl::optional<Place> place = FindPlace(image.section, field.name);
    if (!place) return FieldError(field.name, "the target's cpu section has no such field");
    if (place->size != field.data.size()) {
      return FieldError(field.name,
                        absl::StrCat("it has ", field.data.size(), " bytes, the target's has ", place->size));
    }
    image.payload.replace(place->offset, place->size, field.data);
  }
  return image;
}

}  // namespace armstate
