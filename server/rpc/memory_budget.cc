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
  bytes += kCall;
  EndOverdue();
  absl::MutexLock lock(&mutex_);
  return TakeOf(connection, bytes, AllFor(connection, bytes));
}

absl::StatusOr<std::shared_ptr<MemoryBudget::Share>> MemoryBudget::TakeLasting(const std::string& connection,
                                                                               size_t bytes) {
  EndOverdue();
  absl::MutexLock lock(&mutex_);
  return TakeOf(connection, bytes + kCall, most());
}

absl::StatusOr<std::shared_ptr<MemoryBudget::Share>> MemoryBudget::TakeOf(const std::string& connection, size_t bytes,
                                                                          size_t all) {
  if (absl::Status status = CheckPart(connection, bytes); !status.ok()) return status;
  if (absl::Status status = CheckAll(bytes, all); !status.ok()) return status;
  Add(connection, bytes);
  ++by_connection_[connection].calls;
  return std::shared_ptr<Share>(
      new Share(*this, connection, bytes));  // std::make_shared cannot call the private constructor
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

size_t MemoryBudget::HeldBy(const std::string& connection) const {
  const auto own = by_connection_.find(connection);
  return own == by_connection_.end() ? 0 : own->second.bytes;
}

int64_t MemoryBudget::CallsOf(const std::string& connection) {
  const absl::MutexLock lock(&mutex_);
  const auto own = by_connection_.find(connection);
  return own == by_connection_.end() ? 0 : own->second.calls;
}

absl::Status MemoryBudget::CheckPart(const std::string& connection, size_t bytes) const {
  const size_t own = HeldBy(connection);
  const size_t part = bytes_ / (by_connection_.size() + 1);
  return own <= kSmall || own + bytes <= part ? absl::OkStatus() : Exhausted("this client", own);
}

size_t MemoryBudget::AllFor(const std::string& connection, size_t bytes) const {
  return HeldBy(connection) + bytes <= kSmall ? bytes_ : most();
}

absl::Status MemoryBudget::CheckAll(size_t bytes, size_t all) const {
  return taken_ <= kSmall || taken_ + bytes <= all ? absl::OkStatus() : Exhausted("all clients", taken_);
}

void MemoryBudget::Add(const std::string& connection, size_t bytes) {
  taken_ += bytes;
  by_connection_[connection].bytes += bytes;
}

void MemoryBudget::Return(const std::string& connection, size_t bytes) {
  taken_ -= bytes;
  by_connection_.find(connection)->second.bytes -= bytes;
}

MemoryBudget::Share::~Share() {
  std::function<void()> unused;
  absl::MutexLock lock(&budget_.mutex_);
  unused = Forget();
  if (is_ending_) budget_.ending_ -= bytes_;
  budget_.Return(connection_, bytes_);
  const auto own = budget_.by_connection_.find(connection_);
  if (--own->second.calls == 0) budget_.by_connection_.erase(own);
}

absl::Status MemoryBudget::Share::Check() const {
  absl::MutexLock lock(&budget_.mutex_);
  if (absl::Status status = budget_.CheckPart(connection_, 0); !status.ok()) return status;
  return budget_.CheckAll(0, budget_.AllFor(connection_, 0));
}

absl::Status MemoryBudget::Share::Add(size_t bytes) {
  absl::MutexLock lock(&budget_.mutex_);
  if (absl::Status status = budget_.CheckAll(bytes, budget_.AllFor(connection_, bytes)); !status.ok()) return status;
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
  budget_.Add(connection_, bytes);
  bytes_ += bytes;
  if (is_ending_) budget_.ending_ += bytes;
}

void MemoryBudget::Share::Return(size_t bytes) {
  absl::MutexLock lock(&budget_.mutex_);
  ReturnBytes(bytes);
}

void MemoryBudget::Share::ReturnBytes(size_t bytes) {
  budget_.Return(connection_, bytes);
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
