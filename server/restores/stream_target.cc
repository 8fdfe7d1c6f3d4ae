#include "server/restores/stream_target.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/profile_from_register_list.h"
#include "core/register_kind.h"
#include "proto/accelerator.h"
#include "proto/register_list_conversion.h"
#include "server/checkpoints/codec.h"
#include "server/rpc/invalid_field.h"

namespace armstate {
namespace {

// Returns a value area of the layout: the bits that at least one profile of the scheme allows to be written.
absl::StatusOr<std::string> WritableSomewhere(const RegisterLayout& layout, IdScheme scheme,
                                              const ProfileRegistry& profiles) {
  std::string writable(layout.values_size(), '\0');
  std::vector<bool> known(layout.size());
  const absl::Status status = profiles.VisitRules(scheme, [&](const v1::RegisterRule& rule) {
    const absl::StatusOr<RegisterId> id = RegisterId::Create(rule.id());
    const absl::optional<size_t> index = id.ok() ? layout.Find(*id) : absl::nullopt;
    if (!index) return;
    known[*index] = true;
    for (size_t byte = 0; byte < layout.width(*index) && byte / 8 < static_cast<size_t>(rule.writable_size()); ++byte) {
      writable[layout.offset(*index) + byte] |=
          static_cast<char>(rule.writable(static_cast<int>(byte / 8)) >> byte % 8 * 8);
    }
  });
  if (!status.ok()) return status;
  for (size_t i = 0; i < layout.size(); ++i) {
    if (known[i] || IsIdRegister(layout.id(i))) continue;
    writable.replace(layout.offset(i), layout.width(i), layout.width(i), '\xff');
  }
  return writable;
}

}  // namespace

absl::StatusOr<ResolvedTarget> TargetOfLists(const v1::VcpuLists& lists, const ProfileRegistry& profiles) {
  const v1::Accelerator accelerator = lists.accelerator();
  const absl::optional<IdScheme> scheme = SchemeOf(accelerator);
  if (!scheme) {
    return InvalidField("target.lists.accelerator", "is required: TCG, KVM or HVF");
  }
  absl::Status sizes = CheckText("target.lists.machine_type", lists.machine_type());
  std::vector<int> register_counts;
  for (const v1::RegisterList& list : lists.vcpus()) register_counts.push_back(list.ids_size());
  if (sizes.ok()) sizes = CheckRegisterCounts(register_counts, "target.lists.vcpus");
  if (!sizes.ok()) return sizes;
  ResolvedTarget target;
  std::shared_ptr<const RegisterLayout> layout;
  std::string writable;
  for (int i = 0; i < lists.vcpus_size(); ++i) {
    const absl::StatusOr<RegisterList> list = RegisterListFromProto(v1::RegisterList(lists.vcpus(i)), layout);
    if (!list.ok()) return Annotate(list.status(), absl::StrCat("target.lists.vcpus[", i, "]"));
    const std::string name = absl::StrCat("vCPU ", i, " of the target's own state");
    if (accelerator != v1::ACCELERATOR_TCG) {
      target.profiles.push_back(ProfileFromRegisterList(name, *scheme, *list));
      continue;
    }
    if (layout != list->shared_layout()) {
      absl::StatusOr<std::string> somewhere = WritableSomewhere(list->layout(), *scheme, profiles);
      if (!somewhere.ok()) return somewhere.status();
      writable = *std::move(somewhere);
    }
    layout = list->shared_layout();
    target.profiles.push_back(ProfileFromRegisterList(name, *scheme, *list, writable));
  }
  v1::CpuProfile profile_header;
  profile_header.set_accelerator(accelerator);
  profile_header.set_machine_type(lists.machine_type());
  target.profile_header = std::make_shared<const v1::CpuProfile>(std::move(profile_header));
  target.notes.push_back(
      accelerator == v1::ACCELERATOR_TCG
          ? "constants (ID registers, caches) were compared with those in the target's own state; what it accepts "
            "otherwise, only a CPU profile tells (--profile)"
          : "the registers were compared with those in the target's own state; what its host accepts, only a "
            "profile of the host tells (--profile)");
  return target;
}

}  // namespace armstate
