#include "server/checkpoints/stored_checkpoint_conversion.h"

#include <utility>

#include "core/error.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/util/time_util.h"
#include "proto/register_list_conversion.h"
#include "proto/resource_names.h"
#include "storage/format/digest.h"

namespace armstate {
namespace {

// Maps are unordered, and the digest of a request must not depend on their order.
std::string SerializeDeterministically(const google::protobuf::Message& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }
  return bytes;
}

// The SHA-256 of a layout's IDs. A fleet has few layouts and uses the same one over and over: comparing the IDs takes a
// twentieth of the time of hashing them.
std::string DigestOfIds(const RegisterLayout& layout) {
  struct Known {
    std::vector<uint64_t> ids;
    std::string digest;
  };
  static thread_local Known known;
  const absl::Span<const uint64_t> ids = layout.raw_ids();
  if (known.digest.empty() || absl::MakeConstSpan(known.ids) != ids) {
    known.ids.assign(ids.begin(), ids.end());
    known.digest = Sha256(absl::string_view(reinterpret_cast<const char*>(ids.data()), ids.size() * sizeof(uint64_t)));
  }
  return known.digest;
}

// The parts in which two requests with the same ID must agree.
std::string DigestOf(const NewCheckpoint& checkpoint) {
  std::string content = Sha256(checkpoint.metadata);
  for (const VcpuRecord& vcpu : checkpoint.vcpus) {
    content += DigestOfIds(vcpu.registers.layout());
    content += Sha256(vcpu.registers.values());
    content += Sha256(vcpu.opaque);
  }
  return Sha256(content);
}

}  // namespace

std::string DigestOfRequest(const google::protobuf::Message& request) {
  return Sha256(SerializeDeterministically(request));
}

absl::Status FillBasicView(absl::string_view vm, const CheckpointSummary& summary, v1::Checkpoint& basic) {
  std::string name = FormatCheckpointName(vm, summary.version);
  if (!basic.ParseFromString(summary.metadata)) {
    return MakeError(absl::StatusCode::kDataLoss, ErrorReason::kRecordDamaged, name + ": its metadata cannot be read",
                     {{"record", name}});
  }
  SetStoredFields(std::move(name), summary, basic);
  return absl::OkStatus();
}

void SetStoredFields(std::string name, const CheckpointSummary& summary, v1::Checkpoint& basic) {
  basic.set_name(std::move(name));
  basic.set_version(summary.version);
  basic.set_is_protected(summary.is_protected);
  *basic.mutable_create_time() =
      google::protobuf::util::TimeUtil::NanosecondsToTimestamp(absl::ToUnixNanos(summary.create_time));
}

absl::StatusOr<v1::Checkpoint> BasicView(absl::string_view vm, const CheckpointSummary& summary) {
  v1::Checkpoint basic;
  if (absl::Status status = FillBasicView(vm, summary, basic); !status.ok()) return status;
  return basic;
}

absl::StatusOr<v1::Checkpoint> BasicView(absl::string_view vm, const absl::StatusOr<StoredCheckpoint>& stored) {
  if (!stored.ok()) return stored.status();
  return BasicView(vm, stored->summary);
}

absl::Status FillView(absl::string_view vm, StoredCheckpoint stored, v1::Checkpoint& message) {
  if (absl::Status status = FillBasicView(vm, stored.summary, message); !status.ok()) return status;
  message.mutable_vcpus()->Reserve(static_cast<int>(stored.vcpus.size()));
  for (VcpuRecord& record : stored.vcpus) {
    v1::VcpuState& vcpu = *message.add_vcpus();
    absl::StatusOr<std::vector<OpaqueField>> fields = DecodeOpaqueFields(record.opaque);
    if (!fields.ok()) return Annotate(fields.status(), message.name());
    for (OpaqueField& field : *fields) {
      v1::OpaqueField& added = *vcpu.add_opaque_fields();
      added.set_name(std::move(field.name));
      added.set_data(std::move(field.data));
    }
    vcpu.set_vcpu_index(record.vcpu_index);
    RegisterListToProto(std::move(record.registers), *vcpu.mutable_registers());
  }
  return absl::OkStatus();
}

NewCheckpoint ToNewCheckpoint(const v1::Checkpoint& checked, std::vector<VcpuState> vcpus, RequestIdentity identity) {
  NewCheckpoint checkpoint;
  checkpoint.request_id = std::move(identity.request_id);
  checkpoint.metadata = SerializeDeterministically(checked);
  checkpoint.labelled = !checked.labels().empty();
  checkpoint.vcpus.reserve(vcpus.size());
  for (VcpuState& state : vcpus) {
    std::string opaque = EncodeOpaqueFields(state.opaque_fields);
    checkpoint.vcpus.push_back({state.vcpu_index, std::move(state.registers), std::move(opaque)});
  }
  checkpoint.request_digest = std::move(identity.digest);
  if (!checkpoint.request_id.empty() && checkpoint.request_digest.empty()) {
    checkpoint.request_digest = DigestOf(checkpoint);
  }
  return checkpoint;
}

absl::StatusOr<v1::Checkpoint> StoreCheckpoint(CheckpointRepository& repository, absl::string_view vm,
                                               NewCheckpoint checkpoint) {
  const absl::StatusOr<CreatedCheckpoint> created = repository.Create(vm, std::move(checkpoint), absl::nullopt);
  if (!created.ok()) return created.status();
  return BasicView(vm, created->summary);
}

absl::StatusOr<LoadedCheckpoint> LoadCheckpoint(CheckpointRepository& repository, absl::string_view name,
                                                absl::Span<const int32_t> vcpu_indexes) {
  const absl::StatusOr<CheckpointName> parsed = ParseCheckpointName(name);
  if (!parsed.ok()) return parsed.status();
  absl::StatusOr<StoredCheckpoint> stored = vcpu_indexes.empty()
                                                ? repository.Get(parsed->vm, parsed->version)
                                                : repository.GetVcpus(parsed->vm, parsed->version, vcpu_indexes);
  if (!stored.ok()) return stored.status();
  absl::StatusOr<v1::Checkpoint> basic = BasicView(parsed->vm, stored->summary);
  if (!basic.ok()) return basic.status();
  LoadedCheckpoint loaded{*std::move(basic), {}};
  for (VcpuRecord& record : stored->vcpus) {
    absl::StatusOr<std::vector<OpaqueField>> fields = DecodeOpaqueFields(record.opaque);
    if (!fields.ok()) return Annotate(fields.status(), loaded.basic.name());
    loaded.vcpus.push_back({record.vcpu_index, std::move(record.registers), *std::move(fields)});
  }
  return loaded;
}

}  // namespace armstate
