#include "tests/server/rpc_result.h"

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"

namespace armstate {

std::ostream& operator<<(std::ostream& out, const RpcResult& result) {
  out << "code " << result.code << ", reason " << result.reason << ", metadata {";
  for (const auto& [key, value] : result.metadata) out << " " << key << "=" << value;
  return out << " }, message: " << result.message;
}

RpcResult ReadResult(const grpc::ClientContext& context, const grpc::Status& status) {
  RpcResult result{status.error_code(), "", {}, status.error_message()};
  const auto& trailers = context.GetServerTrailingMetadata();
  const auto trailer = trailers.find("grpc-status-details-bin");
  if (trailer == trailers.end()) return result;
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromArray(trailer->second.data(), static_cast<int>(trailer->second.size())));
  EXPECT_EQ(details.code(), static_cast<int>(status.error_code()));
  EXPECT_EQ(details.message(), status.error_message());
  google::rpc::ErrorInfo info;
  google::rpc::BadRequest bad_request;
  for (const google::protobuf::Any& detail : details.details()) {
    if (detail.UnpackTo(&info)) {
      EXPECT_EQ(info.domain(), "armstate");
      result.reason = info.reason();
      result.metadata.insert(info.metadata().begin(), info.metadata().end());
    }
    detail.UnpackTo(&bad_request);
  }
  if (status.error_code() == grpc::StatusCode::INVALID_ARGUMENT && result.metadata.count("field") == 1) {
    EXPECT_EQ(bad_request.field_violations_size(), 1);
    if (bad_request.field_violations_size() == 1) {
      EXPECT_EQ(bad_request.field_violations(0).field(), result.metadata["field"]);
    }
  }
  return result;
}

}  // namespace armstate
