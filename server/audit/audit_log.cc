#include "server/audit/audit_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "spdlog/spdlog.h"

namespace armstate {
namespace {

absl::Status Failed(absl::string_view file, absl::string_view what) {
  return absl::UnavailableError(absl::StrCat("the audit log ", file, " cannot be ", what, ": ", strerror(errno)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<AuditLog>> AuditLog::Open(std::string file, Durability durability) {
  std::unique_ptr<AuditLog> log(new AuditLog(std::move(file), durability));
  if (absl::Status status = log->OpenFile(); !status.ok()) return status;
  log->thread_ = std::thread([log = log.get()] { log->Run(); });
  return log;
}

AuditLog::~AuditLog() {
  {
    const absl::MutexLock lock(&mutex_);
    stopped_ = true;
  }
  if (thread_.joinable()) thread_.join();
  if (descriptor_ >= 0) close(descriptor_);
}

void AuditLog::Append(std::string line, Written written) {
  const absl::MutexLock lock(&mutex_);
  waiting_.push_back({std::move(line), std::move(written)});
}

void AuditLog::Run() {
  const auto has_work = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopped_ || !waiting_.empty(); };
  while (true) {
    std::vector<Waiting> batch;
    {
      const absl::MutexLock lock(&mutex_, absl::Condition(&has_work));
      if (waiting_.empty()) return;
      batch.swap(waiting_);
    }
    std::string lines;
    for (const Waiting& one : batch) absl::StrAppend(&lines, one.line, "\n");
    const absl::Status status = Write(lines);
    Tell(status);
    for (const Waiting& one : batch) one.written(status);
  }
}

// Opens the file if it is not the one that is open.
absl::Status AuditLog::OpenFile() {
  struct stat open_file = {}, named = {};
  if (descriptor_ >= 0 && fstat(descriptor_, &open_file) == 0 && stat(file_.c_str(), &named) == 0 &&
      open_file.st_dev == named.st_dev && open_file.st_ino == named.st_ino) {
    return absl::OkStatus();
  }
  // O_NONBLOCK: a named pipe must not stop the server.
  const int descriptor = open(file_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
  if (descriptor < 0) return Failed(file_, "opened");
  if (fstat(descriptor, &named) != 0 || !S_ISREG(named.st_mode)) {
    close(descriptor);
    return absl::FailedPreconditionError(absl::StrCat("the audit log ", file_, " is not a regular file"));
  }
  if (descriptor_ >= 0) close(descriptor_);
  descriptor_ = descriptor;
  has_partial_line_ = false;
  return absl::OkStatus();
}

absl::Status AuditLog::Write(const std::string& lines) {
  if (absl::Status status = OpenFile(); !status.ok()) return status;
  const std::string text = has_partial_line_ ? absl::StrCat("\n", lines) : lines;
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t written = write(descriptor_, text.data() + done, text.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Failed(file_, "written");
    done += static_cast<size_t>(written);
    has_partial_line_ = text[done - 1] != '\n';
  }
  if (durability_ == Durability::kSynced && fdatasync(descriptor_) != 0) return Failed(file_, "written");
  return absl::OkStatus();
}

void AuditLog::Tell(const absl::Status& status) {
  if (status.ok() != failing_) return;
  failing_ = !status.ok();
  if (failing_) {
    spdlog::error("{}", std::string(status.message()));
  } else {
    spdlog::info("the audit log {} can be written again", file_);
  }
}

}  // namespace armstate
