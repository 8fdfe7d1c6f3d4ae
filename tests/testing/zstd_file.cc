#include "tests/testing/zstd_file.h"

#include <zstd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>

namespace armstate {

std::string ReadZstdFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string compressed((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  ZSTD_inBuffer in{compressed.data(), compressed.size(), 0};
  std::string content;
  std::string chunk(ZSTD_DStreamOutSize(), '\0');
  size_t left = 1;  // 0 when the frame is complete
  while (left != 0) {
    ZSTD_outBuffer out{&chunk[0], chunk.size(), 0};
    left = ZSTD_decompressStream(context.get(), &out, &in);
    if (ZSTD_isError(left) || (left != 0 && out.pos == 0 && in.pos == in.size)) {
      std::fprintf(stderr, "%s cannot be read\n", path.c_str());
      std::abort();
    }
    content.append(chunk, 0, out.pos);
  }
  return content;
}

}  // namespace armstate
