// The part of RocksDbDatabase about space on the disk.
#include <algorithm>
#include <limits>
#include <utility>

#include "storage/rocksdb/database.h"

namespace armstate {
namespace {

// Space that new records leave free, for deletions, and so that RocksDB does not meet a full disk: it then refuses
// writes for some seconds after there is space again, and Debian's build may end the process by an assertion (an empty
// memtable, a log whose last write failed). Half of it is held by a file, if there is a disk.
constexpr uint64_t kReservedBytes = uint64_t{64} << 20;
static_assert(2 * SpaceReserve::kBytes == kReservedBytes);

constexpr absl::Duration kSpaceInterval = absl::Seconds(1);

}  // namespace

uint64_t RocksDbDatabase::FreeOnDisk() const {
  uint64_t free = 0;
  return env_.GetFreeSpace(data_dir_, &free).ok() ? free : std::numeric_limits<uint64_t>::max();
}

uint64_t RocksDbDatabase::FreeBytes() const {
  const uint64_t free = FreeOnDisk();
  const uint64_t held = reserve_.bytes();
  return free > std::numeric_limits<uint64_t>::max() - held ? free : free + held;
}

uint64_t RocksDbDatabase::UnflushedBytes() const {
  const Pin opened = PinOpen();
  uint64_t total = 0;
  if (opened == nullptr) return total;
  for (rocksdb::ColumnFamilyHandle* handle : opened->handles()) {
    uint64_t bytes = 0;
    if (opened->db().GetIntProperty(handle, rocksdb::DB::Properties::kCurSizeAllMemTables, &bytes)) total += bytes;
  }
  return total;
}

void RocksDbDatabase::MakeRoom(uint64_t bytes) {
  // Others may take what is given back as fast: they do not get all of it.
  for (uint64_t given = 0; given < bytes && FreeOnDisk() < bytes; given += SpaceReserve::kPieceBytes) {
    if (!reserve_.GiveBackAPiece()) return;
  }
}

absl::Status RocksDbDatabase::CheckSpace(uint64_t free, size_t bytes) const {
  if (free >= kPlentyBytes + bytes) return absl::OkStatus();
  // The content of the log is written once more, into tables.
  const uint64_t reserved = kReservedBytes + UnflushedBytes();
  if (free >= reserved + 2 * bytes) return absl::OkStatus();
  was_refused_ = true;
  return DiskFull(data_dir_, free, reserved);
}

bool RocksDbDatabase::MakeSpace() {
  const Pin opened = PinOpen();
  if (opened == nullptr) return false;
  // A flush that finds no space would stop all writes, deletions too.
  const uint64_t needed = UnflushedBytes();
  if (FreeBytes() < needed) return false;
  while (FreeOnDisk() < needed && reserve_.GiveBackAPiece()) {
  }
  if (!opened->db().Flush(rocksdb::FlushOptions(), opened->handles()).ok()) return false;
  for (rocksdb::ColumnFamilyHandle* handle : opened->handles()) {
    if (is_closing_) return false;
    rocksdb::CompactRangeOptions options;
    options.exclusive_manual_compaction = false;
    opened->db().CompactRange(options, handle, nullptr, nullptr).PermitUncheckedError();
  }
  return true;
}

void RocksDbDatabase::TakeReserve() {
  reserve_.Refresh();
  const uint64_t free = FreeBytes();
  const uint64_t needed = UnflushedBytes();
  const uint64_t wanted = std::min((free - std::min(free, needed)) / 2, SpaceReserve::kBytes);
  if (wanted < reserve_.bytes() + SpaceReserve::kPieceBytes || !CheckDirectory().ok()) return;
  reserve_.Take(wanted);
}

void RocksDbDatabase::KeepSpaceLoop() {
  // The number of writes when space was made: with little space, those are deletions. An earlier process may have left
  // some.
  absl::optional<uint64_t> made_after;
  while (true) {
    const uint64_t writes = writes_;
    CheckSpace(0).IgnoreError();  // or a larger one was refused
    if (made_after != writes && !needs_recovery_ && was_refused_ && MakeSpace()) {
      made_after = writes;
      was_refused_ = false;
    }
    TakeReserve();
    absl::MutexLock lock(&space_mutex_);
    if (space_mutex_.AwaitWithTimeout(absl::Condition(&stopped_), kSpaceInterval)) return;
  }
}

}  // namespace armstate
