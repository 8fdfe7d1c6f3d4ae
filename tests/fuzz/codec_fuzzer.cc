// libFuzzer: any bytes as a file of unknown kind, and as packed by each codec. What unpacks must come back from packing.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "client/formats/codec.h"
#include "client/formats/file_kind.h"

namespace {

constexpr size_t kEnough = 1 << 20;

absl::Status UnpackInto(armstate::Codec codec, absl::string_view packed, std::string& unpacked) {
  return armstate::Unpack(codec, packed, [&](absl::string_view bytes) {
    unpacked.append(bytes.data(), bytes.size());
    return unpacked.size() > kEnough ? absl::CancelledError() : absl::OkStatus();
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view file(reinterpret_cast<const char*>(data), size);
  if (armstate::DetectFileKind(file) == armstate::FileKind::kOther && armstate::NoStateFile(file, "a").ok()) abort();
  for (const armstate::Codec codec :
       {armstate::Codec::kGzip, armstate::Codec::kBzip2, armstate::Codec::kXz, armstate::Codec::kZstd}) {
    std::string unpacked;
    if (!UnpackInto(codec, file, unpacked).ok()) continue;
    std::string packed;
    const absl::Status status = armstate::Pack(codec, {unpacked}, [&](absl::string_view bytes) {
      packed.append(bytes.data(), bytes.size());
      return absl::OkStatus();
    });
    std::string again;
    if (!status.ok() || !UnpackInto(codec, packed, again).ok() || again != unpacked) abort();
  }
  return 0;
}
