// QEMU's migration into a file, driven over QMP.
#ifndef ARMSTATE_CLIENT_QEMU_QMP_MIGRATION_H_
#define ARMSTATE_CLIENT_QEMU_QMP_MIGRATION_H_

#include "absl/status/status.h"
#include "client/qemu/qmp_connection.h"

namespace armstate {

// How QEMU takes a file to migrate into: up to 8.1 only as a descriptor (fd:), from 11 on only as file:.
enum class FileProtocol { kFd, kFile };

// Migrates the (stopped) VM into the file and waits for the end, until the connection's deadline; then the migration is
// cancelled. The stream is a plain one: capabilities that would make it another (mapped-ram, postcopy-ram ...) are
// switched off, and x-ignore-shared is set if all of the VM's memory backends are shared. All capabilities are put back
// as they were.
//
// FAILED_PRECONDITION with QEMU's text if the migration is refused or fails; also if the capability multifd is on.
absl::Status MigrateToFile(QmpConnection& qmp, int fd, FileProtocol protocol);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_QEMU_QMP_MIGRATION_H_
