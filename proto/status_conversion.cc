#include "proto/status_conversion.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "armstate/v1/errors.pb.h"
#include "core/error.h"
#include "google/protobuf/stubs/common.h"
#include "google/protobuf/util/time_util.h"
#include "google/rpc/error_details.pb.h"
#include "grpcpp/support/error_details.h"
#include "proto/enum_name.h"

namespace armstate {
namespace {

constexpr int64_t kRetryDelaySeconds = 1;

// Returns at most `max_size` bytes of `text`, cut between characters. Text that is not UTF-8 (a message may quote a
// file) loses its non-ASCII bytes, since proto3 strings must be UTF-8.
std::string Cut(absl::string_view text, size_t max_size) {
  size_t size = std::min(text.size(), max_size);
  if (size < text.size()) {
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;  // inside a character
  }
  std::string cut(text.substr(0, size));
  if (!google::protobuf::internal::IsStructurallyValidUTF8(cut.data(), static_cast<int>(cut.size()))) {
    std::replace_if(
        cut.begin(), cut.end(), [](char c) { return !absl::ascii_isascii(c); }, '?');
  }
  return cut;
}

absl::string_view ResourceType(ErrorReason reason) {
  switch (reason) {
    case ErrorReason::kVmNotFound:
      return "armstate.v1.Vm";
    case ErrorReason::kCheckpointNotFound:
    case ErrorReason::kRequestIdReused:
      return "armstate.v1.Checkpoint";
    case ErrorReason::kCpuProfileNotFound:
    case ErrorReason::kCpuProfileExists:
      return "armstate.v1.CpuProfile";
    case ErrorReason::kMachineNotFound:
    case ErrorReason::kMachineExists:
      return "armstate.v1.Machine";
    case ErrorReason::kHostNotFound:
    case ErrorReason::kHostExists:
      return "armstate.v1.Host";
    case ErrorReason::kVcpuNotFound:
      return "armstate.v1.VcpuState";
    default:
      return "";
  }
}

// Returns the value of a key, empty if the key is missing.
absl::string_view Find(const ErrorInfo& info, const std::string& key) {
  const auto it = info.metadata.find(key);
  return it == info.metadata.end() ? absl::string_view() : absl::string_view(it->second);
}

void AddErrorInfo(const ErrorInfo& info, google::rpc::Status& message) {
  google::rpc::ErrorInfo detail;
  detail.set_domain(std::string(kErrorDomain));
  detail.set_reason(ErrorReasonName(info.reason));
  for (const auto& [key, value] : info.metadata) {
    if (detail.metadata().size() == kMaxErrorMetadataCount) break;
    (*detail.mutable_metadata())[Cut(key, kMaxErrorMetadataSize)] = Cut(value, kMaxErrorMetadataSize);
  }
  message.add_details()->PackFrom(detail);
}

// Returns the detail that the code calls for. Its description stays empty: it would repeat the message where there is
// little room.
void AddCodeDetail(absl::StatusCode code, const ErrorInfo& info, google::rpc::Status& message) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
      if (!Find(info, "field").empty()) {
        google::rpc::BadRequest detail;
        google::rpc::BadRequest::FieldViolation* violation = detail.add_field_violations();
        violation->set_field(Cut(Find(info, "field"), kMaxErrorMetadataSize));
        violation->set_description(Cut(message.message(), kMaxErrorMetadataSize));
        message.add_details()->PackFrom(detail);
      }
      return;
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
      if (!Find(info, "name").empty()) {
        google::rpc::ResourceInfo detail;
        detail.set_resource_type(std::string(ResourceType(info.reason)));
        detail.set_resource_name(Cut(Find(info, "name"), kMaxErrorMetadataSize));
        message.add_details()->PackFrom(detail);
      }
      return;
    case absl::StatusCode::kFailedPrecondition: {
      google::rpc::PreconditionFailure detail;
      google::rpc::PreconditionFailure::Violation* violation = detail.add_violations();
      violation->set_type(ErrorReasonName(info.reason));
      violation->set_subject(Cut(Find(info, "name"), kMaxErrorMetadataSize));
      violation->set_description(Cut(message.message(), kMaxErrorMetadataSize));
      message.add_details()->PackFrom(detail);
      return;
    }
    case absl::StatusCode::kUnavailable: {
      google::rpc::RetryInfo detail;
      detail.mutable_retry_delay()->set_seconds(kRetryDelaySeconds);
      message.add_details()->PackFrom(detail);
      return;
    }
    case absl::StatusCode::kResourceExhausted: {
      int64_t milliseconds = 0;
      if (!absl::SimpleAtoi(Find(info, "retry_milliseconds"), &milliseconds)) return;
      google::rpc::RetryInfo detail;
      *detail.mutable_retry_delay() = google::protobuf::util::TimeUtil::MillisecondsToDuration(milliseconds);
      message.add_details()->PackFrom(detail);
      return;
    }
    default:
      return;
  }
}

// Finds the armstate ErrorInfo among the details.
absl::optional<ErrorInfo> FindErrorInfo(const google::rpc::Status& status) {
  google::rpc::ErrorInfo detail;
  for (const google::protobuf::Any& any : status.details()) {
    if (!any.UnpackTo(&detail) || detail.domain() != kErrorDomain) continue;
    ErrorInfo info;
    info.metadata.insert(detail.metadata().begin(), detail.metadata().end());
    if (const auto reason = ParseEnumName<v1::ErrorReason>(detail.reason())) {
      info.reason = static_cast<ErrorReason>(*reason);
    } else {
      info.metadata.emplace("reason", detail.reason());
    }
    return info;
  }
  return absl::nullopt;
}

}  // namespace

google::rpc::Status ToGoogleRpcStatus(const absl::Status& status) {
  google::rpc::Status message;
  if (status.ok()) return message;
  // absl::StatusCode, google.rpc.Code and grpc::StatusCode have the same numbers.
  message.set_code(static_cast<int>(status.code()));
  message.set_message(Cut(status.message(), kMaxErrorMessageSize));
  if (const absl::optional<ErrorInfo> info = GetErrorInfo(status)) {
    AddErrorInfo(*info, message);
    AddCodeDetail(status.code(), *info, message);
  }
  return message;
}

absl::Status FromGoogleRpcStatus(const google::rpc::Status& status) {
  // absl::Status turns a code that is out of range into UNKNOWN.
  const auto code = static_cast<absl::StatusCode>(status.code());
  if (code == absl::StatusCode::kOk) return absl::OkStatus();
  absl::optional<ErrorInfo> info = FindErrorInfo(status);
  if (!info) return absl::Status(code, status.message());
  return MakeError(code, info->reason, status.message(), std::move(info->metadata));
}

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const google::rpc::Status message = ToGoogleRpcStatus(status);
  return grpc::Status(static_cast<grpc::StatusCode>(message.code()), message.message(), message.SerializeAsString());
}

absl::Status FromGrpcStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  google::rpc::Status message;
  // The details only add to gRPC's own status, whose code and message are authoritative.
  if (!message.ParseFromString(status.error_details())) message.Clear();
  message.set_code(status.error_code());
  message.set_message(status.error_message());
  return FromGoogleRpcStatus(message);
}

}  // namespace armstate
