#include "storage/encryption/data_keys.h"

#include <set>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "gtest/gtest.h"

namespace armstate {
namespace {

std::string Hex(absl::string_view digits) { return absl::HexStringToBytes(digits); }

WrappingKey Key(char byte) { return *WrappingKey::Parse(std::string(32, byte)); }

// Test case 16 of McGrew and Viega, "The Galois/Counter Mode of Operation", which NIST refers to.
TEST(AesGcm, EncryptsAsItsAuthorsSay) {
  const AesGcm cipher(Hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"));
  const std::string nonce = Hex("cafebabefacedbaddecaf888"),
                    associated = Hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
  const std::string plain = Hex(
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657"
      "ba637b39");
  const std::string expected = Hex(
      "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0a"
      "bcc9f66276fc6ece0f4e1768cddf8853bb2d551b");
  std::string sealed, opened = "before ";
  cipher.Seal(nonce, associated, plain, sealed);
  EXPECT_EQ(absl::BytesToHexString(sealed), absl::BytesToHexString(expected));
  EXPECT_TRUE(cipher.Open(nonce, associated, sealed, opened));
  EXPECT_EQ(opened, "before " + plain);
}

TEST(AesGcm, TwoKeysInTurnOnOneThreadDoNotMix) {
  const AesGcm one(std::string(32, 'a')), other(std::string(32, 'b'));
  const std::string nonce(12, 'n');
  std::string by_one, by_other, again, opened;
  one.Seal(nonce, "", "text", by_one);
  other.Seal(nonce, "", "text", by_other);
  one.Seal(nonce, "", "text", again);
  EXPECT_EQ(again, by_one);
  EXPECT_NE(by_other, by_one);
  EXPECT_FALSE(one.Open(nonce, "", by_other, opened));
  EXPECT_TRUE(other.Open(nonce, "", by_other, opened));
  EXPECT_EQ(opened, "text");
}

TEST(WrappingKey, Is32BytesOr64Digits) {
  const std::string digits(64, 'A');
  EXPECT_EQ(WrappingKey::Parse(digits + "\n")->bytes(), std::string(32, '\xaa'));
  EXPECT_EQ(WrappingKey::Parse(std::string(32, '\n'))->bytes(), std::string(32, '\n'));
  EXPECT_EQ(WrappingKey::Parse(digits)->id(), WrappingKey::Parse(std::string(32, '\xaa'))->id());
  EXPECT_NE(Key('a').id(), Key('b').id());
  for (const std::string& wrong : {std::string(), std::string(31, 'k'), std::string(64, 'g'), digits + "0"}) {
    const absl::Status status = WrappingKey::Parse(wrong).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << wrong;
    EXPECT_EQ(GetErrorInfo(status)->reason, ErrorReason::kEncryptionKeyWrong);
  }
}

TEST(DataKeys, AddAtMost40Bytes) {
  std::string sealed;
  DataKeys::Create()->Seal("what it is", "record", sealed);
  EXPECT_EQ(sealed.size(), 6 + DataKeys::kAddedBytes);
  EXPECT_LE(DataKeys::kAddedBytes, 40u);
}

TEST(DataKeys, EachFlippedByteIsDataLoss) {
  const std::shared_ptr<const DataKeys> keys = DataKeys::Create();
  std::string sealed, record;
  keys->Seal("vms/a", "the record", sealed);
  ASSERT_EQ(keys->Open("vms/a", sealed, "x", record), absl::OkStatus());
  EXPECT_EQ(record, "the record");
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string damaged = sealed;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    std::string nothing;
    EXPECT_EQ(keys->Open("vms/a", damaged, "x", nothing).code(), absl::StatusCode::kDataLoss) << i;
    EXPECT_EQ(nothing, "");
    EXPECT_EQ(keys->Open("vms/a", sealed.substr(0, i), "x", nothing).code(), absl::StatusCode::kDataLoss) << i;
  }
  EXPECT_EQ(keys->Open("vms/b", sealed, "x", record).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(DataKeys::Create()->Open("vms/a", sealed, "x", record).code(), absl::StatusCode::kDataLoss);
}

TEST(DataKeys, ANonceIsNeverUsedTwice) {
  const std::shared_ptr<const DataKeys> keys = DataKeys::Create();
  const std::shared_ptr<const DataKeys> restarted = *DataKeys::Unwrap(keys->Wrap(Key('w')), Key('w'), "db");
  std::set<std::string> nonces;
  for (int i = 0; i < 10000; ++i) {
    for (const auto& one : {keys, restarted}) {
      std::string sealed;
      one->Seal("", "", sealed);
      nonces.insert(sealed.substr(4, AesGcm::kNonceBytes));
    }
  }
  EXPECT_EQ(nonces.size(), 20000u);
}

TEST(DataKeys, ComeBackFromTheirWrapping) {
  const std::shared_ptr<const DataKeys> keys = DataKeys::Create();
  std::string by_first, by_second, record;
  keys->Seal("a", "first ", by_first);
  const std::shared_ptr<const DataKeys> two = *keys->WithNewKey();
  EXPECT_EQ(two->newest(), 2u);
  two->Seal("a", "second", by_second);
  const std::shared_ptr<const DataKeys> back = *DataKeys::Unwrap(two->Wrap(Key('w')), Key('w'), "db");
  EXPECT_EQ(back->Open("a", by_first, "x", record), absl::OkStatus());
  EXPECT_EQ(back->Open("a", by_second, "x", record), absl::OkStatus());
  EXPECT_EQ(record, "first second");
  // Who has only the first one says so.
  EXPECT_EQ(keys->Open("a", by_second, "x", record).code(), absl::StatusCode::kDataLoss);
}

TEST(DataKeys, AnotherWrappingKeyIsNamed) {
  const absl::Status status = DataKeys::Unwrap(DataKeys::Create()->Wrap(Key('w')), Key('v'), "/data").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(GetErrorInfo(status)->reason, ErrorReason::kEncryptionKeyWrong);
  EXPECT_EQ(GetErrorInfo(status)->metadata.at("expected"), Key('w').id());
  EXPECT_EQ(GetErrorInfo(status)->metadata.at("given"), Key('v').id());
}

TEST(DataKeys, EachFlippedByteOfTheWrappedOnesIsNoticed) {
  const std::string wrapped = DataKeys::Create()->Wrap(Key('w'));
  for (size_t i = 0; i < wrapped.size(); ++i) {
    std::string damaged = wrapped;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x80);
    EXPECT_FALSE(DataKeys::Unwrap(damaged, Key('w'), "db").ok()) << i;
    EXPECT_FALSE(DataKeys::Unwrap(wrapped.substr(0, i), Key('w'), "db").ok()) << i;
  }
}

}  // namespace
}  // namespace armstate
