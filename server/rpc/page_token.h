// Page sizes and page tokens.
#ifndef ARMSTATE_SERVER_RPC_PAGE_TOKEN_H_
#define ARMSTATE_SERVER_RPC_PAGE_TOKEN_H_

#include <cstddef>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace armstate {

// 0 means 100, more than 1000 means 1000. INVALID_ARGUMENT, reason FIELD_INVALID, if negative.
absl::StatusOr<int> PageSize(int requested);

// A page is cut before it gets larger: gRPC clients take 4 MiB unless told otherwise. One item is always given.
inline constexpr size_t kMaxPageBytes = size_t{3} << 20;

// A token says after which item of `list` (e.g. "vms", or "vms/web1/checkpoints") the next page begins. It is text that
// a client should not read, and is no secret.
std::string EncodePageToken(absl::string_view list, absl::string_view after);

// The item, or "" for an empty token. INVALID_ARGUMENT, reason PAGE_TOKEN_INVALID, for a token of another list.
absl::StatusOr<std::string> DecodePageToken(absl::string_view list, absl::string_view token);

// The pages of an answer about `vcpu_count` vCPUs.
struct VcpuPageRequest {
  // What the pages are of.
  std::string list;
  // Of the request. 0: all that fit into a page.
  int page_size = 0;
  std::string page_token;
};

// Calls `add` for each vCPU of the page, by its position; it answers how many bytes it added. A page ends once it has
// kMaxPageBytes. Returns the next page's token, empty after the last. Errors: of PageSize and DecodePageToken.
absl::StatusOr<std::string> AddVcpuPage(const VcpuPageRequest& request, int vcpu_count,
                                        absl::FunctionRef<size_t(int vcpu)> add);

// That error, for a token whose item is none.
absl::Status PageTokenInvalid();

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RPC_PAGE_TOKEN_H_
