#include "storage/rocksdb/log_check.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "storage/format/byte_codec.h"
#include "storage/format/crc32c.h"
#include "storage/rocksdb/log_guard.h"
#include "storage/rocksdb/status.h"
#include "storage/storage_errors.h"

namespace armstate {
namespace {

// RocksDB's log format: blocks of 32 KiB, the last one shorter; in them records, none over the end of a block:
//   u32 checksum: of type and data, masked
//   u16 length of the data (all numbers little-endian)
//   u8  type: 1 whole, 2 first, 3 middle, 4 last part of an entry. Others are of options that are not used here
//   data
// Less than a header at the end of a block is not used.
constexpr size_t kBlockBytes = 32768;
constexpr size_t kHeaderBytes = 7;
constexpr size_t kTypeOffset = 6;
constexpr uint8_t kWhole = 1;
constexpr uint8_t kFirst = 2;
constexpr uint8_t kLast = 4;

// RocksDB stores checksums so, lest one over bytes that have checksums in them be a bad one.
uint32_t Masked(uint32_t crc) { return (crc >> 15 | crc << 17) + 0xa282ead8; }

bool ChecksumFits(absl::string_view record, size_t length) {
  return Masked(Crc32c(record.substr(kTypeOffset, 1 + length))) == ByteReader(record).U32();
}

bool IsZero(absl::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char byte) { return byte == '\0'; });
}

// What is left of a block, from a header on that may be cut short.
enum class Rest { kRecord, kTorn, kZeros, kDamaged };

Rest Look(absl::string_view rest, size_t left_in_block, size_t* record_bytes) {
  if (IsZero(rest)) return Rest::kZeros;
  if (rest.size() < kHeaderBytes) return Rest::kTorn;
  ByteReader header(rest);
  header.U32();
  const size_t low = header.U8();
  const size_t length = low | size_t{header.U8()} << 8;
  const uint8_t type = header.U8();
  *record_bytes = kHeaderBytes + length;
  if (type == 0 || type > kLast || *record_bytes > left_in_block) return Rest::kDamaged;
  if (*record_bytes <= rest.size()) return ChecksumFits(rest, length) ? Rest::kRecord : Rest::kDamaged;
  // It ends after the file: torn, unless it is whole and its length wrong.
  for (size_t shorter = 0; shorter <= rest.size() - kHeaderBytes; ++shorter) {
    if (ChecksumFits(rest, shorter)) return Rest::kDamaged;
  }
  return Rest::kTorn;
}

// Entries of a MANIFEST are fields, each with its tag (varint) before its value: a varint here, or counted bytes.
// RocksDB writes these ones first in each entry, and those that tell of tables, which are not read, after them.
constexpr uint32_t kComparator = 1;  // bytes
constexpr uint32_t kLogNumber = 2;
constexpr uint32_t kNextFileNumber = 3;
constexpr uint32_t kLastSequence = 4;
constexpr uint32_t kPreviousLogNumber = 9;
constexpr uint32_t kOldestLogKept = 10;
constexpr uint32_t kMaxColumnFamily = 203;
constexpr uint32_t kDatabaseId = 8193;  // bytes

// The kOldestLogKept of an entry; 0 if it has none.
uint64_t OldestLogKept(absl::string_view entry) {
  uint64_t found = 0;
  for (ByteReader reader(entry); reader.ok() && reader.remaining() > 0;) {
    switch (reader.Varint()) {
      case kComparator:
      case kDatabaseId:
        reader.Bytes(reader.Varint());
        break;
      case kOldestLogKept:
        found = reader.Varint64();
        break;
      case kLogNumber:
      case kNextFileNumber:
      case kLastSequence:
      case kPreviousLogNumber:
      case kMaxColumnFamily:
        reader.Varint64();
        break;
      default:
        return found;
    }
  }
  return found;
}

// Puts the entries of a log together from its records.
class EntryReader {
 public:
  explicit EntryReader(std::function<void(absl::string_view)> take) : take_(std::move(take)) {}
  void OnRecord(uint8_t type, absl::string_view data) {
    if (type == kWhole || type == kFirst) entry_.clear();
    entry_.append(data.data(), data.size());
    if (type == kWhole || type == kLast) take_(entry_);
  }

 private:
  const std::function<void(absl::string_view)> take_;
  std::string entry_;
};

std::string AdviceOn(absl::string_view name) {
  if (!absl::EndsWith(name, ".log")) return "Put it back, or restore a backup";
  return absl::StrCat("Put it back, or restore a backup; to go on without what was in it, remove ", SyncedFileOf(name));
}

// `name` is the file's, without its folder; of it `synced` bytes were on disk. `entries` may be null.
absl::Status CheckLog(rocksdb::Env* env, const std::string& data_dir, const std::string& name, uint64_t synced,
                      EntryReader* entries) {
  std::unique_ptr<rocksdb::SequentialFile> file;
  rocksdb::Status status = env->NewSequentialFile(absl::StrCat(data_dir, "/", name), &file, rocksdb::EnvOptions());
  const auto damaged_at = [&](uint64_t offset) {
    return RecordDamaged(data_dir, absl::StrCat(name, " is damaged at byte ", offset));
  };
  const auto ends_at = [&](uint64_t offset) {
    if (offset >= synced) return absl::OkStatus();
    return RecordDamaged(data_dir, absl::StrCat(name, " ends at byte ", offset, ", but had ", synced,
                                                " bytes when its changes were acknowledged. ", AdviceOn(name)));
  };
  if (status.IsNotFound() || status.IsPathNotFound()) {
    return RecordDamaged(data_dir,
                         absl::StrCat(name, " is missing, and with it what was acknowledged. ", AdviceOn(name)));
  }
  uint64_t end = 0;  // of the records
  std::string buffer(kBlockBytes, '\0');
  bool ended = false;  // only zeros, or nothing, may follow
  for (uint64_t block_begin = 0; status.ok(); block_begin += kBlockBytes) {
    rocksdb::Slice bytes;
    status = file->Read(kBlockBytes, &bytes, buffer.data());
    if (!status.ok()) break;
    if (bytes.empty()) return ends_at(end);
    const absl::string_view block = ToView(bytes);
    size_t offset = 0;
    while (!ended && kBlockBytes - offset >= kHeaderBytes && offset < block.size()) {
      size_t record_bytes = 0;
      switch (Look(block.substr(offset), kBlockBytes - offset, &record_bytes)) {
        case Rest::kRecord:
          if (entries != nullptr) {
            entries->OnRecord(static_cast<uint8_t>(block[offset + kTypeOffset]),
                              block.substr(offset + kHeaderBytes, record_bytes - kHeaderBytes));
          }
          offset += record_bytes;
          end = block_begin + offset;
          break;
        case Rest::kTorn:
          return ends_at(end);
        case Rest::kZeros:
          ended = true;
          break;
        case Rest::kDamaged:
          return damaged_at(block_begin + offset);
      }
    }
    if (ended && !IsZero(block.substr(offset))) return damaged_at(block_begin + offset);
  }
  return FromRocksDb(status, data_dir);
}

// Checks the list of tables, and finds the number of the oldest log that RocksDB has not given up: what was in those
// before it is in tables, and it removes them.
absl::StatusOr<uint64_t> CheckManifest(rocksdb::Env* env, const std::string& data_dir) {
  std::string current;
  if (const rocksdb::Status status = rocksdb::ReadFileToString(env, data_dir + "/CURRENT", &current); !status.ok()) {
    return FromRocksDb(status, data_dir);
  }
  absl::string_view list = current;
  if (!absl::ConsumeSuffix(&list, "\n") || !absl::StartsWith(list, "MANIFEST-") || absl::StrContains(list, '/')) {
    return RecordDamaged(data_dir, "CURRENT names no list of tables");
  }
  uint64_t oldest = 0;
  EntryReader entries([&oldest](absl::string_view entry) { oldest = std::max(oldest, OldestLogKept(entry)); });
  const uint64_t synced = SyncedBytes(env, SyncedFileOf(absl::StrCat(data_dir, "/", list)));
  if (absl::Status status = CheckLog(env, data_dir, std::string(list), synced, &entries); !status.ok()) return status;
  return oldest;
}

}  // namespace

absl::Status CheckRocksDbLogs(rocksdb::Env* env, const std::string& data_dir) {
  std::vector<std::string> names;
  if (const rocksdb::Status status = env->GetChildren(data_dir, &names); !status.ok()) {
    return FromRocksDb(status, data_dir);
  }
  uint64_t oldest_log = 0;
  if (std::find(names.begin(), names.end(), "CURRENT") != names.end()) {
    const absl::StatusOr<uint64_t> oldest = CheckManifest(env, data_dir);
    if (!oldest.ok()) return oldest.status();
    oldest_log = *oldest;
  } else {
    // RocksDB would make a new database, and remove this one's files.
    for (const std::string& name : names) {
      if (absl::EndsWith(name, ".log") || absl::EndsWith(name, ".sst") || absl::EndsWith(name, ".blob")) {
        return RecordDamaged(data_dir, absl::StrCat("there is ", name, ", but CURRENT is missing"));
      }
    }
  }
  for (const std::string& name : names) {
    const std::string path = absl::StrCat(data_dir, "/", name);
    const bool is_log = absl::EndsWith(name, ".log");
    const std::string log = is_log ? name : LogOfSyncedFile(name);
    uint64_t number = 0;
    if (!absl::SimpleAtoi(absl::StripSuffix(log, ".log"), &number)) continue;
    if (number < oldest_log) {
      // It is about to be removed, or was, and what tells of it could not be.
      if (!is_log) env->DeleteFile(path).PermitUncheckedError();
      continue;
    }
    const uint64_t synced = is_log ? 0 : SyncedBytes(env, path);
    if (!is_log && synced == 0) continue;
    if (absl::Status status = CheckLog(env, data_dir, log, synced, nullptr); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace armstate
