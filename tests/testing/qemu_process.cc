#include "tests/testing/qemu_process.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace armstate {
namespace {

// QEMU takes listening sockets as descriptors: then the test need not wait until QEMU has made them.
int Listen(const std::string& path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::copy(path.begin(), path.end(), address.sun_path);
  EXPECT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0) << path;
  EXPECT_EQ(listen(fd, 4), 0);
  return fd;
}

}  // namespace

QemuProcess::QemuProcess(const std::string& program, const std::vector<std::string>& arguments) {
  EXPECT_NE(mkdtemp(folder_.data()), nullptr);
  const int first = Listen(qmp_path());
  const int second = Listen(second_qmp_path());
  const char* const folder = getenv("ARMSTATE_QEMU");
  std::vector<std::string> command = {folder == nullptr ? program : absl::StrCat(folder, "/", program), "-nodefaults",
                                      "-display", "none"};
  int number = 0;
  for (const int fd : {first, second}) {
    const std::string id = "qmp" + std::to_string(number++);
    command.insert(command.end(), {"-chardev", "socket,id=" + id + ",server=on,wait=off,fd=" + std::to_string(fd),
                                   "-mon", "chardev=" + id + ",mode=control"});
  }
  command.insert(command.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& argument : command) argv.push_back(argument.data());
  argv.push_back(nullptr);
  pid_ = fork();
  if (pid_ == 0) {
    execvp(argv[0], argv.data());
    _exit(127);
  }
  close(first);
  close(second);
  EXPECT_GT(pid_, 0);
}

QemuProcess::~QemuProcess() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  std::filesystem::remove_all(folder_);
}

}  // namespace armstate
