#include "tests/testing/linux_checkpoints.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_split.h"
#include "nlohmann/json.hpp"
#include "tests/testing/zstd_file.h"

namespace armstate {
namespace {

uint64_t Mix(uint64_t value) {  // splitmix64
  value += 0x9e3779b97f4a7c15;
  value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
  value = (value ^ value >> 27) * 0x94d049bb133111eb;
  return value ^ value >> 31;
}

uint32_t OtherWord(uint32_t word, uint64_t key) {
  const uint64_t noise = Mix(Mix(key) ^ word);
  uint32_t other = 0;
  for (int shift = 0; shift < 32; shift += 8) {
    if ((word >> shift & 0xff) == 0) continue;
    other |= static_cast<uint32_t>(1 + (noise >> shift) % 255) << shift;
  }
  return other;
}

uint32_t WordAt(absl::string_view bytes, size_t word) {
  uint32_t value = 0;
  std::memcpy(&value, bytes.data() + word * 4, 4);
  return value;
}

}  // namespace

std::vector<std::vector<RegisterList>> ReadLinuxCheckpoints() {
  const std::string text = ReadZstdFile("tests/data/qemu-7.2/linux/linux-6.1.cortex-a15.smp2.jsonl.zst");
  std::vector<std::vector<RegisterList>> checkpoints;
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    const nlohmann::json json = nlohmann::json::parse(line.begin(), line.end());
    RegisterListBuilder builder;
    for (const nlohmann::json& reg : json["regs"]) {
      builder.Add(RegisterId::Create(std::stoull(reg[0].get<std::string>(), nullptr, 16)).value(),
                  std::stoull(reg[1].get<std::string>(), nullptr, 16));
    }
    const size_t number = json["ckpt"].get<size_t>();
    if (checkpoints.size() <= number) checkpoints.resize(number + 1);
    checkpoints[number].push_back(std::move(builder).Build().value());
  }
  return checkpoints;
}

LinuxGuests::LinuxGuests() : recorded_(ReadLinuxCheckpoints()) {
  for (size_t vcpu = 0; vcpu < recorded_[0].size(); ++vcpu) {
    const absl::string_view first = recorded_[0][vcpu].values();
    std::vector<bool> changes(first.size() / 4);
    for (const std::vector<RegisterList>& checkpoint : recorded_) {
      for (size_t word = 0; word < changes.size(); ++word) {
        if (WordAt(checkpoint[vcpu].values(), word) != WordAt(first, word)) changes[word] = true;
      }
    }
    changes_.push_back(std::move(changes));
  }
}

std::vector<RegisterList> LinuxGuests::Checkpoint(uint32_t guest, size_t number) const {
  const size_t round = number / recorded_.size();
  const std::vector<RegisterList>& recorded = recorded_[number % recorded_.size()];
  if (guest == 0 && round == 0) return recorded;
  std::vector<RegisterList> lists;
  for (size_t vcpu = 0; vcpu < recorded.size(); ++vcpu) {
    std::string values(recorded[vcpu].values());
    for (size_t word = 0; word < changes_[vcpu].size(); ++word) {
      if (!changes_[vcpu][word]) continue;
      const uint32_t other = OtherWord(WordAt(values, word), uint64_t{guest} << 32 | round);
      std::memcpy(&values[word * 4], &other, 4);
    }
    lists.push_back(RegisterList::Create(recorded[vcpu].shared_layout(), std::move(values)).value());
  }
  return lists;
}

}  // namespace armstate
