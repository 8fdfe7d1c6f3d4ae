#include "server/security/access_control.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "core/error.h"
#include "proto/small_file.h"
#include "spdlog/spdlog.h"

namespace armstate {
namespace {

constexpr size_t kMostResourceBytes = 256;

absl::StatusOr<std::shared_ptr<const AccessPolicy>> ParsePolicy(const std::string& file, absl::string_view text) {
  absl::StatusOr<AccessPolicy> policy = AccessPolicy::Parse(text);
  if (!policy.ok()) return Annotate(policy.status(), file);
  return std::make_shared<const AccessPolicy>(*std::move(policy));
}

std::string Lower(v1::Permission permission) {
  absl::string_view name = v1::Permission_Name(permission);
  absl::ConsumePrefix(&name, "PERMISSION_");
  return absl::AsciiStrToLower(name);
}

}  // namespace

absl::StatusOr<std::unique_ptr<AccessControl>> AccessControl::Open(std::string policy_file, absl::Duration interval) {
  if (policy_file.empty()) return std::unique_ptr<AccessControl>(new AccessControl("", "", nullptr));
  absl::StatusOr<std::string> text = ReadSmallFile(policy_file);
  if (!text.ok()) return text.status();
  absl::StatusOr<std::shared_ptr<const AccessPolicy>> policy = ParsePolicy(policy_file, *text);
  if (!policy.ok()) return policy.status();
  // std::make_unique cannot call the private constructor.
  std::unique_ptr<AccessControl> control(
      new AccessControl(std::move(policy_file), *std::move(text), *std::move(policy)));
  control->thread_ = std::thread([control = control.get(), interval] { control->Follow(interval); });
  return control;
}

const AccessControl& AccessControl::Everything() {
  static const AccessControl* const everything = new AccessControl("", "", nullptr);
  return *everything;
}

AccessControl::~AccessControl() {
  stopped_.Notify();
  if (thread_.joinable()) thread_.join();
}

bool AccessControl::Permits(absl::string_view identity, v1::Permission permission, absl::string_view resource) const {
  return !HasPolicy() || policy()->Permits(identity, permission, resource);
}

bool AccessControl::Names(absl::string_view identity) const { return !HasPolicy() || policy()->Names(identity); }

absl::Status AccessControl::Take(const std::string& identity, size_t bytes) const {
  if (!HasPolicy()) return absl::OkStatus();
  const ClientRates::Rate rate = policy()->RateOf(identity);
  if (rate.calls == 0 && rate.bytes == 0) return absl::OkStatus();
  const absl::Duration wait = rates_.Take(identity, rate, bytes, absl::Now());
  if (wait == absl::ZeroDuration()) return absl::OkStatus();
  const int64_t milliseconds = absl::ToInt64Milliseconds(absl::Ceil(wait, absl::Milliseconds(1)));
  const std::string who = absl::Utf8SafeCEscape(identity);
  return MakeError(absl::StatusCode::kResourceExhausted, ErrorReason::kClientLimit,
                   absl::StrCat(who, " has reached its limit: call again in ", milliseconds, " ms"),
                   {{"identity", who}, {"retry_milliseconds", absl::StrCat(milliseconds)}});
}

void AccessControl::Follow(absl::Duration interval) {
  while (!stopped_.WaitForNotificationWithTimeout(interval)) Reload();
}

void AccessControl::Reload() {
  const absl::StatusOr<std::string> text = ReadSmallFile(file_);
  if (text.ok() && *text == text_) {
    problem_.clear();
    return;
  }
  const absl::StatusOr<std::shared_ptr<const AccessPolicy>> policy =
      text.ok() ? ParsePolicy(file_, *text) : absl::StatusOr<std::shared_ptr<const AccessPolicy>>(text.status());
  if (!policy.ok()) {
    if (problem_ == policy.status().message()) return;
    problem_ = std::string(policy.status().message());
    spdlog::error("{}; the policy before it stays in force", problem_);
    return;
  }
  text_ = *text;
  problem_.clear();
  spdlog::info("{}: the policy has changed, and is in force", file_);
  {
    const absl::MutexLock lock(&mutex_);
    policy_ = *policy;
  }
  const absl::MutexLock lock(&on_change_mutex_);
  if (on_change_ != nullptr) on_change_();
}

absl::Status Access::Check(v1::Permission permission, absl::string_view resource) const {
  // Nothing has a longer name, and comparing one with patterns takes long.
  resource = resource.substr(0, kMostResourceBytes);
  if (May(permission, resource)) return absl::OkStatus();
  const std::string name = Lower(permission);
  const std::string who = absl::Utf8SafeCEscape(identity_);
  const std::string what = absl::Utf8SafeCEscape(resource);
  return MakeError(absl::StatusCode::kPermissionDenied, ErrorReason::kPermissionDenied,
                   absl::StrCat(who, " does not have the permission \"", name, "\" on ", what),
                   {{"identity", who}, {"permission", name}, {"resource", what}});
}

}  // namespace armstate
