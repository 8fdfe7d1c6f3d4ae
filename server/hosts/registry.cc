#include "server/hosts/registry.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "armstate/storage/v1/cpu_profile_record.pb.h"
#include "core/error.h"
#include "core/limits.h"
#include "google/protobuf/util/time_util.h"
#include "proto/resource_names.h"
#include "proto/status_conversion.h"
#include "spdlog/spdlog.h"

namespace armstate {
namespace {

constexpr size_t kPageSize = 1000;

// Calls `take` for each record of a kind.
absl::Status ForEachRecord(RecordStore& store, RecordKind kind,
                           const std::function<void(const ListedNamedRecord&)>& take) {
  std::string after;
  bool more = true;
  while (more) {
    const absl::StatusOr<NamedRecordPage> page = store.List(kind, "", after, kPageSize);
    if (!page.ok()) return page.status();
    if (!page->unnamed.ok()) spdlog::error("{}", std::string(page->unnamed.message()));
    for (const ListedNamedRecord& record : page->records) take(record);
    more = page->more;
    if (more) after = page->records.back().name;
  }
  return absl::OkStatus();
}

ProfileRegistry::Entry DecodeProfile(const ListedNamedRecord& listed) {
  const std::string name = FormatCpuProfileName(listed.name);
  if (!listed.bytes.ok()) return DamagedProfile(name, ProfileOrigin::kHost, listed.bytes.status().message());
  storage::v1::CpuProfileRecord record;
  if (!record.ParseFromString(*listed.bytes) || record.cpu_profile().name() != name) {
    return DamagedProfile(name, ProfileOrigin::kHost, "a stored CPU profile cannot be read");
  }
  const ProfileOrigin origin = record.imported() ? ProfileOrigin::kImported : ProfileOrigin::kHost;
  const absl::StatusOr<ProfileRegistry::Entry> profile =
      RegisterProfile(std::move(*record.mutable_cpu_profile()), origin);
  return profile.ok() ? *profile : DamagedProfile(name, origin, profile.status().message());
}

RecordChange ProfileRecord(const RegisteredProfile& profile) {
  storage::v1::CpuProfileRecord record;
  *record.mutable_cpu_profile() = profile.message;
  record.set_imported(profile.origin == ProfileOrigin::kImported);
  return {RecordKind::kCpuProfile, *ParseCpuProfileName(profile.message.name()), record.SerializeAsString()};
}

absl::Status HostDamaged(absl::string_view name, absl::string_view message) {
  return MakeError(absl::StatusCode::kDataLoss, ErrorReason::kRecordDamaged, message, {{"record", std::string(name)}});
}

v1::Host DecodeHost(const ListedNamedRecord& listed) {
  v1::Host host;
  absl::Status status = listed.bytes.status();
  if (status.ok() && !host.ParseFromString(*listed.bytes)) {
    status = HostDamaged(FormatHostName(listed.name), "a stored host cannot be read");
    host.Clear();
  }
  host.set_name(FormatHostName(listed.name));
  if (!status.ok()) *host.mutable_error() = ToGoogleRpcStatus(status);
  return host;
}

}  // namespace

absl::StatusOr<std::unique_ptr<HostRegistry>> HostRegistry::Open(RecordStore& store, ProfileRegistry& profiles,
                                                                 MachineRegistry& machines) {
  std::vector<ProfileRegistry::Entry> imported;
  absl::Status status = ForEachRecord(store, RecordKind::kCpuProfile, [&imported](const ListedNamedRecord& record) {
    imported.push_back(DecodeProfile(record));
  });
  if (!status.ok()) return status;
  profiles.Change(ProfileRegistry::ChangeLock(profiles), imported, {});
  // std::make_unique cannot call the private constructor.
  std::unique_ptr<HostRegistry> registry(new HostRegistry(store, profiles, machines));
  std::map<std::string, Entry, std::less<>> hosts;
  status = ForEachRecord(store, RecordKind::kHost, [&registry, &hosts](const ListedNamedRecord& record) {
    hosts.emplace(record.name, registry->BindProfiles(DecodeHost(record)));
  });
  if (!status.ok()) return status;
  absl::MutexLock lock(&registry->mutex_);
  registry->hosts_ = std::move(hosts);
  return registry;
}

HostRegistry::Entry HostRegistry::BindProfiles(v1::Host host) const {
  RegisteredHost linked{std::move(host), {}};
  for (const v1::HostProfile& of_host : linked.message.profiles()) {
    const absl::StatusOr<ProfileRegistry::Entry> profile = profiles_.Find(of_host.cpu_profile());
    linked.profiles.push_back(
        profile.ok() ? *profile
                     : DamagedProfile(of_host.cpu_profile(), ProfileOrigin::kHost, profile.status().message()));
  }
  return std::make_shared<const RegisteredHost>(std::move(linked));
}

absl::StatusOr<HostRegistry::Entry> HostRegistry::Find(absl::string_view name) const {
  const absl::StatusOr<std::string> id = ParseHostName(name);
  if (!id.ok()) return id.status();
  absl::MutexLock lock(&mutex_);
  const auto found = hosts_.find(*id);
  if (found == hosts_.end()) {
    return MakeError(absl::StatusCode::kNotFound, ErrorReason::kHostNotFound,
                     absl::StrCat(name, " does not exist; see ListHosts for the names"), {{"name", std::string(name)}});
  }
  if (found->second->message.has_error()) {
    return HostDamaged(name, absl::StrCat(name, " is damaged: ", found->second->message.error().message()));
  }
  return found->second;
}

std::vector<HostRegistry::Entry> HostRegistry::Snapshot() const {
  std::vector<Entry> hosts;
  absl::MutexLock lock(&mutex_);
  hosts.reserve(hosts_.size());
  for (const auto& [id, host] : hosts_) hosts.push_back(host);
  return hosts;
}

HostRegistry::Page HostRegistry::List(absl::string_view after, int limit,
                                      const std::function<bool(const v1::Host&)>& wanted) const {
  Page page;
  absl::MutexLock lock(&mutex_);
  for (auto it = hosts_.upper_bound(after); it != hosts_.end(); ++it) {
    if (!wanted(it->second->message)) continue;
    if (page.hosts.size() == static_cast<size_t>(limit)) {
      page.more = true;
      break;
    }
    page.hosts.push_back(it->second);
  }
  return page;
}

absl::StatusOr<HostRegistry::Entry> HostRegistry::Create(HostDraft host) {
  const std::string name = host.host.name();
  const ProfileRegistry::ChangeLock changes(profiles_);
  const absl::Status existing = Find(name).status();
  if (existing.ok() || absl::IsDataLoss(existing)) {
    return MakeError(absl::StatusCode::kAlreadyExists, ErrorReason::kHostExists, absl::StrCat(name, " exists"),
                     {{"name", name}});
  }
  if (!absl::IsNotFound(existing)) return existing;
  *host.host.mutable_create_time() = google::protobuf::util::TimeUtil::GetCurrentTime();
  return CommitHost(std::move(host), changes);
}

absl::StatusOr<HostRegistry::Entry> HostRegistry::Update(
    absl::string_view name, const std::function<absl::StatusOr<HostDraft>(const v1::Host&)>& change) {
  const ProfileRegistry::ChangeLock changes(profiles_);
  const absl::StatusOr<Entry> existing = Find(name);
  if (!existing.ok()) return existing.status();
  absl::StatusOr<HostDraft> changed = change((*existing)->message);
  if (!changed.ok()) return changed.status();
  return CommitHost(*std::move(changed), changes);
}

absl::Status HostRegistry::Delete(absl::string_view name) {
  const absl::StatusOr<std::string> id = ParseHostName(name);
  if (!id.ok()) return id.status();
  const ProfileRegistry::ChangeLock changes(profiles_);
  const absl::Status existing = Find(name).status();
  if (!existing.ok() && !absl::IsDataLoss(existing)) return existing;
  const std::vector<std::string> unused = UnreferencedProfiles(*id, nullptr);
  std::vector<RecordChange> records = {{RecordKind::kHost, *id, absl::nullopt}};
  for (const std::string& profile : unused) records.push_back({RecordKind::kCpuProfile, profile, absl::nullopt});
  if (absl::Status status = store_.Commit(records); !status.ok()) return status;
  profiles_.Change(changes, {}, unused);
  absl::MutexLock lock(&mutex_);
  hosts_.erase(*id);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ProfileRegistry::Entry>> HostRegistry::Import(std::vector<v1::CpuProfile> profiles) {
  const ProfileRegistry::ChangeLock changes(profiles_);
  std::vector<RecordChange> records;
  std::vector<ProfileRegistry::Entry> added;
  std::vector<ProfileRegistry::Entry> answer;
  for (v1::CpuProfile& profile : profiles) {
    absl::StatusOr<ProfileRegistry::Entry> entry = Resolve(std::move(profile), ProfileOrigin::kImported);
    if (!entry.ok()) return entry.status();
    if ((*entry)->origin == ProfileOrigin::kHost) {
      // It came with a host and now stays even without one.
      RegisteredProfile kept = **entry;
      kept.origin = ProfileOrigin::kImported;
      *entry = std::make_shared<const RegisteredProfile>(std::move(kept));
    }
    answer.push_back(*entry);
    if ((*entry)->origin == ProfileOrigin::kBuiltIn) continue;
    records.push_back(ProfileRecord(**entry));
    added.push_back(*entry);
  }
  if (absl::Status status = store_.Commit(records); !status.ok()) return status;
  profiles_.Change(changes, added, {});
  RebindHosts(added);
  return answer;
}

absl::StatusOr<ProfileRegistry::Entry> HostRegistry::Resolve(v1::CpuProfile profile, ProfileOrigin origin) const {
  absl::StatusOr<ProfileRegistry::Entry> entry = RegisterProfile(std::move(profile), origin);
  if (!entry.ok()) return entry.status();
  if (ProfileRegistry::Entry known = profiles_.FindContent(**entry)) return known;
  const std::string& name = (*entry)->message.name();
  if ((*entry)->message.ByteSizeLong() > kMaxProfileBytes) {
    return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kCpuProfileMalformed,
                     absl::StrCat(name, " is larger than ", kMaxProfileBytes, " bytes"));
  }
  // A damaged profile is replaced.
  if (profiles_.Find(name).ok()) {
    return MakeError(absl::StatusCode::kAlreadyExists, ErrorReason::kCpuProfileExists,
                     absl::StrCat(name, " is a different profile; choose another name for this one"), {{"name", name}});
  }
  return entry;
}

absl::StatusOr<HostRegistry::Entry> HostRegistry::CommitHost(HostDraft probed,
                                                             const ProfileRegistry::ChangeLock& changes) {
  std::map<std::string, std::string> known_as;  // names in the probe -> names in the registry
  std::vector<ProfileRegistry::Entry> added;
  std::vector<RecordChange> records;
  for (v1::CpuProfile& profile : probed.profiles) {
    const std::string name = profile.name();
    const absl::StatusOr<ProfileRegistry::Entry> entry = Resolve(std::move(profile), ProfileOrigin::kHost);
    if (!entry.ok()) return entry.status();
    known_as[name] = (*entry)->message.name();
    if (profiles_.FindContent(**entry) != nullptr) continue;
    added.push_back(*entry);
    records.push_back(ProfileRecord(**entry));
  }
  v1::Host& host = probed.host;
  for (v1::HostProfile& of_host : *host.mutable_profiles()) {
    const auto known = known_as.find(of_host.cpu_profile());
    if (known != known_as.end()) {
      of_host.set_cpu_profile(known->second);
    } else if (absl::Status status = profiles_.Find(of_host.cpu_profile()).status();
               !status.ok() && !absl::IsDataLoss(status)) {  // a damaged profile stays with its host
      return status;
    }
  }
  host.clear_error();
  *host.mutable_update_time() = google::protobuf::util::TimeUtil::GetCurrentTime();

  const absl::StatusOr<std::string> id = ParseHostName(host.name());
  if (!id.ok()) return id.status();
  const std::vector<std::string> unused = UnreferencedProfiles(*id, &host);
  for (const std::string& profile : unused) records.push_back({RecordKind::kCpuProfile, profile, absl::nullopt});
  records.push_back({RecordKind::kHost, *id, host.SerializeAsString()});
  if (absl::Status status = store_.Commit(records); !status.ok()) return status;
  profiles_.Change(changes, added, unused);
  Entry entry = BindProfiles(std::move(host));
  {
    absl::MutexLock lock(&mutex_);
    hosts_[*id] = entry;
  }
  RebindHosts(added);
  return entry;
}

std::vector<std::string> HostRegistry::UnreferencedProfiles(absl::string_view id, const v1::Host* instead) const {
  std::map<std::string, ProfileRegistry::Entry, std::less<>> unused = profiles_.Imported();
  const auto use = [&unused](absl::string_view name) {
    const absl::StatusOr<std::string> profile = ParseCpuProfileName(name);
    if (profile.ok()) unused.erase(*profile);
  };
  const auto use_all = [&use](const v1::Host& host) {
    for (const v1::HostProfile& profile : host.profiles()) use(profile.cpu_profile());
  };
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& [other, host] : hosts_) {
      if (other != id) use_all(host->message);
    }
  }
  if (instead != nullptr) use_all(*instead);
  for (auto it = unused.begin(); it != unused.end();) {
    it = it->second->origin == ProfileOrigin::kHost ? std::next(it) : unused.erase(it);
  }
  if (unused.empty()) return {};
  // Machine records are large, so they are read only now.
  const absl::StatusOr<std::set<std::string>> of_machines = machines_.UsedProfiles();
  if (!of_machines.ok()) return {};  // keep too many rather than too few
  for (const std::string& name : *of_machines) use(name);
  std::vector<std::string> ids;
  for (const auto& entry : unused) ids.push_back(entry.first);
  return ids;
}

void HostRegistry::RebindHosts(const std::vector<ProfileRegistry::Entry>& added) {
  std::set<absl::string_view> names;
  for (const ProfileRegistry::Entry& profile : added) names.insert(profile->message.name());
  absl::MutexLock lock(&mutex_);
  for (auto& [id, host] : hosts_) {
    const auto& profiles = host->message.profiles();
    if (std::none_of(profiles.begin(), profiles.end(),
                     [&names](const v1::HostProfile& p) { return names.count(p.cpu_profile()) > 0; })) {
      continue;
    }
    host = BindProfiles(host->message);
  }
}

}  // namespace armstate
