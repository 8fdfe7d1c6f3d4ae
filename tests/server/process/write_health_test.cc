#include "server/process/write_health.h"

#include <map>
#include <string>

#include "absl/synchronization/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace armstate {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

class RecordedHealth final : public grpc::HealthCheckServiceInterface {
 public:
  void SetServingStatus(const std::string& service, bool serving) override {
    absl::MutexLock lock(&mutex_);
    told_[service] = serving;
    ++changes_;
  }
  void SetServingStatus(bool) override { ADD_FAILURE(); }
  void Shutdown() override { ADD_FAILURE(); }

  // After so many changes.
  std::map<std::string, bool> Told(int changes) {
    const auto enough = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return changes_ >= changes; };
    absl::MutexLock lock(&mutex_, absl::Condition(&enough));
    return told_;
  }

 private:
  absl::Mutex mutex_;
  std::map<std::string, bool> told_;
  int changes_ = 0;
};

TEST(WriteHealthTest, TellsWhenNothingCanBeStoredAndWhenItCanAgain) {
  RecordedHealth health;
  absl::Mutex mutex;
  absl::Status status;
  int checks = 0;
  bool has_started = false;
  WriteHealth writes(
      health, {"", "writing"},
      [&] {
        absl::MutexLock lock(&mutex);
        ++checks;
        return status;
      },
      [&] {
        absl::MutexLock lock(&mutex);
        return has_started;
      },
      absl::Milliseconds(1));
  {
    // What was healthy from the beginning is not told again.
    const auto checked = [&] { return checks > 1; };
    absl::MutexLock lock(&mutex, absl::Condition(&checked));
    EXPECT_THAT(health.Told(0), IsEmpty());
    has_started = true;
  }
  EXPECT_THAT(health.Told(1), ElementsAre(Pair("readiness", true)));
  {
    absl::MutexLock lock(&mutex);
    status = absl::ResourceExhaustedError("the disk is full");
  }
  EXPECT_THAT(health.Told(4), ElementsAre(Pair("", false), Pair("readiness", false), Pair("writing", false)));
  {
    absl::MutexLock lock(&mutex);
    status = absl::OkStatus();
  }
  EXPECT_THAT(health.Told(7), ElementsAre(Pair("", true), Pair("readiness", true), Pair("writing", true)));
}

}  // namespace
}  // namespace armstate
