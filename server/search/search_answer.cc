#include "server/search/search_answer.h"

#include <utility>

#include "core/selected_value.h"
#include "google/protobuf/util/time_util.h"
#include "proto/resource_names.h"

namespace armstate {
namespace {

constexpr int kMaxDamaged = 16;

v1::DecodedValue RegisterToProto(const FilterRegister& named, IdScheme scheme, const MatchingValue& matching) {
  v1::DecodedValue result;
  result.set_name(named.name);
  if (matching.value.empty()) return result;
  const SelectedValue shown = ShowSelected(named.In(scheme)[matching.selector], matching.value);
  result.set_value(shown.text);
  result.set_meaning(std::string(shown.meaning));
  return result;
}

}  // namespace

v1::MatchedCheckpoint MatchToProto(const MatchingCheckpoint& match, const Filter& filter) {
  v1::MatchedCheckpoint result;
  result.set_checkpoint(FormatCheckpointName(match.vm, match.version));
  *result.mutable_create_time() = google::protobuf::util::TimeUtil::NanosecondsToTimestamp(match.create_time);
  for (const MatchingVcpu& vcpu : match.vcpus) {
    v1::MatchedVcpu& matched = *result.add_vcpus();
    matched.set_vcpu_index(vcpu.vcpu_index);
    for (size_t i = 0; i < vcpu.values.size(); ++i) {
      *matched.add_registers() = RegisterToProto(filter.registers()[i], match.scheme, vcpu.values[i]);
    }
  }
  return result;
}

absl::optional<MatchingCheckpoint> MatchRead(const IndexedMetadata& metadata, absl::Span<const VcpuRecord> vcpus,
                                             const Filter& filter, MatchedVcpus which) {
  MatchingCheckpoint match{metadata.vm, metadata.version, metadata.create_time, metadata.traits->scheme, {}};
  for (const VcpuRecord& vcpu : vcpus) {
    if (!filter.Matches(metadata, vcpu.vcpu_index, vcpu.registers)) continue;
    MatchingVcpu matching{vcpu.vcpu_index, {}};
    for (const FilterRegister& named : filter.registers()) {
      const absl::optional<size_t> held =
          named.Held(match.scheme, [&](RegisterId id) { return vcpu.registers.Find(id).has_value(); });
      MatchingValue& value = matching.values.emplace_back();
      if (!held) continue;
      value = {std::string(*vcpu.registers.Find(named.In(match.scheme)[*held].id)), *held};
    }
    match.vcpus.push_back(std::move(matching));
  }
  if (match.vcpus.empty() || (which == MatchedVcpus::kAll && match.vcpus.size() < vcpus.size())) return absl::nullopt;
  return match;
}

void AddDamaged(absl::string_view why, v1::SearchRegistersResponse& response) {
  if (response.damaged_size() < kMaxDamaged) response.add_damaged(std::string(why));
}

}  // namespace armstate
