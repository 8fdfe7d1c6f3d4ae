#include "client/qemu/qmp_migration.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/types/optional.h"
#include "client/qemu/qmp_fdset.h"

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

struct WantedCapability {
  std::string name;
  bool state;
  bool required;  // an error if this QEMU has no such capability
};

// Nothing if this QEMU has no such capability.
absl::StatusOr<absl::optional<bool>> FindCapability(QmpConnection& qmp, const std::string& name) {
  const absl::StatusOr<Json> capabilities = qmp.Execute("query-migrate-capabilities");
  if (!capabilities.ok()) return capabilities.status();
  if (!capabilities->is_array()) return absl::InternalError("QMP: query-migrate-capabilities answers no array");
  for (const Json& capability : *capabilities) {
    if (Member(capability, "capability") == Json(name))
      return absl::make_optional(Member(capability, "state") == Json(true));
  }
  return absl::nullopt;
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

absl::Status Migrate(QmpConnection& qmp, const std::string& uri) {
  absl::Status status = qmp.Execute("migrate", {{"uri", uri}}).status();
  if (!status.ok()) return status;
  status = WaitForEnd(qmp);
  if (absl::IsDeadlineExceeded(status)) {
    qmp.set_deadline(absl::Now() + kGrace);
    const absl::Status cancelled = qmp.Execute("migrate_cancel").status();
    if (cancelled.ok()) WaitForEnd(qmp).IgnoreError();
  }
  return status;
}

absl::Status MigrateInto(QmpConnection& qmp, int fd, FileProtocol protocol) {
  if (protocol == FileProtocol::kFile) {
    return WithFdSet(qmp, fd, [&qmp](const std::string& path) { return Migrate(qmp, absl::StrCat("file:", path)); });
  }
  absl::Status status = qmp.Execute("getfd", {{"fdname", kFdName}}, fd).status();
  if (!status.ok()) return status;
  status = Migrate(qmp, absl::StrCat("fd:", kFdName));
  // QEMU closes it with the migration.
  if (!status.ok()) qmp.Execute("closefd", {{"fdname", kFdName}}).status().IgnoreError();
  return status;
}

}  // namespace

absl::Status MigrateToFile(QmpConnection& qmp, int fd, FileProtocol protocol) {
  const absl::StatusOr<bool> shared = AllMemoryIsShared(qmp);
  if (!shared.ok()) return shared.status();
  // What was changed, and what it was before.
  std::vector<std::pair<std::string, bool>> before;
  absl::Status status;
  for (const WantedCapability& wanted : {WantedCapability{"events", true, true},
                                         {"x-ignore-shared", *shared, true},
                                         // One file takes one plain stream.
                                         {"multifd", false, false},
                                         {"mapped-ram", false, false}}) {
    const absl::StatusOr<absl::optional<bool>> old = FindCapability(qmp, wanted.name);
    status = old.status();
    if (status.ok() && !*old && wanted.required) {
      status = absl::FailedPreconditionError(absl::StrCat("this QEMU has no migration capability ", wanted.name));
    }
    if (!status.ok()) break;
    if (old->value_or(wanted.state) == wanted.state) continue;
    status = SetCapability(qmp, wanted.name, wanted.state);
    if (!status.ok()) break;
    before.emplace_back(wanted.name, **old);
  }
  if (status.ok()) status = MigrateInto(qmp, fd, protocol);
  for (const auto& [name, state] : before) {
    const absl::Status put_back = SetCapability(qmp, name, state);
    if (status.ok()) status = put_back;
  }
  return status;
}

}  // namespace armstate
