#include "server/search/register_column.h"

#include <algorithm>

namespace armstate {
namespace {

// With this many codes in use, the next new values would soon exhaust them again.
constexpr size_t kCrowded = 192;

// Grows by an eighth instead of doubling: there are as many of these vectors as registers.
template <typename T>
void Grow(std::vector<T>& items, size_t size) {
  if (size <= items.size()) return;
  if (size > items.capacity()) items.reserve(size + size / 8);
  items.resize(size);
}

}  // namespace

void RegisterColumn::Set(size_t row, uint64_t value) {
  rows_ = std::max(rows_, row + 1);
  switch (form_) {
    case Form::kOneValue:
      if (values_.empty()) values_.push_back(value);
      if (values_[0] == value) return;
      form_ = Form::kCoded;  // all existing rows have code 0
      SetCoded(row, value);
      return;
    case Form::kCoded:
      SetCoded(row, value);
      return;
    case Form::kWide:
      Grow(wide_, rows_);
      wide_[row] = value;
  }
}

uint64_t RegisterColumn::Get(size_t row) const {
  if (row >= rows_) return 0;
  if (form_ == Form::kWide) return wide_[row];
  return values_[form_ == Form::kCoded ? codes_[row] : 0];
}

void RegisterColumn::SetCoded(size_t row, uint64_t value) {
  Grow(codes_, rows_);
  if (values_[codes_[row]] == value) return;
  auto known = std::find(values_.begin(), values_.end(), value);
  if (known == values_.end()) {
    if (values_.size() == kMaxValues && !DropUnusedValues()) {
      Widen();
      Set(row, value);
      return;
    }
    known = values_.insert(values_.end(), value);
  }
  codes_[row] = static_cast<uint8_t>(known - values_.begin());
}

bool RegisterColumn::DropUnusedValues() {
  std::array<bool, kMaxValues> used = {};
  for (const uint8_t code : codes_) used[code] = true;
  if (static_cast<size_t>(std::count(used.begin(), used.end(), true)) > kCrowded) return false;
  std::array<uint8_t, kMaxValues> new_code = {};
  size_t kept = 0;
  for (size_t code = 0; code < values_.size(); ++code) {
    if (!used[code]) continue;
    values_[kept] = values_[code];
    new_code[code] = static_cast<uint8_t>(kept++);
  }
  values_.resize(kept);
  for (uint8_t& code : codes_) code = new_code[code];
  return true;
}

void RegisterColumn::Widen() {
  wide_.reserve(codes_.size());
  for (const uint8_t code : codes_) wide_.push_back(values_[code]);
  std::vector<uint64_t>().swap(values_);
  std::vector<uint8_t>().swap(codes_);
  form_ = Form::kWide;
}

size_t RegisterColumn::memory_bytes() const {
  return sizeof(*this) + (values_.capacity() + wide_.capacity()) * sizeof(uint64_t) + codes_.capacity();
}

}  // namespace armstate
