#include "server/worker_thread.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"

namespace armstate {
namespace {

TEST(WorkerThread, RunsInOrderOnAThreadOfItsOwn) {
  std::vector<int> ran;
  {
    WorkerThread worker(100);
    for (int i = 0; i < 50; ++i) {
      ASSERT_TRUE(worker.TryRun(
          [&ran, i] {
            EXPECT_EQ(ran.size(), 2u * i);
            ran.push_back(i);
          },
          [&ran, i] { ran.push_back(i); }));
    }
  }  // what was taken is done
  ASSERT_EQ(ran.size(), 100u);
  for (size_t i = 0; i < ran.size(); ++i) EXPECT_EQ(ran[i], static_cast<int>(i / 2));
}

TEST(WorkerThread, TakesNoMoreThanItsPlaces) {
  WorkerThread worker(2);
  absl::Notification may_end;
  absl::Notification first_done;
  bool taken_in_done = false;
  ASSERT_TRUE(worker.TryRun([&] { may_end.WaitForNotification(); },
                            [&] {
                              // Its place is free by now.
                              taken_in_done = worker.TryRun([] {}, [] {});
                              first_done.Notify();
                            }));
  ASSERT_TRUE(worker.TryRun([] {}, [] {}));
  EXPECT_FALSE(worker.TryRun([] { ADD_FAILURE(); }, [] { ADD_FAILURE(); }));
  may_end.Notify();
  first_done.WaitForNotification();
  EXPECT_TRUE(taken_in_done);
}

}  // namespace
}  // namespace armstate
