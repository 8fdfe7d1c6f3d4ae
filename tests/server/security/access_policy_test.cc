// Tests what policies permit, and what is wrong with those that are refused.
#include "server/security/access_policy.h"

#include <string>

#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace armstate {
namespace {

using testing::HasSubstr;

constexpr absl::string_view kPolicy = R"(
  rules {
    identities: "uri:spiffe://prod/hypervisor/*"
    permissions: PERMISSION_PUSH
    permissions: PERMISSION_READ
    resources: "vms/web-*"
    resources: "hosts/*"
  }
  rules { identities: "unix:root" permissions: PERMISSION_ADMINISTER resources: "server" }
)";

TEST(AccessPolicy, PermitsWhatOneRulePermits) {
  const AccessPolicy policy = AccessPolicy::Parse(kPolicy).value();
  constexpr absl::string_view kHypervisor = "uri:spiffe://prod/hypervisor/h1";
  EXPECT_TRUE(policy.Permits(kHypervisor, v1::PERMISSION_PUSH, "vms/web-1"));
  EXPECT_TRUE(policy.Permits(kHypervisor, v1::PERMISSION_READ, "hosts/h7"));
  EXPECT_FALSE(policy.Permits(kHypervisor, v1::PERMISSION_DELETE, "vms/web-1"));
  EXPECT_FALSE(policy.Permits(kHypervisor, v1::PERMISSION_PUSH, "vms/db-1"));
  EXPECT_FALSE(policy.Permits(kHypervisor, v1::PERMISSION_ADMINISTER, "server"));
  EXPECT_FALSE(policy.Permits("uri:spiffe://test/hypervisor/h1", v1::PERMISSION_READ, "vms/web-1"));
  EXPECT_FALSE(policy.Permits("dns:spiffe://prod/hypervisor/h1", v1::PERMISSION_READ, "vms/web-1"));
  EXPECT_FALSE(policy.Permits("anyone", v1::PERMISSION_READ, "vms/web-1"));
  EXPECT_TRUE(policy.Permits("unix:root", v1::PERMISSION_ADMINISTER, "server"));
}

TEST(AccessPolicy, MayBeJson) {
  const AccessPolicy policy =
      AccessPolicy::Parse(
          R"({"rules": [{"identities": ["*"], "permissions": ["PERMISSION_READ"], "resources": ["*"]}]})")
          .value();
  EXPECT_TRUE(policy.Permits("anyone", v1::PERMISSION_READ, "vms/a"));
  EXPECT_FALSE(policy.Permits("anyone", v1::PERMISSION_PUSH, "vms/a"));
}

std::string ProblemOf(absl::string_view text) { return std::string(AccessPolicy::Parse(text).status().message()); }

TEST(AccessPolicy, SaysWhereItIsWrong) {
  EXPECT_THAT(ProblemOf("rules {\n  identity: \"cn:a\"\n}"), HasSubstr("line 2"));
  EXPECT_THAT(ProblemOf("{\"rules\": [{\"identity\": 1}]}"), HasSubstr("identity"));
  EXPECT_THAT(ProblemOf(kPolicy.substr(0, kPolicy.size() / 2)), HasSubstr("line"));
  EXPECT_EQ(ProblemOf(""), "there are no rules, so nobody could do anything");
  EXPECT_EQ(ProblemOf("rules { permissions: PERMISSION_READ resources: '*' }"), "rule 1 has no identities");
  EXPECT_EQ(ProblemOf("rules { identities: '*' resources: '*' }"), "rule 1 has no permissions");
  EXPECT_EQ(ProblemOf("rules { identities: '*' permissions: PERMISSION_READ }"), "rule 1 has no resources");
  EXPECT_THAT(ProblemOf("rules { identities: 'alice' permissions: PERMISSION_READ resources: '*' }"),
              HasSubstr("identity \"alice\" begins with none of uri:"));
  EXPECT_THAT(ProblemOf("rules { identities: '*' permissions: PERMISSION_READ resources: 'vms/a/checkpoints/1' }"),
              HasSubstr("resource \"vms/a/checkpoints/1\" is none of vms/VM"));
}

TEST(MatchesPattern, StarsStandForAnything) {
  EXPECT_TRUE(MatchesPattern("*", ""));
  EXPECT_TRUE(MatchesPattern("a*c*e", "abcde"));
  EXPECT_TRUE(MatchesPattern("a*b", "aXbXb"));
  EXPECT_TRUE(MatchesPattern("**a**", "bab"));
  EXPECT_FALSE(MatchesPattern("a*b", "aXbX"));
  EXPECT_FALSE(MatchesPattern("", "a"));
  EXPECT_FALSE(MatchesPattern("a?", "ab"));
  // Would take for ever if it were tried in all ways.
  std::string stars;
  for (int i = 0; i < 200; ++i) stars += "a*";
  EXPECT_FALSE(MatchesPattern(stars + "b", std::string(20'000, 'a')));
}

}  // namespace
}  // namespace armstate
