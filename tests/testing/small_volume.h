// A small file system that can be filled.
#ifndef ARMSTATE_TESTS_TESTING_SMALL_VOLUME_H_
#define ARMSTATE_TESTS_TESTING_SMALL_VOLUME_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "tests/testing/temp_dir.h"

namespace armstate {

// A tmpfs of 160 MB, which only this thread sees and the processes that it starts, and which goes with them.
class SmallVolume {
 public:
  // Needs no root, but then the process may have no other thread yet.
  static absl::StatusOr<std::unique_ptr<SmallVolume>> Mount();
  ~SmallVolume();

  std::string data_dir() const { return folder_.path() + "/data"; }
  uint64_t Free() const;
  // As another program may do it: to the last byte, or but for so many.
  void TakeTheRest(uint64_t but_for = 0);
  // What was taken.
  void GiveBack();

 private:
  SmallVolume() = default;
  std::string Filler() const { return folder_.path() + "/filler"; }

  TempDir folder_;
};

}  // namespace armstate

#endif  // ARMSTATE_TESTS_TESTING_SMALL_VOLUME_H_
