#include "server/watch/event_window.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/storage/forwarding_store.h"
#include "tests/storage/memory_checkpoint_store.h"

namespace armstate {
namespace {

class CountingStore final : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;

  absl::StatusOr<EventPage> ReadEvents(uint64_t after, size_t limit) override {
    ++reads;
    return ForwardingStore::ReadEvents(after, limit);
  }

  int reads = 0;
};

class EventWindowTest : public testing::Test {
 protected:
  void Commit(int count) {
    CommitRequest request;
    request.vm = "web";
    request.record = "r";
    for (int i = 0; i < count; ++i) ASSERT_TRUE(store_.Commit(request).ok());
  }

  // "4-259" for the first and the last one; "none" if there are none.
  std::string Read(uint64_t after) {
    const absl::StatusOr<WatchedEvents> events = window_.Read(after);
    if (!events.ok()) return std::string(events.status().message());
    if (events->empty()) return "none";
    for (size_t i = 0; i < events->size(); ++i) EXPECT_EQ((*events)[i]->sequence, after + 1 + i);
    return std::to_string(events->front()->sequence) + "-" + std::to_string(events->back()->sequence);
  }

  MemoryCheckpointStore memory_;
  CountingStore store_{memory_};
  EventWindow window_{store_};
};

TEST_F(EventWindowTest, WatchersThatKeepUpShareOneRead) {
  EXPECT_EQ(Read(0), "none");
  Commit(3);
  EXPECT_EQ(Read(0), "1-3");
  EXPECT_EQ(Read(0), "1-3");
  EXPECT_EQ(Read(2), "3-3");
  EXPECT_EQ(Read(3), "none");
  EXPECT_EQ(store_.reads, 1);
  Commit(2);
  EXPECT_EQ(Read(3), "4-5");
  EXPECT_EQ(Read(1), "2-5");
  EXPECT_EQ(store_.reads, 2);
}

TEST_F(EventWindowTest, OneThatIsBehindReadsForItself) {
  Commit(2000);
  EXPECT_EQ(Read(1990), "1991-2000");
  EXPECT_EQ(Read(0), "1-256");
  EXPECT_EQ(Read(256), "257-512");
  EXPECT_EQ(store_.reads, 3);
  EXPECT_EQ(Read(1995), "1996-2000");
  EXPECT_EQ(store_.reads, 3) << "the others are not disturbed";
}

TEST_F(EventWindowTest, OnlyTheNewestAreKept) {
  Commit(2000);
  for (uint64_t after = 0; after < 2000; after += 256) Read(after);
  EXPECT_EQ(store_.reads, 8);
  EXPECT_EQ(Read(1500), "1501-1756");
  EXPECT_EQ(store_.reads, 8);
  EXPECT_EQ(Read(100), "101-356");
  EXPECT_EQ(store_.reads, 9);
}

// No watcher was active for a while.
TEST_F(EventWindowTest, GoesOnWhereItIsAsked) {
  Commit(3);
  Read(0);
  Commit(100);
  EXPECT_EQ(Read(100), "101-103");
  EXPECT_EQ(Read(100), "101-103");
  EXPECT_EQ(store_.reads, 2);
}

TEST_F(EventWindowTest, AnEventThatIsNotThereYetIsAnError) {
  Commit(3);
  EXPECT_FALSE(window_.Read(4).ok());
}

}  // namespace
}  // namespace armstate
