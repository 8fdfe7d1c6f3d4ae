#include "server/admin/backup_restore.h"

#include <algorithm>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "core/error.h"
#include "google/protobuf/util/json_util.h"
#include "proto/status_conversion.h"
#include "server/admin/backup_message.h"
#include "server/rpc/invalid_field.h"
#include "storage/backup.h"

namespace armstate {
namespace {

// Writes at most every half second, and not in the first second.
class ProgressLine {
 public:
  explicit ProgressLine(std::ostream& out) : out_(out), next_(absl::Now() + absl::Seconds(1)) {}
  ~ProgressLine() {
    if (written_) out_ << std::endl;
  }

  void Show(uint64_t bytes, uint64_t all) {
    const absl::Time now = absl::Now();
    if (now < next_) return;
    next_ = now + absl::Milliseconds(500);
    written_ = true;
    out_ << absl::StrFormat("\rrestoring: %d of %d MB", bytes >> 20, all >> 20) << std::flush;
  }

 private:
  std::ostream& out_;
  absl::Time next_;
  bool written_ = false;
};

absl::Status NoBackup(absl::string_view which, const std::string& message) {
  return MakeError(absl::StatusCode::kNotFound, ErrorReason::kBackupNotFound, message,
                   {{"name", absl::StrCat("backups/", which)}});
}

// A request for the latest backup never falls back to an older one.
absl::Status BackupDamaged(uint32_t number, const std::vector<Backup>& whole) {
  std::string advice = "There is no intact backup before it";
  for (const Backup& backup : whole) {
    if (backup.number > number) break;
    advice = absl::StrCat("The latest intact backup before it is ", backup.number,
                          ": restore it by its number if newer data may be lost");
  }
  const std::string name = absl::StrCat("backups/", number);
  return MakeError(
      absl::StatusCode::kDataLoss, ErrorReason::kRecordDamaged,
      absl::StrCat(name, " is damaged: its list of files cannot be read, or a file is missing or truncated. ", advice),
      {{"record", name}});
}

absl::StatusOr<Backup> Find(const std::string& which, const std::string& backup_dir) {
  uint32_t number = 0;
  if (which != "latest" && (!absl::SimpleAtoi(which, &number) || number == 0)) {
    return InvalidField("restore_backup", absl::StrCat("is ", which, ": neither the number of a backup nor latest"));
  }
  const absl::StatusOr<std::vector<Backup>> backups = ListBackups(backup_dir);
  if (!backups.ok()) return backups.status();
  const absl::StatusOr<std::vector<uint32_t>> damaged = ListDamagedBackups(backup_dir);
  if (!damaged.ok()) return damaged.status();
  if (backups->empty() && damaged->empty()) return NoBackup(which, absl::StrCat("there is no backup in ", backup_dir));
  const uint32_t latest =
      std::max(backups->empty() ? 0 : backups->back().number, damaged->empty() ? 0 : damaged->back());
  if (number == 0) number = latest;
  for (const Backup& backup : *backups) {
    if (backup.number == number) return backup;
  }
  if (std::binary_search(damaged->begin(), damaged->end(), number)) return BackupDamaged(number, *backups);
  return NoBackup(which, absl::StrCat("there is no backup ", number, " in ", backup_dir, "; the latest is ", latest));
}

}  // namespace

absl::StatusOr<v1::Backup> RestoreFromBackup(const std::string& which, const std::string& backup_dir,
                                             const std::string& data_dir, std::ostream* progress) {
  const absl::StatusOr<Backup> backup = Find(which, backup_dir);
  if (!backup.ok()) return backup.status();
  RestoreProgress show;
  absl::optional<ProgressLine> line;
  if (progress != nullptr) {
    line.emplace(*progress);
    show = [&line](uint64_t bytes, uint64_t all) { line->Show(bytes, all); };
  }
  if (absl::Status status = RestoreBackup(backup_dir, backup->number, data_dir, show); !status.ok()) return status;
  return BackupToProto(*backup);
}

std::string RestoreAnswer(const absl::StatusOr<v1::Backup>& restored) {
  std::string json;
  // Fails only for an Any of an unknown type, which does not occur here.
  const auto written = restored.ok()
                           ? google::protobuf::util::MessageToJsonString(*restored, &json)
                           : google::protobuf::util::MessageToJsonString(ToGoogleRpcStatus(restored.status()), &json);
  return written.ok() ? json + "\n" : "";
}

}  // namespace armstate
