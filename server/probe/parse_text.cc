#include "server/probe/parse_text.h"

#include <zstd.h>

#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/probe/parse_json.h"

namespace armstate {
namespace {

constexpr absl::string_view kZstdMagic = "\x28\xb5\x2f\xfd";

absl::Status TooLong(const Place& place, size_t limit) {
  return place.Error(absl::StrCat("the probe has more than ", limit, " bytes of text"));
}

}  // namespace

absl::StatusOr<std::string> ProbeText(absl::string_view file, absl::string_view content, size_t limit) {
  const Place place{file, 1};
  if (!absl::StartsWith(content, kZstdMagic)) {
    if (content.size() > limit) return TooLong(place, limit);
    return std::string(content);
  }
  const std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  std::string text;
  std::string chunk(ZSTD_DStreamOutSize(), '\0');
  ZSTD_inBuffer in{content.data(), content.size(), 0};
  size_t left = 1;  // 0 when a frame is complete; another may follow
  while (left != 0 || in.pos < in.size) {
    ZSTD_outBuffer out{&chunk[0], chunk.size(), 0};
    left = ZSTD_decompressStream(context.get(), &out, &in);
    if (ZSTD_isError(left)) return place.Error(absl::StrCat("its zstd compression: ", ZSTD_getErrorName(left)));
    if (text.size() + out.pos > limit) return TooLong(place, limit);
    text.append(chunk, 0, out.pos);
    if (left != 0 && out.pos == 0 && in.pos == in.size) return place.Error("its zstd compression is truncated");
  }
  return text;
}

}  // namespace armstate
