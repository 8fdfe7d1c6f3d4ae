#include "server/security/access_policy.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/json_util.h"
#include "proto/rule_text.h"
#include "server/security/identity.h"

namespace armstate {
namespace {

absl::StatusOr<v1::AccessPolicy> Decode(absl::string_view text) {
  v1::AccessPolicy policy;
  if (absl::StartsWith(absl::StripLeadingAsciiWhitespace(text), "{")) {
    const auto status = google::protobuf::util::JsonStringToMessage(std::string(text), &policy);
    if (!status.ok()) return absl::InvalidArgumentError(std::string(status.message()));
    return policy;
  }
  google::protobuf::TextFormat::ParseInfoTree locations;
  const absl::optional<RuleTextError> error = ParseRuleText(text, policy, locations);
  if (error) return absl::InvalidArgumentError(error->ToString());
  return policy;
}

bool IsIdentityPattern(absl::string_view pattern) {
  if (pattern == "anyone" || pattern == "*") return true;
  return std::any_of(std::begin(kIdentityKinds), std::end(kIdentityKinds),
                     [&](absl::string_view kind) { return absl::ConsumePrefix(&pattern, kind) && !pattern.empty(); });
}

bool IsResourcePattern(absl::string_view pattern) {
  if (pattern == "server" || pattern == "*") return true;
  for (const absl::string_view collection : {"vms/", "machines/", "hosts/"}) {
    if (absl::ConsumePrefix(&pattern, collection)) return !pattern.empty() && !absl::StrContains(pattern, '/');
  }
  return false;
}

std::string ProblemOf(const google::protobuf::RepeatedPtrField<std::string>& identities) {
  if (identities.empty()) return "has no identities";
  for (const std::string& pattern : identities) {
    if (!IsIdentityPattern(pattern)) {
      return absl::StrCat("identity \"", pattern,
                          "\" begins with none of uri:, dns:, cn: and unix:, and is not anyone");
    }
  }
  return "";
}

// Returns "" if the limit limits something.
std::string ProblemOf(const v1::ClientLimit& limit) {
  if (std::string problem = ProblemOf(limit.identities()); !problem.empty()) return problem;
  for (const double rate : {limit.calls_per_second(), limit.bytes_per_second()}) {
    // A call a day is the least: the time until then can be counted.
    if (!std::isfinite(rate) || rate < 0 || (rate > 0 && rate < 1.0 / 86400)) return "has a rate that is none";
  }
  if (limit.calls_per_second() == 0 && limit.bytes_per_second() == 0) return "limits nothing";
  return "";
}

// Returns "" if the rule is complete: a rule that permits nothing is a mistake.
std::string ProblemOf(const v1::AccessRule& rule) {
  if (std::string problem = ProblemOf(rule.identities()); !problem.empty()) return problem;
  if (rule.permissions().empty()) return "has no permissions";
  if (rule.resources().empty()) return "has no resources";
  for (const int permission : rule.permissions()) {
    if (permission == v1::PERMISSION_UNSPECIFIED || !v1::Permission_IsValid(permission)) {
      return absl::StrCat("permission ", permission, " is unknown");
    }
  }
  for (const std::string& pattern : rule.resources()) {
    if (!IsResourcePattern(pattern)) {
      return absl::StrCat("resource \"", pattern, "\" is none of vms/VM, machines/MACHINE, hosts/HOST and server");
    }
  }
  return "";
}

bool MatchesAny(const google::protobuf::RepeatedPtrField<std::string>& patterns, absl::string_view text) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [text](const std::string& pattern) { return MatchesPattern(pattern, text); });
}

}  // namespace

absl::StatusOr<AccessPolicy> AccessPolicy::Parse(absl::string_view text) {
  absl::StatusOr<v1::AccessPolicy> policy = Decode(text);
  if (!policy.ok()) return policy.status();
  for (int i = 0; i < policy->rules_size(); ++i) {
    if (const std::string problem = ProblemOf(policy->rules(i)); !problem.empty()) {
      return absl::InvalidArgumentError(absl::StrCat("rule ", i + 1, " ", problem));
    }
  }
  for (int i = 0; i < policy->limits_size(); ++i) {
    if (const std::string problem = ProblemOf(policy->limits(i)); !problem.empty()) {
      return absl::InvalidArgumentError(absl::StrCat("limit ", i + 1, " ", problem));
    }
  }
  if (policy->rules().empty()) return absl::InvalidArgumentError("there are no rules, so nobody could do anything");
  return AccessPolicy(*std::move(policy));
}

bool AccessPolicy::Permits(absl::string_view identity, v1::Permission permission, absl::string_view resource) const {
  return std::any_of(policy_.rules().begin(), policy_.rules().end(), [&](const v1::AccessRule& rule) {
    return std::count(rule.permissions().begin(), rule.permissions().end(), permission) > 0 &&
           MatchesAny(rule.identities(), identity) && MatchesAny(rule.resources(), resource);
  });
}

bool AccessPolicy::Names(absl::string_view identity) const {
  return std::any_of(policy_.rules().begin(), policy_.rules().end(),
                     [identity](const v1::AccessRule& rule) { return MatchesAny(rule.identities(), identity); });
}

ClientRates::Rate AccessPolicy::RateOf(absl::string_view identity) const {
  for (const v1::ClientLimit& limit : policy_.limits()) {
    if (MatchesAny(limit.identities(), identity)) return {limit.calls_per_second(), limit.bytes_per_second()};
  }
  return {};
}

bool MatchesPattern(absl::string_view pattern, absl::string_view text) {
  // These are the place of the last `*` and the end of the text that it stands for, which grows where the rest does not
  // fit.
  size_t star = absl::string_view::npos;
  size_t tried = 0;
  size_t at = 0;
  size_t i = 0;
  while (i < text.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      tried = i;
    } else if (at < pattern.size() && pattern[at] == text[i]) {
      ++at;
      ++i;
    } else if (star != absl::string_view::npos) {
      at = star + 1;
      i = ++tried;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', at) == absl::string_view::npos;
}

}  // namespace armstate
