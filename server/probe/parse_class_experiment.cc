#include "server/probe/parse_class_experiment.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/register_id.h"
#include "core/register_list.h"

namespace armstate {
namespace {

using FeatureClass = ProbeRecording::FeatureClass;
using Parser = absl::Status (*)(const Json& line, Place place, FeatureClass& feature_class);

constexpr uint64_t kVectorLengths = 0x6060'0000'0015'ffff;
constexpr uint64_t kPmcr = RegisterId::System(3, 3, 9, 12, 0).raw();
constexpr size_t kMostQuadwords = 16;  // of a vector; the widths in the IDs of Z, P and FFR allow this many

// Parses a register of the class from text. From then on `place` refers to this register.
absl::StatusOr<uint64_t> ListedId(const Json& text, Place& place, const FeatureClass& feature_class) {
  if (!text.is_string()) return place.Error("a register ID is not text");
  const absl::StatusOr<uint64_t> id = HexWord(text.get_ref<const std::string&>(), place);
  if (!id.ok()) return id.status();
  place.register_id = *id;
  if (feature_class.vcpus[0].count(*id) == 0) {
    return place.Error(absl::StrCat("is not in the list of class \"", feature_class.name, "\""));
  }
  return *id;
}

absl::StatusOr<std::vector<uint64_t>> MemberIds(const Json& line, const char* key, Place place,
                                                const FeatureClass& feature_class) {
  const absl::StatusOr<const Json*> texts = MemberArray(line, key, place);
  if (!texts.ok()) return texts.status();
  std::vector<uint64_t> ids;
  for (const Json& text : **texts) {
    const absl::StatusOr<uint64_t> id = ListedId(text, place, feature_class);
    if (!id.ok()) return id.status();
    ids.push_back(*id);
  }
  return ids;
}

// Parses an array of `count` texts that are numbers.
absl::StatusOr<std::vector<uint64_t>> Words(const Json& array, size_t count, const Place& place) {
  if (!array.is_array() || array.size() != count) return place.Error(absl::StrCat("is not a list of ", count));
  std::vector<uint64_t> words;
  for (size_t i = 0; i < count; ++i) {
    if (!array[i].is_string()) return place.Error("has something in a list that is not text");
    const absl::StatusOr<uint64_t> word = HexWord(array[i].get_ref<const std::string&>(), place);
    if (!word.ok()) return word.status();
    words.push_back(*word);
  }
  return words;
}

absl::Status ParseMoving(const Json& line, Place place, FeatureClass& feature_class) {
  const absl::StatusOr<std::vector<uint64_t>> ids = MemberIds(line, "regs", place, feature_class);
  if (!ids.ok()) return ids.status();
  for (const uint64_t id : *ids) feature_class.experiments[id].moving = true;
  return absl::OkStatus();
}

absl::Status ParseVmWide(const Json& line, Place place, FeatureClass& feature_class) {
  for (const char* key : {"own", "shared"}) {
    const absl::StatusOr<std::vector<uint64_t>> ids = MemberIds(line, key, place, feature_class);
    if (!ids.ok()) return ids.status();
    for (const uint64_t id : *ids) feature_class.experiments[id].vm_wide = key[0] == 's';
  }
  return absl::OkStatus();
}

absl::Status ParsePair(const Json& line, Place place, FeatureClass& feature_class) {
  ProbeRecording::CounterPair pair;
  for (const auto& [key, id] : {std::pair("reg", &pair.set), std::pair("clear", &pair.clear)}) {
    const Json* text = Member(line, key);
    if (text == nullptr) return place.Missing(key, "text");
    Place here = place;
    const absl::StatusOr<uint64_t> listed = ListedId(*text, here, feature_class);
    if (!listed.ok()) return listed.status();
    *id = *listed;
  }
  const absl::StatusOr<const Json*> steps = MemberArray(line, "steps", place);
  if (!steps.ok()) return steps.status();
  for (const Json& step : **steps) {
    // [register, value, errno, then PMCR_EL0, the set and the clear register]
    if (!step.is_array() || step.size() != 6 || !step[0].is_string() || !step[2].is_string()) {
      return place.Error("a step is not a list of 6 texts");
    }
    const std::string& name = step[0].get_ref<const std::string&>();
    if (!step[2].get_ref<const std::string&>().empty()) return place.Error("armstate has no rule for a refused step");
    const Json numbers = {step[1], step[3], step[4], step[5]};
    const absl::StatusOr<std::vector<uint64_t>> words = Words(numbers, 4, place);
    if (!words.ok()) return words.status();
    if (name != "set" && name != "clear" && name != "pmcr") return place.Error("a step names an unknown register");
    const uint64_t id = name == "set" ? pair.set : name == "clear" ? pair.clear : kPmcr;
    pair.steps.push_back({id, (*words)[0], (*words)[1], (*words)[2], (*words)[3]});
  }
  const bool twice = std::any_of(feature_class.counter_pairs.begin(), feature_class.counter_pairs.end(),
                                 [&](const ProbeRecording::CounterPair& other) { return other.set == pair.set; });
  if (twice) return place.Error("has a second experiment of this kind");
  feature_class.counter_pairs.push_back(std::move(pair));
  return absl::OkStatus();
}

absl::Status ParseTimer(const Json& line, Place place, FeatureClass& feature_class) {
  ProbeRecording::Timer timer;
  for (const auto& [key, id] : {std::pair("reg", &timer.control), std::pair("compare", &timer.compare)}) {
    const Json* text = Member(line, key);
    if (text == nullptr) return place.Missing(key, "text");
    Place here = place;
    const absl::StatusOr<uint64_t> listed = ListedId(*text, here, feature_class);
    if (!listed.ok()) return listed.status();
    *id = *listed;
  }
  const absl::StatusOr<const Json*> tries = MemberArray(line, "tries", place);
  if (!tries.ok()) return tries.status();
  for (const Json& attempt : **tries) {
    const absl::StatusOr<std::vector<uint64_t>> words = Words(attempt, 3, place);
    if (!words.ok()) return words.status();
    timer.tries.push_back({(*words)[0], (*words)[1], (*words)[2]});
  }
  const bool twice = std::any_of(feature_class.timers.begin(), feature_class.timers.end(),
                                 [&](const ProbeRecording::Timer& other) { return other.control == timer.control; });
  if (twice) return place.Error("has a second experiment of this kind");
  feature_class.timers.push_back(std::move(timer));
  return absl::OkStatus();
}

absl::Status ParseEffect(const Json& line, Place place, FeatureClass& feature_class) {
  const absl::StatusOr<uint64_t> id = MemberHex(line, "reg", place);
  if (!id.ok()) return id.status();
  const absl::StatusOr<std::string> result = MemberText(line, "result", place);
  if (!result.ok()) return result.status();
  // The fields were accepted one by one, but not together.
  if (*result != "ok") feature_class.effects.emplace(*id, *id);
  const absl::StatusOr<std::vector<uint64_t>> gone = MemberIds(line, "gone", place, feature_class);
  if (!gone.ok()) return gone.status();
  for (const uint64_t other : *gone) feature_class.effects.emplace(*id, other);
  const absl::StatusOr<const Json*> changed = MemberArray(line, "changed", place);
  if (!changed.ok()) return changed.status();
  for (const Json& entry : **changed) {
    if (!entry.is_array() || entry.size() != 3) return place.Error("a change is not [id, before, after]");
    const absl::StatusOr<uint64_t> other = ListedId(entry[0], place, feature_class);
    if (!other.ok()) return other.status();
    feature_class.effects.emplace(*id, *other);
  }
  return absl::OkStatus();
}

// The rule is the one of v1.RegisterRule.VectorLengths.
absl::Status ParseVectorLengths(const Json& line, Place place, FeatureClass& feature_class) {
  const absl::StatusOr<uint64_t> own = MemberHex(line, "value", place);
  if (!own.ok()) return own.status();
  const auto listed = feature_class.vcpus[0].find(kVectorLengths);
  if (listed == feature_class.vcpus[0].end() || LowWord(listed->second) != *own) {
    return place.Error("the experiment began from other vector lengths than the list has");
  }
  const Json* tries = Member(line, "tries");
  if (tries == nullptr || !tries->is_object()) return place.Missing("tries", "an object");
  for (const auto& [text, result] : tries->items()) {
    const absl::StatusOr<uint64_t> wanted = HexWord(text, place);
    if (!wanted.ok()) return wanted.status();
    uint64_t up_to = *wanted;
    for (int shift = 1; shift < 64; shift *= 2) up_to |= up_to >> shift;  // all bits up to the highest
    const bool expected = *wanted != 0 && *wanted <= *own && (*own & up_to) == *wanted;
    if (expected != (result == "ok") || (!expected && result != "EINVAL")) {
      return place.Error(absl::StrCat("armstate has no rule for vector lengths ", text, ": ", result.dump()));
    }
  }
  return absl::OkStatus();
}

// The rule is the one of v1.RegisterRule.VectorData: which bits vectors of `lengths` keep when all ones are written.
absl::Status CheckVector(const Json& entry, uint64_t lengths, Place place, const FeatureClass& feature_class) {
  if (!entry.is_array() || entry.size() != 3 || !entry[1].is_string() || !entry[2].is_string()) {
    return place.Error("a vector is not [id, errno, value]");
  }
  const absl::StatusOr<uint64_t> id = ListedId(entry[0], place, feature_class);
  if (!id.ok()) return id.status();
  const size_t width = feature_class.vcpus[0].at(*id).size();
  const absl::StatusOr<std::string> reads = HexBytes(entry[2].get_ref<const std::string&>(), width, place);
  if (!reads.ok()) return reads.status();
  size_t quadwords = 0;
  for (; lengths != 0; lengths >>= 1) ++quadwords;
  const size_t kept = std::min(width, width / kMostQuadwords * quadwords);
  if (*reads != std::string(kept, '\xff') + std::string(width - kept, '\0')) {
    return place.Error("armstate has no rule for what it keeps of all ones");
  }
  return absl::OkStatus();
}

absl::Status ParseShortVectors(const Json& line, Place place, FeatureClass& feature_class) {
  const absl::StatusOr<uint64_t> lengths = MemberHex(line, "lengths", place);
  if (!lengths.ok()) return lengths.status();
  const absl::StatusOr<const Json*> registers = MemberArray(line, "regs", place);
  if (!registers.ok()) return registers.status();
  for (const Json& entry : **registers) {
    if (absl::Status status = CheckVector(entry, *lengths, place, feature_class); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status ParseVectors(const Json& line, Place place, FeatureClass& feature_class) {
  const auto lengths = feature_class.vcpus[0].find(kVectorLengths);
  const absl::StatusOr<const Json*> other = MemberArray(line, "other", place);
  if (!other.ok()) return other.status();
  for (const Json& entry : **other) {
    const uint64_t own = lengths == feature_class.vcpus[0].end() ? 0 : LowWord(lengths->second);
    if (absl::Status status = CheckVector(entry, own, place, feature_class); !status.ok()) return status;
  }
  return absl::OkStatus();
}

constexpr std::pair<absl::string_view, Parser> kParsers[] = {
    {"moving", ParseMoving},   {"vm_wide", ParseVmWide},
    {"pair", ParsePair},       {"timer", ParseTimer},
    {"effect", ParseEffect},   {"vls", ParseVectorLengths},
    {"vectors", ParseVectors}, {"short_vectors", ParseShortVectors},
};

const std::pair<absl::string_view, Parser>* Find(absl::string_view kind) {
  const auto* found =
      std::find_if(std::begin(kParsers), std::end(kParsers), [&](const auto& parser) { return parser.first == kind; });
  return found == std::end(kParsers) ? nullptr : found;
}

}  // namespace

bool IsClassExperiment(absl::string_view kind) { return Find(kind) != nullptr; }

absl::Status ParseClassExperiment(absl::string_view kind, const Json& line, Place place,
                                  ProbeRecording::FeatureClass& feature_class) {
  return Find(kind)->second(line, place, feature_class);
}

}  // namespace armstate
