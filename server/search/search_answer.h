// This header converts the result of a search to its message.
#ifndef ARMSTATE_SERVER_SEARCH_SEARCH_ANSWER_H_
#define ARMSTATE_SERVER_SEARCH_SEARCH_ANSWER_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "armstate/v1/register_search.pb.h"
#include "server/search/filter.h"
#include "server/search/search_index.h"
#include "storage/repository/checkpoint_repository.h"

namespace armstate {

v1::MatchedCheckpoint MatchToProto(const MatchingCheckpoint& match, const Filter& filter);

// Returns the vCPUs of a checkpoint that satisfy the filter; unset if there are too few of them.
absl::optional<MatchingCheckpoint> MatchRead(const IndexedMetadata& metadata, absl::Span<const VcpuRecord> vcpus,
                                             const Filter& filter, MatchedVcpus which);

// Notes a checkpoint that could not be read; at most 16 are noted. `why` names it.
void AddDamaged(absl::string_view why, v1::SearchRegistersResponse& response);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_SEARCH_SEARCH_ANSWER_H_
