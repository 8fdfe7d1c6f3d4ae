#include "storage/rocksdb/release.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "core/error.h"
#include "rocksdb/version.h"

namespace armstate {
namespace {

// The number in "OPTIONS-000012"; 0 for any other name.
uint64_t NumberOfOptions(absl::string_view name) {
  uint64_t number = 0;
  return absl::ConsumePrefix(&name, "OPTIONS-") && absl::SimpleAtoi(name, &number) ? number : 0;
}

// "9.10.0"; "" if it is not there.
std::string ReleaseIn(absl::string_view options) {
  for (absl::string_view line : absl::StrSplit(options, '\n')) {
    line = absl::StripAsciiWhitespace(line);
    if (absl::ConsumePrefix(&line, "rocksdb_version=")) return std::string(line);
  }
  return "";
}

// A patch release does not change the format of files.
bool IsLater(absl::string_view release) {
  const std::vector<absl::string_view> parts = absl::StrSplit(release, '.');
  int major = 0;
  int minor = 0;
  if (parts.size() < 2 || !absl::SimpleAtoi(parts[0], &major) || !absl::SimpleAtoi(parts[1], &minor)) return false;
  return std::make_pair(major, minor) > std::make_pair(ROCKSDB_MAJOR, ROCKSDB_MINOR);
}

}  // namespace

absl::Status CheckRocksDbRelease(rocksdb::Env* env, const std::string& data_dir) {
  std::vector<std::string> names;
  env->GetChildren(data_dir, &names).PermitUncheckedError();
  std::string newest;
  for (const std::string& name : names) {
    if (NumberOfOptions(name) > NumberOfOptions(newest)) newest = name;
  }
  std::string options;
  if (newest.empty() || !rocksdb::ReadFileToString(env, absl::StrCat(data_dir, "/", newest), &options).ok()) {
    return absl::OkStatus();
  }
  const std::string release = ReleaseIn(options);
  if (!IsLater(release)) return absl::OkStatus();
  const std::string cause =
      absl::StrCat("RocksDB ", release, " wrote it, and this armstated has RocksDB ", ROCKSDB_MAJOR, ".", ROCKSDB_MINOR,
                   ".", ROCKSDB_PATCH, ", which reads only what it or an earlier one wrote");
  return MakeError(
      absl::StatusCode::kFailedPrecondition, ErrorReason::kStorageUnavailable,
      absl::StrCat(data_dir, " cannot be read: ", cause,
                   ". Use an armstated with that RocksDB, or restore a backup that was made before the upgrade"),
      {{"cause", cause}});
}

}  // namespace armstate
