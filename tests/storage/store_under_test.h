// A CheckpointStore for tests that run on several engines.
#ifndef ARMSTATE_TESTS_STORAGE_STORE_UNDER_TEST_H_
#define ARMSTATE_TESTS_STORAGE_STORE_UNDER_TEST_H_

#include <cstdint>
#include <functional>
#include <memory>

#include "storage/checkpoint_store.h"

namespace armstate {

// An empty store with all that it stands on.
class StoreUnderTest {
 public:
  // Few, but more than other tests make.
  static constexpr uint64_t kKeptEvents = 160;

  virtual ~StoreUnderTest() = default;
  virtual CheckpointStore& store() = 0;
  // Closes the store and opens it again over what it kept.
  virtual void Reopen() = 0;
  // How many events it keeps at least; at most an eighth more.
  virtual uint64_t kept_events() const = 0;
};

using StoreFactory = std::function<std::unique_ptr<StoreUnderTest>()>;

}  // namespace armstate

#endif  // ARMSTATE_TESTS_STORAGE_STORE_UNDER_TEST_H_
