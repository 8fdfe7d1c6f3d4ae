// `IdSchemeOf` finds the naming scheme of the registers of a checkpoint or machine.
#ifndef ARMSTATE_CLIENT_CLI_COMMANDS_ID_SCHEME_H_
#define ARMSTATE_CLIENT_CLI_COMMANDS_ID_SCHEME_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "armstate/v1/checkpoint.pb.h"
#include "client/connection.h"
#include "core/catalog.h"
#include "core/register_selector.h"

namespace armstate {

// INVALID_ARGUMENT if only a later release knows the accelerator.
absl::StatusOr<IdScheme> IdSchemeOf(const v1::CpuProfile& profile);

// The same. For a checkpoint of the ENGINE this asks the server for the machine's CPU profile; errors are
// GetCpuProfile's.
absl::StatusOr<IdScheme> IdSchemeOf(const v1::Source& source, const Connection& connection);

// Returns the CPU profile of a machine; `machine` is "machines/{machine}". Errors: GetMachine's and GetCpuProfile's.
absl::StatusOr<v1::CpuProfile> ProfileOfMachine(absl::string_view machine, const Connection& connection);
// The same, of which only the scheme is wanted.
absl::StatusOr<IdScheme> IdSchemeOfMachine(absl::string_view machine, const Connection& connection);

// Returns what the names select on a vCPU of the profile: for an AArch32 register that it lacks, the AArch64 one.
// Errors: those of IdSchemeOf and ParseRegisterSelectors.
absl::StatusOr<std::vector<RegisterSelector>> SelectorsOf(const std::vector<std::string>& names,
                                                          const v1::CpuProfile& profile);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_CLI_COMMANDS_ID_SCHEME_H_
