#include <bzlib.h>

#include "client/formats/coder.h"

namespace armstate {
namespace {

constexpr int kLevel = 9;  // bzip2's default

class Bzip2 : public Coder {
 public:
  explicit Bzip2(bool packs) : packs_(packs) {
    ok_ = (packs ? BZ2_bzCompressInit(&stream_, kLevel, 0, 0) : BZ2_bzDecompressInit(&stream_, 0, 0)) == BZ_OK;
  }
  ~Bzip2() override {
    if (ok_) packs_ ? BZ2_bzCompressEnd(&stream_) : BZ2_bzDecompressEnd(&stream_);
  }

  bool ok() const { return ok_; }

  absl::StatusOr<Step> Run(absl::string_view& input, bool last, char* out, size_t size) override {
    if (packs_ && input.empty() && !last) return Step{};  // bzip2 treats a call without input as an error
    stream_.next_in = const_cast<char*>(input.data());
    stream_.avail_in = static_cast<unsigned>(input.size());
    stream_.next_out = out;
    stream_.avail_out = static_cast<unsigned>(size);
    const int result = packs_ ? BZ2_bzCompress(&stream_, last ? BZ_FINISH : BZ_RUN) : BZ2_bzDecompress(&stream_);
    input.remove_prefix(input.size() - stream_.avail_in);
    if (result == BZ_MEM_ERROR) return absl::ResourceExhaustedError("no memory for bzip2");
    if (result < 0) return absl::InvalidArgumentError("the bzip2 data is damaged");
    return Step{size - stream_.avail_out, result == BZ_STREAM_END};
  }

 private:
  bool packs_;
  bool ok_;
  bz_stream stream_ = {};
};

std::unique_ptr<Coder> New(bool packs) {
  auto coder = std::make_unique<Bzip2>(packs);
  return coder->ok() ? std::move(coder) : nullptr;
}

}  // namespace

std::unique_ptr<Coder> NewBzip2Decoder() { return New(false); }
std::unique_ptr<Coder> NewBzip2Encoder() { return New(true); }

}  // namespace armstate
