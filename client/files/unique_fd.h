// `UniqueFd` is a file descriptor that is closed when it goes out of scope.
#ifndef ARMSTATE_CLIENT_FILES_UNIQUE_FD_H_
#define ARMSTATE_CLIENT_FILES_UNIQUE_FD_H_

#include <unistd.h>

#include <utility>

namespace armstate {

class UniqueFd {
 public:
  // Takes the descriptor over; -1 for none.
  explicit UniqueFd(int fd) : fd_(fd) {}
  ~UniqueFd() {
    if (fd_ >= 0) close(fd_);
  }
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

  int get() const { return fd_; }
  // Gives the descriptor away.
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_FILES_UNIQUE_FD_H_
