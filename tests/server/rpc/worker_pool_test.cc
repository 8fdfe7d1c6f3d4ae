#include "server/rpc/worker_pool.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <vector>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"

namespace armstate {
namespace {

TEST(WorkerPool, AClientsTasksRunInOrderOnAnotherThread) {
  std::vector<int> ran;
  {
    WorkerPool pool(1, 100);
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(pool.TryRun("a", [&ran, i] { ran.push_back(i); }));
  }  // what was taken is done
  ASSERT_EQ(ran.size(), 50u);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(ran[i], i);
}

TEST(WorkerPool, TakesNoMoreThanItsPlaces) {
  std::string ran;
  {
    WorkerPool pool(1, 2);
    absl::Notification may_end;
    ASSERT_TRUE(pool.TryRun("a", [&] { may_end.WaitForNotification(); }));
    ASSERT_TRUE(pool.TryRun("b", [&] { ran += "b"; }));
    EXPECT_FALSE(pool.TryRun("c", [&] { ran += "c"; }));
    pool.Run("", [&] { ran += "next"; });
    may_end.Notify();
  }
  EXPECT_EQ(ran, "bnext");
}

TEST(WorkerPool, OneClientLeavesHalfOfThePlacesAndTakesTurns) {
  absl::Notification may_begin;
  absl::Notification begun;
  std::string ran;
  {
    WorkerPool pool(1, 10);
    ASSERT_TRUE(pool.TryRun("a", [&] {
      begun.Notify();
      may_begin.WaitForNotification();
    }));
    begun.WaitForNotification();
    const auto run = [&](const std::string& client) { return pool.TryRun(client, [&ran, client] { ran += client; }); };
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(run("a")) << i;
    EXPECT_FALSE(run("a"));
    for (const char* client : {"b", "b", "c"}) EXPECT_TRUE(run(client)) << client;
    may_begin.Notify();
  }
  EXPECT_EQ(ran, "bcabaaaa");  // an "a" has just run
}

TEST(WorkerPool, OneClientHasHalfOfTheThreads) {
  absl::Notification may_end;
  absl::BlockingCounter two_begun(2);
  std::atomic<int> begun = 0;
  {
    WorkerPool pool(4, 100);
    const auto run_long = [&](const std::string& client) {
      return pool.TryRun(client, [&] {
        if (++begun <= 2) two_begun.DecrementCount();
        may_end.WaitForNotification();
      });
    };
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(run_long("a")) << i;
    two_begun.Wait();
    // The others go on meanwhile, one after the other.
    for (int i = 0; i < 100; ++i) {
      absl::Notification done;
      ASSERT_TRUE(pool.TryRun("b", [&] { done.Notify(); }));
      done.WaitForNotification();
    }
    EXPECT_EQ(begun, 2);
    may_end.Notify();
  }
  EXPECT_EQ(begun, 10) << "those that waited run once there is a place again";
}

TEST(WorkerPool, OneClientMayHaveAllThreadsIfThatIsSaid) {
  WorkerPool pool(2, 10, /*threads_per_client=*/2);
  absl::BlockingCounter all_run(2);
  absl::Notification may_end;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(pool.TryRun("a", [&] {
      all_run.DecrementCount();
      may_end.WaitForNotification();
    }));
  }
  all_run.Wait();
  may_end.Notify();
}

TEST(WorkerPool, ThreadsWorkAtTheSameTime) {
  WorkerPool pool(3, 3);
  absl::BlockingCounter all_run(3);
  absl::Notification may_end;
  for (const char* client : {"a", "b", "c"}) {
    ASSERT_TRUE(pool.TryRun(client, [&] {
      all_run.DecrementCount();
      may_end.WaitForNotification();
    }));
  }
  all_run.Wait();
  may_end.Notify();
}

TEST(WorkerPool, ThreadsThatComputeLeaveTheProcessorToOthers) {
  const auto niceness = [] { return getpriority(PRIO_PROCESS, 0); };  // of the calling thread
  const int usual = niceness();
  int computing = 0;
  int other = 0;
  {
    WorkerPool niced(1, 1, /*threads_per_client=*/1, /*niceness=*/5);
    WorkerPool pool(1, 1);
    ASSERT_TRUE(niced.TryRun("a", [&] { computing = niceness(); }));
    ASSERT_TRUE(pool.TryRun("a", [&] { other = niceness(); }));
  }
  EXPECT_EQ(computing, std::min(usual + 5, 19));
  EXPECT_EQ(other, usual);
  EXPECT_EQ(niceness(), usual);
}

}  // namespace
}  // namespace armstate
