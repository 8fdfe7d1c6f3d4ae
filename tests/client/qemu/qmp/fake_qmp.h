// A QMP server in this process, for what a real QEMU does not do.
#ifndef ARMSTATE_TESTS_CLIENT_QEMU_QMP_FAKE_QMP_H_
#define ARMSTATE_TESTS_CLIENT_QEMU_QMP_FAKE_QMP_H_

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/optional.h"

namespace armstate {

class FakeQmp {
 public:
  // Answers one command (its name) of the n-th connection (from 0) with a line; with nothing, the connection is closed.
  // Called with "" for the greeting.
  using Answer = std::function<absl::optional<std::string>(int connection, const std::string& command)>;

  explicit FakeQmp(Answer answer);
  ~FakeQmp();

  std::string path() const { return folder_ + "/qmp"; }

  // The commands so far, by connection.
  std::vector<std::vector<std::string>> commands() const;

 private:
  void Serve();
  void ServeOne(int connection, int fd);

  Answer answer_;
  std::string folder_ = "/tmp/armstate-qmp-XXXXXX";
  int listener_;
  mutable absl::Mutex mutex_;
  std::vector<std::vector<std::string>> commands_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

inline constexpr char kGreeting[] = R"({"QMP": {"version": {}, "capabilities": []}})";

}  // namespace armstate

#endif  // ARMSTATE_TESTS_CLIENT_QEMU_QMP_FAKE_QMP_H_
