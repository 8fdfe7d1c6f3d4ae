// The conformance suite of CheckpointStore, which every engine passes.
//
// Example:
//   INSTANTIATE_TEST_SUITE_P(MyEngine, CheckpointStoreConformance,
//                            testing::Values([] { return std::make_unique<MyStoreUnderTest>(); }));
#ifndef ARMSTATE_TESTS_STORAGE_CHECKPOINT_STORE_CONFORMANCE_H_
#define ARMSTATE_TESTS_STORAGE_CHECKPOINT_STORE_CONFORMANCE_H_

#include "tests/storage/base_conformance.h"
#include "tests/storage/commit_conformance.h"
#include "tests/storage/event_conformance.h"
#include "tests/storage/read_conformance.h"
#include "tests/storage/removal_conformance.h"
#include "tests/storage/retention_conformance.h"

#endif  // ARMSTATE_TESTS_STORAGE_CHECKPOINT_STORE_CONFORMANCE_H_
