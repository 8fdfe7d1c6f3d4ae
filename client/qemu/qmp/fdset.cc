#include "client/qemu/qmp/fdset.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/files/unique_fd.h"

namespace armstate {

using Json = nlohmann::json;

namespace {

// The set exists until QEMU closes the last descriptor that it opened by the set's name, which it does after a
// migration.
absl::Status WaitUntilGone(QmpConnection& qmp, uint64_t id) {
  const absl::Time deadline = absl::Now() + absl::Seconds(5);
  while (true) {
    const absl::StatusOr<Json> sets = qmp.Execute("query-fdsets");
    if (!sets.ok()) return sets.status();
    bool found = false;
    for (const Json& set : sets->is_array() ? *sets : Json::array()) {
      found |= set.is_object() && set.value("fdset-id", Json()) == Json(id);
    }
    if (!found || absl::Now() > deadline) return absl::OkStatus();
    absl::SleepFor(absl::Milliseconds(1));
  }
}

}  // namespace

absl::Status WithFdSet(QmpConnection& qmp, int fd, const std::function<absl::Status(const std::string& path)>& use) {
  // QEMU writes only to descriptors that are write-only.
  const UniqueFd writable(open(absl::StrCat("/proc/self/fd/", fd).c_str(), O_WRONLY | O_CLOEXEC));
  if (writable.get() < 0) return absl::InternalError(absl::StrCat("opening the file for QEMU: ", strerror(errno)));
  const absl::StatusOr<Json> added = qmp.Execute("add-fd", {{"opaque", "armstate"}}, writable.get());
  if (!added.ok()) return added.status();
  const auto set = added->is_object() ? added->find("fdset-id") : added->end();
  if (!added->is_object() || set == added->end() || !set->is_number_unsigned()) {
    return absl::InternalError("QMP: add-fd does not name its set");
  }
  const uint64_t id = set->get<uint64_t>();
  const absl::Status used = use(absl::StrCat("/dev/fdset/", id));
  absl::Status removed = qmp.Execute("remove-fd", {{"fdset-id", id}}).status();
  if (removed.ok()) removed = WaitUntilGone(qmp, id);
  return used.ok() ? removed : used;
}

}  // namespace armstate
