#include "storage/rocksdb/encrypted_values.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "storage/format/checksummed.h"
#include "storage/storage_errors.h"

namespace armstate {
namespace {

// The checksum and the format, with which every value begins.
constexpr size_t kHeaderBytes = kCrcBytes + 1;
constexpr char kPlainFormat = 1, kEncryptedFormat = 2;

// What a value is: the encrypted format, the family, and the key, which has the VM and the version.
std::string Associated(ColumnFamily family, absl::string_view key) {
  return absl::StrCat(absl::string_view(&kEncryptedFormat, 1), std::string(1, static_cast<char>(family)), key);
}

// The place for the checksum, and the format.
std::string NewValue(char format, size_t bytes) {
  std::string value;
  value.reserve(kHeaderBytes + bytes);
  value.append(kCrcBytes, '\0');
  value.push_back(format);
  return value;
}

}  // namespace

bool IsEncryptedFamily(ColumnFamily family) {
  switch (family) {
    case ColumnFamily::kCheckpoints:
    case ColumnFamily::kBases:
    case ColumnFamily::kMachines:
    case ColumnFamily::kHosts:
    case ColumnFamily::kCpuProfiles:
    case ColumnFamily::kRestoreReports:
      return true;
    case ColumnFamily::kDefault:
    case ColumnFamily::kVms:
    case ColumnFamily::kLayouts:
    case ColumnFamily::kRetries:
    case ColumnFamily::kEvents:
      break;
  }
  return false;
}

std::string EncryptValue(const DataKeys& keys, ColumnFamily family, absl::string_view key, absl::string_view value) {
  const absl::string_view payload = value.substr(kHeaderBytes);
  std::string encrypted = NewValue(kEncryptedFormat, DataKeys::kAddedBytes + payload.size());
  keys.Seal(Associated(family, key), payload, encrypted);
  SetCrc(encrypted);
  return encrypted;
}

absl::StatusOr<std::string> DecryptValue(const DataKeys* keys, ColumnFamily family, absl::string_view key,
                                         std::string value, absl::string_view name) {
  if (!IsEncryptedFamily(family) || value.size() < kHeaderBytes || value[kCrcBytes] != kEncryptedFormat) return value;
  const absl::StatusOr<absl::string_view> body = CheckCrc(value, name);
  if (!body.ok()) return body.status();
  if (keys == nullptr) return RecordDamaged(name, "it is encrypted, and the database is not");
  std::string plain = NewValue(kPlainFormat, value.size());
  const absl::Status opened = keys->Open(Associated(family, key), body->substr(1), name, plain);
  if (!opened.ok()) return opened;
  SetCrc(plain);
  return plain;
}

}  // namespace armstate
