#include "storage/format/difference_record.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/format/byte_codec.h"
#include "storage/format/byte_delta.h"
#include "storage/format/checksummed.h"
#include "storage/storage_errors.h"

namespace armstate {
namespace {

constexpr uint8_t kFormat = 2;

std::string ChecksumBytes(const FullCopy& base) {
  ByteWriter writer;
  writer.U32(base.checksum());
  return std::move(writer).Release();
}

bool SameVcpus(const FullCopy& base, const std::vector<VcpuRecord>& vcpus) {
  if (base.vcpus().size() != vcpus.size()) return false;
  for (size_t i = 0; i < vcpus.size(); ++i) {
    const FullCopy::Vcpu& vcpu = base.vcpus()[i];
    if (vcpu.vcpu_index != vcpus[i].vcpu_index || !vcpu.layout.ok()) return false;
    const RegisterLayout& layout = vcpus[i].registers.layout();
    if (vcpu.layout->get() != &layout && !(**vcpu.layout == layout)) return false;
  }
  return true;
}

}  // namespace

absl::optional<std::string> EncodeDifference(const FullCopy& base, const NewCheckpoint& checkpoint) {
  if (!SameVcpus(base, checkpoint.vcpus)) return absl::nullopt;
  const absl::string_view digest = absl::string_view(checkpoint.request_digest).substr(0, kKeptDigestBytes);
  ByteWriter body;
  body.U32(0);  // the checksum
  body.U8(kFormat);
  body.U8(static_cast<uint8_t>(digest.size()));
  body.Bytes(digest);
  AppendDelta(base.metadata().bytes, base.metadata().equal, checkpoint.metadata, body);
  for (size_t i = 0; i < checkpoint.vcpus.size(); ++i) {
    const FullCopy::Vcpu& vcpu = base.vcpus()[i];
    AppendDelta(vcpu.values.bytes, vcpu.values.equal, checkpoint.vcpus[i].registers.values(), body);
    AppendDelta(vcpu.opaque.bytes, vcpu.opaque.equal, checkpoint.vcpus[i].opaque, body);
  }
  body.Bytes(ChecksumBytes(base));
  std::string record = std::move(body).Release();
  SetCrc(record);
  record.resize(record.size() - kCrcBytes);
  return record;
}

absl::StatusOr<DecodedDifference> DecodeDifference(const FullCopy& base, absl::string_view record,
                                                   absl::string_view name, const WantedVcpus& wanted) {
  const std::string with_base = absl::StrCat(record, ChecksumBytes(base));
  const absl::StatusOr<absl::string_view> body = CheckCrc(with_base, name);
  if (!body.ok()) return body.status();
  if (body->size() < kCrcBytes)
    return RecordDamaged(name, absl::StrCat("only ", record.size(), " bytes are left of it"));
  ByteReader reader(body->substr(0, body->size() - kCrcBytes));
  const auto damaged = [&](const auto&... what) {
    return RecordDamaged(name, absl::StrCat(what..., ": wrong bytes before offset ", kCrcBytes + reader.offset()));
  };
  const uint8_t format = reader.U8();
  if (reader.ok() && format != kFormat)
    return RecordDamaged(name, absl::StrCat("format ", format, ", but this program knows only ", kFormat));

  DecodedDifference decoded;
  const size_t digest_size = reader.U8();
  if (digest_size > kKeptDigestBytes) return damaged("request digest");
  decoded.request_digest = std::string(reader.Bytes(digest_size));
  size_t room = kMaxRecordBytes;
  const auto apply = [&](const FullCopy::Part& to, std::string& bytes) {
    if (!ApplyDelta(to.bytes, to.equal, room, reader, bytes) || bytes.size() > room) return false;
    room -= bytes.size();
    return true;
  };
  if (!apply(base.metadata(), decoded.metadata)) return damaged("metadata");
  decoded.vcpus.reserve(std::min(wanted ? wanted->size() : base.vcpus().size(), base.vcpus().size()));
  for (size_t i = 0; i < base.vcpus().size(); ++i) {
    const FullCopy::Vcpu& vcpu = base.vcpus()[i];
    if (wanted && (wanted->empty() || vcpu.vcpu_index > wanted->back())) return decoded;
    if (wanted && !std::binary_search(wanted->begin(), wanted->end(), vcpu.vcpu_index)) {
      if (SkipDelta(vcpu.values.bytes.size(), reader) && SkipDelta(vcpu.opaque.bytes.size(), reader)) continue;
      return damaged("vCPU ", vcpu.vcpu_index);
    }
    DecodedDifference::Vcpu& out = decoded.vcpus.emplace_back();
    out.position = i;
    if (!apply(vcpu.values, out.values)) return damaged("values of vCPU ", vcpu.vcpu_index);
    if (!apply(vcpu.opaque, out.opaque)) return damaged("opaque bytes of vCPU ", vcpu.vcpu_index);
  }
  if (reader.remaining() > 0)
    return RecordDamaged(name,
                         absl::StrCat(reader.remaining(), " bytes too many at offset ", kCrcBytes + reader.offset()));
  return decoded;
}

}  // namespace armstate
