// Conformance tests that every CheckpointStore passes: events. See tests/storage/checkpoint_store_conformance.h.
#ifndef ARMSTATE_TESTS_STORAGE_EVENT_CONFORMANCE_H_
#define ARMSTATE_TESTS_STORAGE_EVENT_CONFORMANCE_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "storage/checkpoint_store.h"
#include "tests/storage/conformance_fixture.h"
#include "tests/storage/delete_up_to.h"

namespace armstate {

// "1:+a@1 2:-a@1 3:x a@1": committed, deleted, VM deleted.
inline std::string ShowEvents(const absl::StatusOr<EventPage>& page) {
  if (!page.ok()) return page.status().ToString();
  std::string text;
  for (const CheckpointEvent& event : page->events) {
    const char* const kind = event.kind == CheckpointEventKind::kCommitted ? "+"
                             : event.kind == CheckpointEventKind::kDeleted ? "-"
                                                                           : "x ";
    absl::StrAppend(&text, text.empty() ? "" : " ", event.sequence, ":", kind, event.vm, "@", event.version);
  }
  return text;
}

// Waits until a listener was told of an event.
class ToldEvents {
 public:
  EventListener listener() {
    return [this](uint64_t newest) {
      std::lock_guard<std::mutex> lock(mutex_);
      told_.push_back(newest);
      changed_.notify_all();
    };
  }
  void WaitFor(uint64_t newest) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return !told_.empty() && told_.back() >= newest; });
  }
  std::vector<uint64_t> told() {
    std::lock_guard<std::mutex> lock(mutex_);
    return told_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<uint64_t> told_;
};

TEST_P(CheckpointStoreConformance, NoEventsAtFirst) {
  EXPECT_EQ(store().events().newest, 0u);
  EXPECT_EQ(store().ReadEvents(0, 10)->newest, 0u);
  EXPECT_EQ(ShowEvents(store().ReadEvents(0, 10)), "");
}

TEST_P(CheckpointStoreConformance, EventsTellAllChangesInOrder) {
  Commit("a", "a1", "id");
  Commit("b", "b1");
  Commit("a", "a2");
  EXPECT_TRUE(Commit("a", "retry", "id").was_retry());
  ASSERT_TRUE(store().Delete("a", 1, At(1)).ok());
  EXPECT_FALSE(store().Delete("a", 1, At(1)).ok());
  Commit("a", "a3");
  ASSERT_TRUE(store().SetProtected("a", 2, true).ok());
  Commit("a", "a4");
  EXPECT_EQ(DeleteUpTo(store(), "a", 4, At(1)).value(), 2);
  EXPECT_FALSE(store().DeleteVm("a", ProtectedVersions::kRefuse, At(1)).ok());
  ASSERT_TRUE(store().DeleteVm("a", ProtectedVersions::kDelete, At(1)).ok());
  Commit("a", "a1");
  EXPECT_EQ(ShowEvents(store().ReadEvents(0, 100)),
            "1:+a@1 2:+b@1 3:+a@2 4:-a@1 5:+a@3 6:+a@4 7:-a@3 8:-a@4 9:x a@4 10:+a@1");
  EXPECT_EQ(store().events().oldest, 1u);
  EXPECT_EQ(store().events().newest, 10u);
}

TEST_P(CheckpointStoreConformance, WhatAnEventSays) {
  CommitRequest request = Request(std::string("v\0m", 3), "r");
  request.commit_time = absl::FromUnixNanos(1500000000000000001);
  const uint64_t incarnation = Commit(request).incarnation;
  ASSERT_TRUE(store().Delete(request.vm, 1, absl::FromUnixNanos(1600000000000000002)).ok());
  ASSERT_TRUE(store().DeleteVm(request.vm, ProtectedVersions::kRefuse, absl::FromUnixNanos(-3)).ok());
  const EventPage page = store().ReadEvents(0, 10).value();
  ASSERT_EQ(page.events.size(), 3u);
  for (const CheckpointEvent& event : page.events) {
    EXPECT_EQ(event.vm, request.vm);
    EXPECT_EQ(event.incarnation, incarnation);
    EXPECT_EQ(event.version, 1);
  }
  EXPECT_EQ(page.events[0].kind, CheckpointEventKind::kCommitted);
  EXPECT_EQ(absl::ToUnixNanos(page.events[0].time), 1500000000000000001);
  EXPECT_EQ(page.events[1].kind, CheckpointEventKind::kDeleted);
  EXPECT_EQ(absl::ToUnixNanos(page.events[1].time), 1600000000000000002);
  EXPECT_EQ(page.events[2].kind, CheckpointEventKind::kVmDeleted);
  EXPECT_EQ(absl::ToUnixNanos(page.events[2].time), -3);
}

TEST_P(CheckpointStoreConformance, EventsOfRetention) {
  for (int i = 1; i <= 3; ++i) Commit("a", absl::StrCat("r", i));
  ASSERT_TRUE(store().SetRetention("a", {2, absl::ZeroDuration(), false}, At(1)).ok());
  EXPECT_EQ(Apply("a", At(1)), 1);
  Commit("a", "r4");
  EXPECT_EQ(ShowEvents(store().ReadEvents(0, 100)), "1:+a@1 2:+a@2 3:+a@3 4:-a@1 5:+a@4 6:-a@2");
}

TEST_P(CheckpointStoreConformance, RefusedCommitsAreNoEvents) {
  CommitRequest request = Request("a", "r");
  request.expected_last_version = 5;
  EXPECT_EQ(Conflict(request), 0);
  EXPECT_EQ(CommitOn("a", {1, 1}, "no such base"), 0);
  EXPECT_EQ(store().events().newest, 0u);
}

TEST_P(CheckpointStoreConformance, EventsArePaged) {
  for (int i = 1; i <= 5; ++i) Commit("a", "r");
  const EventPage first = store().ReadEvents(0, 2).value();
  EXPECT_EQ(ShowEvents(first), "1:+a@1 2:+a@2");
  EXPECT_EQ(first.newest, 5u);
  EXPECT_EQ(ShowEvents(store().ReadEvents(2, 2)), "3:+a@3 4:+a@4");
  EXPECT_EQ(ShowEvents(store().ReadEvents(4, 2)), "5:+a@5");
  EXPECT_EQ(ShowEvents(store().ReadEvents(5, 2)), "");
  EXPECT_EQ(ShowEvents(store().ReadEvents(3, 0)), "4:+a@4");
}

// A commit that removes others by retention writes several events at once.
TEST_P(CheckpointStoreConformance, EventsOfOneWriteArePagedToo) {
  for (int i = 1; i <= 4; ++i) Commit("a", "r");
  ASSERT_TRUE(store().SetRetention("a", {1, absl::ZeroDuration(), false}, At(1)).ok());
  Commit("a", "r");
  const std::vector<CheckpointEvent> all = store().ReadEvents(0, 100)->events;
  EXPECT_EQ(ShowEvents(store().ReadEvents(0, 100)), "1:+a@1 2:+a@2 3:+a@3 4:+a@4 5:+a@5 6:-a@1 7:-a@2 8:-a@3 9:-a@4");
  for (size_t after = 0; after < all.size(); ++after) {
    for (size_t limit = 1; limit <= all.size(); ++limit) {
      const size_t end = std::min(all.size(), after + limit);
      const EventPage expected{{all.begin() + after, all.begin() + end}, all.size()};
      EXPECT_EQ(ShowEvents(store().ReadEvents(after, limit)), ShowEvents(expected)) << after << " " << limit;
    }
  }
}

// The oldest one that is kept may be in the middle of a write.
TEST_P(CheckpointStoreConformance, EventsOfOneWriteGoOneByOne) {
  Commit("a", "r");
  ASSERT_TRUE(store().SetRetention("a", {1, absl::ZeroDuration(), false}, At(1)).ok());
  uint64_t oldest = 1;
  int changes = 0;
  for (uint64_t i = 0; i < 4 * kept_events() && changes < 4; ++i) {
    Commit("a", "r");
    if (i % 3 == 0) Commit("b", "r");  // one event: so that both numbers of a pair are the oldest at some time
    const EventRange range = store().events();
    if (range.oldest == oldest) continue;
    oldest = range.oldest;
    ++changes;
    const EventPage page = store().ReadEvents(oldest - 1, 10 * kept_events()).value();
    ASSERT_EQ(page.events.size(), range.newest - oldest + 1);
    for (size_t k = 0; k < page.events.size(); ++k) ASSERT_EQ(page.events[k].sequence, oldest + k);
    EXPECT_EQ(store().ReadEvents(oldest - 2, 1).status().code(), absl::StatusCode::kOutOfRange);
  }
  EXPECT_EQ(changes, 4);
}

TEST_P(CheckpointStoreConformance, EventsThatAreNotThereYet) {
  Commit("a", "r");
  for (const uint64_t after : {uint64_t{2}, UINT64_MAX}) {
    const absl::Status status = store().ReadEvents(after, 1).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_EQ(GetErrorInfo(status)->reason, ErrorReason::kPageTokenInvalid);
    EXPECT_EQ(GetErrorInfo(status)->metadata.at("after"), absl::StrCat(after));
    EXPECT_EQ(GetErrorInfo(status)->metadata.at("newest"), "1");
  }
}

TEST_P(CheckpointStoreConformance, LogKeepsItsId) {
  const uint64_t id = store().events().log_id;
  EXPECT_NE(id, 0u);
  for (uint64_t i = 0; i < 2 * kept_events(); ++i) Commit("a", "r");
  EXPECT_EQ(store().events().log_id, id);
  Reopen();
  EXPECT_EQ(store().events().log_id, id);
}

TEST_P(CheckpointStoreConformance, EventsGoWhenThereAreMany) {
  const uint64_t kept = kept_events();
  for (uint64_t i = 1; i <= kept; ++i) Commit("a", "r");
  EXPECT_EQ(store().events().oldest, 1u);
  for (uint64_t i = 1; i <= kept; ++i) Commit("a", "r");
  const EventRange range = store().events();
  EXPECT_EQ(range.newest, 2 * kept);
  // As many as promised, and not many more.
  EXPECT_LE(range.oldest, kept + 1);
  EXPECT_GT(range.oldest, kept - kept / 8);
  for (const uint64_t after : {uint64_t{0}, range.oldest - 2}) {
    const absl::Status status = store().ReadEvents(after, 1).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange) << status;
    EXPECT_EQ(GetErrorInfo(status)->reason, ErrorReason::kEventsGone);
    EXPECT_EQ(GetErrorInfo(status)->metadata.at("after"), absl::StrCat(after));
    EXPECT_EQ(GetErrorInfo(status)->metadata.at("oldest"), absl::StrCat(range.oldest));
  }
  for (int opened = 0; opened < 2; ++opened) {
    const EventPage page = store().ReadEvents(range.oldest - 1, 10 * kept).value();
    ASSERT_EQ(page.events.size(), range.newest - range.oldest + 1);
    EXPECT_EQ(page.events.front().version, static_cast<int64_t>(range.oldest));
    EXPECT_EQ(page.events.back().version, static_cast<int64_t>(2 * kept));
    Reopen();
  }
}

TEST_P(CheckpointStoreConformance, NumbersOfEventsGoOnAfterReopening) {
  Commit("a", "r");
  Reopen();
  EXPECT_EQ(ShowEvents(store().ReadEvents(0, 10)), "1:+a@1");
  Commit("a", "r");
  Reopen();
  ASSERT_TRUE(store().Delete("a", 1, At(1)).ok());
  EXPECT_EQ(ShowEvents(store().ReadEvents(0, 10)), "1:+a@1 2:+a@2 3:-a@1");
}

TEST_P(CheckpointStoreConformance, ListenersAreToldInOrder) {
  ToldEvents all, some;
  const std::unique_ptr<EventSubscription> to_all = store().SubscribeToEvents(all.listener());
  Commit("a", "r");
  all.WaitFor(1);
  std::unique_ptr<EventSubscription> to_some = store().SubscribeToEvents(some.listener());
  Commit("a", "r");
  some.WaitFor(2);
  to_some = nullptr;
  ASSERT_TRUE(store().Delete("a", 1, At(1)).ok());
  all.WaitFor(3);
  EXPECT_EQ(all.told(), (std::vector<uint64_t>{1, 2, 3}));
  // The first event may be told late, when the second listener is there already.
  EXPECT_EQ(some.told().back(), 2u);
}

// A watcher that reads when it is told misses nothing and sees nothing twice, while others come and go.
TEST_P(CheckpointStoreConformance, WatchersWhileThereAreCommits) {
  constexpr int kThreads = 4;
  constexpr int kCommits = 25;
  ToldEvents told;
  const std::unique_ptr<EventSubscription> subscription = store().SubscribeToEvents(told.listener());
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < kCommits; ++i) {
        ToldEvents own;
        const std::unique_ptr<EventSubscription> short_lived = store().SubscribeToEvents(own.listener());
        // What was answered can be read.
        const int64_t version = Commit(absl::StrCat("vm", t), "r").version;
        const EventPage page = store().ReadEvents(0, 1000).value();
        bool found = false;
        for (const CheckpointEvent& event : page.events) {
          found |= event.vm == absl::StrCat("vm", t) && event.version == version;
        }
        EXPECT_TRUE(found) << t << " " << version;
      }
    });
  }
  std::vector<CheckpointEvent> seen;
  std::vector<int64_t> versions(kThreads);
  while (seen.size() < kThreads * kCommits) {
    told.WaitFor(seen.size() + 1);
    const EventPage page = store().ReadEvents(seen.size(), 7).value();
    for (const CheckpointEvent& event : page.events) {
      EXPECT_EQ(event.sequence, seen.size() + 1);
      EXPECT_EQ(event.version, ++versions[event.vm.back() - '0']) << event.vm;
      seen.push_back(event);
    }
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(store().events().newest, uint64_t{kThreads * kCommits});
}

}  // namespace armstate

#endif  // ARMSTATE_TESTS_STORAGE_EVENT_CONFORMANCE_H_
