// RegisterColumn holds one register's values in all rows of the search index in a compact form.
#ifndef ARMSTATE_SERVER_SEARCH_REGISTER_COLUMN_H_
#define ARMSTATE_SERVER_SEARCH_REGISTER_COLUMN_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "server/search/row_set.h"

namespace armstate {

// For registers up to 64 bits wide. Most registers are equal in all VMs of a fleet or take few values: a column uses
// zero, one or eight bytes per row, and changes its form by itself as needed. A row that was never set has an
// unspecified value. Not thread-safe.
class RegisterColumn {
 public:
  void Set(size_t row, uint64_t value);
  uint64_t Get(size_t row) const;

  // Returns the rows from 0 to rows - 1 for whose value `holds` is true.
  template <typename Holds>
  RowSet Where(size_t rows, Holds holds) const {
    if (form_ == Form::kWide) {
      return RowSet::Where(rows, [&](size_t row) { return row < rows_ && holds(wide_[row]); });
    }
    std::array<bool, kMaxValues> held = {};
    for (size_t code = 0; code < values_.size(); ++code) held[code] = holds(values_[code]);
    if (form_ == Form::kOneValue) return RowSet::Where(rows, [&](size_t) { return held[0]; });
    return RowSet::Where(rows, [&](size_t row) { return row < rows_ && held[codes_[row]]; });
  }

  size_t memory_bytes() const;

 private:
  static constexpr size_t kMaxValues = 256;
  // kOneValue: values_[0], if set. kCoded: values_[codes_[row]]. kWide: wide_[row].
  enum class Form : uint8_t { kOneValue, kCoded, kWide };

  void SetCoded(size_t row, uint64_t value);
  // Drops values that no row uses. Returns false if nearly all are in use.
  bool DropUnusedValues();
  void Widen();

  Form form_ = Form::kOneValue;
  size_t rows_ = 0;  // one more than the highest row that was set
  std::vector<uint64_t> values_;
  std::vector<uint8_t> codes_;
  std::vector<uint64_t> wide_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_SEARCH_REGISTER_COLUMN_H_
