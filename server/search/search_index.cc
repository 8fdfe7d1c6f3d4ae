#include "server/search/search_index.h"

#include <algorithm>

#include "core/catalog.h"

namespace armstate {
namespace {

// More than all real lists together have, so that a client that invents registers cannot fill the memory with columns.
constexpr size_t kMaxColumns = 8192;

}  // namespace

bool IsIndexed(RegisterId id) {
  if (id.width() > sizeof(uint64_t) || IsSecretRegister(id)) return false;
  if (id.register_class() != RegisterClass::kCore) return true;
  const unsigned word = id.raw() & 0xffff;
  // KVM's struct kvm_regs: on ARM64 X0 to X30 are words 0 to 61, on ARM R0 to R14 are words 0 to 14.
  return id.architecture() == RegisterArchitecture::kArm64 ? word > 61 : word > 14;
}

void SearchIndex::Put(IndexedMetadata metadata, absl::Span<const Vcpu> vcpus) {
  absl::MutexLock lock(&mutex_);
  damaged_.erase(metadata.vm);
  const uint32_t number = TakeVm(metadata.vm);
  const uint32_t traits = TraitsNumber(metadata.traits);
  Vm& vm = vms_[number];
  if (vm.metadata.traits != nullptr) DropTraits(vm.traits);
  vm.metadata = std::move(metadata);
  vm.metadata.traits = traits_[traits].traits;
  vm.traits = traits;
  FreeRows(vm, vcpus.size());
  while (vm.rows.size() < vcpus.size()) vm.rows.push_back(TakeRow());
  for (size_t i = 0; i < vcpus.size(); ++i) {
    const uint32_t row = vm.rows[i];
    rows_[row].vm = number;
    rows_[row].traits = traits;
    rows_[row].vcpu_index = vcpus[i].vcpu_index;
    SetRow(row, *vcpus[i].registers);
  }
}

void SearchIndex::Remove(absl::string_view vm_name) {
  absl::MutexLock lock(&mutex_);
  damaged_.erase(std::string(vm_name));
  const auto known = vm_numbers_.find(vm_name);
  if (known == vm_numbers_.end()) return;
  Vm& vm = vms_[known->second];
  FreeRows(vm, 0);
  DropTraits(vm.traits);
  free_vms_.push_back(known->second);
  vm = Vm();
  vm_numbers_.erase(known);
}

void SearchIndex::PutDamaged(absl::string_view vm, std::string why) {
  absl::MutexLock lock(&mutex_);
  damaged_[std::string(vm)] = std::move(why);
}

uint32_t SearchIndex::TakeVm(absl::string_view name) {
  const auto known = vm_numbers_.find(name);
  if (known != vm_numbers_.end()) return known->second;
  uint32_t number = static_cast<uint32_t>(vms_.size());
  if (free_vms_.empty()) {
    vms_.emplace_back();
  } else {
    number = free_vms_.back();
    free_vms_.pop_back();
  }
  vm_numbers_.emplace(name, number);
  return number;
}

uint32_t SearchIndex::TakeRow() {
  if (free_rows_.empty()) {
    rows_.emplace_back();
    ++layouts_[kNoLayout].rows;
    return static_cast<uint32_t>(rows_.size() - 1);
  }
  const uint32_t row = free_rows_.back();
  free_rows_.pop_back();
  return row;
}

void SearchIndex::FreeRows(Vm& vm, size_t kept) {
  while (vm.rows.size() > kept) {
    Row& row = rows_[vm.rows.back()];
    --layouts_[row.layout].rows;
    row = Row();
    ++layouts_[kNoLayout].rows;
    free_rows_.push_back(vm.rows.back());
    vm.rows.pop_back();
  }
}

uint32_t SearchIndex::TraitsNumber(const std::shared_ptr<const SharedMetadata>& traits) {
  const auto known = traits_numbers_.find(traits->key);
  if (known != traits_numbers_.end()) {
    ++traits_[known->second].vms;
    return known->second;
  }
  uint32_t number = static_cast<uint32_t>(traits_.size());
  if (free_traits_.empty()) {
    traits_.emplace_back();
  } else {
    number = free_traits_.back();
    free_traits_.pop_back();
  }
  traits_[number] = {traits, 1};
  traits_numbers_.emplace(traits->key, number);
  return number;
}

void SearchIndex::DropTraits(uint32_t number) {
  Traits& traits = traits_[number];
  if (--traits.vms > 0) return;
  traits_numbers_.erase(traits.traits->key);
  traits = Traits();
  free_traits_.push_back(number);
}

uint32_t SearchIndex::LayoutNumber(const std::shared_ptr<const RegisterLayout>& registers) {
  uint32_t free = kNoLayout;
  for (uint32_t i = 1; i < layouts_.size(); ++i) {
    if (layouts_[i].registers == registers) return i;
    if (layouts_[i].rows == 0) free = i;
  }
  for (uint32_t i = 1; i < layouts_.size(); ++i) {
    if (layouts_[i].rows > 0 && *layouts_[i].registers == *registers) return i;
  }
  if (free == kNoLayout) {
    free = static_cast<uint32_t>(layouts_.size());
    layouts_.emplace_back();
  }
  Layout& layout = layouts_[free];
  layout = {registers, 0, {}};
  for (size_t i = 0; i < registers->size(); ++i) {
    if (!IsIndexed(registers->id(i))) continue;
    auto column = column_numbers_.find(registers->id(i).raw());
    if (column == column_numbers_.end()) {
      if (columns_.size() == kMaxColumns) continue;
      column = column_numbers_.emplace(registers->id(i).raw(), columns_.size()).first;
      columns_.emplace_back();
    }
    layout.columns.emplace_back(column->second, i);
  }
  return free;
}

void SearchIndex::SetRow(uint32_t row, const RegisterList& registers) {
  const uint32_t number = LayoutNumber(registers.shared_layout());
  --layouts_[rows_[row].layout].rows;
  ++layouts_[number].rows;
  rows_[row].layout = number;
  for (const auto& [column, position] : layouts_[number].columns) {
    columns_[column].Set(row, LowWord(registers.value(position)));
  }
}

size_t SearchIndex::vm_count() const {
  absl::ReaderMutexLock lock(&mutex_);
  return vm_numbers_.size();
}

std::vector<std::string> SearchIndex::VmNames() const {
  absl::ReaderMutexLock lock(&mutex_);
  std::vector<std::string> names;
  for (const auto& [name, number] : vm_numbers_) names.push_back(name);
  for (const auto& [name, why] : damaged_) names.push_back(name);
  return names;
}

size_t SearchIndex::memory_bytes() const {
  absl::ReaderMutexLock lock(&mutex_);
  // A VM's name is stored twice; a hash table has about as many free slots as used ones.
  size_t bytes = vms_.capacity() * sizeof(Vm) + rows_.capacity() * sizeof(Row);
  for (const Vm& vm : vms_) {
    bytes += 2 * vm.metadata.vm.capacity() + 2 * sizeof(std::string) + vm.rows.capacity() * sizeof(uint32_t);
  }
  for (const Traits& traits : traits_) {
    if (traits.traits != nullptr) bytes += traits.traits->source.SpaceUsedLong() + 3 * traits.traits->key.size();
  }
  for (const RegisterColumn& column : columns_) bytes += column.memory_bytes();
  for (const Layout& layout : layouts_) bytes += layout.columns.capacity() * sizeof(layout.columns[0]);
  return bytes;
}

}  // namespace armstate
