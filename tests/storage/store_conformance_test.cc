#include "tests/storage/checkpoint_store_conformance.h"
#include "tests/storage/memory_checkpoint_store.h"
#include "tests/storage/rocksdb/rocksdb_under_test.h"
#include "tests/storage/unknown_injector.h"

namespace armstate {
namespace {

class MemoryUnderTest : public StoreUnderTest {
 public:
  CheckpointStore& store() override { return store_; }
  void Reopen() override {}
  uint64_t kept_events() const override { return kKeptEvents; }

 private:
  MemoryCheckpointStore store_{kKeptEvents};
};

std::unique_ptr<StoreUnderTest> RocksDbInMemory() {
  return std::make_unique<RocksDbUnderTest>(RocksDbUnderTest::Where::kMemory);
}

INSTANTIATE_TEST_SUITE_P(RocksDbOnDisk, CheckpointStoreConformance, testing::Values([] {
                           return std::make_unique<RocksDbUnderTest>(RocksDbUnderTest::Where::kDisk);
                         }));
INSTANTIATE_TEST_SUITE_P(RocksDbInMemory, CheckpointStoreConformance, testing::Values(RocksDbInMemory));
INSTANTIATE_TEST_SUITE_P(RocksDbWithUnknownAnswers, CheckpointStoreConformance,
                         testing::Values([] { return std::make_unique<InjectedUnderTest>(RocksDbInMemory()); }));
INSTANTIATE_TEST_SUITE_P(Memory, CheckpointStoreConformance,
                         testing::Values([] { return std::make_unique<MemoryUnderTest>(); }));

}  // namespace
}  // namespace armstate
