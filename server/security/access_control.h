// AccessControl permits calls by a policy file, and Access is what one caller may do.
#ifndef ARMSTATE_SERVER_SECURITY_ACCESS_CONTROL_H_
#define ARMSTATE_SERVER_SECURITY_ACCESS_CONTROL_H_

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "proto/resource_names.h"
#include "server/security/access_policy.h"
#include "server/security/client_rates.h"

namespace armstate {

// Thread-safe.
class AccessControl {
 public:
  // Reads the policy, and again at each `interval`: a change applies to running streams too. A file that has become
  // malformed or unreadable is logged and the policy before it kept. Without a file ("") everything is permitted.
  // Errors: AccessPolicy::Parse, with the file, and ReadSmallFile.
  static absl::StatusOr<std::unique_ptr<AccessControl>> Open(std::string policy_file,
                                                             absl::Duration interval = absl::Seconds(1));
  ~AccessControl();
  // Permits everything to everybody.
  static const AccessControl& Everything();

  // Calls it after each change of the policy, from another thread; null: no longer, also not from one that runs now.
  void SetOnChange(std::function<void()> on_change) {
    const absl::MutexLock lock(&on_change_mutex_);
    on_change_ = std::move(on_change);
  }

  bool HasPolicy() const { return !file_.empty(); }
  bool Permits(absl::string_view identity, v1::Permission permission, absl::string_view resource) const;
  // RESOURCE_EXHAUSTED, reason CLIENT_LIMIT, if the policy limits the client to less than one more call of so many
  // bytes; then it is not counted.
  absl::Status Take(const std::string& identity, size_t bytes) const;
  // Whether a rule is for this identity; true without a policy.
  bool Names(absl::string_view identity) const;

 private:
  AccessControl(std::string file, std::string text, std::shared_ptr<const AccessPolicy> policy)
      : file_(std::move(file)), text_(std::move(text)), policy_(std::move(policy)) {}
  void Follow(absl::Duration interval);
  void Reload();
  std::shared_ptr<const AccessPolicy> policy() const {
    const absl::MutexLock lock(&mutex_);
    return policy_;
  }

  const std::string file_;
  std::string text_;     // what the file had last, malformed or not; used only by the thread
  std::string problem_;  // the last one that was logged; used only by the thread
  mutable ClientRates rates_;
  mutable absl::Mutex mutex_;
  std::shared_ptr<const AccessPolicy> policy_ ABSL_GUARDED_BY(mutex_);
  absl::Mutex on_change_mutex_;
  std::function<void()> on_change_ ABSL_GUARDED_BY(on_change_mutex_);
  absl::Notification stopped_;
  std::thread thread_;
};

// An Access knows what the caller of an RPC may do. Cheap to copy; the AccessControl must outlive it.
class Access {
 public:
  Access(const AccessControl& control, std::string identity) : control_(&control), identity_(std::move(identity)) {}

  const std::string& identity() const { return identity_; }
  // False if there is no policy, so that it need not be asked for each of many resources.
  bool IsLimited() const { return control_->HasPolicy(); }
  bool May(v1::Permission permission, absl::string_view resource) const {
    return control_->Permits(identity_, permission, resource);
  }
  // For lists and streams of many VMs: looks at no name without a policy.
  bool MayReadVm(absl::string_view vm) const { return !IsLimited() || May(v1::PERMISSION_READ, FormatVmName(vm)); }
  // Counts a permitted call, see AccessControl::Take.
  absl::Status Take(size_t bytes) const { return control_->Take(identity_, bytes); }
  // PERMISSION_DENIED, reason PERMISSION_DENIED, unless the caller may.
  absl::Status Check(v1::Permission permission, absl::string_view resource) const;

 private:
  const AccessControl* control_;
  std::string identity_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_SECURITY_ACCESS_CONTROL_H_
