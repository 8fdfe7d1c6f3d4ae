#include "client/qemu/qmp_migration.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace armstate {
namespace {

using Json = nlohmann::json;

constexpr char kFdName[] = "armstate";
// For a migration that is cancelled to end, and for capabilities to be put back, beyond the deadline.
constexpr absl::Duration kGrace = absl::Seconds(5);

Json Member(const Json& object, const char* key) { return object.is_object() ? object.value(key, Json()) : Json(); }

// RAM that other processes share stays where it is. One backend that is private must travel in the stream, and with it
// all.
absl::StatusOr<bool> AllMemoryIsShared(QmpConnection& qmp) {
  const absl::StatusOr<Json> backends = qmp.Execute("query-memdev");
  if (!backends.ok()) return backends.status();
  if (!backends->is_array() || backends->empty()) return false;
  for (const Json& backend : *backends) {
    if (Member(backend, "share") != Json(true)) return false;
  }
  return true;
}

absl::StatusOr<bool> HasCapability(QmpConnection& qmp, const std::string& name) {
  const absl::StatusOr<Json> capabilities = qmp.Execute("query-migrate-capabilities");
  if (!capabilities.ok()) return capabilities.status();
  if (!capabilities->is_array()) return absl::InternalError("QMP: query-migrate-capabilities answers no array");
  for (const Json& capability : *capabilities) {
    if (Member(capability, "capability") == Json(name)) return Member(capability, "state") == Json(true);
  }
  return absl::FailedPreconditionError(absl::StrCat("this QEMU has no migration capability ", name));
}

absl::Status SetCapability(QmpConnection& qmp, const std::string& name, bool state) {
  const Json capability = {{"capability", name}, {"state", state}};
  return qmp.Execute("migrate-set-capabilities", {{"capabilities", Json::array({capability})}}).status();
}

absl::Status WaitForEnd(QmpConnection& qmp) {
  while (true) {
    const absl::StatusOr<Json> event = qmp.WaitForEvent("MIGRATION");
    if (!event.ok()) return event.status();
    const Json status = Member(*event, "status");
    if (status == Json("completed")) return absl::OkStatus();
    if (status != Json("failed") && status != Json("cancelled")) continue;
    const absl::StatusOr<Json> info = qmp.Execute("query-migrate");
    const Json text = info.ok() ? Member(*info, "error-desc") : Json();
    return absl::FailedPreconditionError(absl::StrCat("QEMU's migration into the file ", status.get<std::string>(),
                                                      text.is_string() ? ": " + text.get<std::string>() : ""));
  }
}

absl::Status Migrate(QmpConnection& qmp, int fd) {
  absl::Status status = qmp.Execute("getfd", {{"fdname", kFdName}}, fd).status();
  if (!status.ok()) return status;
  status = qmp.Execute("migrate", {{"uri", absl::StrCat("fd:", kFdName)}}).status();
  if (!status.ok()) {
    qmp.Execute("closefd", {{"fdname", kFdName}}).status().IgnoreError();  // QEMU may have closed it
    return status;
  }
  status = WaitForEnd(qmp);
  if (absl::IsDeadlineExceeded(status)) {
    qmp.set_deadline(absl::Now() + kGrace);
    const absl::Status cancelled = qmp.Execute("migrate_cancel").status();
    if (cancelled.ok()) WaitForEnd(qmp).IgnoreError();
  }
  return status;
}

}  // namespace

absl::Status MigrateToFile(QmpConnection& qmp, int fd) {
  const absl::StatusOr<bool> shared = AllMemoryIsShared(qmp);
  if (!shared.ok()) return shared.status();
  // What was changed, and what it was before.
  std::vector<std::pair<std::string, bool>> before;
  absl::Status status;
  for (const auto& [name, state] : {std::pair<std::string, bool>("events", true), {"x-ignore-shared", *shared}}) {
    const absl::StatusOr<bool> old = HasCapability(qmp, name);
    if (old.ok() && *old == state) continue;
    status = old.ok() ? SetCapability(qmp, name, state) : old.status();
    if (!status.ok()) break;
    before.emplace_back(name, *old);
  }
  if (status.ok()) status = Migrate(qmp, fd);
  for (const auto& [name, state] : before) {
    const absl::Status put_back = SetCapability(qmp, name, state);
    if (status.ok()) status = put_back;
  }
  return status;
}

}  // namespace armstate
