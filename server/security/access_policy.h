// AccessPolicy decides who may do what, by the rules of an armstate.v1.AccessPolicy.
#ifndef ARMSTATE_SERVER_SECURITY_ACCESS_POLICY_H_
#define ARMSTATE_SERVER_SECURITY_ACCESS_POLICY_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "armstate/v1/access_policy.pb.h"
#include "server/security/client_rates.h"

namespace armstate {

class AccessPolicy {
 public:
  // Reads JSON if the text begins with "{", and otherwise protobuf's text format. INVALID_ARGUMENT with the line, or
  // with the number of the rule, if it is malformed or means nothing.
  static absl::StatusOr<AccessPolicy> Parse(absl::string_view text);

  // `resource`: "vms/web", "hosts/h1", "machines/m" or "server".
  bool Permits(absl::string_view identity, v1::Permission permission, absl::string_view resource) const;
  // Whether a rule is for this identity.
  bool Names(absl::string_view identity) const;
  // Without a limit: zeros.
  ClientRates::Rate RateOf(absl::string_view identity) const;

 private:
  explicit AccessPolicy(v1::AccessPolicy policy) : policy_(std::move(policy)) {}

  v1::AccessPolicy policy_;
};

// Returns whether the text is the pattern with each `*` replaced by any characters. Takes time in proportion to the
// product of the sizes at most.
bool MatchesPattern(absl::string_view pattern, absl::string_view text);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_SECURITY_ACCESS_POLICY_H_
