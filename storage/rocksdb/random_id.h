// `NewRandomId` makes IDs that are never given twice.
#ifndef ARMSTATE_STORAGE_ROCKSDB_RANDOM_ID_H_
#define ARMSTATE_STORAGE_ROCKSDB_RANDOM_ID_H_

#include <cstdint>
#include <random>

namespace armstate {

// Not 0. Random, not counted: a counter in the database would come back with an old backup and give the same numbers
// again.
inline uint64_t NewRandomId() {
  std::random_device random;
  uint64_t id = 0;
  while (id == 0) id = uint64_t{random()} << 32 | random();
  return id;
}

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_ROCKSDB_RANDOM_ID_H_
