#include "storage/rocksdb/keys.h"

#include "absl/strings/str_cat.h"
#include "storage/format/digest.h"

namespace armstate {
namespace {

constexpr absl::string_view kEnd("\x00\x00", 2);
constexpr absl::string_view kAfterEnd("\x00\x01", 2);
constexpr char kEscaped = '\xff';
constexpr size_t kVersionBytes = 8;

std::string Escape(absl::string_view name) {
  std::string escaped;
  escaped.reserve(name.size() + kEnd.size());
  for (const char byte : name) {
    escaped.push_back(byte);
    if (byte == '\0') escaped.push_back(kEscaped);
  }
  return escaped;
}

std::string BigEndian(uint64_t number) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(number >> shift));
  return bytes;
}

uint64_t FromBigEndian(absl::string_view bytes) {
  uint64_t number = 0;
  for (const char byte : bytes) number = number << 8 | static_cast<uint8_t>(byte);
  return number;
}

}  // namespace

std::string VmKey(absl::string_view vm) { return absl::StrCat(Escape(vm), kEnd); }

absl::optional<size_t> VmKeyBytes(absl::string_view key) {
  // In a name no 00 is before another 00.
  const size_t end = key.find(kEnd);
  if (end == absl::string_view::npos) return absl::nullopt;
  return end + kEnd.size();
}

std::string VmKeyEnd(absl::string_view vm) { return absl::StrCat(Escape(vm), kAfterEnd); }

std::string CheckpointKey(absl::string_view vm, int64_t version) {
  return absl::StrCat(VmKey(vm), BigEndian(static_cast<uint64_t>(version)));
}

std::string RequestKey(absl::string_view vm, absl::string_view request_hash) {
  return absl::StrCat(VmKey(vm), request_hash);
}

std::string EventKey(uint64_t sequence) { return BigEndian(sequence); }

std::string RequestHash(absl::string_view request_id) {
  if (request_id.empty()) return "";
  return Sha256(request_id).substr(0, kRequestHashBytes);
}

std::string PrefixEnd(absl::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && end.back() == '\xff') end.pop_back();
  if (!end.empty()) ++end.back();
  return end;
}

absl::optional<std::string> ParseVmKey(absl::string_view key) {
  std::string vm;
  for (size_t i = 0; i + 1 < key.size(); ++i) {
    vm.push_back(key[i]);
    if (key[i] != '\0') continue;
    ++i;
    if (key[i] == kEscaped) continue;
    if (key.substr(i - 1) != kEnd) return absl::nullopt;
    vm.pop_back();
    return vm;
  }
  return absl::nullopt;
}

absl::optional<int64_t> ParseCheckpointVersion(absl::string_view key) {
  if (key.size() < kEnd.size() + kVersionBytes) return absl::nullopt;
  return static_cast<int64_t>(FromBigEndian(key.substr(key.size() - kVersionBytes)));
}

absl::optional<uint64_t> ParseEventKey(absl::string_view key) {
  if (key.size() != sizeof(uint64_t)) return absl::nullopt;
  return FromBigEndian(key);
}

}  // namespace armstate
