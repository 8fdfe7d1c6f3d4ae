// Ten successive checkpoints of a running Linux guest with two vCPUs (tests/data/qemu-7.2/linux), and as many like them
// as a test needs.
#ifndef ARMSTATE_TESTS_TESTING_LINUX_CHECKPOINTS_H_
#define ARMSTATE_TESTS_TESTING_LINUX_CHECKPOINTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/register_list.h"

namespace armstate {

// The recorded ones: [checkpoint][vCPU].
std::vector<std::vector<RegisterList>> ReadLinuxCheckpoints();

// The checkpoints of other guests that do the same. Every 4-byte word that changes in the recording (and its copies
// under other register IDs, in the same or another checkpoint) becomes another one with the same zero bytes: which one
// depends on the word, the guest and the round. So what changes between two checkpoints changes there too, in as many
// bytes, and nothing of it repeats from guest to guest or round to round. What never changes in the recording, such as
// ID registers and the kernel's settings, is the same in all guests, as in a fleet.
class LinuxGuests {
 public:
  LinuxGuests();

  size_t recorded() const { return recorded_.size(); }
  // Checkpoint `number` of guest `guest`; after the recorded ones it goes on with another round of them. Guest 0 has
  // the recording itself in its first round.
  std::vector<RegisterList> Checkpoint(uint32_t guest, size_t number) const;

 private:
  std::vector<std::vector<RegisterList>> recorded_;
  // [vCPU][word]: does it change?
  std::vector<std::vector<bool>> changes_;
};

}  // namespace armstate

#endif  // ARMSTATE_TESTS_TESTING_LINUX_CHECKPOINTS_H_
