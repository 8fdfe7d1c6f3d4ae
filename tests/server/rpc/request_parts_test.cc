// Tests which requests are too costly to decode.
#include "server/rpc/request_parts.h"

#include <string>

#include "armstate/v1/checkpoint_service.pb.h"
#include "core/limits.h"
#include "gtest/gtest.h"

namespace armstate {
namespace {

constexpr int kMany = 600'000;

absl::Status Check(const std::string& bytes, const google::protobuf::Descriptor* type) {
  const grpc::Slice whole(bytes);
  return CheckParts(grpc::ByteBuffer(&whole, 1), *type);
}

absl::Status Check(const google::protobuf::Message& request) {
  return Check(request.SerializeAsString(), request.GetDescriptor());
}

TEST(RequestPartsTest, WhatCanBeStoredIsAccepted) {
  v1::StreamCheckpointsRequest stream;
  v1::CreateCheckpointRequest& request = *stream.add_requests();
  for (int i = 0; i < kMaxVcpus; ++i) {
    v1::VcpuState& vcpu = *request.mutable_checkpoint()->add_vcpus();
    for (int64_t id = 0; id < 1024; ++id) vcpu.mutable_registers()->add_ids(0x6030000000100000 + id);
    vcpu.mutable_registers()->set_values(std::string(size_t{8} << 10, 'v'));
    for (int field = 0; field < 300; ++field) vcpu.add_opaque_fields()->set_name("a field");
  }
  EXPECT_GT(stream.ByteSizeLong(), size_t{8} << 20);
  EXPECT_EQ(Check(stream), absl::OkStatus());
  EXPECT_EQ(Check(request), absl::OkStatus());
}

TEST(RequestPartsTest, ManySmallElementsAreRefused) {
  v1::CreateCheckpointRequest vcpus;
  for (int i = 0; i < kMany; ++i) vcpus.mutable_checkpoint()->add_vcpus();
  EXPECT_EQ(Check(vcpus).code(), absl::StatusCode::kInvalidArgument);
  v1::StreamCheckpointsRequest in_stream;
  *in_stream.add_requests() = vcpus;
  EXPECT_EQ(Check(in_stream).code(), absl::StatusCode::kInvalidArgument);
  v1::CreateCheckpointRequest texts;
  for (int i = 0; i < kMany; ++i) texts.mutable_checkpoint()->mutable_source()->add_vcpu_features();
  EXPECT_EQ(Check(texts).code(), absl::StatusCode::kInvalidArgument);
}

TEST(RequestPartsTest, UnknownFieldsCount) {
  std::string fields;
  std::string groups;
  std::string in_a_group = "\xfb\x7f";                       // the begin of group 2047
  for (int i = 0; i < kMany; ++i) fields += "\xf8\x7f\x01";  // field 2047 is 1
  for (int i = 0; i < kMany; ++i) groups += "\xfb\x7f\xfc\x7f";
  for (int i = 0; i < kMany; ++i) in_a_group += "\x08\x01";  // field 1, which would be known outside of the group
  in_a_group += "\xfc\x7f";
  for (const std::string& bytes : {fields, groups, in_a_group}) {
    EXPECT_EQ(Check(bytes, v1::CreateCheckpointRequest::descriptor()).code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(RequestPartsTest, MalformedRequestsAreLeftToTheDecoder) {
  v1::CreateCheckpointRequest request;
  for (int i = 0; i < kMany; ++i) request.mutable_checkpoint()->add_vcpus();
  const std::string bytes = request.SerializeAsString();
  const std::string ends_first = "\xfc\x7f" + bytes;
  EXPECT_EQ(Check(ends_first, request.GetDescriptor()), absl::OkStatus());
  EXPECT_FALSE(request.ParseFromString(ends_first));
}

}  // namespace
}  // namespace armstate
