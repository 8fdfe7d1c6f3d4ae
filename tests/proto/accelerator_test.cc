#include "proto/accelerator.h"

#include "gtest/gtest.h"

namespace armstate {
namespace {

TEST(AcceleratorTest, AnUnknownOneHasNoScheme) {
  EXPECT_EQ(SchemeOf(v1::ACCELERATOR_TCG), IdScheme::kTcg);
  EXPECT_EQ(SchemeOf(v1::ACCELERATOR_HVF), IdScheme::kTcg);
  EXPECT_EQ(SchemeOf(v1::ACCELERATOR_KVM), IdScheme::kKvm);
  EXPECT_EQ(SchemeOf(v1::ACCELERATOR_ENGINE), absl::nullopt) << "it is that of the machine's profile";
  EXPECT_EQ(SchemeOf(v1::ACCELERATOR_UNSPECIFIED), absl::nullopt);
  EXPECT_EQ(SchemeOf(static_cast<v1::Accelerator>(99)), absl::nullopt) << "of a later release";
}

}  // namespace
}  // namespace armstate
