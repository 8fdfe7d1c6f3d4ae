// The functions here encrypt values of the database and decrypt them again. docs/storage-format.md defines the bytes.
#ifndef ARMSTATE_STORAGE_ROCKSDB_ENCRYPTED_VALUES_H_
#define ARMSTATE_STORAGE_ROCKSDB_ENCRYPTED_VALUES_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/encryption/data_keys.h"
#include "storage/rocksdb/column_family.h"

namespace armstate {

// Whether a family's values are encrypted, if the database is: those that can hold register values. Others hold names,
// numbers, times and register IDs.
bool IsEncryptedFamily(ColumnFamily family);

// Encrypts a value (storage/rocksdb/values.h) that stands under this key.
std::string EncryptValue(const DataKeys& keys, ColumnFamily family, absl::string_view key, absl::string_view value);

// Returns the value. One that is not encrypted is returned as it is: it may be older than the encryption, and its
// decoder checks it. Any bytes may be given. DATA_LOSS, reason RECORD_DAMAGED (metadata "record": `name`), if it is
// damaged, or encrypted for another key or with keys that are not there (`keys` is null).
absl::StatusOr<std::string> DecryptValue(const DataKeys* keys, ColumnFamily family, absl::string_view key,
                                         std::string value, absl::string_view name);

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_ROCKSDB_ENCRYPTED_VALUES_H_
