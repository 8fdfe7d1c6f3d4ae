#include "server/rpc/memory_budget.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/error.h"

namespace armstate {
namespace {

absl::Status Exhausted(absl::string_view who, size_t bytes) {
  return MakeError(absl::StatusCode::kResourceExhausted, ErrorReason::kServerBusy,
                   absl::StrCat("calls of ", who, " hold ", bytes >> 10, " KiB: read their answers, then call again"));
}

}  // namespace

absl::StatusOr<std::shared_ptr<MemoryBudget::Share>> MemoryBudget::Take(const std::string& connection, size_t bytes) {
  return TakeShare(connection, bytes + kCall, /*is_lasting=*/false);
}

absl::StatusOr<std::shared_ptr<MemoryBudget::Share>> MemoryBudget::TakeLasting(const std::string& connection,
                                                                               size_t bytes) {
  return TakeShare(connection, bytes + kCall, /*is_lasting=*/true);
}

absl::StatusOr<std::shared_ptr<MemoryBudget::Share>> MemoryBudget::TakeShare(const std::string& connection,
                                                                             size_t bytes, bool is_lasting) {
  EndOverdue();
  absl::MutexLock lock(&mutex_);
  const auto [entry, is_new] = by_connection_.try_emplace(connection);
  Held& held = entry->second;
  absl::Status status = CheckPart(held.bytes, bytes, by_connection_.size() - (is_new ? 1 : 0));
  if (status.ok()) status = CheckAll(bytes, is_lasting ? most() : AllFor(held.bytes, bytes));
  if (!status.ok()) {
    if (is_new) by_connection_.erase(entry);
    return status;
  }
  taken_ += bytes;
  held.bytes += bytes;
  held.calls += 1;
  return std::shared_ptr<Share>(
      new Share(*this, *entry, bytes));  // std::make_shared cannot call the private constructor
}

void MemoryBudget::EndOverdue() {
  std::vector<std::function<void()>> ends;
  {
    absl::MutexLock lock(&mutex_);
    if (taken_ - ending_ <= bytes_ / 2 || untaken_.empty()) return;
    const absl::Time now = clock_();
    while (taken_ - ending_ > bytes_ / 2 && !untaken_.empty() && ends.size() < kMostEnded) {
      const auto [due, share] = *untaken_.begin();
      if (due > now && taken_ - ending_ <= most()) break;
      share->budget_.mutex_.AssertHeld();  // it is this budget's
      share->is_ending_ = true;
      ending_ += share->bytes_;
      ends.push_back(share->Forget());
    }
  }
  for (const std::function<void()>& end : ends) end();
}

int64_t MemoryBudget::CallsOf(const std::string& connection) {
  const absl::MutexLock lock(&mutex_);
  const auto own = by_connection_.find(connection);
  return own == by_connection_.end() ? 0 : own->second.calls;
}

absl::Status MemoryBudget::CheckPart(size_t own, size_t bytes, size_t connections) const {
  const size_t part = bytes_ / (connections + 1);
  return own <= kSmall || own + bytes <= part ? absl::OkStatus() : Exhausted("this client", own);
}

absl::Status MemoryBudget::CheckAll(size_t bytes, size_t all) const {
  return taken_ <= kSmall || taken_ + bytes <= all ? absl::OkStatus() : Exhausted("all clients", taken_);
}

MemoryBudget::Share::~Share() {
  std::function<void()> unused;
  absl::MutexLock lock(&budget_.mutex_);
  unused = Forget();
  if (is_ending_) budget_.ending_ -= bytes_;
  budget_.taken_ -= bytes_;
  connection_.second.bytes -= bytes_;
  if (--connection_.second.calls == 0) budget_.by_connection_.erase(connection_.first);
}

absl::Status MemoryBudget::Share::Check() const {
  absl::MutexLock lock(&budget_.mutex_);
  const size_t own = connection_.second.bytes;
  absl::Status status = budget_.CheckPart(own, 0, budget_.by_connection_.size());
  return status.ok() ? budget_.CheckAll(0, budget_.AllFor(own, 0)) : status;
}

absl::Status MemoryBudget::Share::Add(size_t bytes) {
  absl::MutexLock lock(&budget_.mutex_);
  const size_t all = budget_.AllFor(connection_.second.bytes, bytes);
  if (absl::Status status = budget_.CheckAll(bytes, all); !status.ok()) return status;
  AddBytes(bytes);
  return absl::OkStatus();
}

absl::Status MemoryBudget::Share::AddAnswer(size_t bytes) {
  absl::MutexLock lock(&budget_.mutex_);
  if (bytes > kSmallAnswer) {
    if (absl::Status status = budget_.CheckAll(bytes, budget_.most()); !status.ok()) return status;
  }
  AddBytes(bytes);
  return absl::OkStatus();
}

void MemoryBudget::Share::AddBytes(size_t bytes) {
  budget_.taken_ += bytes;
  connection_.second.bytes += bytes;
  bytes_ += bytes;
  if (is_ending_) budget_.ending_ += bytes;
}

void MemoryBudget::Share::Return(size_t bytes) {
  absl::MutexLock lock(&budget_.mutex_);
  ReturnBytes(bytes);
}

void MemoryBudget::Share::ReturnBytes(size_t bytes) {
  budget_.taken_ -= bytes;
  connection_.second.bytes -= bytes;
  bytes_ -= bytes;
  if (is_ending_) budget_.ending_ -= bytes;
}

void MemoryBudget::Share::BeginTaking(std::function<void()> end) {
  absl::MutexLock lock(&budget_.mutex_);
  if (is_ending_) return;
  due_ = budget_.clock_() + kPatience + absl::Seconds(bytes_ / 2) / kSlowestBytesPerSecond;
  end_ = std::move(end);
  budget_.untaken_.emplace(due_, this);
}

void MemoryBudget::Share::EndTaking(size_t bytes) {
  std::function<void()> unused;
  absl::MutexLock lock(&budget_.mutex_);
  unused = Forget();
  ReturnBytes(bytes);
}

std::function<void()> MemoryBudget::Share::Forget() {
  if (end_ != nullptr) budget_.untaken_.erase({due_, this});
  return std::exchange(end_, nullptr);
}

}  // namespace armstate
