// libFuzzer: any bytes as what is stored: a checkpoint's record, a layout, a value or key of the database. Behind a
// checksum that is right, since no input would get past it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "storage/format/checkpoint_record.h"
#include "storage/format/checksummed.h"
#include "storage/format/difference_record.h"
#include "storage/format/digest.h"
#include "storage/format/full_copy.h"
#include "storage/rocksdb/keys.h"
#include "storage/rocksdb/values.h"

namespace armstate {
namespace {

void Check(bool holds) {
  if (!holds) abort();
}

// What the view shows, and the fields of fixed size, are together as long as the record: no byte is shown twice or left
// out.
void ParseRecord(const std::string& bytes) {
  const absl::StatusOr<CheckpointRecordView> view = CheckpointRecordView::Parse(bytes, "record");
  if (!view.ok()) return Check(absl::IsDataLoss(view.status()));
  size_t size = 4 + 1 + 4 + 2 * 4 + view->metadata().size();
  for (size_t i = 0; i < view->vcpu_count(); ++i) {
    const VcpuRecordView& vcpu = view->vcpu(i);
    Check(vcpu.layout_hash.size() == kSha256Bytes);
    size += 16 + vcpu.values.size() + vcpu.opaque.size();
  }
  Check(size <= bytes.size() && (bytes.size() - size) % kSha256Bytes == 0);
}

void ParseLayout(const std::string& bytes) {
  const auto layout = DecodeLayout(bytes, Sha256(bytes));
  if (!layout.ok()) return Check(absl::IsDataLoss(layout.status()));
  Check(EncodeLayout(**layout) == bytes);
}

// What can be read is written the same.
void ParseValues(const std::string& bytes) {
  if (const auto format = DecodeFormatValue(bytes, "it"); format.ok()) Check(EncodeFormatValue(*format) == bytes);
  if (const auto vm = DecodeVmValue("vm", bytes); vm.ok()) Check(EncodeVmValue(*vm) == bytes);
  if (const auto request = DecodeRequestValue(bytes, "it"); request.ok()) Check(EncodeRequestValue(*request) == bytes);
  if (const auto range = DecodeEventRangeValue(bytes, "it"); range.ok()) Check(EncodeEventRangeValue(*range) == bytes);
  if (const auto events = DecodeEventsValue(1, bytes); events.ok()) {
    Check(EncodeEventsValue(*events) == bytes);
  }
  if (const auto value = DecodeBytesValue(bytes, "it"); value.ok()) Check(EncodeBytesValue(*value) == bytes);
  if (const auto checkpoint = DecodeCheckpointValue(100, bytes, "it"); checkpoint.ok()) {
    Check(EncodeCheckpointValue(*checkpoint, checkpoint->stored.record) == bytes);
  }
}

absl::StatusOr<std::shared_ptr<const RegisterLayout>> AnyLayout(absl::string_view) {
  return RegisterList().shared_layout();
}

// A full copy of any bytes, and a difference of any bytes to one that is right.
void ParseDifferences(const std::string& bytes) {
  const auto copy = FullCopy::Unpack(bytes, "base", AnyLayout);
  if (!copy.ok()) Check(absl::IsDataLoss(copy.status()));
  NewCheckpoint record;
  record.metadata = "metadata";
  record.vcpus.push_back({0, RegisterList(), "opaque bytes of a vCPU"});
  static const auto& base = *new auto(FullCopy::Create(EncodeCheckpoint(record)->record, "base", AnyLayout).value());
  // Its checksum covers that of the base.
  std::string with_base = bytes;
  for (int shift = 0; shift < 32; shift += 8) with_base.push_back(static_cast<char>(base->checksum() >> shift));
  const std::string difference = WithCrc(with_base).substr(0, 4) + bytes;
  const auto decoded = DecodeDifference(*base, difference, "record", absl::nullopt);
  Check(decoded.ok() ? decoded->vcpus.size() == 1 : absl::IsDataLoss(decoded.status()));
}

void ParseKeys(const std::string& bytes) {
  if (const auto vm = ParseVmKey(bytes)) Check(VmKey(*vm) == bytes);
  Check(ParseVmKey(VmKey(bytes)) == bytes);
  ParseCheckpointVersion(bytes);
}

}  // namespace
}  // namespace armstate

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  armstate::ParseRecord(bytes);
  armstate::ParseRecord(armstate::WithCrc(bytes));
  armstate::ParseLayout(bytes);
  armstate::ParseValues(bytes);
  armstate::ParseValues(armstate::WithCrc(bytes));
  armstate::ParseDifferences(bytes);
  armstate::ParseKeys(bytes);
  return 0;
}
