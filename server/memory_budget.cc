#include "server/memory_budget.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/error.h"

namespace armstate {
namespace {

absl::Status Exhausted(absl::string_view who, size_t bytes) {
  return MakeError(absl::StatusCode::kResourceExhausted, ErrorReason::kServerBusy,
                   absl::StrCat("calls of ", who, " hold ", bytes >> 20, " MiB: take their answers, then call again"));
}

}  // namespace

absl::StatusOr<std::shared_ptr<MemoryBudget::Share>> MemoryBudget::Take(const std::string& connection, size_t bytes) {
  bytes = std::max<size_t>(bytes, 1);
  absl::MutexLock lock(&mutex_);
  if (absl::Status status = CheckPart(connection, bytes); !status.ok()) return status;
  if (absl::Status status = Add(connection, bytes); !status.ok()) return status;
  return std::shared_ptr<Share>(new Share(*this, connection, bytes));  // the constructor is private
}

absl::Status MemoryBudget::CheckPart(const std::string& connection, size_t bytes) const {
  const auto own = by_connection_.find(connection);
  if (own == by_connection_.end() || own->second + bytes <= bytes_ / (by_connection_.size() + 1)) {
    return absl::OkStatus();
  }
  return Exhausted("this client", own->second);
}

absl::Status MemoryBudget::Add(const std::string& connection, size_t bytes) {
  if (bytes > kSmall && taken_ > kSmall && taken_ + bytes > bytes_) return Exhausted("all clients", taken_);
  taken_ += bytes;
  by_connection_[connection] += bytes;
  return absl::OkStatus();
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
  return budget_.CheckPart(connection_, 0);
}

absl::Status MemoryBudget::Share::Add(size_t bytes) {
  absl::MutexLock lock(&budget_.mutex_);
  absl::Status status = budget_.Add(connection_, bytes);
  if (status.ok()) bytes_ += bytes;
  return status;
}

void MemoryBudget::Share::Return(size_t bytes) {
  absl::MutexLock lock(&budget_.mutex_);
  budget_.Return(connection_, bytes);
  bytes_ -= bytes;
}

}  // namespace armstate
