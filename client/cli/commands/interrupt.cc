#include "client/cli/commands/interrupt.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <utility>

namespace armstate {
namespace {

constexpr char kSignalled = 's';
constexpr char kEnd = 'e';

// The descriptor to which the signal handler writes; -1 while no Interrupt exists.
std::atomic<int> write_end{-1};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler may use it");

void Write(char what) {
  // Never blocks: the pipe holds at most three bytes, two signals and one end.
  while (write(write_end, &what, 1) < 0 && errno == EINTR) continue;
}

void OnSignal(int) {
  const int kept = errno;
  Write(kSignalled);
  errno = kept;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Interrupt>> Interrupt::Create(std::function<void()> on_signal) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "cannot make a pipe");
  write_end = ends[1];
  return std::unique_ptr<Interrupt>(new Interrupt(ends[0], std::move(on_signal)));
}

Interrupt::Interrupt(int read_end, std::function<void()> on_signal) : read_end_(read_end) {
  thread_ = std::thread([this, on_signal = std::move(on_signal)] {
    char what = kEnd;
    while (true) {
      const ssize_t count = read(read_end_, &what, 1);
      if (count < 0 && errno == EINTR) continue;
      if (count != 1 || what == kEnd) return;
      on_signal();
    }
  });
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  action.sa_flags = static_cast<int>(SA_RESTART | SA_RESETHAND);
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, &old_int_);
  sigaction(SIGTERM, &action, &old_term_);
}

Interrupt::~Interrupt() {
  sigaction(SIGINT, &old_int_, nullptr);
  sigaction(SIGTERM, &old_term_, nullptr);
  Write(kEnd);
  thread_.join();
  close(write_end.exchange(-1));
  close(read_end_);
}

}  // namespace armstate
