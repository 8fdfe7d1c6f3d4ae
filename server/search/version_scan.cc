#include "server/search/version_scan.h"

#include <utility>

#include "server/checkpoints/scheme.h"
#include "server/checkpoints/stored_checkpoint_conversion.h"
#include "server/search/search_answer.h"

namespace armstate {
namespace {

constexpr int64_t kMaxRead = 2000;
constexpr size_t kListed = 100;

// The limit of one page's work.
class Scan {
 public:
  Scan(CheckpointRepository& checkpoints, const ProfileRegistry& profiles, const Filter& filter, MatchedVcpus which,
       int page_size, const StopCheck& stop, v1::SearchRegistersResponse& response)
      : checkpoints_(checkpoints),
        profiles_(profiles),
        filter_(filter),
        which_(which),
        page_size_(page_size),
        stop_(stop),
        response_(response) {}

  bool full() const {
    return response_.checkpoints_size() >= page_size_ || response_.scanned_checkpoints() >= kMaxRead;
  }

  // Reads the rest of one VM until the page is full. A VM that was deleted in the meantime has nothing left.
  absl::Status ScanVm(ScanPosition& position) {
    bool more = true;
    while (more && !full()) {
      const absl::StatusOr<CheckpointPage> page = checkpoints_.List(position.vm, position.version, kListed);
      if (absl::IsNotFound(page.status())) return absl::OkStatus();
      if (absl::IsDataLoss(page.status())) {  // the VM itself is damaged, so its checkpoints are unknown
        AddDamaged(page.status().message(), response_);
        return absl::OkStatus();
      }
      if (!page.ok()) return page.status();
      for (const ListedCheckpoint& listed : page->checkpoints) {
        if (full()) return absl::OkStatus();
        if (absl::Status status = stop_(); !status.ok()) return status;
        position.version = listed.version;
        if (listed.summary.ok() && absl::ToUnixNanos(listed.summary->create_time) > position.until) continue;
        if (absl::Status status = ReadOne(position.vm, listed); !status.ok()) return status;
      }
      more = page->more;
    }
    return absl::OkStatus();
  }

 private:
  absl::Status ReadOne(const std::string& vm, const ListedCheckpoint& listed) {
    response_.set_scanned_checkpoints(response_.scanned_checkpoints() + 1);
    const absl::StatusOr<StoredCheckpoint> stored = checkpoints_.Get(vm, listed.version);
    if (absl::IsNotFound(stored.status())) return absl::OkStatus();
    const absl::StatusOr<v1::Checkpoint> basic = BasicView(vm, stored);
    if (absl::IsDataLoss(basic.status())) {
      AddDamaged(basic.status().message(), response_);
      return absl::OkStatus();
    }
    if (!basic.ok()) return basic.status();
    const absl::optional<IdScheme> scheme = SchemeOf(basic->source(), profiles_);
    if (!scheme) {
      AddDamaged(SchemeUnknown(*basic), response_);
      return absl::OkStatus();
    }
    const absl::optional<MatchingCheckpoint> match =
        MatchRead(IndexedMetadataOf(vm, *basic, *scheme), stored->vcpus, filter_, which_);
    if (match) *response_.add_checkpoints() = MatchToProto(*match, filter_);
    return absl::OkStatus();
  }

  CheckpointRepository& checkpoints_;
  const ProfileRegistry& profiles_;
  const Filter& filter_;
  const MatchedVcpus which_;
  const int page_size_;
  const StopCheck& stop_;
  v1::SearchRegistersResponse& response_;
};

}  // namespace

absl::Status ScanVersions(CheckpointRepository& checkpoints, const ProfileRegistry& profiles, const Filter& filter,
                          MatchedVcpus which, int page_size, absl::string_view question, ScanPosition position,
                          const StopCheck& stop, const Access& access, v1::SearchRegistersResponse& response) {
  response.set_scan_reason("all versions are searched, but only the latest version of each VM is indexed");
  Scan scan(checkpoints, profiles, filter, which, page_size, stop, response);
  std::string cursor = position.vm;
  do {
    if (absl::Status status = stop(); !status.ok()) return status;
    const absl::StatusOr<VmPage> page = checkpoints.ListVms(cursor, kListed);
    if (!page.ok()) return page.status();
    for (const ListedVm& listed : page->vms) {
      if (!access.MayReadVm(listed.vm)) continue;
      if (listed.vm != position.vm) {
        position.vm = listed.vm;
        position.version = 0;
      }
      if (absl::Status status = scan.ScanVm(position); !status.ok()) return status;
      if (!scan.full()) continue;
      response.set_next_page_token(position.ToToken(question));
      return absl::OkStatus();
    }
    cursor = page->next_cursor;
  } while (!cursor.empty());
  return absl::OkStatus();
}

}  // namespace armstate
