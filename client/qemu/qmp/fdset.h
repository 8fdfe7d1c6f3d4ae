// `WithFdSet` lends QEMU a file of ours, which it may write under the name of a set of descriptors.
#ifndef ARMSTATE_CLIENT_QEMU_QMP_FDSET_H_
#define ARMSTATE_CLIENT_QEMU_QMP_FDSET_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "client/qemu/qmp/connection.h"

namespace armstate {

// Lends QEMU the open file `fd` for writing (QMP's add-fd), calls `use` with the path by which QEMU's commands name it
// ("/dev/fdset/0"), takes it back, and waits until QEMU has closed what it opened in `use`.
//
// Answers the status of `use`; if that is OK, what went wrong with lending and taking back.
absl::Status WithFdSet(QmpConnection& qmp, int fd, const std::function<absl::Status(const std::string& path)>& use);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_QEMU_QMP_FDSET_H_
