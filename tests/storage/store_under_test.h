// A CheckpointStore for tests that run on several engines.
#ifndef ARMSTATE_TESTS_STORAGE_STORE_UNDER_TEST_H_
#define ARMSTATE_TESTS_STORAGE_STORE_UNDER_TEST_H_

#include <functional>
#include <memory>

#include "storage/checkpoint_store.h"

namespace armstate {

// An empty store with all that it stands on.
class StoreUnderTest {
 public:
  virtual ~StoreUnderTest() = default;
  virtual CheckpointStore& store() = 0;
  // Closes the store and opens it again over what it kept.
  virtual void Reopen() = 0;
};

using StoreFactory = std::function<std::unique_ptr<StoreUnderTest>()>;

}  // namespace armstate

#endif  // ARMSTATE_TESTS_STORAGE_STORE_UNDER_TEST_H_
