// SearchIndex holds the latest checkpoints of all VMs in memory, by register, and answers searches without reading
// them.
#ifndef ARMSTATE_SERVER_SEARCH_SEARCH_INDEX_H_
#define ARMSTATE_SERVER_SEARCH_SEARCH_INDEX_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "core/register_list.h"
#include "server/search/filter.h"
#include "server/search/indexed_metadata.h"
#include "server/search/register_column.h"
#include "server/search/row_set.h"

namespace armstate {

// The value of one of Filter::registers().
struct MatchingValue {
  // Little-endian and as wide as the register; empty where the vCPU lacks the register.
  std::string value;
  // The index in FilterRegister::In of the register that counts.
  size_t selector = 0;
};

// One vCPU that satisfies a filter.
struct MatchingVcpu {
  int vcpu_index = 0;
  std::vector<MatchingValue> values;
};

struct MatchingCheckpoint {
  std::string vm;
  int64_t version = 0;
  int64_t create_time = 0;
  IdScheme scheme = IdScheme::kKvm;
  std::vector<MatchingVcpu> vcpus;
};

enum class MatchedVcpus { kAny, kAll };

struct IndexAnswer {
  // Sorted by VM name.
  std::vector<MatchingCheckpoint> matches;
  // True if the filter names registers that are not indexed: `matches` are then the candidates, without their vCPUs.
  bool must_be_read = false;
  // The checkpoints that could not be searched; each text says what is wrong with one.
  std::vector<std::string> damaged;
};

// Returns true if the index has the register's values: registers up to 64 bits wide, without X0 to X30 and R0 to R14,
// which differ everywhere and are of no use in a search.
bool IsIndexed(RegisterId id);

// Each row is a vCPU. See docs/decisions/0018. Thread-safe.
class SearchIndex {
 public:
  // A vCPU of a checkpoint.
  struct Vcpu {
    int vcpu_index = 0;
    const RegisterList* registers = nullptr;
  };

  // Replaces the entry of this VM.
  void Put(IndexedMetadata metadata, absl::Span<const Vcpu> vcpus);
  void Remove(absl::string_view vm);
  // Records that the latest checkpoint of a VM cannot be read, and why. Answers report it until the VM is put or
  // removed.
  void PutDamaged(absl::string_view vm, std::string why);

  IndexAnswer Find(const Filter& filter, MatchedVcpus which) const;

  size_t vm_count() const;
  std::vector<std::string> VmNames() const;
  // Returns the approximate memory usage.
  size_t memory_bytes() const;

 private:
  // A register layout that rows share.
  struct Layout {
    std::shared_ptr<const RegisterLayout> registers;
    size_t rows = 0;
    // The column and the position in the layout of each indexed register.
    std::vector<std::pair<uint32_t, uint32_t>> columns;
  };
  // Source and labels that checkpoints share.
  struct Traits {
    std::shared_ptr<const SharedMetadata> traits;
    size_t vms = 0;
  };
  struct Vm {
    IndexedMetadata metadata;
    uint32_t traits = 0;
    std::vector<uint32_t> rows;
  };
  struct Row {
    uint32_t vm = 0;
    uint32_t layout = kNoLayout;
    uint32_t traits = 0;
    int32_t vcpu_index = 0;
  };
  // The rows for which a part of a filter is known to be true and known to be false; rows in neither set are unknown.
  struct TriState {
    RowSet yes;
    RowSet no;
  };

  static constexpr uint32_t kNoLayout = 0;  // the layout of a free row

  uint32_t LayoutNumber(const std::shared_ptr<const RegisterLayout>& registers) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  uint32_t TraitsNumber(const std::shared_ptr<const SharedMetadata>& traits) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SetRow(uint32_t row, const RegisterList& registers) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  uint32_t TakeVm(absl::string_view name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  uint32_t TakeRow() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DropTraits(uint32_t number) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FreeRows(Vm& vm, size_t kept) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  TriState Evaluate(const Filter& filter, const FilterNode& node) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  TriState EvaluateRegister(const FilterRegister& named, const RegisterCondition& condition) const
      ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  TriState EvaluateMetadata(const MetadataCondition& condition) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  RowSet RowsWith(const RegisterId& id, IdScheme scheme) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  RowSet LiveRows() const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  MatchingCheckpoint Describe(const Vm& vm, const Filter& filter, const RowSet& rows) const
      ABSL_SHARED_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  absl::flat_hash_map<std::string, uint32_t> vm_numbers_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::string> damaged_ ABSL_GUARDED_BY(mutex_);  // the reason, by VM
  std::vector<Vm> vms_ ABSL_GUARDED_BY(mutex_);
  std::vector<uint32_t> free_vms_ ABSL_GUARDED_BY(mutex_);
  std::vector<Row> rows_ ABSL_GUARDED_BY(mutex_);
  std::vector<uint32_t> free_rows_ ABSL_GUARDED_BY(mutex_);
  std::vector<Layout> layouts_ ABSL_GUARDED_BY(mutex_) = std::vector<Layout>(1);
  std::vector<Traits> traits_ ABSL_GUARDED_BY(mutex_);
  std::vector<uint32_t> free_traits_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, uint32_t> traits_numbers_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<uint64_t, uint32_t> column_numbers_ ABSL_GUARDED_BY(mutex_);
  std::vector<RegisterColumn> columns_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_SEARCH_SEARCH_INDEX_H_
