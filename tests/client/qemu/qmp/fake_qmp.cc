#include "tests/client/qemu/qmp/fake_qmp.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "gtest/gtest.h"

namespace armstate {

FakeQmp::FakeQmp(Answer answer) : answer_(std::move(answer)) {
  EXPECT_NE(mkdtemp(folder_.data()), nullptr);
  listener_ = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  const std::string socket_path = path();
  std::copy(socket_path.begin(), socket_path.end(), address.sun_path);
  EXPECT_EQ(bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  EXPECT_EQ(listen(listener_, 4), 0);
  thread_ = std::thread([this] { Serve(); });
}

FakeQmp::~FakeQmp() {
  shutdown(listener_, SHUT_RDWR);  // ends accept()
  thread_.join();
  close(listener_);
  std::filesystem::remove_all(folder_);
}

std::vector<std::vector<std::string>> FakeQmp::commands() const {
  absl::MutexLock lock(&mutex_);
  return commands_;
}

void FakeQmp::Serve() {
  for (int connection = 0;; ++connection) {
    const int fd = accept(listener_, nullptr, nullptr);
    if (fd < 0) return;
    ServeOne(connection, fd);
    close(fd);
  }
}

void FakeQmp::ServeOne(int connection, int fd) {
  {
    absl::MutexLock lock(&mutex_);
    commands_.emplace_back();
  }
  std::string received;
  std::string command;
  while (true) {
    const absl::optional<std::string> answer = answer_(connection, command);
    if (!answer) return;
    const std::string line = *answer + "\n";
    for (size_t sent = 0; sent < line.size();) {
      const ssize_t size = send(fd, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
      if (size <= 0) return;
      sent += size;
    }
    size_t newline;
    while ((newline = received.find('\n')) == std::string::npos) {
      char chunk[4096];
      const ssize_t size = recv(fd, chunk, sizeof(chunk), 0);
      if (size <= 0) return;
      received.append(chunk, size);
    }
    command = nlohmann::json::parse(received.substr(0, newline))["execute"];
    received.erase(0, newline + 1);
    absl::MutexLock lock(&mutex_);
    commands_.back().push_back(command);
  }
}

}  // namespace armstate
