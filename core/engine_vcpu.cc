#include "core/engine_vcpu.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace armstate {
namespace {

// Storage is little-endian and registers are shared only up to 64 bits.
uint64_t LoadWord(const char* bytes, size_t width) { return LowWord(absl::string_view(bytes, width)); }

void StoreWord(char* bytes, size_t width, uint64_t word) {
  for (size_t i = 0; i < width; ++i) bytes[i] = static_cast<char>(word >> 8 * i);
}

uint64_t Ones(size_t bytes) { return bytes >= 8 ? ~uint64_t{0} : (uint64_t{1} << 8 * bytes) - 1; }

// True if that changed anything.
template <typename Word>
bool MaskedStore(char* to, const char* from, const char* mask) {
  Word old_bits, new_bits, writable;
  std::memcpy(&old_bits, to, sizeof(Word));
  std::memcpy(&new_bits, from, sizeof(Word));
  std::memcpy(&writable, mask, sizeof(Word));
  new_bits = static_cast<Word>((old_bits & ~writable) | (new_bits & writable));
  std::memcpy(to, &new_bits, sizeof(Word));
  return new_bits != old_bits;
}

}  // namespace

EngineVcpu::EngineVcpu(std::shared_ptr<const CpuProfile> profile, VcpuPosition position)
    : profile_(std::move(profile)), position_(position) {
  Reset();
}

void EngineVcpu::Reset() { values_ = profile_->ResetValues(position_); }

std::string EngineVcpu::ShownValues() const {
  std::string shown = values_;
  profile_->computed().Show(values_, absl::MakeSpan(shown));
  return shown;
}

absl::Status EngineVcpu::LoadValues(std::string values) {
  if (values.size() != values_.size()) {
    return absl::InvalidArgumentError(absl::StrCat("profile ", profile_->name(), " has ", values_.size(),
                                                   " bytes of registers, the state has ", values.size()));
  }
  values_ = std::move(values);
  return absl::OkStatus();
}

void EngineVcpu::AdoptVmWide(const EngineVcpu& other) {
  const absl::string_view shared = profile_->vm_wide();
  for (size_t i = 0; i < shared.size(); ++i) MaskedStore<uint8_t>(&values_[i], &other.values_[i], &shared[i]);
}

absl::Status EngineVcpu::Read(size_t index, absl::Span<char> value) {
  std::memcpy(value.data(), values_.data() + layout()->offset(index), layout()->width(index));
  profile_->computed().ShowOne(index, values_, value);
  return absl::OkStatus();
}

absl::Status EngineVcpu::Write(size_t index, absl::string_view value) {
  const ComputedRegisters& computed = profile_->computed();
  if (computed.empty()) {
    Store(index, value.data());
    return absl::OkStatus();
  }
  const absl::StatusOr<std::string> accepted = computed.Accept(index, values_, value, position_);
  if (accepted.ok()) Store(index, accepted->data());
  return accepted.status();
}

void EngineVcpu::ReadAll(std::string& values, std::vector<RegisterError>& /*errors*/) {
  values = values_;
  profile_->computed().Show(values_, absl::MakeSpan(values));
}

void EngineVcpu::WriteInOrder(absl::Span<const uint32_t> indexes, absl::string_view values, absl::Span<char> read_back,
                              std::vector<RegisterError>& errors) {
  const RegisterLayout& registers = *layout();
  if (!profile_->computed().empty()) {
    for (const uint32_t i : indexes) {
      absl::Status status = Write(i, values.substr(registers.offset(i), registers.width(i)));
      if (!status.ok()) errors.push_back({i, std::move(status)});
      if (this->read_back() != ReadBack::kAtOnce) continue;
      std::memcpy(read_back.data() + registers.offset(i), values_.data() + registers.offset(i), registers.width(i));
    }
    return;
  }
  for (const uint32_t i : indexes) {
    const size_t offset = registers.offset(i);
    Store(i, values.data() + offset);
    std::memcpy(read_back.data() + offset, values_.data() + offset, registers.width(i));
  }
}

bool EngineVcpu::TryBulkWrite(absl::string_view values, std::vector<RegisterOutcome>& outcomes) {
  const BulkWrite* bulk = profile_->bulk_write();
  if (bulk == nullptr) return false;
  after_.resize(values_.size());
  if (!bulk->Write(values_, values, profile_->writable(), absl::MakeSpan(after_), outcomes)) return false;
  values_.swap(after_);
  return true;
}

void EngineVcpu::Store(size_t index, const char* value) {
  const size_t offset = layout()->offset(index);
  const size_t width = layout()->width(index);
  char* to = values_.data() + offset;
  const char* mask = profile_->writable().data() + offset;
  bool changed = false;
  if (width == 4) {
    changed = MaskedStore<uint32_t>(to, value, mask);
  } else if (width < 8) {
    for (size_t i = 0; i < width; ++i) changed |= MaskedStore<uint8_t>(to + i, value + i, mask + i);
  } else {
    for (size_t i = 0; i < width; i += 8) changed |= MaskedStore<uint64_t>(to + i, value + i, mask + i);
  }
  // Views of the same storage agreed before.
  if (changed && profile_->is_shared(index)) StoreShared(index);
}

// The register has its new value; bring the storage that it shows, and all else that shows that storage, in step.
void EngineVcpu::StoreShared(size_t index) {
  const RegisterLayout& registers = *layout();
  const uint32_t owner = profile_->owners()[index];
  char* storage = values_.data() + registers.offset(owner);
  const size_t storage_width = registers.width(owner);
  const auto views = profile_->views();
  auto view =
      std::lower_bound(views.begin(), views.end(), owner, [](const SharedView& a, uint32_t b) { return a.owner < b; });
  const auto first = view;
  if (index != owner) {
    while (view->index != index) ++view;
    const size_t width = registers.width(index);
    const uint64_t bits = Ones(width) << view->shift;
    const uint64_t shown = LoadWord(values_.data() + registers.offset(index), width) << view->shift;
    StoreWord(storage, storage_width, (LoadWord(storage, storage_width) & ~bits) | (shown & bits));
  }
  const uint64_t stored = LoadWord(storage, storage_width);
  for (view = first; view != views.end() && view->owner == owner; ++view) {
    StoreWord(values_.data() + registers.offset(view->index), registers.width(view->index), stored >> view->shift);
  }
}

}  // namespace armstate
