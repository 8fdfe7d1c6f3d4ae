// `RegisterList` holds the registers of one vCPU: sorted IDs, and their values in one contiguous area.
#ifndef ARMSTATE_CORE_REGISTER_LIST_H_
#define ARMSTATE_CORE_REGISTER_LIST_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "core/register_id.h"

namespace armstate {

// The registers of a list without their values: IDs strictly ascending (unsigned), and the position of each value.
// Immutable and shared: the lists of one vCPU, and those of all vCPUs of one kind, have the same layout.
//
// Thread-safe (immutable).
class RegisterLayout {
 public:
  // INVALID_ARGUMENT if an ID is invalid (REGISTER_ID_INVALID), or is not above the one before
  // (REGISTER_LIST_MALFORMED, with metadata "position" and "register_id").
  static absl::StatusOr<std::shared_ptr<const RegisterLayout>> Create(absl::Span<const uint64_t> ids);

  size_t size() const { return ids_.size(); }
  RegisterId id(size_t index) const { return RegisterId(ids_[index]); }
  absl::Span<const uint64_t> raw_ids() const { return ids_; }
  // The position of the value of register `index` in the value area, and its width, both in bytes.
  size_t offset(size_t index) const { return offsets_[index]; }
  size_t width(size_t index) const { return offsets_[index + 1] - offsets_[index]; }
  // Size of the value area in bytes.
  size_t values_size() const { return offsets_.back(); }

  // Position of a register.
  absl::optional<size_t> Find(RegisterId id) const;

  friend bool operator==(const RegisterLayout& a, const RegisterLayout& b) { return a.ids_ == b.ids_; }

 private:
  RegisterLayout() = default;

  std::vector<uint64_t> ids_;
  std::vector<uint32_t> offsets_;  // size() + 1 of them
};

// A layout with values. Values are little-endian, each exactly as wide as its ID says, without padding, in the layout's
// order.
//
// Example:
//   absl::StatusOr<RegisterList> list = RegisterList::Create(ids, std::move(bytes));
//   for (size_t i = 0; i < list.size(); ++i) Print(list.id(i), list.value(i));
class RegisterList {
 public:
  // An empty list.
  RegisterList();

  // INVALID_ARGUMENT, reason REGISTER_LIST_MALFORMED, also if `values` is not as long as the widths add up to.
  static absl::StatusOr<RegisterList> Create(absl::Span<const uint64_t> ids, std::string values);
  static absl::StatusOr<RegisterList> Create(std::shared_ptr<const RegisterLayout> layout, std::string values);

  const RegisterLayout& layout() const { return *layout_; }
  const std::shared_ptr<const RegisterLayout>& shared_layout() const { return layout_; }
  size_t size() const { return layout_->size(); }
  RegisterId id(size_t index) const { return layout_->id(index); }

  absl::string_view value(size_t index) const {
    return absl::string_view(values_).substr(layout_->offset(index), layout_->width(index));
  }
  absl::string_view values() const { return values_; }
  std::string ReleaseValues() && { return std::move(values_); }

  // The value of a register, if the list has it.
  absl::optional<absl::string_view> Find(RegisterId id) const;

  friend bool operator==(const RegisterList& a, const RegisterList& b) {
    return a.values_ == b.values_ && *a.layout_ == *b.layout_;
  }

 private:
  RegisterList(std::shared_ptr<const RegisterLayout> layout, std::string values)
      : layout_(std::move(layout)), values_(std::move(values)) {}

  std::shared_ptr<const RegisterLayout> layout_;
  std::string values_;
};

// Collects registers in any order, then makes a list of them.
class RegisterListBuilder {
 public:
  // Adds a register; its low 64 bits are `value`, the others 0.
  void Add(RegisterId id, uint64_t value);
  // Adds a register with all its bytes: exactly id.width() of them.
  void AddBytes(RegisterId id, absl::string_view value);

  // INVALID_ARGUMENT, reason REGISTER_LIST_MALFORMED, if a register was added twice.
  absl::StatusOr<RegisterList> Build() &&;

 private:
  struct Entry {
    uint64_t id;
    std::string value;
  };
  std::vector<Entry> entries_;
};

// The low 64 bits of a little-endian value of any width.
uint64_t LowWord(absl::string_view value);

// "0x" and all digits of a little-endian value: the width of the value shows.
std::string FormatValue(absl::string_view value);

}  // namespace armstate

#endif  // ARMSTATE_CORE_REGISTER_LIST_H_
