// `MigrateToFile` lets QEMU migrate into a file, over QMP.
#ifndef ARMSTATE_CLIENT_QEMU_QMP_MIGRATION_H_
#define ARMSTATE_CLIENT_QEMU_QMP_MIGRATION_H_

#include "absl/status/status.h"
#include "client/qemu/qmp/connection.h"

namespace armstate {

// The kind of URI for a file: up to 8.1 QEMU accepts only a descriptor (fd:), from 11 on only file:.
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
