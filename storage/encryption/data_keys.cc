#include "storage/encryption/data_keys.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "storage/format/byte_codec.h"
#include "storage/format/digest.h"
#include "storage/storage_errors.h"

namespace armstate {
namespace {

constexpr size_t kIdBytes = 8;
// What is authenticated with wrapped keys: that they are such.
constexpr absl::string_view kWrapped = "armstate data keys 1";

absl::Status KeyWrong(absl::string_view message, std::map<std::string, std::string> metadata = {}) {
  return MakeError(absl::StatusCode::kFailedPrecondition, ErrorReason::kEncryptionKeyWrong, message,
                   std::move(metadata));
}

std::string IdBytes(const WrappingKey& key) {
  return Sha256(absl::StrCat("armstate wrapping key\n", key.bytes())).substr(0, kIdBytes);
}

}  // namespace

absl::StatusOr<WrappingKey> WrappingKey::Parse(absl::string_view text) {
  if (text.size() == AesGcm::kKeyBytes) return WrappingKey(std::string(text));
  const absl::string_view digits = absl::StripAsciiWhitespace(text);
  if (digits.size() == 2 * AesGcm::kKeyBytes &&
      std::all_of(digits.begin(), digits.end(), [](unsigned char c) { return absl::ascii_isxdigit(c); })) {
    return WrappingKey(absl::HexStringToBytes(digits));
  }
  return KeyWrong(absl::StrCat("it is no key: a key is 32 bytes or 64 hexadecimal digits, and it has ", text.size(),
                               " bytes. `openssl rand -hex 32` makes one"));
}

std::string WrappingKey::id() const { return absl::BytesToHexString(IdBytes(*this)); }

DataKeys::DataKeys(std::vector<std::string> keys) : keys_(std::move(keys)) {
  for (const std::string& key : keys_) ciphers_.push_back(std::make_unique<const AesGcm>(key));
}

std::shared_ptr<const DataKeys> DataKeys::Create() {
  return std::shared_ptr<const DataKeys>(new DataKeys({RandomBytes(AesGcm::kKeyBytes)}));
}

absl::StatusOr<std::shared_ptr<const DataKeys>> DataKeys::WithNewKey() const {
  if (keys_.size() == kMaxKeys) {
    return KeyWrong(absl::StrCat("the database has ", kMaxKeys, " data keys, and can have no more"));
  }
  std::vector<std::string> keys = keys_;
  keys.push_back(RandomBytes(AesGcm::kKeyBytes));
  return std::shared_ptr<const DataKeys>(new DataKeys(std::move(keys)));
}

absl::StatusOr<std::shared_ptr<const DataKeys>> DataKeys::Unwrap(absl::string_view wrapped, const WrappingKey& key,
                                                                 absl::string_view name) {
  ByteReader reader(wrapped);
  const absl::string_view id = reader.Bytes(kIdBytes);
  const absl::string_view nonce = reader.Bytes(AesGcm::kNonceBytes);
  const absl::string_view sealed = reader.Bytes(reader.remaining());
  if (!reader.ok()) return RecordDamaged(name, "its data keys are incomplete");
  if (id != IdBytes(key)) {
    const std::string expected = absl::BytesToHexString(id);
    return KeyWrong(absl::StrCat(name, " is encrypted under the key with the ID ", expected,
                                 ", and the key that was given has the ID ", key.id(),
                                 ": give that one; it can be replaced while armstated runs, by `armstate rotate-key`"),
                    {{"expected", expected}, {"given", key.id()}});
  }
  std::string bytes;
  const bool opened = AesGcm(key.bytes()).Open(nonce, absl::StrCat(kWrapped, id), sealed, bytes);
  const size_t count = bytes.size() / AesGcm::kKeyBytes;
  if (!opened || count == 0 || count > kMaxKeys || bytes.size() % AesGcm::kKeyBytes != 0) {
    return RecordDamaged(name, "its data keys are damaged");
  }
  std::vector<std::string> keys;
  for (size_t i = 0; i < count; ++i) keys.push_back(bytes.substr(i * AesGcm::kKeyBytes, AesGcm::kKeyBytes));
  OPENSSL_cleanse(&bytes[0], bytes.size());
  return std::shared_ptr<const DataKeys>(new DataKeys(std::move(keys)));
}

std::string DataKeys::Wrap(const WrappingKey& key) const {
  const std::string id = IdBytes(key), nonce = RandomBytes(AesGcm::kNonceBytes);
  std::string bytes;
  for (const std::string& one : keys_) bytes += one;
  std::string wrapped = id + nonce;
  AesGcm(key.bytes()).Seal(nonce, absl::StrCat(kWrapped, id), bytes, wrapped);
  OPENSSL_cleanse(&bytes[0], bytes.size());
  return wrapped;
}

std::string DataKeys::NextNonce() const {
  const absl::MutexLock lock(&mutex_);
  if (session_.empty() || ++count_ == 0) session_ = RandomBytes(AesGcm::kNonceBytes - sizeof(count_));
  ByteWriter nonce;
  nonce.Bytes(session_);
  nonce.U32(count_);
  return std::move(nonce).Release();
}

void DataKeys::Seal(absl::string_view associated, absl::string_view record, std::string& sealed) const {
  const std::string nonce = NextNonce();
  ByteWriter header;
  header.U32(newest());
  header.Bytes(nonce);
  sealed += std::move(header).Release();
  ciphers_.back()->Seal(nonce, associated, record, sealed);
}

absl::Status DataKeys::Open(absl::string_view associated, absl::string_view sealed, absl::string_view name,
                            std::string& record) const {
  ByteReader reader(sealed);
  const uint32_t number = reader.U32();
  const absl::string_view nonce = reader.Bytes(AesGcm::kNonceBytes);
  if (!reader.ok()) return RecordDamaged(name, "it is incomplete");
  if (number == 0 || number > keys_.size()) {
    return RecordDamaged(name, absl::StrCat("it is encrypted with data key ", number, ", which the database lacks"));
  }
  if (ciphers_[number - 1]->Open(nonce, associated, reader.Bytes(reader.remaining()), record)) return absl::OkStatus();
  return RecordDamaged(name, "its encrypted bytes, or what they belong to, are not what was stored");
}

}  // namespace armstate
