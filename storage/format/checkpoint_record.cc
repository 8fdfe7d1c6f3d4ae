#include "storage/format/checkpoint_record.h"

#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "storage/format/byte_codec.h"
#include "storage/format/checksummed.h"
#include "storage/format/digest.h"
#include "storage/storage_errors.h"

namespace armstate {
namespace {

constexpr uint8_t kFormat = 1;
constexpr size_t kVcpuEntryBytes = 16;

absl::Status FieldInvalid(absl::string_view field, absl::string_view why) {
  return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kFieldInvalid, absl::StrCat(field, ": ", why),
                   {{"field", std::string(field)}});
}

absl::Status CheckSize(absl::string_view field, size_t size, size_t limit) {
  if (size <= limit) return absl::OkStatus();
  return FieldInvalid(field, absl::StrCat(size, " bytes, but at most ", limit, " can be stored"));
}

}  // namespace

absl::Status CheckLimits(const NewCheckpoint& checkpoint) {
  absl::Status status = CheckSize("request_id", checkpoint.request_id.size(), kMaxRequestIdBytes);
  status.Update(CheckSize("request_digest", checkpoint.request_digest.size(), kMaxRequestDigestBytes));
  if (!status.ok()) return status;
  if (checkpoint.vcpus.size() > kMaxRecordVcpus) {
    return FieldInvalid(
        "vcpus", absl::StrCat(checkpoint.vcpus.size(), " vCPUs, but at most ", kMaxRecordVcpus, " can be stored"));
  }
  size_t total = checkpoint.metadata.size();
  int previous = -1;
  for (const VcpuRecord& vcpu : checkpoint.vcpus) {
    if (vcpu.vcpu_index <= previous) {
      return FieldInvalid("vcpus",
                          absl::StrCat("vcpu_index ", vcpu.vcpu_index, " is not above the one before, ", previous));
    }
    previous = vcpu.vcpu_index;
    total += vcpu.registers.values().size() + vcpu.opaque.size();
  }
  return CheckSize("checkpoint", total, kMaxRecordBytes);
}

absl::StatusOr<EncodedCheckpoint> EncodeCheckpoint(const NewCheckpoint& checkpoint) {
  if (absl::Status status = CheckLimits(checkpoint); !status.ok()) return status;
  EncodedCheckpoint encoded;
  std::vector<LayoutHash> hashes;
  hashes.reserve(checkpoint.vcpus.size());
  for (const VcpuRecord& vcpu : checkpoint.vcpus) {
    hashes.push_back(Sha256(EncodeLayout(vcpu.registers.layout())));
    encoded.layouts.emplace(hashes.back(), vcpu.registers.shared_layout());
  }

  ByteWriter body;
  body.U32(0);  // the checksum
  body.U8(kFormat);
  body.Counted(checkpoint.metadata);
  body.U32(static_cast<uint32_t>(encoded.layouts.size()));
  for (const auto& [hash, layout] : encoded.layouts) body.Bytes(hash);
  body.U32(static_cast<uint32_t>(checkpoint.vcpus.size()));
  for (size_t i = 0; i < checkpoint.vcpus.size(); ++i) {
    const VcpuRecord& vcpu = checkpoint.vcpus[i];
    body.U32(static_cast<uint32_t>(vcpu.vcpu_index));
    body.U32(static_cast<uint32_t>(std::distance(encoded.layouts.begin(), encoded.layouts.find(hashes[i]))));
    body.U32(static_cast<uint32_t>(vcpu.registers.values().size()));
    body.U32(static_cast<uint32_t>(vcpu.opaque.size()));
  }
  for (const VcpuRecord& vcpu : checkpoint.vcpus) {
    body.Bytes(vcpu.registers.values());
    body.Bytes(vcpu.opaque);
  }
  encoded.record = std::move(body).Release();
  SetCrc(encoded.record);
  return encoded;
}

absl::StatusOr<CheckpointRecordView> CheckpointRecordView::Parse(absl::string_view bytes, absl::string_view name) {
  const auto damaged = [&](const auto&... why) { return RecordDamaged(name, absl::StrCat(why...)); };
  absl::StatusOr<absl::string_view> body = CheckCrc(bytes, name);
  if (!body.ok()) return body.status();
  // The bytes are as they were written, but not necessarily by this program, so all fields are checked.
  ByteReader reader(*body);
  const uint8_t format = reader.U8();
  if (reader.ok() && format != kFormat) return damaged("format ", format, ", but this program knows only ", kFormat);

  CheckpointRecordView view;
  view.metadata_ = reader.Counted(kMaxRecordBytes);
  const uint32_t layout_count = reader.U32();
  if (layout_count > kMaxRecordVcpus)
    return damaged(layout_count, " layouts at offset ", kCrcBytes + reader.offset() - 4);
  const absl::string_view hashes = reader.Bytes(layout_count * kSha256Bytes);
  const uint32_t vcpu_count = reader.U32();
  if (vcpu_count > kMaxRecordVcpus) return damaged(vcpu_count, " vCPUs at offset ", kCrcBytes + reader.offset() - 4);
  ByteReader table(reader.Bytes(vcpu_count * kVcpuEntryBytes));
  if (!reader.ok()) return damaged("it ends within the field at offset ", kCrcBytes + reader.offset());

  view.vcpus_.reserve(vcpu_count);
  int64_t previous = -1;
  for (uint32_t i = 0; i < vcpu_count; ++i) {
    const uint32_t vcpu_index = table.U32();
    const uint32_t layout = table.U32();
    if (vcpu_index > static_cast<uint32_t>(std::numeric_limits<int>::max()) || vcpu_index <= previous) {
      return damaged("vCPU at position ", i, ": vcpu_index ", vcpu_index, " is not above ", previous);
    }
    previous = vcpu_index;
    if (layout >= layout_count) return damaged("vCPU ", vcpu_index, ": layout ", layout, " of ", layout_count);
    VcpuRecordView vcpu;
    vcpu.vcpu_index = static_cast<int>(vcpu_index);
    vcpu.layout_hash = hashes.substr(layout * kSha256Bytes, kSha256Bytes);
    vcpu.values = reader.Bytes(table.U32());
    vcpu.opaque = reader.Bytes(table.U32());
    if (!reader.ok())
      return damaged("vCPU ", vcpu_index, ": it ends within the bytes at offset ", kCrcBytes + reader.offset());
    view.vcpus_.push_back(vcpu);
  }
  if (reader.remaining() > 0)
    return damaged(reader.remaining(), " bytes too many at offset ", kCrcBytes + reader.offset());
  return view;
}

std::string EncodeLayout(const RegisterLayout& layout) {
  ByteWriter writer;
  writer.Reserve(layout.size() * 8);
  for (const uint64_t id : layout.raw_ids()) writer.U64(id);
  return std::move(writer).Release();
}

absl::StatusOr<std::shared_ptr<const RegisterLayout>> DecodeLayout(absl::string_view bytes, absl::string_view hash) {
  if (Sha256(bytes) != hash) return RecordDamaged(LayoutName(hash), "its bytes have another hash");
  if (bytes.size() % 8 != 0)
    return RecordDamaged(LayoutName(hash), absl::StrCat(bytes.size(), " bytes are no whole IDs"));
  std::vector<uint64_t> ids(bytes.size() / 8);
  ByteReader reader(bytes);
  for (uint64_t& id : ids) id = reader.U64();
  absl::StatusOr<std::shared_ptr<const RegisterLayout>> layout = RegisterLayout::Create(ids);
  if (!layout.ok()) return RecordDamaged(LayoutName(hash), layout.status().message());
  return layout;
}

}  // namespace armstate
