#include "tests/testing/test_data.h"

#include <zstd.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

namespace armstate {
namespace {

[[noreturn]] void Fail(const std::string& path) {
  std::cerr << "cannot read " << path << "\n";
  std::abort();
}

}  // namespace

std::string Runfile(const std::string& path) {
  const char* folder = std::getenv("TEST_SRCDIR");
  const char* workspace = std::getenv("TEST_WORKSPACE");
  return folder == nullptr ? path : std::string(folder) + "/" + workspace + "/" + path;
}

std::string ReadTestData(const std::string& path) {
  std::ifstream file(Runfile("tests/data/" + path), std::ios::binary);
  if (!file) Fail(path);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

std::string ReadZstdTestData(const std::string& path) {
  const std::string compressed = ReadTestData(path);
  ZSTD_DStream* stream = ZSTD_createDStream();
  ZSTD_inBuffer in = {compressed.data(), compressed.size(), 0};
  std::string bytes;
  std::string piece(ZSTD_DStreamOutSize(), '\0');
  while (in.pos < in.size) {
    ZSTD_outBuffer out = {piece.data(), piece.size(), 0};
    if (ZSTD_isError(ZSTD_decompressStream(stream, &out, &in))) Fail(path);
    bytes.append(piece, 0, out.pos);
  }
  ZSTD_freeDStream(stream);
  return bytes;
}

}  // namespace armstate
