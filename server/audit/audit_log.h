// AuditLog appends lines to a file, and tells each caller when its line is there.
#ifndef ARMSTATE_SERVER_AUDIT_AUDIT_LOG_H_
#define ARMSTATE_SERVER_AUDIT_AUDIT_LOG_H_

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

namespace armstate {

// Thread-safe. One thread writes all lines that wait at once, so that many callers share one write and one sync.
class AuditLog {
 public:
  enum class Durability { kWritten, kSynced };

  // Creates the file, readable only by the server's user, or appends to it. A file that was moved away or removed, as
  // logrotate does, is created again for the next line. FAILED_PRECONDITION if it is no regular file, UNAVAILABLE if it
  // cannot be opened; both with the file.
  static absl::StatusOr<std::unique_ptr<AuditLog>> Open(std::string file, Durability durability);
  // Writes what waits.
  ~AuditLog();

  using Written = std::function<void(const absl::Status&)>;
  // Calls `written` on the log's thread: OK once the line is in the file and, with kSynced, on the disk. UNAVAILABLE:
  // it may be there in part or not at all. The line has no line feed.
  void Append(std::string line, Written written);

 private:
  AuditLog(std::string file, Durability durability) : file_(std::move(file)), durability_(durability) {}

  absl::Status OpenFile();
  void Run();
  absl::Status Write(const std::string& lines);
  // Logs a failure once, and its end.
  void Tell(const absl::Status& status);

  const std::string file_;
  const Durability durability_;
  // Used only by the thread, once it runs.
  int descriptor_ = -1;
  bool has_partial_line_ = false;
  bool failing_ = false;

  struct Waiting {
    std::string line;
    Written written;
  };
  absl::Mutex mutex_;
  std::vector<Waiting> waiting_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_AUDIT_AUDIT_LOG_H_
