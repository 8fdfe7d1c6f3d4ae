// `Coder` is one direction of a compression, step by step: the common interface of the four libraries.
#ifndef ARMSTATE_CLIENT_FORMATS_CODER_H_
#define ARMSTATE_CLIENT_FORMATS_CODER_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace armstate {

// A decoder may take so much for its window.
inline constexpr uint64_t kMaxDecoderMemory = uint64_t{256} << 20;

class Coder {
 public:
  struct Step {
    size_t written = 0;
    // The packed part is complete. A decoder begins the next one with the next step.
    bool ended = false;
  };

  virtual ~Coder() = default;

  // Takes bytes off the front of `input`, and writes at most `size` bytes to `out`. `last`: nothing comes behind
  // `input`; a coder that packs ends then.
  virtual absl::StatusOr<Step> Run(absl::string_view& input, bool last, char* out, size_t size) = 0;
};

// Null if there is no memory.
std::unique_ptr<Coder> NewGzipDecoder();
std::unique_ptr<Coder> NewGzipEncoder();
std::unique_ptr<Coder> NewBzip2Decoder();
std::unique_ptr<Coder> NewBzip2Encoder();
std::unique_ptr<Coder> NewXzDecoder();
std::unique_ptr<Coder> NewXzEncoder();
std::unique_ptr<Coder> NewZstdDecoder();
std::unique_ptr<Coder> NewZstdEncoder();

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_FORMATS_CODER_H_
