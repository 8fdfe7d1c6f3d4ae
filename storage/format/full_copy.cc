#include "storage/format/full_copy.h"

#include <zstd.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/format/byte_codec.h"
#include "storage/storage_errors.h"

namespace armstate {
namespace {

enum Packing : uint8_t { kPlain = 0, kZstd = 1 };

// Higher levels give 1% less at several times the time.
constexpr int kZstdLevel = 3;
// A full record has besides what kMaxRecordBytes counts: hashes, and 16 bytes for each vCPU.
constexpr size_t kMaxBytes = kMaxRecordBytes + (size_t{1} << 20);

// Kept by each thread: making one takes several times as long as packing a record.
struct FreeContext {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

absl::StatusOr<std::string> UnpackBytes(absl::string_view packed, absl::string_view name) {
  ByteReader reader(packed);
  const uint8_t packing = reader.U8();
  if (!reader.ok() || packing > kZstd) return RecordDamaged(name, absl::StrCat("packing ", packing));
  if (packing == kPlain) return std::string(reader.Bytes(reader.remaining()));
  const uint32_t size = reader.U32();
  const absl::string_view compressed = reader.Bytes(reader.remaining());
  if (!reader.ok() || size > kMaxBytes) return RecordDamaged(name, absl::StrCat("it is to have ", size, " bytes"));
  // zstd says before how large it gets, so that a few damaged bytes do not cost 32 MB.
  if (ZSTD_getFrameContentSize(compressed.data(), compressed.size()) != size)
    return RecordDamaged(name, "its sizes contradict each other");
  std::string bytes(size, '\0');
  static thread_local const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
  const size_t got = ZSTD_decompressDCtx(context.get(), &bytes[0], bytes.size(), compressed.data(), compressed.size());
  if (got != size) return RecordDamaged(name, "it cannot be unpacked");
  return bytes;
}

}  // namespace

std::string FullCopy::Pack(absl::string_view record) {
  std::string compressed(ZSTD_compressBound(record.size()), '\0');
  static thread_local const std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
  const size_t size =
      ZSTD_compressCCtx(context.get(), &compressed[0], compressed.size(), record.data(), record.size(), kZstdLevel);
  ByteWriter packed;
  if (ZSTD_isError(size) || size + sizeof(uint32_t) >= record.size()) {
    packed.U8(kPlain);
    packed.Bytes(record);
  } else {
    packed.U8(kZstd);
    packed.U32(static_cast<uint32_t>(record.size()));
    packed.Bytes(absl::string_view(compressed).substr(0, size));
  }
  return std::move(packed).Release();
}

absl::StatusOr<std::shared_ptr<const FullCopy>> FullCopy::Unpack(absl::string_view packed, absl::string_view name,
                                                                 const FindLayout& find_layout) {
  absl::StatusOr<std::string> bytes = UnpackBytes(packed, name);
  if (!bytes.ok()) return bytes.status();
  return Create(*std::move(bytes), name, find_layout);
}

absl::StatusOr<std::shared_ptr<const FullCopy>> FullCopy::Create(std::string record, absl::string_view name,
                                                                 const FindLayout& find_layout) {
  std::shared_ptr<FullCopy> copy(new FullCopy);  // the constructor is private
  copy->record_ = std::move(record);
  const absl::StatusOr<CheckpointRecordView> view = CheckpointRecordView::Parse(copy->record_, name);
  if (!view.ok()) return view.status();
  copy->checksum_ = ByteReader(copy->record_).U32();  // the record begins with it
  const auto part = [](absl::string_view of) { return Part{of, FindEqualWords(of)}; };
  copy->metadata_ = part(view->metadata());
  copy->vcpus_.reserve(view->vcpu_count());
  for (size_t i = 0; i < view->vcpu_count(); ++i) {
    const VcpuRecordView& vcpu = view->vcpu(i);
    copy->vcpus_.push_back({vcpu.vcpu_index, find_layout(vcpu.layout_hash), part(vcpu.values), part(vcpu.opaque)});
  }
  return std::shared_ptr<const FullCopy>(std::move(copy));
}

bool FullCopy::has_all_layouts() const {
  return std::all_of(vcpus_.begin(), vcpus_.end(), [](const Vcpu& vcpu) { return vcpu.layout.ok(); });
}

size_t FullCopy::memory_bytes() const {
  size_t words = metadata_.equal.size();
  for (const Vcpu& vcpu : vcpus_) words += vcpu.values.equal.size() + vcpu.opaque.equal.size();
  return sizeof(FullCopy) + record_.size() + words * sizeof(uint32_t) + vcpus_.size() * sizeof(Vcpu);
}

}  // namespace armstate
