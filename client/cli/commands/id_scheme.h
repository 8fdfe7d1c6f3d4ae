// `IdSchemeOf` finds the naming scheme of the registers of a checkpoint or machine.
#ifndef ARMSTATE_CLIENT_CLI_COMMANDS_ID_SCHEME_H_
#define ARMSTATE_CLIENT_CLI_COMMANDS_ID_SCHEME_H_

#include "absl/status/statusor.h"
#include "armstate/v1/checkpoint.pb.h"
#include "client/connection.h"
#include "core/catalog.h"

namespace armstate {

// INVALID_ARGUMENT if only a later release knows the accelerator.
absl::StatusOr<IdScheme> IdSchemeOf(const v1::CpuProfile& profile);

// The same. For a checkpoint of the ENGINE this asks the server for the machine's CPU profile; errors are
// GetCpuProfile's.
absl::StatusOr<IdScheme> IdSchemeOf(const v1::Source& source, const Connection& connection);

// `machine` is "machines/{machine}". Errors: GetMachine's and GetCpuProfile's.
absl::StatusOr<IdScheme> IdSchemeOfMachine(absl::string_view machine, const Connection& connection);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_CLI_COMMANDS_ID_SCHEME_H_
