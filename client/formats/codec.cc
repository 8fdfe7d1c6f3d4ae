#include "client/formats/codec.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/formats/coder.h"

namespace armstate {
namespace {

constexpr size_t kBufferSize = size_t{256} << 10;
// zlib and bzip2 have 32-bit lengths.
constexpr size_t kMaxStep = size_t{1} << 30;

struct CodecInfo {
  Codec codec;
  absl::string_view name;
  absl::string_view magic;
  std::unique_ptr<Coder> (*new_decoder)();
  std::unique_ptr<Coder> (*new_encoder)();
};

const CodecInfo kCodecs[] = {
    {Codec::kGzip, "gzip", absl::string_view("\x1f\x8b\x08", 3), NewGzipDecoder, NewGzipEncoder},
    {Codec::kBzip2, "bzip2", "BZh", NewBzip2Decoder, NewBzip2Encoder},
    {Codec::kXz, "xz", absl::string_view("\xfd\x37zXZ\0", 6), NewXzDecoder, NewXzEncoder},
    {Codec::kZstd, "zstd", absl::string_view("\x28\xb5\x2f\xfd", 4), NewZstdDecoder, NewZstdEncoder},
};

const CodecInfo& InfoOf(Codec codec) { return kCodecs[static_cast<size_t>(codec)]; }

absl::Status Damaged(const CodecInfo& info, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("the ", info.name, " data ", what));
}

// zstd's skippable frames, with which pzstd begins, have 16 magic numbers.
bool IsSkippableFrame(absl::string_view bytes) {
  return bytes.size() >= 4 && (bytes[0] & 0xf0) == 0x50 && absl::StartsWith(bytes.substr(1), "\x2a\x4d\x18");
}

bool BeginsAs(const CodecInfo& info, absl::string_view bytes) {
  return absl::StartsWith(bytes, info.magic) || (info.codec == Codec::kZstd && IsSkippableFrame(bytes));
}

// Runs the coder over the input. `last` is as in Coder::Run. Returns true if the compressed data ended.
absl::StatusOr<bool> RunAll(Coder& coder, absl::string_view& input, bool last, std::vector<char>& buffer,
                            ByteSink sink) {
  while (true) {
    absl::string_view step_input = input.substr(0, kMaxStep);
    const size_t before = step_input.size();
    const absl::StatusOr<Coder::Step> step =
        coder.Run(step_input, last && before == input.size(), buffer.data(), buffer.size());
    if (!step.ok()) return step.status();
    const size_t taken = before - step_input.size();
    input.remove_prefix(taken);
    if (step->written > 0) {
      const absl::Status status = sink({buffer.data(), step->written});
      if (!status.ok()) return status;
    }
    if (step->ended) return true;
    if (taken == 0 && step->written == 0) return false;
  }
}

}  // namespace

absl::string_view CodecName(Codec codec) { return InfoOf(codec).name; }

absl::optional<Codec> DetectCodec(absl::string_view packed) {
  for (const CodecInfo& info : kCodecs) {
    if (BeginsAs(info, packed)) return info.codec;
  }
  return absl::nullopt;
}

absl::Status Unpack(Codec codec, absl::string_view packed, ByteSink sink) {
  const CodecInfo& info = InfoOf(codec);
  std::vector<char> buffer(kBufferSize);
  do {
    const std::unique_ptr<Coder> decoder = info.new_decoder();
    if (decoder == nullptr) return absl::ResourceExhaustedError("no memory to unpack");
    const absl::StatusOr<bool> ended = RunAll(*decoder, packed, /*last=*/true, buffer, sink);
    if (!ended.ok()) return ended.status();
    if (!*ended) return Damaged(info, "ends too early: was it copied whole?");
    packed.remove_prefix(std::min(packed.find_first_not_of('\0'), packed.size()));
  } while (BeginsAs(info, packed));
  return packed.empty() ? absl::OkStatus() : Damaged(info, "is followed by something else");
}

absl::Status Pack(Codec codec, absl::Span<const absl::string_view> pieces, ByteSink sink) {
  const std::unique_ptr<Coder> encoder = InfoOf(codec).new_encoder();
  if (encoder == nullptr) return absl::ResourceExhaustedError("no memory to pack");
  std::vector<char> buffer(kBufferSize);
  for (absl::string_view piece : pieces) {
    const absl::StatusOr<bool> status = RunAll(*encoder, piece, /*last=*/false, buffer, sink);
    if (!status.ok()) return status.status();
  }
  absl::string_view nothing;
  const absl::StatusOr<bool> ended = RunAll(*encoder, nothing, /*last=*/true, buffer, sink);
  if (ended.ok() && !*ended) return absl::InternalError(absl::StrCat(CodecName(codec), " does not come to an end"));
  return ended.status();
}

}  // namespace armstate
