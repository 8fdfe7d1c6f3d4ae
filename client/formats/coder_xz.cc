#include <lzma.h>

#include "client/formats/coder.h"

namespace armstate {
namespace {

constexpr uint32_t kPreset = 3;  // as in libvirt: level 4 takes twice as long

class Xz : public Coder {
 public:
  explicit Xz(bool packs) {
    ok_ = (packs ? lzma_easy_encoder(&stream_, kPreset, LZMA_CHECK_CRC64)
                 : lzma_stream_decoder(&stream_, kMaxDecoderMemory, 0)) == LZMA_OK;
  }
  ~Xz() override { lzma_end(&stream_); }

  bool ok() const { return ok_; }

  absl::StatusOr<Step> Run(absl::string_view& input, bool last, char* out, size_t size) override {
    stream_.next_in = reinterpret_cast<const uint8_t*>(input.data());
    stream_.avail_in = input.size();
    stream_.next_out = reinterpret_cast<uint8_t*>(out);
    stream_.avail_out = size;
    const lzma_ret result = lzma_code(&stream_, last ? LZMA_FINISH : LZMA_RUN);
    input.remove_prefix(input.size() - stream_.avail_in);
    if (result == LZMA_MEMLIMIT_ERROR) {
      return absl::InvalidArgumentError("the xz data needs more than 256 MiB of memory to be unpacked");
    }
    // LZMA_BUF_ERROR means no progress, which the caller notices.
    if (result != LZMA_OK && result != LZMA_STREAM_END && result != LZMA_BUF_ERROR) {
      return absl::InvalidArgumentError("the xz data is damaged");
    }
    return Step{size - stream_.avail_out, result == LZMA_STREAM_END};
  }

 private:
  bool ok_;
  lzma_stream stream_ = LZMA_STREAM_INIT;
};

std::unique_ptr<Coder> New(bool packs) {
  auto coder = std::make_unique<Xz>(packs);
  return coder->ok() ? std::move(coder) : nullptr;
}

}  // namespace

std::unique_ptr<Coder> NewXzDecoder() { return New(false); }
std::unique_ptr<Coder> NewXzEncoder() { return New(true); }

}  // namespace armstate
