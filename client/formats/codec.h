// `Codec` lists the compressions of migration streams: gzip, bzip2, xz and zstd.
#ifndef ARMSTATE_CLIENT_FORMATS_CODEC_H_
#define ARMSTATE_CLIENT_FORMATS_CODEC_H_

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"

namespace armstate {

enum class Codec { kGzip, kBzip2, kXz, kZstd };

// "gzip".
absl::string_view CodecName(Codec codec);

// By the first bytes.
absl::optional<Codec> DetectCodec(absl::string_view packed);

// Takes bytes in order. An error ends what calls it.
using ByteSink = absl::FunctionRef<absl::Status(absl::string_view)>;

// Gives all that is packed to `sink`, piece by piece. As the tools do, it goes on where another packed part follows,
// and lets zeros follow. INVALID_ARGUMENT if `packed` is damaged, ends too early, or needs more than 256 MiB of memory;
// else the sink's error.
absl::Status Unpack(Codec codec, absl::string_view packed, ByteSink sink);

// Packs the pieces, one after another, with the strength that libvirt uses.
absl::Status Pack(Codec codec, absl::Span<const absl::string_view> pieces, ByteSink sink);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_FORMATS_CODEC_H_
