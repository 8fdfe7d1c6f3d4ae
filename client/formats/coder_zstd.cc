#include <zstd.h>

#include "absl/strings/str_cat.h"
#include "client/formats/coder.h"

namespace armstate {
namespace {

// Memory is bounded by zstd's own default: windows of at most 128 MiB.
class ZstdDecoder : public Coder {
 public:
  ZstdDecoder() : context_(ZSTD_createDCtx()) {}
  ~ZstdDecoder() override { ZSTD_freeDCtx(context_); }

  bool ok() const { return context_ != nullptr; }

  absl::StatusOr<Step> Run(absl::string_view& input, bool, char* out, size_t size) override {
    ZSTD_inBuffer in = {input.data(), input.size(), 0};
    ZSTD_outBuffer buffer = {out, size, 0};
    const size_t result = ZSTD_decompressStream(context_, &buffer, &in);
    input.remove_prefix(in.pos);
    if (ZSTD_isError(result)) {
      return absl::InvalidArgumentError(absl::StrCat("the zstd data is damaged: ", ZSTD_getErrorName(result)));
    }
    return Step{buffer.pos, result == 0};
  }

 private:
  ZSTD_DCtx* context_;
};

class ZstdEncoder : public Coder {
 public:
  ZstdEncoder() : context_(ZSTD_createCCtx()) {
    if (ok()) ZSTD_CCtx_setParameter(context_, ZSTD_c_checksumFlag, 1);
  }
  ~ZstdEncoder() override { ZSTD_freeCCtx(context_); }

  bool ok() const { return context_ != nullptr; }

  absl::StatusOr<Step> Run(absl::string_view& input, bool last, char* out, size_t size) override {
    ZSTD_inBuffer in = {input.data(), input.size(), 0};
    ZSTD_outBuffer buffer = {out, size, 0};
    const size_t result = ZSTD_compressStream2(context_, &buffer, &in, last ? ZSTD_e_end : ZSTD_e_continue);
    input.remove_prefix(in.pos);
    if (ZSTD_isError(result)) return absl::InternalError(absl::StrCat("zstd: ", ZSTD_getErrorName(result)));
    return Step{buffer.pos, last && result == 0};
  }

 private:
  ZSTD_CCtx* context_;
};

}  // namespace

std::unique_ptr<Coder> NewZstdDecoder() {
  auto coder = std::make_unique<ZstdDecoder>();
  return coder->ok() ? std::move(coder) : nullptr;
}

std::unique_ptr<Coder> NewZstdEncoder() {
  auto coder = std::make_unique<ZstdEncoder>();
  return coder->ok() ? std::move(coder) : nullptr;
}

}  // namespace armstate
