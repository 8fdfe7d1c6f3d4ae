#include <zlib.h>

#include "client/formats/coder.h"

namespace armstate {
namespace {

constexpr int kGzipWindow = 15 + 16;  // the largest window; 16 selects gzip's header

class Gzip : public Coder {
 public:
  explicit Gzip(bool packs) : packs_(packs) {
    ok_ = (packs ? deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY)
                 : inflateInit2(&stream_, kGzipWindow)) == Z_OK;
  }
  ~Gzip() override {
    if (ok_) packs_ ? deflateEnd(&stream_) : inflateEnd(&stream_);
  }

  bool ok() const { return ok_; }

  absl::StatusOr<Step> Run(absl::string_view& input, bool last, char* out, size_t size) override {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
    stream_.avail_in = static_cast<uInt>(input.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(size);
    const int result = packs_ ? deflate(&stream_, last ? Z_FINISH : Z_NO_FLUSH) : inflate(&stream_, Z_NO_FLUSH);
    input.remove_prefix(input.size() - stream_.avail_in);
    // Z_BUF_ERROR means no progress, which the caller notices.
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
      return absl::InvalidArgumentError("the gzip data is damaged");
    }
    return Step{size - stream_.avail_out, result == Z_STREAM_END};
  }

 private:
  bool packs_;
  bool ok_;
  z_stream stream_ = {};
};

std::unique_ptr<Coder> New(bool packs) {
  auto coder = std::make_unique<Gzip>(packs);
  return coder->ok() ? std::move(coder) : nullptr;
}

}  // namespace

std::unique_ptr<Coder> NewGzipDecoder() { return New(false); }
std::unique_ptr<Coder> NewGzipEncoder() { return New(true); }

}  // namespace armstate
