// This header handles page sizes and page tokens.
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

// A page ends before it exceeds this size: gRPC clients accept 4 MiB by default. A page always has at least one item.
inline constexpr size_t kMaxPageBytes = size_t{3} << 20;

// Makes a token that says after which item of `list` (e.g. "vms" or "vms/web1/checkpoints") the next page begins. A
// token is opaque to clients, but not secret.
std::string EncodePageToken(absl::string_view list, absl::string_view after);

// Returns the item, or "" for an empty token. INVALID_ARGUMENT, reason PAGE_TOKEN_INVALID, for a token of another list.
absl::StatusOr<std::string> DecodePageToken(absl::string_view list, absl::string_view token);

// A request for a page of an answer about `vcpu_count` vCPUs.
struct VcpuPageRequest {
  // The list that the pages belong to.
  std::string list;
  // As in the request. 0: as many as fit into a page.
  int page_size = 0;
  std::string page_token;
};

// Calls `add` with the position of each vCPU of the page; it returns how many bytes it added. A page ends once it has
// kMaxPageBytes. Returns the next page's token, empty after the last page. Errors: those of PageSize and
// DecodePageToken.
absl::StatusOr<std::string> AddVcpuPage(const VcpuPageRequest& request, int vcpu_count,
                                        absl::FunctionRef<size_t(int vcpu)> add);

// Returns the error for a token whose item is invalid.
absl::Status PageTokenInvalid();

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RPC_PAGE_TOKEN_H_
