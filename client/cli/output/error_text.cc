#include "client/cli/output/error_text.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/cli/output/user_error.h"
#include "core/error.h"
#include "proto/host_port.h"
#include "proto/resource_names.h"
#include "proto/status_conversion.h"

namespace armstate {
namespace {

std::string Metadata(const ErrorInfo& info, const std::string& key) {
  const auto it = info.metadata.find(key);
  return it == info.metadata.end() ? std::string() : it->second;
}

// Advises what to do about an unknown name.
std::string NameStep(const ErrorInfo& info, absl::string_view message) {
  const std::string nearest = Metadata(info, "nearest");
  if (nearest.empty()) return "'armstate show VM' shows the names of registers";
  return absl::StrContains(message, nearest) ? "" : absl::StrCat("did you mean ", nearest, "?");
}

std::string NextStepOf(const ErrorInfo& info, absl::string_view message) {
  switch (info.reason) {
    case ErrorReason::kVmNotFound:
      return "'armstate list' shows the VMs";
    case ErrorReason::kCheckpointNotFound: {
      const absl::StatusOr<CheckpointName> name = ParseCheckpointName(Metadata(info, "name"));
      return absl::StrCat("'armstate list ", name.ok() ? name->vm : "VM", "' shows its checkpoints");
    }
    case ErrorReason::kVcpuNotFound:
      return "vCPUs count from 0";
    case ErrorReason::kFilterInvalid:
    case ErrorReason::kRegisterNameUnknown:
      return NameStep(info, message);
    case ErrorReason::kEventsGone:
      return "list the stored checkpoints again ('armstate list'), then watch without --resume";
    case ErrorReason::kPageTokenInvalid:
      if (Metadata(info, "field") == "resume_token") {
        return "list the stored checkpoints again ('armstate list'), then watch without --resume";
      }
      return "the data has changed meanwhile; run the same command again";
    case ErrorReason::kCpuProfileNotFound:
      return "'armstate profile list' shows the profiles";
    case ErrorReason::kServerBusy:
    case ErrorReason::kServerDraining:
      return "run the same command again in a moment";
    case ErrorReason::kHostNotFound:
      return "'armstate host list' shows the hosts";
    case ErrorReason::kHostExists:
      return "choose another name, or give it a new probe: 'armstate host update'";
    case ErrorReason::kCpuProfileExists:
      return "give the profile another name";
    case ErrorReason::kCpuProfileMalformed:
      return "the file is damaged, or was edited by hand; create it again";
    case ErrorReason::kMachineNotFound:
      return "'armstate machine list' shows the machines";
    case ErrorReason::kMachineExists:
      return "choose another name, or delete it first: 'armstate machine delete'";
    case ErrorReason::kVersionConflict:
      return absl::StrCat("look at what was stored meanwhile, then push with --expected-version=",
                          Metadata(info, "latest_version"));
    case ErrorReason::kRequestIdReused:
      return "leave --request-id out, or choose another one";
    case ErrorReason::kCheckpointProtected: {
      const absl::StatusOr<CheckpointName> name = ParseCheckpointName(Metadata(info, "name"));
      if (!name.ok() || !name->version) return "'armstate delete VM --all --force' deletes protected checkpoints too";
      return absl::StrCat("'armstate unprotect ", name->vm, "@", *name->version,
                          "' lifts the protection; 'armstate delete ", name->vm,
                          " --all --force' deletes the VM with all protected ones");
    }
    case ErrorReason::kDeadlinePassed:
      return "give it more time with --timeout";
    case ErrorReason::kMachineUnusable:
      return "import its profile again ('armstate profile import'), or delete it: 'armstate machine delete'";
    case ErrorReason::kPermissionDenied:
      return "those who run the server can permit it, in the file of its --policy";
    case ErrorReason::kBackupRunning:
      return "wait until it is complete";
    case ErrorReason::kBackupNotFound:
      return "'armstate backup list' shows the backups";
    case ErrorReason::kBackupDirNotSet:
      return "start armstated with --backup_dir=FOLDER";
    case ErrorReason::kRecordDamaged:
      if (absl::StartsWith(Metadata(info, "record"), "backups/")) {
        return "is the disk of the server's --backup_dir sound? Run the same command again";
      }
      if (absl::StartsWith(Metadata(info, "record"), "hosts/")) {
        return "the other hosts can be used; delete this one and create it again: 'armstate host delete'";
      }
      if (absl::StartsWith(Metadata(info, "record"), "cpuProfiles/")) {
        return "the other profiles can be used; import this one again ('armstate profile import'), or give its host a "
               "new probe ('armstate host update')";
      }
      return "the other checkpoints can be read; push this one again if its source still exists";
    case ErrorReason::kStorageUnavailable:
      return "repair the server's disk, then run the same command again";
    default:
      return "";
  }
}

}  // namespace

std::string NextStep(const absl::Status& status, absl::string_view target) {
  if (std::string given = GetNextStep(status); !given.empty()) return given;
  if (IsUsageError(status)) return "'armstate --help' and 'armstate COMMAND --help' say what is understood";
  if (const absl::optional<ErrorInfo> info = GetErrorInfo(status)) return NextStepOf(*info, status.message());
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
      if (absl::StrContains(status.message(), "certificate verify failed")) {
        const absl::StatusOr<HostPort> address = ParseHostPort(target);
        return absl::StrCat("is --tls-ca the CA of the server, and ",
                            address.ok() ? address->host : std::string(target), " among the names of its certificate?");
      }
      if (absl::StrContains(status.message(), "Socket closed") ||
          absl::StrContains(status.message(), "Connection reset by peer")) {
        return absl::StrCat("a server at ", target,
                            " closed the connection; its log says why. It may need TLS (--tls-ca), or refuse this "
                            "client's certificate or the lack of one (--tls-certificate and --tls-key), or the user at "
                            "a Unix socket");
      }
      return absl::StrCat("is armstated running at ", target,
                          "? Start it, or name another with --server; one that uses TLS needs "
                          "--tls-ca, and perhaps --tls-certificate and --tls-key");
    case absl::StatusCode::kDeadlineExceeded:
      return "give it more time with --timeout";
    case absl::StatusCode::kUnimplemented:
      return absl::StrCat("the server at ", target, " is not an armstated, or an older one");
    default:
      return "";
  }
}

ExitStatus ExitStatusOf(const absl::Status& status) {
  if (status.ok()) return ExitStatus::kOk;
  if (IsUsageError(status)) return ExitStatus::kUsage;
  const bool may_succeed_later =
      status.code() == absl::StatusCode::kUnavailable || status.code() == absl::StatusCode::kDeadlineExceeded;
  return may_succeed_later ? ExitStatus::kUnavailable : ExitStatus::kError;
}

void PrintError(const absl::Status& status, absl::string_view next_step, OutputFormat format, const Palette& palette,
                std::ostream& err) {
  if (format == OutputFormat::kJson) {
    PrintJson(ToGoogleRpcStatus(status), err);
    return;
  }
  err << palette.Bad("armstate:") << ' ' << status.message() << '\n' << GetExcerpt(status);
  if (!next_step.empty()) err << "armstate: " << next_step << '\n';
}

}  // namespace armstate
