#include "client/qemu/qmp/migration.h"

#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/qemu/qmp/fdset.h"

namespace armstate {
namespace {

using Json = nlohmann::json;

constexpr char kFdName[] = "armstate";
// Added to the deadline for a cancelled migration to end, and for restoring the capabilities.
constexpr absl::Duration kGrace = absl::Seconds(5);

Json Member(const Json& object, const char* key) { return object.is_object() ? object.value(key, Json()) : Json(); }

// True if all RAM is shared with other processes and need not be in the stream. One private backend forces all RAM into
// the stream.
absl::StatusOr<bool> AllMemoryIsShared(QmpConnection& qmp) {
  const absl::StatusOr<Json> backends = qmp.Execute("query-memdev");
  if (!backends.ok()) return backends.status();
  if (!backends->is_array() || backends->empty()) return false;
  for (const Json& backend : *backends) {
    if (Member(backend, "share") != Json(true)) return false;
  }
  return true;
}

// Capabilities by name.
using Capabilities = std::map<std::string, bool>;

absl::StatusOr<Capabilities> QueryCapabilities(QmpConnection& qmp) {
  const absl::StatusOr<Json> answer = qmp.Execute("query-migrate-capabilities");
  if (!answer.ok()) return answer.status();
  if (!answer->is_array()) return absl::InternalError("QMP: query-migrate-capabilities answers no array");
  Capabilities capabilities;
  for (const Json& capability : *answer) {
    const Json name = Member(capability, "capability");
    if (name.is_string()) capabilities[name.get<std::string>()] = Member(capability, "state") == Json(true);
  }
  return capabilities;
}

// Sets all at once, since some depend on others.
absl::Status SetCapabilities(QmpConnection& qmp, const Capabilities& capabilities) {
  if (capabilities.empty()) return absl::OkStatus();
  Json list = Json::array();
  for (const auto& [name, state] : capabilities) list.push_back({{"capability", name}, {"state", state}});
  return qmp.Execute("migrate-set-capabilities", {{"capabilities", std::move(list)}}).status();
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
  const absl::StatusOr<Capabilities> before = QueryCapabilities(qmp);
  if (!before.ok()) return before.status();
  Capabilities wanted = {{"events", true}, {"x-ignore-shared", *shared}};
  for (const auto& [name, state] : wanted) {
    if (before->count(name) == 0) {
      return absl::FailedPreconditionError(absl::StrCat("this QEMU has no migration capability ", name));
    }
  }
  // QEMU 10.0 and 11.1 can crash if this is switched on again while they clean up, which QMP does not show.
  const auto multifd = before->find("multifd");
  if (multifd != before->end() && multifd->second) {
    return absl::FailedPreconditionError(
        "QEMU's migration capability multifd is on, with which it writes no plain stream: switch it off before");
  }
  // A file takes one plain stream, without channels, pauses or a return path.
  for (const char* name : {"mapped-ram", "postcopy-ram", "postcopy-preempt", "pause-before-switchover",
                           "background-snapshot", "return-path"}) {
    if (before->count(name) != 0) wanted[name] = false;
  }
  Capabilities changed, put_back;
  for (const auto& [name, state] : wanted) {
    if (before->at(name) == state) continue;
    changed[name] = state;
    put_back[name] = !state;
  }
  absl::Status status = SetCapabilities(qmp, changed);
  if (!status.ok()) return status;
  status = MigrateInto(qmp, fd, protocol);
  const absl::Status restored = SetCapabilities(qmp, put_back);
  return status.ok() ? restored : status;
}

}  // namespace armstate
