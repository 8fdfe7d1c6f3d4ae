// This header defines the content of the page tokens of a register's history and of a search.
#ifndef ARMSTATE_SERVER_RPC_PAGE_POSITION_H_
#define ARMSTATE_SERVER_RPC_PAGE_POSITION_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace armstate {

// In each of these structs, FromToken parses a non-empty token and returns the errors of DecodePageToken; ToToken is
// its inverse. `list` is as in server/rpc/page_token.h.

// The position in ListRegisterHistory. It includes the value, because its version may be deleted before the next page.
struct HistoryPosition {
  int64_t last_read = 0;  // version
  // The last value that was returned, empty if the vCPU had no such register; unset if none was returned.
  absl::optional<std::string> shown;

  static absl::StatusOr<HistoryPosition> FromToken(absl::string_view list, absl::string_view token);
  std::string ToToken(absl::string_view list) const;
};

// The position in the cached answer of an index search.
struct ResultPosition {
  uint64_t name = 0;   // the name of the answer
  uint64_t begin = 0;  // matches before the next page; may exceed their number in a hostile token

  static absl::StatusOr<ResultPosition> FromToken(absl::string_view question, absl::string_view token);
  std::string ToToken(absl::string_view question) const;
};

// The position in a search of all versions.
struct ScanPosition {
  // Later checkpoints are ignored, so that all pages show the same moment.
  int64_t until = 0;  // nanoseconds since 1970
  // The VM that is searched, which the caller may read, and its last version that was read.
  std::string vm;
  int64_t version = 0;

  static absl::StatusOr<ScanPosition> FromToken(absl::string_view question, absl::string_view token);
  std::string ToToken(absl::string_view question) const;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RPC_PAGE_POSITION_H_
