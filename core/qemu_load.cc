#include "core/qemu_load.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/qemu_list.h"
#include "core/register_kind.h"

namespace armstate {
namespace {

// Of a layout, what is in QEMU's list.
std::vector<uint32_t> ListedBy(const RegisterLayout& layout) {
  std::vector<uint32_t> listed;
  for (size_t i = 0; i < layout.size(); ++i) {
    if (IsInQemuList(layout.id(i))) listed.push_back(static_cast<uint32_t>(i));
  }
  return listed;
}

void WriteFreshValues(EngineVcpu& vcpu) {
  const RegisterLayout& layout = *vcpu.layout();
  const std::string values = vcpu.ShownValues();
  for (const uint32_t i : ListedBy(layout)) {
    // KVM takes its own values; if it did not, QEMU would not start.
    vcpu.Write(i, absl::string_view(values).substr(layout.offset(i), layout.width(i))).IgnoreError();
  }
}

RegisterList WithoutVectorLengths(const RegisterList& list) {
  RegisterListBuilder builder;
  for (size_t i = 0; i < list.size(); ++i) {
    if (list.id(i) != kSveVectorLengths) builder.AddBytes(list.id(i), list.value(i));
  }
  return *std::move(builder).Build();  // part of a list is one
}

// The judgement of a target of one kind on a list of one length.
struct Loader {
  IdScheme scheme;
  QemuMerge merge;
  bool is_longer;
  RegisterId last;  // of the target's own list

  void Judge(RegisterFinding& finding) const {
    switch (finding.outcome) {
      case RegisterOutcome::kUnknown:
        if (merge == QemuMerge::kFrom11 || is_longer || !IsInQemuList(finding.id) || !(last < finding.id)) return;
        finding.tolerance = std::string(kQemuDropsLast);
        finding.reason =
            "it sorts after the last register of the target: QEMU before 11.0 drops it in silence, later ones refuse";
        return;
      case RegisterOutcome::kIgnored:
      case RegisterOutcome::kDiffers:
      case RegisterOutcome::kOverwritten:
        if (scheme != IdScheme::kKvm) return;
        finding.tolerance = std::string(kQemuDoesNotReadBack);
        absl::StrAppend(&finding.reason, "; QEMU does not look, and the guest goes on with it");
        return;
      default:
        return;
    }
  }
};

}  // namespace

absl::StatusOr<QemuLoad> LoadAsQemu(absl::Span<const RegisterList* const> lists, std::vector<EngineVcpu>& vcpus,
                                    QemuMerge merge, const StopCheck& stop) {
  QemuLoad load;
  std::vector<RegisterList> incoming;
  for (const RegisterList* list : lists) incoming.push_back(WithoutVectorLengths(*list));
  std::vector<const RegisterList*> pointers;
  for (const RegisterList& list : incoming) pointers.push_back(&list);
  for (EngineVcpu& vcpu : vcpus) {
    if (absl::Status status = stop(); !status.ok()) return status;
    if (vcpu.profile().scheme() == IdScheme::kKvm) WriteFreshValues(vcpu);
  }
  std::vector<uint32_t> ascending(vcpus[0].layout()->size());
  std::iota(ascending.begin(), ascending.end(), 0);
  absl::StatusOr<std::vector<RestoreReport>> reports =
      RestoreVcpus(pointers, absl::MakeSpan(vcpus), ascending, CounterPairWrites::kAsListed, stop);
  if (!reports.ok()) return reports.status();
  load.reports = *std::move(reports);
  for (size_t i = 0; i < incoming.size(); ++i) {
    const RegisterLayout& layout = *vcpus[i].layout();
    const std::vector<uint32_t> own = ListedBy(layout);
    const size_t count = ListedBy(incoming[i].layout()).size();
    if (own.empty()) continue;
    const Loader loader{vcpus[i].profile().scheme(), merge, count > own.size(), layout.id(own.back())};
    if (loader.is_longer && load.notes.empty()) {
      load.notes.push_back(absl::StrCat("QEMU's list of vCPU ", i, " has ", count, " registers, the target's own ",
                                        own.size(),
                                        ": before 11.0 QEMU refuses a longer one ('Failed to load "
                                        "cpu:cpreg_vmstate_array_len'), from then on the registers it does not know"));
    }
    for (RegisterFinding& finding : load.reports[i].findings) loader.Judge(finding);
    RecomputeVerdict(load.reports[i]);
  }
  return load;
}

void JudgeListLoad(const RegisterList& incoming, const CpuProfile& profile, RestoreReport& report) {
  const ListLoad& load = profile.list_load();
  for (RegisterFinding& finding : report.findings) {
    if (finding.outcome != RegisterOutcome::kNotInCheckpoint || !IsInQemuList(finding.id)) continue;
    if (load.missing != ListLoad::Missing::kNotInitialized || !finding.tolerance.empty()) continue;
    finding.reason = "not in the checkpoint: this QEMU loads whatever its memory held there";
  }
  if (!load.last_are_dropped && load.ignored.empty()) return;
  const std::vector<uint32_t> own = ListedBy(*profile.layout());
  const bool is_longer = ListedBy(incoming.layout()).size() > own.size();
  if (is_longer && load.longer_is_refused) return;
  for (RegisterFinding& finding : report.findings) {
    if (finding.outcome != RegisterOutcome::kUnknown || !IsInQemuList(finding.id)) continue;
    if (std::binary_search(load.ignored.begin(), load.ignored.end(), finding.id)) {
      finding.tolerance = std::string(kQemuLetsPass);
      finding.reason = "the target does not list it, and its QEMU lets it pass";
    } else if (load.last_are_dropped && (own.empty() || profile.layout()->id(own.back()) < finding.id)) {
      finding.tolerance = std::string(kQemuDropsLast);
      finding.reason = "it sorts after the last register of the target: its QEMU drops it in silence";
    }
  }
  RecomputeVerdict(report);
}

}  // namespace armstate
