#include "proto/enum_name.h"

#include <gtest/gtest.h>

#include "armstate/v1/checkpoint_watch.pb.h"
#include "armstate/v1/restore_service.pb.h"

namespace armstate {
namespace {

TEST(EnumName, IsWithoutThePrefix) {
  EXPECT_EQ(EnumName(v1::VERDICT_ACCEPTED_WITH_CHANGES), "ACCEPTED_WITH_CHANGES");
  EXPECT_EQ(EnumName(v1::VERDICT_UNSPECIFIED), "UNSPECIFIED");
  EXPECT_EQ(EnumName(v1::CheckpointEvent::KIND_VM_DELETED), "VM_DELETED");
  EXPECT_EQ(EnumName(static_cast<v1::Verdict>(99)), "");
}

TEST(ParseEnumName, TakesBothForms) {
  EXPECT_EQ(ParseEnumName<v1::Verdict>("REFUSED"), v1::VERDICT_REFUSED);
  EXPECT_EQ(ParseEnumName<v1::Verdict>("VERDICT_REFUSED"), v1::VERDICT_REFUSED);
  EXPECT_EQ(ParseEnumName<v1::RegisterOutcome>("WRITE_REFUSED"), v1::REGISTER_OUTCOME_WRITE_REFUSED);
  for (const char* name : {"", "refused", "VERDICT_", "VERDICT_VERDICT_REFUSED", "WRITE_REFUSED"}) {
    EXPECT_FALSE(ParseEnumName<v1::Verdict>(name).has_value()) << name;
  }
}

}  // namespace
}  // namespace armstate
