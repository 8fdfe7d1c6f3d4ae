#include "server/rpc/page_token.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "core/error.h"

namespace armstate {

absl::StatusOr<int> PageSize(int requested) {
  if (requested < 0) {
    return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kFieldInvalid,
                     absl::StrCat("page_size is ", requested, ", below 0"), {{"field", "page_size"}});
  }
  return requested == 0 ? 100 : std::min(requested, 1000);
}

std::string EncodePageToken(absl::string_view list, absl::string_view after) {
  return absl::WebSafeBase64Escape(absl::StrCat("1|", list, "|", after));
}

absl::StatusOr<std::string> DecodePageToken(absl::string_view list, absl::string_view token) {
  if (token.empty()) return std::string();
  std::string decoded;
  absl::string_view rest;
  if (absl::WebSafeBase64Unescape(token, &decoded)) {
    rest = decoded;
    if (absl::ConsumePrefix(&rest, absl::StrCat("1|", list, "|")) && !rest.empty()) return std::string(rest);
  }
  return PageTokenInvalid();
}

absl::StatusOr<std::string> AddVcpuPage(const VcpuPageRequest& request, int vcpu_count,
                                        absl::FunctionRef<size_t(int vcpu)> add) {
  if (absl::Status size = PageSize(request.page_size).status(); !size.ok()) return size;
  const absl::StatusOr<std::string> token = DecodePageToken(request.list, request.page_token);
  if (!token.ok()) return token.status();
  int next = 0;
  if (!token->empty() && (!absl::SimpleAtoi(*token, &next) || next <= 0 || next >= vcpu_count)) {
    return PageTokenInvalid();
  }
  size_t bytes = 0;
  for (int given = 0; next < vcpu_count; ++given, ++next) {
    if (bytes > kMaxPageBytes || (request.page_size != 0 && given == request.page_size)) {
      return EncodePageToken(request.list, absl::StrCat(next));
    }
    bytes += add(next);
  }
  return std::string();
}

absl::Status PageTokenInvalid() {
  return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kPageTokenInvalid,
                   "page_token does not belong to this list; start again without one", {{"field", "page_token"}});
}

}  // namespace armstate
