// QEMU's migration into a file, driven over QMP.
#ifndef ARMSTATE_CLIENT_QEMU_QMP_MIGRATION_H_
#define ARMSTATE_CLIENT_QEMU_QMP_MIGRATION_H_

#include "absl/status/status.h"
#include "client/qemu/qmp_connection.h"

namespace armstate {

// Migrates the (stopped) VM into the file and waits for the end, until the connection's deadline; then the migration is
// cancelled. The capability x-ignore-shared is set if all of the VM's memory backends are shared; that and `events` are
// put back as they were.
//
// FAILED_PRECONDITION with QEMU's text if the migration is refused or fails.
absl::Status MigrateToFile(QmpConnection& qmp, int fd);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_QEMU_QMP_MIGRATION_H_
