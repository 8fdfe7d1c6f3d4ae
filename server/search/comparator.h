// Comparator is a comparison operator of a filter.
#ifndef ARMSTATE_SERVER_SEARCH_COMPARATOR_H_
#define ARMSTATE_SERVER_SEARCH_COMPARATOR_H_

namespace armstate {

enum class Comparator { kEqual, kNotEqual, kLess, kLessOrEqual, kGreater, kGreaterOrEqual, kHas };

template <typename T>
bool Compare(Comparator comparator, const T& a, const T& b) {
  switch (comparator) {
    case Comparator::kHas:
    case Comparator::kEqual:
      return a == b;
    case Comparator::kNotEqual:
      return !(a == b);
    case Comparator::kLess:
      return a < b;
    case Comparator::kLessOrEqual:
      return !(b < a);
    case Comparator::kGreater:
      return b < a;
    case Comparator::kGreaterOrEqual:
      return !(a < b);
  }
  return false;
}

}  // namespace armstate

#endif  // ARMSTATE_SERVER_SEARCH_COMPARATOR_H_
