#include "server/search/register_search.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/checkpoints/scheme.h"
#include "server/checkpoints/stored_checkpoint_conversion.h"
#include "server/rpc/invalid_field.h"
#include "server/rpc/page_position.h"
#include "server/rpc/page_token.h"
#include "server/search/search_answer.h"
#include "server/search/version_scan.h"
#include "storage/format/digest.h"

namespace armstate {
namespace {

// Whoever may read this may read all VMs.
constexpr absl::string_view kAllVms = "vms/*";

// The result is short for any filter.
std::string QuestionOf(const v1::SearchRegistersRequest& request, const Access& access) {
  // Of another caller's answer no further page can be had.
  const std::string asked = absl::StrCat(access.identity(), "\n", request.all_versions() ? "all " : "",
                                         request.vcpu_match(), request.filter());
  return absl::StrCat("search/", absl::BytesToHexString(Sha256(asked).substr(0, 8)));
}

std::string NotIndexed(const Filter& filter) {
  std::vector<std::string> names;
  for (const FilterRegister& named : filter.registers()) {
    const auto is_scanned = [](const std::vector<RegisterSelector>& selectors) {
      return std::any_of(selectors.begin(), selectors.end(),
                         [](const RegisterSelector& selector) { return !IsIndexed(selector.id); });
    };
    if (is_scanned(named.kvm) || is_scanned(named.tcg)) names.push_back(named.name);
  }
  return absl::StrCat(absl::StrJoin(names, ", "), names.size() == 1 ? " is" : " are", " not indexed");
}

// The caller's rights may have changed since the result was found. Returns where the next page begins; the number of
// matches if there is none.
size_t AddPage(const SearchResult& result, uint64_t begin, int page_size, const Access& access,
               v1::SearchRegistersResponse& response) {
  const auto is_visible = [&access](const MatchingCheckpoint& match) { return access.MayReadVm(match.vm); };
  response.set_total_count(std::count_if(result.matches.begin(), result.matches.end(), is_visible));
  size_t bytes = 0;
  for (size_t i = begin; i < result.matches.size(); ++i) {
    if (!is_visible(result.matches[i])) continue;
    if (response.checkpoints_size() == page_size) return i;
    v1::MatchedCheckpoint match = MatchToProto(result.matches[i], result.filter);
    bytes += match.ByteSizeLong();
    if (bytes > kMaxPageBytes && !response.checkpoints().empty()) return i;
    *response.add_checkpoints() = std::move(match);
  }
  return result.matches.size();
}

absl::Status PageTokenTooOld() {
  return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kPageTokenInvalid,
                   "page_token is too old: its answer is no longer cached; start again without it");
}

}  // namespace

absl::StatusOr<v1::SearchRegistersResponse> RegisterSearch::Search(const v1::SearchRegistersRequest& request,
                                                                   const StopCheck& stop, const Access& access) {
  if (!v1::VcpuMatch_IsValid(request.vcpu_match())) return InvalidField("vcpu_match", "is not a known value");
  const absl::StatusOr<int> page_size = PageSize(request.page_size());
  if (!page_size.ok()) return page_size.status();
  const std::string question = QuestionOf(request, access);
  if (!request.page_token().empty() && !request.all_versions()) {
    const absl::StatusOr<ResultPosition> position = ResultPosition::FromToken(question, request.page_token());
    if (!position.ok()) return position.status();
    const std::shared_ptr<const SearchResult> result = results_.Find(position->name);
    if (result == nullptr || result->question != question) return PageTokenTooOld();
    v1::SearchRegistersResponse response;
    const size_t next = AddPage(*result, position->begin, *page_size, access, response);
    if (next < result->matches.size()) {
      response.set_next_page_token(ResultPosition{position->name, next}.ToToken(question));
    }
    return response;
  }
  absl::StatusOr<Filter> filter = Filter::Parse(request.filter());
  if (!filter.ok()) return filter.status();
  if (!request.all_versions()) return FirstPage(request, *std::move(filter), *page_size, stop, access);
  ScanPosition position;
  position.until = absl::ToUnixNanos(absl::Now());
  if (!request.page_token().empty()) {
    absl::StatusOr<ScanPosition> parsed = ScanPosition::FromToken(question, request.page_token());
    if (!parsed.ok()) return parsed.status();
    position = *std::move(parsed);
  }
  v1::SearchRegistersResponse response;
  const auto which = request.vcpu_match() == v1::VCPU_MATCH_ALL ? MatchedVcpus::kAll : MatchedVcpus::kAny;
  const absl::Status status = ScanVersions(checkpoints_, profiles_, *filter, which, *page_size, question,
                                           std::move(position), stop, access, response);
  if (!status.ok()) return status;
  return response;
}

absl::StatusOr<v1::SearchRegistersResponse> RegisterSearch::FirstPage(const v1::SearchRegistersRequest& request,
                                                                      Filter filter, int page_size,
                                                                      const StopCheck& stop, const Access& access) {
  if (absl::Status status = catch_up_(stop); !status.ok()) return status;
  const auto which = request.vcpu_match() == v1::VCPU_MATCH_ALL ? MatchedVcpus::kAll : MatchedVcpus::kAny;
  IndexAnswer answer = index_.Find(filter, which);
  if (access.IsLimited()) {
    const auto is_hidden = [&](const MatchingCheckpoint& match) { return !access.MayReadVm(match.vm); };
    answer.matches.erase(std::remove_if(answer.matches.begin(), answer.matches.end(), is_hidden), answer.matches.end());
  }
  auto result = std::make_shared<SearchResult>(
      SearchResult{QuestionOf(request, access), std::move(filter), std::move(answer.matches)});
  v1::SearchRegistersResponse response;
  if (access.May(v1::PERMISSION_READ, kAllVms)) {  // the reasons name VMs
    for (const std::string& why : answer.damaged) AddDamaged(why, response);
  }
  if (answer.must_be_read) {
    if (absl::Status status = ReadMatches(*result, which, response, stop); !status.ok()) return status;
  }
  // Only an answer with further pages is cached.
  const size_t next = AddPage(*result, 0, page_size, access, response);
  if (next == result->matches.size()) return response;
  const absl::StatusOr<uint64_t> name = results_.Keep(result);
  if (!name.ok()) return name.status();
  response.set_next_page_token(ResultPosition{*name, next}.ToToken(result->question));
  return response;
}

absl::Status RegisterSearch::ReadMatches(SearchResult& result, MatchedVcpus which,
                                         v1::SearchRegistersResponse& response, const StopCheck& stop) {
  response.set_scan_reason(NotIndexed(result.filter));
  std::vector<MatchingCheckpoint> matches;
  for (const MatchingCheckpoint& candidate : result.matches) {
    if (absl::Status status = stop(); !status.ok()) return status;
    const absl::StatusOr<StoredCheckpoint> stored = checkpoints_.Get(candidate.vm, candidate.version);
    response.set_scanned_checkpoints(response.scanned_checkpoints() + 1);
    if (absl::IsNotFound(stored.status())) continue;  // deleted in the meantime
    const absl::StatusOr<v1::Checkpoint> basic = BasicView(candidate.vm, stored);
    if (absl::IsDataLoss(basic.status())) {
      AddDamaged(basic.status().message(), response);
      continue;
    }
    if (!basic.ok()) return basic.status();
    absl::optional<MatchingCheckpoint> match =
        MatchRead(IndexedMetadataOf(candidate.vm, *basic, candidate.scheme), stored->vcpus, result.filter, which);
    if (match) matches.push_back(*std::move(match));
  }
  result.matches = std::move(matches);
  return absl::OkStatus();
}

}  // namespace armstate
