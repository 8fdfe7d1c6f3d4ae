// The methods of RocksDbDatabase about the encryption of its values.
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "storage/rocksdb/database.h"
#include "storage/rocksdb/encrypted_values.h"
#include "storage/rocksdb/keys.h"
#include "storage/rocksdb/values.h"

namespace armstate {

std::string RocksDbDatabase::Encrypt(ColumnFamily family, absl::string_view key, std::string value) const {
  const std::shared_ptr<const DataKeys> keys = data_keys();
  return keys == nullptr || !IsEncryptedFamily(family) ? value : EncryptValue(*keys, family, key, value);
}

absl::StatusOr<std::string> RocksDbDatabase::Decrypt(ColumnFamily family, absl::string_view key,
                                                     absl::string_view value, absl::string_view name) const {
  return DecryptValue(data_keys().get(), family, key, std::string(value), name);
}

absl::Status RocksDbDatabase::ChangeDataKeys(std::shared_ptr<const DataKeys> keys, const WrappingKey& wrapping) {
  rocksdb::WriteBatch batch;
  batch.Put(kFormatKey, EncodeFormatValue(kEncryptedDatabaseFormat));
  batch.Put(kDataKeysKey, EncodeBytesValue(keys->Wrap(wrapping)));
  if (absl::Status status = Write(batch); !status.ok()) return status;
  const absl::MutexLock lock(&mutex_);
  data_keys_ = std::move(keys);
  return absl::OkStatus();
}

absl::Status RocksDbDatabase::OpenDataKeys(const absl::optional<WrappingKey>& wrapping) {
  const absl::StatusOr<absl::optional<std::string>> value = Get(ColumnFamily::kDefault, kDataKeysKey, data_dir_);
  if (!value.ok()) return value.status();
  if (!wrapping) {
    if (!*value) return absl::OkStatus();
    return MakeError(absl::StatusCode::kFailedPrecondition, ErrorReason::kEncryptionKeyWrong,
                     absl::StrCat(data_dir_, " is encrypted, and no key was given: see --encryption_key_file"));
  }
  if (!*value) return ChangeDataKeys(DataKeys::Create(), *wrapping);
  const absl::StatusOr<absl::string_view> wrapped = DecodeBytesValue(**value, data_dir_);
  if (!wrapped.ok()) return wrapped.status();
  absl::StatusOr<std::shared_ptr<const DataKeys>> keys = DataKeys::Unwrap(*wrapped, *wrapping, data_dir_);
  if (!keys.ok()) return keys.status();
  const absl::MutexLock lock(&mutex_);
  data_keys_ = *std::move(keys);
  return absl::OkStatus();
}

}  // namespace armstate
