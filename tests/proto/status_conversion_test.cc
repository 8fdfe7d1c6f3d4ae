#include "proto/status_conversion.h"

#include <map>
#include <string>

#include "armstate/v1/errors.pb.h"
#include "core/error.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/time_util.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"

namespace armstate {
namespace {

using ::testing::Pair;
using ::testing::UnorderedElementsAre;

// Returns the detail of type T; fails the test if there is none.
template <typename T>
T Detail(const google::rpc::Status& status) {
  T detail;
  for (const google::protobuf::Any& any : status.details()) {
    if (any.UnpackTo(&detail)) return detail;
  }
  ADD_FAILURE() << "no " << T::descriptor()->full_name() << " in " << status.ShortDebugString();
  return detail;
}

TEST(ErrorReason, EveryReasonOfTheWireIsTheSameInCore) {
  const google::protobuf::EnumDescriptor* wire = v1::ErrorReason_descriptor();
  for (int i = 0; i < wire->value_count(); ++i) {
    EXPECT_EQ(absl::StrCat("ERROR_REASON_", ErrorReasonName(static_cast<ErrorReason>(wire->value(i)->number()))),
              wire->value(i)->name());
  }
}

TEST(ErrorReason, CoreHasNoReasonThatTheWireLacks) {
  for (int number = 0; number < 1000; ++number) {
    if (v1::ErrorReason_IsValid(number)) continue;
    EXPECT_EQ(ErrorReasonName(static_cast<ErrorReason>(number)), std::to_string(number));
  }
}

TEST(StatusConversion, Ok) {
  EXPECT_EQ(ToGoogleRpcStatus(absl::OkStatus()).ByteSizeLong(), 0u);
  EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok());
  EXPECT_TRUE(FromGrpcStatus(grpc::Status::OK).ok());
  EXPECT_TRUE(FromGoogleRpcStatus(google::rpc::Status()).ok());
}

TEST(StatusConversion, ErrorInfoIsOnTheWire) {
  const google::rpc::Status wire = ToGoogleRpcStatus(
      MakeError(absl::StatusCode::kNotFound, ErrorReason::kVmNotFound, "no VM vms/web-1", {{"name", "vms/web-1"}}));
  EXPECT_EQ(wire.code(), 5);
  EXPECT_EQ(wire.message(), "no VM vms/web-1");
  const auto info = Detail<google::rpc::ErrorInfo>(wire);
  EXPECT_EQ(info.domain(), "armstate");
  EXPECT_EQ(info.reason(), "VM_NOT_FOUND");
  EXPECT_THAT(info.metadata(), UnorderedElementsAre(Pair("name", "vms/web-1")));
  const auto resource = Detail<google::rpc::ResourceInfo>(wire);
  EXPECT_EQ(resource.resource_type(), "armstate.v1.Vm");
  EXPECT_EQ(resource.resource_name(), "vms/web-1");
}

TEST(StatusConversion, BadRequestNamesTheField) {
  const google::rpc::Status wire = ToGoogleRpcStatus(MakeError(
      absl::StatusCode::kInvalidArgument, ErrorReason::kFieldInvalid, "too many", {{"field", "checkpoint.vcpus"}}));
  const auto detail = Detail<google::rpc::BadRequest>(wire);
  ASSERT_EQ(detail.field_violations_size(), 1);
  EXPECT_EQ(detail.field_violations(0).field(), "checkpoint.vcpus");
  EXPECT_EQ(detail.field_violations(0).description(), "too many");
}

TEST(StatusConversion, PreconditionFailureNamesTheReason) {
  const google::rpc::Status wire =
      ToGoogleRpcStatus(MakeError(absl::StatusCode::kFailedPrecondition, ErrorReason::kVersionConflict, "is at 3",
                                  {{"expected_version", "2"}, {"latest_version", "3"}}));
  const auto detail = Detail<google::rpc::PreconditionFailure>(wire);
  ASSERT_EQ(detail.violations_size(), 1);
  EXPECT_EQ(detail.violations(0).type(), "VERSION_CONFLICT");
  EXPECT_EQ(detail.violations(0).description(), "is at 3");
}

TEST(StatusConversion, RetryInfoForUnavailable) {
  const google::rpc::Status wire =
      ToGoogleRpcStatus(MakeError(absl::StatusCode::kUnavailable, ErrorReason::kStorageUnavailable, "disk", {}));
  EXPECT_EQ(Detail<google::rpc::RetryInfo>(wire).retry_delay().seconds(), 1);
}

TEST(StatusConversion, AStatusWithoutReasonHasNoDetails) {
  const google::rpc::Status wire = ToGoogleRpcStatus(absl::InternalError("odd"));
  EXPECT_EQ(wire.code(), 13);
  EXPECT_EQ(wire.message(), "odd");
  EXPECT_EQ(wire.details_size(), 0);
}

TEST(StatusConversion, ThereAndBackThroughGrpc) {
  const std::map<std::string, std::string> metadata = {{"position", "7"}, {"register_id", "0x603000000013c080"}};
  const grpc::Status wire = ToGrpcStatus(
      MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kRegisterListMalformed, "unsorted", metadata));
  EXPECT_EQ(wire.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(wire.error_message(), "unsorted");
  const absl::Status back = FromGrpcStatus(wire);
  EXPECT_EQ(back.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(back.message(), "unsorted");
  const absl::optional<ErrorInfo> info = GetErrorInfo(back);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->reason, ErrorReason::kRegisterListMalformed);
  EXPECT_EQ(info->metadata, metadata);
}

TEST(StatusConversion, TransportErrorsHaveNoReason) {
  const absl::Status status = FromGrpcStatus(grpc::Status(grpc::StatusCode::UNAVAILABLE, "failed to connect"));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), "failed to connect");
  EXPECT_FALSE(GetErrorInfo(status));
}

TEST(StatusConversion, DamagedDetailsAreLeftOut) {
  const absl::Status status = FromGrpcStatus(grpc::Status(grpc::StatusCode::NOT_FOUND, "gone", "\xff\xff garbage"));
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "gone");
  EXPECT_FALSE(GetErrorInfo(status));
}

TEST(StatusConversion, AForeignDomainIsNotOurs) {
  google::rpc::ErrorInfo info;
  info.set_domain("example.com");
  info.set_reason("VM_NOT_FOUND");
  google::rpc::Status wire;
  wire.set_code(5);
  wire.add_details()->PackFrom(info);
  EXPECT_FALSE(GetErrorInfo(FromGoogleRpcStatus(wire)));
}

TEST(StatusConversion, AReasonOfANewerServerKeepsItsName) {
  google::rpc::ErrorInfo info;
  info.set_domain("armstate");
  info.set_reason("MOON_PHASE_WRONG");
  google::rpc::Status wire;
  wire.set_code(9);
  wire.add_details()->PackFrom(info);
  const absl::optional<ErrorInfo> back = GetErrorInfo(FromGoogleRpcStatus(wire));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->reason, ErrorReason::kUnspecified);
  EXPECT_THAT(back->metadata, UnorderedElementsAre(Pair("reason", "MOON_PHASE_WRONG")));
}

TEST(StatusConversion, AnUnknownCodeIsUnknown) {
  google::rpc::Status wire;
  wire.set_code(1234);
  EXPECT_EQ(FromGoogleRpcStatus(wire).code(), absl::StatusCode::kUnknown);
}

// An error may contain the caller's input, which must not push the whole status out of the 8 KiB of HTTP trailers.
TEST(StatusConversion, LongTextsAreCut) {
  std::map<std::string, std::string> metadata;
  for (int i = 0; i < 100; ++i) metadata.emplace(std::to_string(i), std::string(10000, 'v'));
  metadata["field"] = std::string(10000, 'f');
  const grpc::Status wire = ToGrpcStatus(
      MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kFieldInvalid, std::string(100000, 'm'), metadata));
  EXPECT_EQ(wire.error_message().size(), 512u);
  // Base64 makes 4 bytes out of 3, percent-encoding up to 3 out of 1.
  EXPECT_LT(3 * wire.error_message().size() + 4 * wire.error_details().size() / 3, 8192u - 512u);
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(wire.error_details()));
  EXPECT_EQ(Detail<google::rpc::ErrorInfo>(details).metadata_size(), 8);
  EXPECT_EQ(Detail<google::rpc::BadRequest>(details).field_violations(0).field().size(), 256u);
}

TEST(StatusConversion, TextIsCutBetweenCharacters) {
  // 511 bytes, then a character of three bytes.
  const std::string message = std::string(511, 'm') + "\xe2\x82\xac";
  EXPECT_EQ(ToGoogleRpcStatus(absl::InternalError(message)).message(), std::string(511, 'm'));
}

TEST(StatusConversion, TextThatIsNotUtf8CanBeParsedAgain) {
  const grpc::Status wire = ToGrpcStatus(MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kFieldInvalid,
                                                   "a\xff"
                                                   "b",
                                                   {{"field", "\xc0\x80"}}));
  EXPECT_EQ(wire.error_message(), "a?b");
  const absl::optional<ErrorInfo> info = GetErrorInfo(FromGrpcStatus(wire));
  ASSERT_TRUE(info);
  EXPECT_EQ(info->metadata.at("field"), "??");
}

}  // namespace
}  // namespace armstate
