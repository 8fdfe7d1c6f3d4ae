// The newest checkpoints of all VMs in memory, by register: what answers a search without reading them.
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
#include "server/search/checkpoint_facts.h"
#include "server/search/filter.h"
#include "server/search/register_column.h"
#include "server/search/row_set.h"

namespace armstate {

// One vCPU that satisfies a filter.
struct MatchingVcpu {
  int vcpu_index = 0;
  // Of Filter::registers(), little-endian as wide as the register; empty where the vCPU has no such register.
  std::vector<std::string> values;
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
  // By VM name.
  std::vector<MatchingCheckpoint> matches;
  // The filter names registers that are not indexed: `matches` are those that may satisfy it, without their vCPUs.
  bool must_be_read = false;
  // What could not be searched: each says what is wrong with it.
  std::vector<std::string> damaged;
};

// True if the index has its values: those up to 64 bits wide, without X0 to X30 and R0 to R14, which nobody looks for
// and which are different everywhere.
bool IsIndexed(RegisterId id);

// A row is a vCPU. See docs/decisions/0018. Thread-safe.
class SearchIndex {
 public:
  // A checkpoint's vCPU.
  struct Vcpu {
    int vcpu_index = 0;
    const RegisterList* registers = nullptr;
  };

  // Replaces what is there of this VM.
  void Put(IndexedMetadata facts, absl::Span<const Vcpu> vcpus);
  void Remove(absl::string_view vm);
  // A VM whose latest checkpoint cannot be read, and why. As long as it is not put or removed, answers tell of it.
  void PutDamaged(absl::string_view vm, std::string why);

  IndexAnswer Find(const Filter& filter, MatchedVcpus which) const;

  size_t vm_count() const;
  std::vector<std::string> VmNames() const;
  // What it takes, about.
  size_t memory_bytes() const;

 private:
  // The rows whose lists have the same registers.
  struct Layout {
    std::shared_ptr<const RegisterLayout> registers;
    size_t rows = 0;
    // Of the indexed registers: column, and position in the layout.
    std::vector<std::pair<uint32_t, uint32_t>> columns;
  };
  // The checkpoints with the same source and labels.
  struct Traits {
    std::shared_ptr<const SharedMetadata> traits;
    size_t vms = 0;
  };
  struct Vm {
    IndexedMetadata facts;
    uint32_t traits = 0;
    std::vector<uint32_t> rows;
  };
  struct Row {
    uint32_t vm = 0;
    uint32_t layout = kNoLayout;
    uint32_t traits = 0;
    int32_t vcpu_index = 0;
  };
  // What a part of a filter says of each row; what is in neither is not known.
  struct TriState {
    RowSet yes;
    RowSet no;
  };

  static constexpr uint32_t kNoLayout = 0;  // of a row that is free

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
  std::map<std::string, std::string> damaged_ ABSL_GUARDED_BY(mutex_);  // why, by VM
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
