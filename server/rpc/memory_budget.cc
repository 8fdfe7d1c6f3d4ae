#include "server/rpc/memory_budget.h"

#include "absl/strings/str_cat.h"
#include "core/error.h"

namespace armstate {
namespace {

absl::Status Exhausted(absl::string_view who, size_t bytes) {
  return MakeError(absl::StatusCode::kResourceExhausted, ErrorReason::kServerBusy,
                   absl::StrCat("calls of ", who, " hold ", bytes >> 10, " KiB: take their answers, then call again"));
}

}  // namespace

absl::StatusOr<std::shared_ptr<MemoryBudget::Share>> MemoryBudget::Take(const std::string& connection, size_t bytes) {
  bytes += kCall;
  absl::MutexLock lock(&mutex_);
  return TakeOf(connection, bytes, AllFor(connection, bytes));
}

absl::StatusOr<std::shared_ptr<MemoryBudget::Share>> MemoryBudget::TakeLasting(const std::string& connection,
                                                                               size_t bytes) {
  absl::MutexLock lock(&mutex_);
  return TakeOf(connection, bytes + kCall, most());
}

absl::StatusOr<std::shared_ptr<MemoryBudget::Share>> MemoryBudget::TakeOf(const std::string& connection, size_t bytes,
                                                                          size_t all) {
  if (absl::Status status = CheckPart(connection, bytes); !status.ok()) return status;
  if (absl::Status status = CheckAll(bytes, all); !status.ok()) return status;
  Add(connection, bytes);
  return std::shared_ptr<Share>(new Share(*this, connection, bytes));  // the constructor is private
}

size_t MemoryBudget::HeldBy(const std::string& connection) const {
  const auto own = by_connection_.find(connection);
  return own == by_connection_.end() ? 0 : own->second;
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
  by_connection_[connection] += bytes;
}

void MemoryBudget::Return(const std::string& connection, size_t bytes) {
  taken_ -= bytes;
  const auto own = by_connection_.find(connection);
  own->second -= bytes;
  if (own->second == 0) by_connection_.erase(own);
}

MemoryBudget::Share::~Share() {
  absl::MutexLock lock(&budget_.mutex_);
  budget_.Return(connection_, bytes_);
}

absl::Status MemoryBudget::Share::Check() const {
  absl::MutexLock lock(&budget_.mutex_);
  if (absl::Status status = budget_.CheckPart(connection_, 0); !status.ok()) return status;
  return budget_.CheckAll(0, budget_.AllFor(connection_, 0));
}

absl::Status MemoryBudget::Share::Add(size_t bytes) {
  absl::MutexLock lock(&budget_.mutex_);
  if (absl::Status status = budget_.CheckAll(bytes, budget_.AllFor(connection_, bytes)); !status.ok()) return status;
  budget_.Add(connection_, bytes);
  bytes_ += bytes;
  return absl::OkStatus();
}

absl::Status MemoryBudget::Share::AddAnswer(size_t bytes) {
  if (bytes > kSmall) return Add(bytes);
  absl::MutexLock lock(&budget_.mutex_);
  budget_.Add(connection_, bytes);
  bytes_ += bytes;
  return absl::OkStatus();
}

void MemoryBudget::Share::Return(size_t bytes) {
  absl::MutexLock lock(&budget_.mutex_);
  budget_.Return(connection_, bytes);
  bytes_ -= bytes;
}

}  // namespace armstate
