#include "tests/storage/checkpoint_store_conformance.h"
#include "tests/storage/rocksdb_under_test.h"

namespace armstate {
namespace {

INSTANTIATE_TEST_SUITE_P(RocksDbOnDisk, CheckpointStoreConformance, testing::Values([] {
                           return std::make_unique<RocksDbUnderTest>(RocksDbUnderTest::Where::kDisk);
                         }));
INSTANTIATE_TEST_SUITE_P(RocksDbInMemory, CheckpointStoreConformance, testing::Values([] {
                           return std::make_unique<RocksDbUnderTest>(RocksDbUnderTest::Where::kMemory);
                         }));

}  // namespace
}  // namespace armstate
