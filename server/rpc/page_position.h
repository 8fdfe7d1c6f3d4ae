// Where the pages of a register's history and of a search go on: what their page tokens hold besides the list.
#ifndef ARMSTATE_SERVER_RPC_PAGE_POSITION_H_
#define ARMSTATE_SERVER_RPC_PAGE_POSITION_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace armstate {

// Each of them: FromToken takes a token that is not empty, and answers errors of DecodePageToken; of what it gives,
// ToToken makes a token with the same position. `list` is as in server/rpc/page_token.h.

// Of ListRegisterHistory. The value goes along: by the next page its version may be deleted.
struct HistoryPosition {
  int64_t last_read = 0;  // version
  // The last value that was given, empty where the vCPU had no such register; nothing if none was given.
  absl::optional<std::string> shown;

  static absl::StatusOr<HistoryPosition> FromToken(absl::string_view list, absl::string_view token);
  std::string ToToken(absl::string_view list) const;
};

// Of a search in the index, whose answer is kept.
struct ResultPosition {
  uint64_t name = 0;   // of the answer
  uint64_t begin = 0;  // matches before the next page; hostile tokens have more than there are

  static absl::StatusOr<ResultPosition> FromToken(absl::string_view question, absl::string_view token);
  std::string ToToken(absl::string_view question) const;
};

// Of a search in all versions.
struct ScanPosition {
  // Later checkpoints are not looked at, so that all pages are of the same moment.
  int64_t until = 0;  // nanoseconds since 1970
  // Of CheckpointRepository::ListVms; the VM that it led to, and the last version of that which was read.
  std::string cursor;
  std::string vm;
  int64_t version = 0;

  static absl::StatusOr<ScanPosition> FromToken(absl::string_view question, absl::string_view token);
  std::string ToToken(absl::string_view question) const;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RPC_PAGE_POSITION_H_
