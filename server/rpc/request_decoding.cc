#include "server/rpc/request_decoding.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "google/protobuf/stubs/logging.h"
#include "grpcpp/impl/codegen/proto_utils.h"
#include "grpcpp/support/proto_buffer_reader.h"
#include "server/rpc/invalid_field.h"
#include "server/rpc/request_parts.h"
#include "spdlog/spdlog.h"

namespace armstate {
namespace {

// The full name of the invalid field in the request that this thread decodes; empty if there is none.
std::string& InvalidText() {
  thread_local std::string field;
  return field;
}

spdlog::level::level_enum LevelOf(google::protobuf::LogLevel level) {
  switch (level) {
    case google::protobuf::LOGLEVEL_INFO:
      return spdlog::level::info;
    case google::protobuf::LOGLEVEL_WARNING:
      return spdlog::level::warn;
    default:
      return spdlog::level::err;
  }
}

// "String field 'armstate.v1.Vm.name' contains invalid UTF-8 data when parsing a protocol buffer. ..."
void TakeLog(google::protobuf::LogLevel level, const char* /*file*/, int /*line*/, const std::string& message) {
  absl::string_view rest = message;
  if (absl::ConsumePrefix(&rest, "String field") && absl::StrContains(rest, "invalid UTF-8 data when parsing")) {
    absl::ConsumePrefix(&rest, " '");
    const absl::string_view field = rest.substr(0, rest.find('\''));
    InvalidText() = field.size() < rest.size() ? std::string(field) : "request";
    return;
  }
  spdlog::log(LevelOf(level), "protobuf: {}", message);
}

}  // namespace

void LogProtobuf() { google::protobuf::SetLogHandler(&TakeLog); }

void ForgetInvalidText() { InvalidText().clear(); }

absl::Status Undecodable(absl::string_view message_type) {
  const std::string& field = InvalidText();
  if (!field.empty()) return InvalidField(field, absl::StrCat("of a request ", message_type, " is not UTF-8"));
  return InvalidField("request", absl::StrCat("cannot be decoded as ", message_type,
                                              ": was it damaged in transit, or made for another service?"));
}

absl::Status DecodeRequest(grpc::ByteBuffer& bytes, google::protobuf::Message& request) {
  if (absl::Status status = CheckParts(bytes, *request.GetDescriptor()); !status.ok()) {
    bytes.Clear();
    return status;
  }
  ForgetInvalidText();
  const grpc::Status status =
      grpc::GenericDeserialize<grpc::ProtoBufferReader, google::protobuf::Message>(&bytes, &request);
  bytes.Clear();
  return status.ok() ? absl::OkStatus() : Undecodable(request.GetDescriptor()->full_name());
}

}  // namespace armstate
