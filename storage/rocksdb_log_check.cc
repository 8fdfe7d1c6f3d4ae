#include "storage/rocksdb_log_check.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "storage/byte_codec.h"
#include "storage/crc32c.h"
#include "storage/log_guard.h"
#include "storage/rocksdb_status.h"
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
constexpr uint8_t kLastType = 4;

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
  if (type == 0 || type > kLastType || *record_bytes > left_in_block) return Rest::kDamaged;
  if (*record_bytes <= rest.size()) return ChecksumFits(rest, length) ? Rest::kRecord : Rest::kDamaged;
  // It ends after the file: torn, unless it is whole and its length wrong.
  for (size_t shorter = 0; shorter <= rest.size() - kHeaderBytes; ++shorter) {
    if (ChecksumFits(rest, shorter)) return Rest::kDamaged;
  }
  return Rest::kTorn;
}

std::string AdviceOn(absl::string_view log) {
  return absl::StrCat("Put it back, or restore a backup; to go on without what was in it, remove ",
                      absl::StripSuffix(log, ".log"), ".synced");
}

// `name` is the file's, without its folder; of it `synced` bytes were on disk.
absl::Status CheckLog(rocksdb::Env* env, const std::string& data_dir, const std::string& name, uint64_t synced = 0) {
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
                         absl::StrCat(name, " is missing", synced == 0 ? "" : ", and with it changes that ",
                                      synced == 0 ? "" : "were acknowledged. ", synced == 0 ? "" : AdviceOn(name)));
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

}  // namespace

absl::Status CheckRocksDbLogs(rocksdb::Env* env, const std::string& data_dir) {
  std::vector<std::string> names;
  if (const rocksdb::Status status = env->GetChildren(data_dir, &names); !status.ok()) {
    return FromRocksDb(status, data_dir);
  }
  const bool has_list = std::find(names.begin(), names.end(), "CURRENT") != names.end();
  for (const std::string& name : names) {
    const bool is_log = absl::EndsWith(name, ".log");
    // RocksDB would make a new database, and remove this one's files.
    if (!has_list && (is_log || absl::EndsWith(name, ".sst"))) {
      return RecordDamaged(data_dir, absl::StrCat("there is ", name, ", but CURRENT is missing"));
    }
    const std::string log = is_log ? name : LogOfSyncedFile(name);
    if (log.empty()) continue;
    const uint64_t synced = is_log ? 0 : SyncedBytes(env, absl::StrCat(data_dir, "/", name));
    if (!is_log && synced == 0) continue;
    if (absl::Status status = CheckLog(env, data_dir, log, synced); !status.ok()) return status;
  }
  if (!has_list) return absl::OkStatus();
  std::string current;
  if (const rocksdb::Status status = rocksdb::ReadFileToString(env, data_dir + "/CURRENT", &current); !status.ok()) {
    return FromRocksDb(status, data_dir);
  }
  absl::string_view list = current;
  if (!absl::ConsumeSuffix(&list, "\n") || !absl::StartsWith(list, "MANIFEST-") || absl::StrContains(list, '/')) {
    return RecordDamaged(data_dir, "CURRENT names no list of tables");
  }
  return CheckLog(env, data_dir, std::string(list));
}

}  // namespace armstate
