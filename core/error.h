// `MakeError` makes an absl::Status that also carries, for programs, a reason and the values in its message.
//
// Example:
//   return MakeError(absl::StatusCode::kNotFound, ErrorReason::kVmNotFound, absl::StrCat("no VM ", name),
//                    {{"name", name}});
//
// The wire shows the same as google.rpc.ErrorInfo (proto/status_conversion.h); the reasons are documented in
// proto/armstate/v1/errors.proto. Wrap an error with Annotate, which keeps code and reason.
#ifndef ARMSTATE_CORE_ERROR_H_
#define ARMSTATE_CORE_ERROR_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace armstate {

// Name on the wire = the enumerator without k, in capitals: kVmNotFound is VM_NOT_FOUND.
enum class ErrorReason {
  kUnspecified = 0,
  kResourceNameInvalid = 1,
  kFieldInvalid = 2,
  kRegisterListMalformed = 3,
  kRegisterIdInvalid = 4,
  kRegisterNameUnknown = 5,
  kPageTokenInvalid = 6,
  kFilterInvalid = 7,
  kVmNotFound = 10,
  kCheckpointNotFound = 11,
  kVcpuNotFound = 12,
  kCpuProfileNotFound = 13,
  kMachineNotFound = 14,
  kRegisterNotFound = 15,
  kHostNotFound = 16,
  kBackupNotFound = 17,
  kVersionConflict = 20,
  kVcpuCountDiffers = 21,
  kCheckpointProtected = 22,
  kBackupDirNotSet = 23,
  kEventsGone = 24,
  kMachineUnusable = 25,
  kMachineExists = 30,
  kRequestIdReused = 31,
  kHostExists = 32,
  kCpuProfileExists = 33,
  kRecordDamaged = 40,
  kStorageUnavailable = 50,
  kIndexBuilding = 51,
  kWatcherTooSlow = 52,
  kServerBusy = 53,
  kServerDraining = 54,
  kCallCancelled = 55,
  kDeadlinePassed = 56,
  kBackupRunning = 57,
  kClientLimit = 58,
  kStreamMalformed = 60,
  kCpuProfileMalformed = 61,
  kToleranceMalformed = 62,
  kEncryptionKeyWrong = 63,
  kPermissionDenied = 70,
};

// "VM_NOT_FOUND"; the number as text for a reason that is not in the enum.
std::string ErrorReasonName(ErrorReason reason);

// The part of an error that programs read.
struct ErrorInfo {
  ErrorReason reason = ErrorReason::kUnspecified;
  // Keys are documented with each reason in errors.proto.
  std::map<std::string, std::string> metadata;
};

absl::Status MakeError(absl::StatusCode code, ErrorReason reason, absl::string_view message,
                       std::map<std::string, std::string> metadata = {});

// CANCELLED, reason CALL_CANCELLED.
absl::Status CallCancelled(absl::string_view message);

// The same error with "`context`: " before its message. OK stays OK.
absl::Status Annotate(const absl::Status& status, absl::string_view context);

// Annotate, for an error in a field of a message: `field` is also in the metadata, under "field".
absl::Status AnnotateField(const absl::Status& status, absl::string_view field);

// Nothing if the status was not made by MakeError.
absl::optional<ErrorInfo> GetErrorInfo(const absl::Status& status);

}  // namespace armstate

#endif  // ARMSTATE_CORE_ERROR_H_
