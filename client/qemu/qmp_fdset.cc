#include "client/qemu/qmp_fdset.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "absl/strings/str_cat.h"
#include "client/files/unique_fd.h"

namespace armstate {

using Json = nlohmann::json;

absl::Status WithFdSet(QmpConnection& qmp, int fd, const std::function<absl::Status(const std::string& path)>& use) {
  // QEMU takes a descriptor for writing only if it is write-only.
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
  const absl::Status removed = qmp.Execute("remove-fd", {{"fdset-id", id}}).status();
  return used.ok() ? removed : used;
}

}  // namespace armstate
