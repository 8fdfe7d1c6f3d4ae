// RowSet is a set of rows of the search index, as a bitmap.
#ifndef ARMSTATE_SERVER_SEARCH_ROW_SET_H_
#define ARMSTATE_SERVER_SEARCH_ROW_SET_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace armstate {

// Sets that are combined must have the same size. Not thread-safe.
class RowSet {
 public:
  explicit RowSet(size_t rows) : rows_(rows), words_((rows + 63) / 64) {}

  // Returns the rows for which `holds(row)` is true.
  template <typename Holds>
  static RowSet Where(size_t rows, Holds holds) {
    RowSet set(rows);
    for (size_t word = 0; word < set.words_.size(); ++word) {
      const size_t begin = word * 64;
      const size_t count = rows - begin < 64 ? rows - begin : 64;
      uint64_t bits = 0;
      for (size_t i = 0; i < count; ++i) bits |= uint64_t{holds(begin + i)} << i;
      set.words_[word] = bits;
    }
    return set;
  }

  size_t size() const { return rows_; }
  bool Has(size_t row) const { return (words_[row / 64] >> row % 64 & 1) != 0; }

  RowSet& operator&=(const RowSet& other) {
    for (size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
    return *this;
  }
  RowSet& operator|=(const RowSet& other) {
    for (size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
    return *this;
  }
  RowSet& Remove(const RowSet& other) {
    for (size_t i = 0; i < words_.size(); ++i) words_[i] &= ~other.words_[i];
    return *this;
  }

  // Calls `visit(row)` for each row in ascending order.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (size_t word = 0; word < words_.size(); ++word) {
      for (uint64_t bits = words_[word]; bits != 0; bits &= bits - 1) visit(word * 64 + __builtin_ctzll(bits));
    }
  }

 private:
  size_t rows_;
  std::vector<uint64_t> words_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_SEARCH_ROW_SET_H_
