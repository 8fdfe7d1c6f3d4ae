// A real QEMU for one test.
#ifndef ARMSTATE_TESTS_TESTING_QEMU_PROCESS_H_
#define ARMSTATE_TESTS_TESTING_QEMU_PROCESS_H_

#include <sys/types.h>

#include <string>
#include <vector>

namespace armstate {

// Starts QEMU without devices, display and network; `arguments` follow. It is that of the folder that the environment
// variable ARMSTATE_QEMU names, or else the installed one. QMP is on qmp_path(), and on second_qmp_path() for the test
// itself, since QEMU serves one connection per socket. Killed by the destructor.
class QemuProcess {
 public:
  // Both sockets can be connected to at once. Fails the test if QEMU cannot be started.
  QemuProcess(const std::string& program, const std::vector<std::string>& arguments);
  ~QemuProcess();
  QemuProcess(const QemuProcess&) = delete;
  QemuProcess& operator=(const QemuProcess&) = delete;

  std::string qmp_path() const { return folder_ + "/qmp1"; }
  std::string second_qmp_path() const { return folder_ + "/qmp2"; }

 private:
  pid_t pid_ = -1;
  // In /tmp, since the path of a socket has at most 107 bytes and those of Bazel's folders have more.
  std::string folder_ = "/tmp/armstate-qemu-XXXXXX";
};

}  // namespace armstate

#endif  // ARMSTATE_TESTS_TESTING_QEMU_PROCESS_H_
