#include "core/register_list.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/error.h"

namespace armstate {
namespace {

absl::Status Malformed(absl::string_view message, std::map<std::string, std::string> metadata) {
  return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kRegisterListMalformed, message,
                   std::move(metadata));
}

}  // namespace

absl::StatusOr<std::shared_ptr<const RegisterLayout>> RegisterLayout::Create(absl::Span<const uint64_t> ids) {
  // Not make_shared: the constructor is private.
  std::shared_ptr<RegisterLayout> layout(new RegisterLayout);
  layout->ids_.assign(ids.begin(), ids.end());
  layout->offsets_.reserve(ids.size() + 1);
  layout->offsets_.push_back(0);
  for (size_t i = 0; i < ids.size(); ++i) {
    const absl::StatusOr<RegisterId> id = RegisterId::Create(ids[i]);
    if (!id.ok()) return Annotate(id.status(), absl::StrCat("register list, position ", i));
    if (i > 0 && ids[i] <= ids[i - 1]) {
      return Malformed(absl::StrCat("register list, position ", i, ": ", id->ToString(),
                                    ids[i] == ids[i - 1] ? " is there twice" : " is not above the ID before it"),
                       {{"position", absl::StrCat(i)}, {"register_id", id->ToString()}});
    }
    layout->offsets_.push_back(layout->offsets_.back() + static_cast<uint32_t>(id->width()));
  }
  return std::shared_ptr<const RegisterLayout>(std::move(layout));
}

absl::optional<size_t> RegisterLayout::Find(RegisterId id) const {
  const auto it = std::lower_bound(ids_.begin(), ids_.end(), id.raw());
  if (it == ids_.end() || *it != id.raw()) return absl::nullopt;
  return it - ids_.begin();
}

RegisterList::RegisterList() {
  static const auto& none = *new std::shared_ptr<const RegisterLayout>(*RegisterLayout::Create({}));
  layout_ = none;
}

absl::StatusOr<RegisterList> RegisterList::Create(absl::Span<const uint64_t> ids, std::string values) {
  absl::StatusOr<std::shared_ptr<const RegisterLayout>> layout = RegisterLayout::Create(ids);
  if (!layout.ok()) return layout.status();
  return Create(*std::move(layout), std::move(values));
}

absl::StatusOr<RegisterList> RegisterList::Create(std::shared_ptr<const RegisterLayout> layout, std::string values) {
  if (values.size() != layout->values_size()) {
    return Malformed(absl::StrCat("register list: the widths of its ", layout->size(), " registers add up to ",
                                  layout->values_size(), " bytes, but it has ", values.size(), " bytes of values"),
                     {{"expected_bytes", absl::StrCat(layout->values_size())}, {"bytes", absl::StrCat(values.size())}});
  }
  return RegisterList(std::move(layout), std::move(values));
}

absl::optional<absl::string_view> RegisterList::Find(RegisterId id) const {
  const absl::optional<size_t> index = layout_->Find(id);
  if (!index) return absl::nullopt;
  return value(*index);
}

void RegisterListBuilder::Add(RegisterId id, uint64_t value) {
  std::string bytes(id.width(), '\0');
  for (size_t i = 0; i < std::min<size_t>(bytes.size(), 8); ++i) bytes[i] = static_cast<char>(value >> 8 * i);
  entries_.push_back({id.raw(), std::move(bytes)});
}

void RegisterListBuilder::AddBytes(RegisterId id, absl::string_view value) {
  assert(value.size() == id.width());
  entries_.push_back({id.raw(), std::string(value)});
}

absl::StatusOr<RegisterList> RegisterListBuilder::Build() && {
  std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) { return a.id < b.id; });
  std::vector<uint64_t> ids;
  ids.reserve(entries_.size());
  std::string values;
  for (const Entry& entry : entries_) {
    ids.push_back(entry.id);
    values += entry.value;
  }
  return RegisterList::Create(ids, std::move(values));
}

uint64_t LowWord(absl::string_view value) {
  uint64_t word = 0;
  for (size_t i = 0; i < std::min<size_t>(value.size(), 8); ++i) {
    word |= static_cast<uint64_t>(static_cast<uint8_t>(value[i])) << 8 * i;
  }
  return word;
}

std::string FormatValue(absl::string_view value) {
  std::string text = "0x";
  for (auto byte = value.rbegin(); byte != value.rend(); ++byte) {
    absl::StrAppendFormat(&text, "%02x", static_cast<uint8_t>(*byte));
  }
  return text;
}

}  // namespace armstate
