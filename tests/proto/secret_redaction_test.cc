#include "proto/secret_redaction.h"

#include <set>
#include <string>

#include "armstate/v1/admin_service.pb.h"
#include "armstate/v1/checkpoint_service.pb.h"
#include "armstate/v1/engine_service.pb.h"
#include "armstate/v1/host_service.pb.h"
#include "armstate/v1/restore_service.pb.h"
#include "core/catalog.h"
#include "core/register_list.h"
#include "gtest/gtest.h"
#include "proto/register_list_conversion.h"

namespace armstate {
namespace {

// IDs by the encodings in the Arm ARM: op0 3, op1 0, CRn 2, CRm 1 and op2 0 for APIAKeyLo_EL1.
constexpr uint64_t kSctlr = 0x603000000013c080, kApiaLo = 0x603000000013c108, kApgaHi = 0x603000000013c119,
                   kVbar = 0x603000000013c600;

TEST(SecretRedaction, TheTenKeysAreSecret) {
  for (const char* key : {"APIA", "APIB", "APDA", "APDB", "APGA"}) {
    for (const char* half : {"Lo", "Hi"}) {
      const std::string name = std::string(key) + "Key" + half + "_EL1";
      EXPECT_TRUE(IsSecretRegister(*ParseRegisterName(name, IdScheme::kKvm))) << name;
      EXPECT_TRUE(IsSecretRegister(*ParseRegisterName(name, IdScheme::kTcg))) << name;
    }
  }
  EXPECT_TRUE(IsSecretRegister(kApiaLo));
  EXPECT_TRUE(IsSecretRegister(kApgaHi));
  EXPECT_FALSE(IsSecretRegister(kSctlr));
  EXPECT_FALSE(IsSecretRegister(uint64_t{0x603000000013c110 - 1}));  // LDSTT_EL1, between two keys
  EXPECT_FALSE(IsSecretRegister(uint64_t{17}));
}

TEST(SecretRedaction, AListKeepsItsIdsAndIsNoListAnyMore) {
  v1::RegisterList list;
  for (const uint64_t id : {kSctlr, kApiaLo, kApgaHi, kVbar}) list.add_ids(id);
  list.set_values("aaaaaaaabbbbbbbbccccccccdddddddd");
  RedactSecrets(list);
  EXPECT_EQ(list.ids_size(), 4);
  EXPECT_EQ(list.values(), "aaaaaaaadddddddd");
  ASSERT_EQ(list.redacted_ids_size(), 2);
  EXPECT_EQ(list.redacted_ids(0), kApiaLo);
  EXPECT_EQ(list.redacted_ids(1), kApgaHi);
  const absl::Status refused = RegisterListFromProto(v1::RegisterList(list)).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(refused.message().find("2 secret registers are redacted"), std::string::npos) << refused;
  // Nor for who does not know of redacted_ids.
  list.clear_redacted_ids();
  EXPECT_EQ(RegisterListFromProto(std::move(list)).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(SecretRedaction, AListWithoutSecretsIsAsItWas) {
  v1::RegisterList list;
  list.add_ids(kSctlr);
  list.add_ids(kVbar);
  list.set_values("aaaaaaaadddddddd");
  RedactSecrets(list);
  EXPECT_EQ(list.values(), "aaaaaaaadddddddd");
  EXPECT_TRUE(RegisterListFromProto(std::move(list)).ok());
}

TEST(SecretRedaction, AChangeIsStillTold) {
  v1::RegisterChange change;
  change.set_register_id(kApiaLo);
  change.set_old_value("0x01");
  change.set_new_value("0x02");
  change.add_fields()->set_old_value(1);
  v1::RegisterChange equal = change, added = change;
  RedactSecrets(change);
  EXPECT_EQ(change.old_value(), "redacted");
  EXPECT_EQ(change.new_value(), "changed");
  EXPECT_TRUE(change.fields().empty());
  EXPECT_TRUE(change.is_redacted());
  equal.set_new_value("0x01");
  RedactSecrets(equal);
  EXPECT_EQ(equal.new_value(), equal.old_value());
  added.clear_old_value();
  RedactSecrets(added);
  EXPECT_EQ(added.old_value(), "");
  EXPECT_EQ(added.new_value(), "redacted");
}

// Fields whose bytes are not the values of registers, of messages that RedactSecrets knows nothing of.
const std::set<std::string>& Harmless() {
  static const auto* const names = new std::set<std::string>{
      "armstate.v1.OpaqueField.data",            // state that no register ID names
      "armstate.v1.OpaqueFieldChange.old_data",  // likewise
      "armstate.v1.OpaqueFieldChange.new_data",
      "armstate.v1.BaselineRegister.value",  // ID registers of hosts
      "armstate.v1.CpuProfile.",             // what targets are, of which no guest has run
      "armstate.v1.RegisterRule.",
      "google.protobuf.Any.value",  // details of errors
  };
  return *names;
}

void FindBytes(const google::protobuf::Descriptor& type, std::set<std::string>& seen, std::set<std::string>& found) {
  if (!seen.insert(type.full_name()).second) return;
  for (int i = 0; i < type.field_count(); ++i) {
    const google::protobuf::FieldDescriptor& field = *type.field(i);
    if (field.type() == google::protobuf::FieldDescriptor::TYPE_BYTES) found.insert(field.full_name());
    if (field.message_type() != nullptr) FindBytes(*field.message_type(), seen, found);
  }
}

// Whoever adds a field of bytes to an answer must either redact it or say here why that is not needed.
TEST(SecretRedaction, EveryFieldOfBytesInAnAnswerIsKnown) {
  std::set<std::string> seen, found;
  for (const char* name : {"CheckpointService", "RestoreService", "EngineService", "HostService", "AdminService"}) {
    const google::protobuf::ServiceDescriptor* const service =
        google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(std::string("armstate.v1.") + name);
    for (int i = 0; i < service->method_count(); ++i) FindBytes(*service->method(i)->output_type(), seen, found);
  }
  EXPECT_GT(found.size(), 8u);
  for (const std::string& name : found) {
    const std::string message = name.substr(0, name.rfind('.') + 1);
    const google::protobuf::Descriptor* const type =
        google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(
            message.substr(0, message.size() - 1));
    const bool is_redacted = MayHoldSecrets(*type);
    EXPECT_TRUE(is_redacted || Harmless().count(name) > 0 || Harmless().count(message) > 0) << name;
  }
}

}  // namespace
}  // namespace armstate
