// Compares the deltas of storage/format/byte_delta.h with zstd, whose frames refer to the base as a prefix: size and
// CPU time of the register values of a version as the difference to its base.
//
// Example: bazel run //tests/benchmarks:delta_benchmark
//
// The guests are those of tests/testing/linux_checkpoints.h: the base is the first checkpoint of a guest. A zstd frame
// has neither magic number, checksum, content size nor dictionary ID. "prepared" digests the base once (a raw
// dictionary by reference), as byte_delta's equal words are found once.
#define ZSTD_STATIC_LINKING_ONLY  // for frames without the magic number
#include <zstd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "storage/format/byte_delta.h"
#include "tests/testing/linux_checkpoints.h"

namespace armstate {
namespace {

constexpr int kRounds = 20;
constexpr uint32_t kGuests = 20;

struct Pair {
  std::string base;
  std::string values;
};

// The CPU time of this thread: others may be busy.
double Nanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return 1e9 * static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec);
}

size_t Checked(size_t result) {
  if (!ZSTD_isError(result)) return result;
  std::fprintf(stderr, "zstd: %s\n", ZSTD_getErrorName(result));
  std::exit(1);
}

class Codec {
 public:
  virtual ~Codec() = default;
  virtual void SetBase(const std::string& base) = 0;
  virtual std::string Encode(const std::string& values) = 0;
  virtual std::string Decode(const std::string& delta, size_t size) = 0;
};

class ByteDelta final : public Codec {
 public:
  void SetBase(const std::string& base) override {
    base_ = base;
    equal_ = FindEqualWords(base_);
  }
  std::string Encode(const std::string& values) override {
    ByteWriter writer;
    AppendDelta(base_, equal_, values, writer);
    return std::move(writer).Release();
  }
  std::string Decode(const std::string& delta, size_t size) override {
    ByteReader reader(delta);
    std::string values;
    if (!ApplyDelta(base_, equal_, size, reader, values)) std::exit(1);
    return values;
  }

 private:
  std::string base_;
  EqualWords equal_;
};

class Zstd final : public Codec {
 public:
  Zstd(int level, bool prepared) : level_(level), prepared_(prepared) {
    Checked(ZSTD_CCtx_setParameter(compress_.get(), ZSTD_c_compressionLevel, level));
    Checked(ZSTD_CCtx_setParameter(compress_.get(), ZSTD_c_contentSizeFlag, 0));
    Checked(ZSTD_CCtx_setParameter(compress_.get(), ZSTD_c_dictIDFlag, 0));
    Checked(ZSTD_CCtx_setParameter(compress_.get(), ZSTD_c_format, ZSTD_f_zstd1_magicless));
    Checked(ZSTD_DCtx_setParameter(decompress_.get(), ZSTD_d_format, ZSTD_f_zstd1_magicless));
  }
  void SetBase(const std::string& base) override {
    base_ = base;
    if (!prepared_) return;
    Checked(ZSTD_CCtx_refCDict(compress_.get(), nullptr));
    compress_base_.reset(ZSTD_createCDict_advanced(base_.data(), base_.size(), ZSTD_dlm_byRef, ZSTD_dct_rawContent,
                                                   ZSTD_getCParams(level_, base_.size(), base_.size()),
                                                   ZSTD_defaultCMem));
    decompress_base_.reset(
        ZSTD_createDDict_advanced(base_.data(), base_.size(), ZSTD_dlm_byRef, ZSTD_dct_rawContent, ZSTD_defaultCMem));
    Checked(ZSTD_CCtx_refCDict(compress_.get(), compress_base_.get()));
    Checked(ZSTD_DCtx_refDDict(decompress_.get(), decompress_base_.get()));
  }
  std::string Encode(const std::string& values) override {
    if (!prepared_) Checked(ZSTD_CCtx_refPrefix(compress_.get(), base_.data(), base_.size()));
    std::string delta(ZSTD_compressBound(values.size()), '\0');
    delta.resize(Checked(ZSTD_compress2(compress_.get(), &delta[0], delta.size(), values.data(), values.size())));
    return delta;
  }
  std::string Decode(const std::string& delta, size_t size) override {
    if (!prepared_) Checked(ZSTD_DCtx_refPrefix(decompress_.get(), base_.data(), base_.size()));
    std::string values(size, '\0');
    values.resize(
        Checked(ZSTD_decompressDCtx(decompress_.get(), &values[0], values.size(), delta.data(), delta.size())));
    return values;
  }

 private:
  struct Free {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
    void operator()(ZSTD_CDict* base) const { ZSTD_freeCDict(base); }
    void operator()(ZSTD_DDict* base) const { ZSTD_freeDDict(base); }
  };

  const int level_;
  const bool prepared_;
  std::string base_;
  // Contexts go before the dictionaries that they refer to.
  std::unique_ptr<ZSTD_CDict, Free> compress_base_;
  std::unique_ptr<ZSTD_DDict, Free> decompress_base_;
  const std::unique_ptr<ZSTD_CCtx, Free> compress_{ZSTD_createCCtx()};
  const std::unique_ptr<ZSTD_DCtx, Free> decompress_{ZSTD_createDCtx()};
};

void Measure(const char* name, Codec& codec, const std::vector<std::vector<Pair>>& guests) {
  double base_time = 0, encode_time = 0, decode_time = 0;
  size_t bytes = 0, bases = 0, count = 0;
  for (int round = 0; round < kRounds; ++round) {
    for (const std::vector<Pair>& versions : guests) {
      const double begin = Nanoseconds();
      codec.SetBase(versions[0].base);
      base_time += Nanoseconds() - begin;
      bases += 1;
      std::vector<std::string> deltas;
      const double encode_begin = Nanoseconds();
      for (const Pair& version : versions) deltas.push_back(codec.Encode(version.values));
      const double decode_begin = Nanoseconds();
      encode_time += decode_begin - encode_begin;
      std::vector<std::string> decoded;
      for (size_t i = 0; i < versions.size(); ++i) {
        decoded.push_back(codec.Decode(deltas[i], versions[i].values.size()));
      }
      decode_time += Nanoseconds() - decode_begin;
      for (size_t i = 0; i < versions.size(); ++i) {
        if (decoded[i] != versions[i].values) std::exit(1);
        bytes += deltas[i].size();
        count += 1;
      }
    }
  }
  const double n = static_cast<double>(count);
  std::printf("%-28s %9.1f %12.2f %12.2f %12.2f\n", name, static_cast<double>(bytes) / n, base_time / 1e3 / bases,
              encode_time / 1e3 / n, decode_time / 1e3 / n);
}

// [guest][version]: the values of each vCPU alone, or of both in one.
std::vector<std::vector<Pair>> Versions(const LinuxGuests& linux, bool whole) {
  std::vector<std::vector<Pair>> guests;
  for (uint32_t guest = 0; guest < kGuests; ++guest) {
    const std::vector<RegisterList> first = linux.Checkpoint(guest, 0);
    std::vector<std::vector<Pair>> parts(whole ? 1 : first.size());
    for (size_t number = 1; number < linux.recorded(); ++number) {
      const std::vector<RegisterList> lists = linux.Checkpoint(guest, number);
      if (whole) parts[0].emplace_back();
      for (size_t vcpu = 0; vcpu < lists.size(); ++vcpu) {
        if (!whole) parts[vcpu].emplace_back();
        Pair& pair = parts[whole ? 0 : vcpu].back();
        pair.base += std::string(first[vcpu].values());
        pair.values += std::string(lists[vcpu].values());
      }
    }
    for (std::vector<Pair>& part : parts) guests.push_back(std::move(part));
  }
  return guests;
}

void MeasureAll(const char* title, const std::vector<std::vector<Pair>>& guests) {
  std::printf("%s: %zu bytes of values\n%-28s %9s %12s %12s %12s\n", title, guests[0][0].values.size(), "", "bytes",
              "base, us", "encode, us", "decode, us");
  ByteDelta byte_delta;
  Measure("byte_delta", byte_delta, guests);
  for (const int level : {1, 3, 9, 19}) {
    Zstd prefix(level, /*prepared=*/false);
    Measure(("zstd " + std::to_string(level) + ", prefix").c_str(), prefix, guests);
    Zstd prepared(level, /*prepared=*/true);
    Measure(("zstd " + std::to_string(level) + ", prepared").c_str(), prepared, guests);
  }
}

}  // namespace
}  // namespace armstate

int main() {
  const armstate::LinuxGuests linux;
  armstate::MeasureAll("one vCPU", armstate::Versions(linux, /*whole=*/false));
  armstate::MeasureAll("both vCPUs as one", armstate::Versions(linux, /*whole=*/true));
  return 0;
}
