#include "core/changed_fields.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace armstate {
namespace {

// "SMD=1/0:80": the field, its two values, and its mask.
std::vector<std::string> Changed(const char* name, uint64_t first, uint64_t second) {
  std::vector<std::string> changed;
  for (const ChangedField& field :
       ChangedFields(*ParseRegisterName(name, IdScheme::kTcg), IdScheme::kTcg, first, second)) {
    changed.push_back(absl::StrCat(field.name, "=", field.first, "/", field.second, ":", absl::Hex(field.mask)));
  }
  return changed;
}

// Arm ARM: bits 5 and 4 of SCR_EL3 are RES1, bit 6 is RES0, bit 7 is SMD. QEMU keeps RES1 as 3, whatever SMD is.
TEST(ChangedFields, Res1HasAName) {
  EXPECT_EQ(Changed("SCR_EL3", 0x80, 0x30), (std::vector<std::string>{"SMD=1/0:80", "RES1=0/3:30"}));
}

// The bits of a field are no part of unnamed ones beside it.
TEST(ChangedFields, UnnamedBitsStandAlone) {
  EXPECT_EQ(Changed("SCR_EL3", 0x40, 0), (std::vector<std::string>{"[6]=1/0:40"}));
  // CTR_EL0: 63 to 38 have no name.
  EXPECT_EQ(Changed("CTR_EL0", 0xf000000000000000, 0), (std::vector<std::string>{"[63:60]=15/0:f000000000000000"}));
  EXPECT_EQ(Changed("CTR_EL0", 0, 0x4000000000), (std::vector<std::string>{"[39:38]=0/1:c000000000"}));
}

}  // namespace
}  // namespace armstate
