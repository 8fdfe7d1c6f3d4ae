#include "storage/rocksdb/data_directory.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "rocksdb/db.h"
#include "storage/rocksdb/options.h"
#include "storage/rocksdb/random_id.h"
#include "storage/rocksdb/status.h"

namespace armstate {
namespace {

// The files of every database since the first release.
constexpr char kOwnFamily[] = "checkpoints";

}  // namespace

absl::Status CheckFolderIsOurs(rocksdb::Env* env, const std::string& data_dir) {
  std::vector<std::string> names;
  // If it cannot be read, opening it reports that.
  env->GetChildren(data_dir, &names).PermitUncheckedError();
  std::string foreign;
  bool is_database = false;
  for (const std::string& name : names) {
    const bool is_list = absl::StartsWith(name, "MANIFEST-");
    // A copy has no lock; of its list of tables there is a note (storage/rocksdb/log_guard.h), unless it was restored.
    if (name == kLockName || (is_list && absl::EndsWith(name, ".synced"))) return absl::OkStatus();
    if (name == "." || name == ".." || name == "lost+found") continue;
    is_database = is_database || is_list || name == "CURRENT";
    if (foreign.empty() || name < foreign) foreign = name;
  }
  if (foreign.empty()) return absl::OkStatus();
  if (!is_database) return NotOurFolder(data_dir, absl::StrCat("it has ", foreign, " in it"));
  rocksdb::DBOptions options;
  options.env = env;
  std::vector<std::string> families;
  // A damaged database is reported as such when it is opened.
  if (!rocksdb::DB::ListColumnFamilies(options, data_dir, &families).ok()) return absl::OkStatus();
  if (std::find(families.begin(), families.end(), kOwnFamily) != families.end()) return absl::OkStatus();
  return NotOurFolder(data_dir, "it has a RocksDB database of another program");
}

rocksdb::Status TryFile(rocksdb::Env* env, const std::string& folder) {
  // A name that no file of anybody else has.
  const std::string path = absl::StrCat(folder, "/armstated.", absl::Hex(NewRandomId()), ".try");
  std::unique_ptr<rocksdb::WritableFile> file;
  rocksdb::Status status = env->NewWritableFile(path, &file, rocksdb::EnvOptions());
  if (status.ok()) status = file->Append(std::string(4096, '\0'));
  if (status.ok()) status = file->Sync();
  if (file != nullptr) {
    const rocksdb::Status closed = file->Close();
    if (status.ok()) status = closed;
  }
  const rocksdb::Status removed = env->DeleteFile(path);
  return status.ok() ? removed : status;
}

}  // namespace armstate
