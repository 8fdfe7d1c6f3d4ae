#include "server/machines/registry.h"

#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "armstate/storage/v1/machine_record.pb.h"
#include "core/error.h"
#include "proto/resource_names.h"
#include "proto/status_conversion.h"
#include "spdlog/spdlog.h"

namespace armstate {
absl::Mutex& MachineRegistry::LockOf(absl::string_view id) {
  return locks_[absl::Hash<absl::string_view>()(id) % locks_.size()];
}

absl::Status MachineRegistry::Create(absl::string_view id, const Machine& machine) {
  const ProfileRegistry::UseLock no_removal(profiles_);
  if (absl::Status status = profiles_.Find(machine.info().cpu_profile()).status(); !status.ok()) return status;
  absl::MutexLock lock(&LockOf(id));
  const absl::Status existing = store_.Get(RecordKind::kMachine, id).status();
  if (existing.ok()) {
    const std::string name = FormatMachineName(id);
    return MakeError(absl::StatusCode::kAlreadyExists, ErrorReason::kMachineExists, absl::StrCat(name, " exists"),
                     {{"name", name}});
  }
  if (existing.code() != absl::StatusCode::kNotFound) return existing;
  return store_.Put(RecordKind::kMachine, id, machine.Encode());
}

absl::StatusOr<Machine> MachineRegistry::Get(absl::string_view name) {
  const absl::StatusOr<std::string> id = ParseMachineName(name);
  if (!id.ok()) return id.status();
  const absl::StatusOr<std::string> bytes = store_.Get(RecordKind::kMachine, *id);
  if (!bytes.ok()) return bytes.status();
  absl::StatusOr<Machine> machine = Machine::Decode(*bytes, profiles_);
  if (!machine.ok()) return Annotate(machine.status(), name);
  return machine;
}

absl::Status MachineRegistry::Delete(absl::string_view name) {
  const absl::StatusOr<std::string> id = ParseMachineName(name);
  if (!id.ok()) return id.status();
  absl::MutexLock lock(&LockOf(*id));
  return store_.Delete(RecordKind::kMachine, *id);
}

absl::Status MachineRegistry::Update(absl::string_view name, const std::function<absl::Status(Machine&)>& change) {
  const absl::StatusOr<std::string> id = ParseMachineName(name);
  if (!id.ok()) return id.status();
  absl::MutexLock lock(&LockOf(*id));
  absl::StatusOr<Machine> machine = Get(name);
  if (!machine.ok()) return machine.status();
  if (absl::Status status = change(*machine); !status.ok()) return status;
  return store_.Put(RecordKind::kMachine, *id, machine->Encode());
}

absl::StatusOr<MachineInfoPage> MachineRegistry::List(std::string after, int limit,
                                                      const std::function<bool(const std::string& name)>& wanted) {
  MachineInfoPage infos;
  absl::StatusOr<NamedRecordPage> page;
  do {
    page = store_.List(RecordKind::kMachine, "", after, static_cast<size_t>(limit) + 1);
    if (!page.ok()) return page.status();
    if (!page->unnamed.ok()) spdlog::warn("{}", std::string(page->unnamed.message()));
    for (const ListedNamedRecord& listed : page->records) {
      after = listed.name;
      const std::string name = FormatMachineName(listed.name);
      if (!wanted(name)) continue;
      infos.more = infos.machines.size() == static_cast<size_t>(limit);
      if (infos.more) return infos;
      const absl::StatusOr<Machine> machine =
          listed.bytes.ok() ? Machine::Decode(*listed.bytes, profiles_) : listed.bytes.status();
      if (machine.ok()) {
        infos.machines.push_back(machine->info());
      } else {
        // A machine that is damaged, or whose profile is gone, must not hide the others.
        v1::Machine& damaged = infos.machines.emplace_back();
        damaged.set_name(name);
        *damaged.mutable_error() = ToGoogleRpcStatus(machine.status());
      }
    }
  } while (page->more);
  return infos;
}

absl::StatusOr<std::set<std::string>> MachineRegistry::UsedProfiles() {
  std::set<std::string> used;
  NamedRecordPage page;
  do {
    const std::string after = page.records.empty() ? "" : page.records.back().name;
    absl::StatusOr<NamedRecordPage> next = store_.List(RecordKind::kMachine, "", after, 1000);
    if (!next.ok()) return next.status();
    page = *std::move(next);
    for (const ListedNamedRecord& listed : page.records) {
      storage::v1::MachineRecord record;
      if (listed.bytes.ok() && record.ParseFromString(*listed.bytes)) used.insert(record.machine().cpu_profile());
    }
  } while (page.more);
  return used;
}

}  // namespace armstate
