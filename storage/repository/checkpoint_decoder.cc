#include "storage/repository/checkpoint_decoder.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/memory_only_reads.h"
#include "storage/storage_errors.h"

namespace armstate {
namespace {

// The store has records without a base, this repository does not.
absl::Status WithoutBase(const std::string& name) { return RecordDamaged(name, "it has no base"); }

absl::StatusOr<StoredCheckpoint> DecodeWithBase(const StoredRecord& stored, const std::string& name,
                                                const WantedVcpus& wanted, const FullCopy& base) {
  absl::StatusOr<DecodedDifference> difference = DecodeDifference(base, stored.record, name, wanted);
  if (!difference.ok()) return difference.status();
  StoredCheckpoint decoded;
  decoded.summary = {stored.version, stored.time, std::move(difference->metadata),
                     static_cast<int>(base.vcpus().size()), stored.is_protected};
  decoded.request_digest = std::move(difference->request_digest);
  decoded.vcpus.reserve(difference->vcpus.size());
  for (DecodedDifference::Vcpu& vcpu : difference->vcpus) {
    const FullCopy::Vcpu& of_base = base.vcpus()[vcpu.position];
    const absl::Status& layout = of_base.layout.status();
    if (!layout.ok()) return absl::IsDataLoss(layout) ? RecordDamaged(name, layout.message()) : layout;
    absl::StatusOr<RegisterList> registers = RegisterList::Create(*of_base.layout, std::move(vcpu.values));
    if (!registers.ok()) return RecordDamaged(name, registers.status().message());
    decoded.vcpus.push_back({of_base.vcpu_index, *std::move(registers), std::move(vcpu.opaque)});
  }
  return decoded;
}

}  // namespace

absl::StatusOr<StoredCheckpoint> CheckpointDecoder::Read(absl::string_view vm, absl::optional<int64_t> version,
                                                         const WantedVcpus& wanted) {
  // Between the record and its base, the version may have been deleted with its base, or the VM made again under the
  // same name. That is seen as damage, but not twice of the same record with the store's own base.
  BaseSource source = BaseSource::kMemory;
  absl::optional<StoredRecord> seen;
  while (true) {
    absl::StatusOr<StoredRecord> stored = version ? store_.Get(vm, *version) : store_.GetLatest(vm);
    if (!stored.ok()) return stored.status();
    absl::StatusOr<StoredCheckpoint> decoded = Decode(vm, *stored, wanted, source);
    if (!absl::IsDataLoss(decoded.status())) return decoded;
    if (seen && seen->version == stored->version && seen->time == stored->time && seen->record == stored->record) {
      return decoded;
    }
    Forget(vm, stored->base_version);
    if (source == BaseSource::kStore) seen = *std::move(stored);
    source = BaseSource::kStore;
  }
}

void CheckpointDecoder::Forget(absl::string_view vm, int64_t base_version) {
  bases_.Remove(vm);
  bases_.RemoveRead(vm, base_version);
}

absl::StatusOr<CheckpointPage> CheckpointDecoder::List(absl::string_view vm, int64_t after, size_t limit) {
  const absl::StatusOr<RecordPage> records = store_.List(vm, after, limit);
  if (!records.ok()) return records.status();
  CheckpointPage page;
  page.more = records->more;
  StoredRecord base_of;  // the record before, if it had the same base
  Base base;
  for (const ListedRecord& record : records->records) {
    if (!record.record.ok()) {
      page.checkpoints.push_back({record.version, record.record.status()});
      continue;
    }
    const std::string name = CheckpointName(vm, record.version);
    const StoredRecord& stored = *record.record;
    absl::StatusOr<StoredCheckpoint> decoded = absl::UnknownError("not decoded");
    if (base != nullptr && stored.base_version == base_of.base_version) {
      decoded = DecodeWithBase(stored, name, kNoVcpus, *base);
    } else if (stored.base_version == 0) {
      decoded = WithoutBase(name);
    } else if (absl::StatusOr<Base> found = FindBase(vm, stored.base_version); found.ok()) {
      base = *std::move(found);
      base_of.base_version = stored.base_version;
      decoded = DecodeWithBase(stored, name, kNoVcpus, *base);
    } else {
      decoded = found.status();
    }
    // See Read. A version that was deleted since is not listed.
    if (!decoded.ok()) {
      base = nullptr;
      decoded = Read(vm, record.version, kNoVcpus);
      if (absl::IsNotFound(decoded.status())) continue;
      if (!decoded.ok() && !absl::IsDataLoss(decoded.status())) return decoded.status();
    }
    if (decoded.ok()) {
      page.checkpoints.push_back({record.version, std::move(decoded->summary)});
    } else {
      page.checkpoints.push_back({record.version, decoded.status()});
    }
  }
  return page;
}

absl::StatusOr<StoredCheckpoint> CheckpointDecoder::Decode(absl::string_view vm, const StoredRecord& stored,
                                                           const WantedVcpus& wanted, BaseSource source) {
  const std::string name = CheckpointName(vm, stored.version);
  if (stored.base_version == 0) return WithoutBase(name);
  const absl::StatusOr<Base> base =
      source == BaseSource::kMemory ? FindBase(vm, stored.base_version) : LoadBase(vm, stored.base_version);
  if (absl::IsNotFound(base.status())) {
    return RecordDamaged(name, absl::StrCat(BaseName(vm, stored.base_version), " is missing"));
  }
  if (absl::IsDataLoss(base.status())) return RecordDamaged(name, base.status().message());
  if (!base.ok()) return base.status();
  return DecodeWithBase(stored, name, wanted, **base);
}

absl::optional<BaseCache::Entry> CheckpointDecoder::PresentBase(absl::string_view vm) {
  absl::optional<BaseCache::Entry> cached = bases_.Find(vm);
  if (cached) return cached;
  // In this order: if the VM is made again between the two, the store refuses the old incarnation.
  const absl::StatusOr<VmInfo> info = store_.GetVm(vm);
  if (!info.ok() || info->base_version == 0) return absl::nullopt;
  absl::StatusOr<Base> base = LoadBase(vm, info->base_version);
  if (!base.ok()) return absl::nullopt;
  BaseCache::Entry entry{info->incarnation, info->base_version, info->last_version, *std::move(base)};
  if (entry.base->has_all_layouts()) bases_.Put(vm, entry);
  return entry;
}

absl::StatusOr<CheckpointDecoder::Base> CheckpointDecoder::FindBase(absl::string_view vm, int64_t base_version) {
  Base base = bases_.FindRead(vm, base_version);
  const bool is_known = base != nullptr;
  if (!is_known) {
    const absl::optional<BaseCache::Entry> present = bases_.Find(vm);
    if (present && present->base_version == base_version) base = present->base;
  }
  if (base != nullptr && MemoryOnlyReads::IsTooLarge(base->record_bytes())) {
    return absl::UnavailableError("the checkpoint is large");
  }
  if (base == nullptr) {
    absl::StatusOr<Base> loaded = LoadBase(vm, base_version);
    if (!loaded.ok()) return loaded;
    base = *std::move(loaded);
  }
  if (!is_known && base->has_all_layouts()) bases_.PutRead(vm, base_version, base);
  return base;
}

absl::StatusOr<CheckpointDecoder::Base> CheckpointDecoder::LoadBase(absl::string_view vm, int64_t base_version) {
  const absl::StatusOr<std::string> bytes = store_.GetBase(vm, base_version);
  if (!bytes.ok()) return bytes.status();
  return FullCopy::Unpack(*bytes, BaseName(vm, base_version),
                          [this](absl::string_view hash) { return layouts_.Find(hash); });
}

}  // namespace armstate
