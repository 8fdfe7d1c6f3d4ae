#include "server/probe/parse_experiment.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "core/register_list.h"
#include "server/probe/parse_class_experiment.h"

namespace armstate {
namespace {

uint64_t Ones(size_t bytes) { return bytes >= 8 ? ~uint64_t{0} : (uint64_t{1} << 8 * bytes) - 1; }

absl::StatusOr<ProbeRecording::Fields> ParseFields(const Json& line, uint64_t value, const Place& place) {
  ProbeRecording::Fields fields;
  const absl::StatusOr<const Json*> accepted = MemberArray(line, "accepted", place);
  if (!accepted.ok()) return accepted.status();
  if ((*accepted)->size() != fields.accepted.size()) return place.Error("\"accepted\" does not have 16 bitmaps");
  for (size_t f = 0; f < fields.accepted.size(); ++f) {
    const Json& text = (**accepted)[f];
    if (!text.is_string()) return place.Error("\"accepted\" has a bitmap that is not text");
    const absl::StatusOr<uint64_t> bitmap = HexWord(text.get_ref<const std::string&>(), place);
    if (!bitmap.ok()) return bitmap.status();
    if (*bitmap > 0xffff) return place.Error(absl::StrCat("the bitmap of field ", f, " has more than 16 bits"));
    if ((*bitmap >> (value >> 4 * f & 15) & 1) == 0) {
      return place.Error(absl::StrCat("field ", f, " does not accept its current value"));
    }
    fields.accepted[f] = static_cast<uint16_t>(*bitmap);
  }
  const absl::StatusOr<const Json*> changed = MemberArray(line, "changed", place);
  if (!changed.ok()) return changed.status();
  for (const Json& entry : **changed) {
    const absl::StatusOr<uint64_t> field = MemberNumber(entry, "field", place);
    if (!field.ok()) return field.status();
    if (*field > 15) return place.Error("\"changed\" names a field above 15");
    const absl::StatusOr<uint64_t> wrote = MemberHex(entry, "wrote", place);
    if (!wrote.ok()) return wrote.status();
    const absl::StatusOr<uint64_t> reads = MemberHex(entry, "readback", place);
    if (!reads.ok()) return reads.status();
    const uint64_t outside = ~(uint64_t{15} << 4 * *field);
    if (((*wrote ^ value) & outside) != 0) {
      return place.Error(absl::StrCat("an experiment with field ", *field, " also wrote other fields"));
    }
    if (((*reads ^ value) & outside) != 0) {
      fields.unclear[*field] |= static_cast<uint16_t>(1u << (*wrote >> 4 * *field & 15));
      continue;
    }
    fields.changed.push_back({static_cast<uint32_t>(*field), static_cast<uint32_t>(*wrote >> 4 * *field & 15),
                              static_cast<uint32_t>(*reads >> 4 * *field & 15)});
  }
  absl::StatusOr<std::string> error = ParseErrors(line, place);
  if (!error.ok()) return error.status();
  fields.error = *std::move(error);
  std::array<uint16_t, 16> taken = fields.unclear;
  for (size_t f = 0; f < taken.size(); ++f) taken[f] |= fields.accepted[f];
  for (const ProbeRecording::Fields::Changed& c : fields.changed)
    taken[c.field] |= static_cast<uint16_t>(1u << c.wrote);
  const bool all_taken = std::all_of(taken.begin(), taken.end(), [](uint16_t bitmap) { return bitmap == 0xffff; });
  if (fields.error.empty() && !all_taken) return place.Error("fields are refused without an errno");
  return fields;
}

absl::Status ParseAnswer(const Json& line, const Place& place, ProbeRecording& probe) {
  const absl::StatusOr<std::string> label = MemberText(line, "label", place);
  if (!label.ok()) return label.status();
  const absl::StatusOr<const Json*> result = MemberArray(line, "result", place);
  if (!result.ok()) return result.status();
  if ((*result)->empty() || !(**result)[0].is_string()) return place.Error("there is no result");
  if (!probe.answers.emplace(*label, (**result)[0].get<std::string>()).second) {
    return place.Error(absl::StrCat("\"", *label, "\" is answered twice"));
  }
  return absl::OkStatus();
}

absl::StatusOr<ProbeRecording::Range> ParseRange(const Json& line, uint64_t value, size_t width, const Place& place) {
  constexpr uint64_t kWidest = 9;  // bits: CLIDR_EL1's three levels
  ProbeRecording::Range range;
  const absl::StatusOr<uint64_t> first = MemberNumber(line, "shift", place);
  if (!first.ok()) return first.status();
  const absl::StatusOr<uint64_t> bits = MemberNumber(line, "width", place);
  if (!bits.ok()) return bits.status();
  if (*bits < 3 || *bits > std::min<uint64_t>(kWidest, 8 * width) || *first > 8 * width - *bits)
    return place.Error("its range is not in the register");
  range.shift = static_cast<uint32_t>(*first);
  range.width = static_cast<uint32_t>(*bits);
  const uint64_t values = uint64_t{1} << range.width;
  const uint64_t mask = (values - 1) << range.shift;
  const absl::StatusOr<std::string> text = MemberText(line, "accepted", place);
  if (!text.ok()) return text.status();
  const absl::StatusOr<std::string> bitmap = HexBytes(*text, values / 8, place);
  if (!bitmap.ok()) return bitmap.status();
  for (uint64_t v = 0; v < values; ++v) {
    range.accepted.push_back((static_cast<unsigned char>((*bitmap)[v / 8]) >> v % 8 & 1) != 0);
  }
  if (!range.accepted[(value & mask) >> range.shift]) return place.Error("it does not accept its current value");
  const absl::StatusOr<const Json*> changed = MemberArray(line, "changed", place);
  if (!changed.ok()) return changed.status();
  size_t known = static_cast<size_t>(std::count(range.accepted.begin(), range.accepted.end(), true));
  for (const Json& entry : **changed) {
    const absl::StatusOr<uint64_t> wrote = MemberHex(entry, "wrote", place);
    if (!wrote.ok()) return wrote.status();
    const absl::StatusOr<uint64_t> reads = MemberHex(entry, "readback", place);
    if (!reads.ok()) return reads.status();
    if ((((*wrote ^ value) | (*reads ^ value)) & ~mask) != 0) return place.Error("bits outside the range also changed");
    range.changed.emplace_back((*wrote & mask) >> range.shift, (*reads & mask) >> range.shift);
    if (range.accepted[range.changed.back().first]) return place.Error("a value has two results");
    ++known;
  }
  absl::StatusOr<std::string> error = ParseErrors(line, place);
  if (!error.ok()) return error.status();
  range.error = *std::move(error);
  if (range.error.empty() != (known == values)) return place.Error("its errnos contradict its bitmap");
  return range;
}

// Values of a firmware register while the field of register `with` that was not 0 after reset is 0, which tells the
// guest to mitigate by itself.
absl::Status AddLevel(const Json& line, const Json& with, const Place& place,
                      ProbeRecording::FeatureClass& feature_class, ProbeRecording::Experiments& experiments) {
  const absl::StatusOr<uint64_t> controller = MemberHex(with, "reg", place);
  if (!controller.ok()) return controller.status();
  const absl::StatusOr<uint64_t> controller_value = MemberHex(with, "value", place);
  if (!controller_value.ok()) return controller_value.status();
  const absl::StatusOr<uint64_t> level = MemberHex(line, "value", place);
  if (!level.ok()) return level.status();
  const auto found = feature_class.vcpus[0].find(*controller);
  if (found == feature_class.vcpus[0].end() || found->second.size() != 8) {
    return place.Error("\"with\" names a register that the list lacks");
  }
  const uint64_t different = LowWord(found->second) ^ *controller_value;
  uint64_t mask = 15;
  while (mask != 0 && (different & mask) == 0) mask <<= 4;
  if (mask == 0 || (different & ~mask) != 0 || (*controller_value & mask) != 0) {
    return place.Error("\"with\" does not set one field to 0");
  }
  const absl::StatusOr<std::vector<ProbeRecording::Value>> values = ParseValues(line, place);
  if (!values.ok()) return values.status();
  // A register that does not depend on the other one accepts the same values.
  if (LowWord(feature_class.vcpus[0].at(*place.register_id)) == *level) {
    const auto same = [](const ProbeRecording::Value& a, const ProbeRecording::Value& b) {
      return a.value == b.value && a.error == b.error && a.reads == b.reads;
    };
    const std::vector<ProbeRecording::Value>& before = experiments.values;
    if (!std::equal(values->begin(), values->end(), before.begin(), before.end(), same)) {
      feature_class.effects.emplace(*controller, *place.register_id);
    }
    return absl::OkStatus();
  }
  experiments.level = ProbeRecording::Level{*controller, mask, *level, {}};
  for (const ProbeRecording::Value& value : *values) {
    if (value.value > *level && value.error.empty() && value.reads == *level) {
      experiments.level->ignored.push_back(value.value);
    }
    if (value.value <= *level && (!value.error.empty() || value.reads != *level)) {
      return place.Error(
          absl::StrFormat("armstate has no rule for the result of 0x%x at level 0x%x", value.value, *level));
    }
  }
  return absl::OkStatus();
}

// Stores a result that must not be there yet.
template <typename Result>
absl::Status Put(absl::StatusOr<Result> result, absl::optional<Result>& to, const Place& place) {
  if (!result.ok()) return result.status();
  if (to) return place.Error("has a second experiment of this kind");
  to = *std::move(result);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ProbeRecording::Bits> ParseBits(const Json& line, size_t width, const Place& place) {
  ProbeRecording::Bits bits;
  uint64_t seen = 0;
  uint64_t twice = 0;
  const auto note = [&](uint64_t mask) {
    twice |= seen & mask;
    seen |= mask;
  };
  const std::pair<const char*, uint64_t*> masks[] = {
      {"sticks", &bits.sticks}, {"ignored", &bits.ignored}, {"other", &bits.other}};
  for (const auto& [key, mask] : masks) {
    const absl::StatusOr<uint64_t> value = MemberHex(line, key, place);
    if (!value.ok()) return value.status();
    note(*mask = *value);
  }
  const Json* rejected = Member(line, "rejected");
  if (rejected == nullptr || !rejected->is_object()) return place.Missing("rejected", "an object");
  for (const auto& [error, mask_text] : rejected->items()) {
    const absl::StatusOr<uint64_t> mask = MemberHex(*rejected, error.c_str(), place);
    if (!mask.ok()) return mask.status();
    if (error.empty()) return place.Error("bits are rejected without an errno");
    bits.rejected.emplace_back(error, *mask);
    note(*mask);
  }
  if (twice != 0) return place.Error(absl::StrFormat("bits 0x%x have two results", twice));
  if (seen != Ones(width)) {
    return place.Error(absl::StrFormat("the results are of bits 0x%x, the register has 0x%x", seen, Ones(width)));
  }
  return bits;
}

absl::StatusOr<std::vector<ProbeRecording::Value>> ParseValues(const Json& line, const Place& place) {
  const Json* tries = Member(line, "tries");
  if (tries == nullptr || !tries->is_object()) return place.Missing("tries", "an object");
  std::vector<ProbeRecording::Value> values;
  for (const auto& [tried, result] : tries->items()) {
    const absl::StatusOr<uint64_t> value = HexWord(tried, place);
    if (!value.ok()) return value.status();
    if (!result.is_string()) return place.Error(absl::StrCat("the result of value ", tried, " is not text"));
    const std::string& text = result.get_ref<const std::string&>();
    absl::string_view reads = text;
    if (text == "ok") {
      values.push_back({*value, "", *value});
    } else if (absl::ConsumePrefix(&reads, "->")) {
      const absl::StatusOr<uint64_t> word = HexWord(reads, place);
      if (!word.ok()) return word.status();
      values.push_back({*value, "", *word});
    } else if (!text.empty()) {
      values.push_back({*value, text, 0});
    } else {
      return place.Error(absl::StrCat("the result of value ", tried, " is empty"));
    }
  }
  return values;
}

absl::StatusOr<std::string> ParseErrors(const Json& line, const Place& place) {
  const absl::StatusOr<const Json*> errors = MemberArray(line, "errnos", place);
  if (!errors.ok()) return errors.status();
  std::string names;
  for (const Json& error : **errors) {
    if (!error.is_string()) return place.Error("\"errnos\" has an entry that is not text");
    absl::StrAppend(&names, names.empty() ? "" : "|", error.get_ref<const std::string&>());
  }
  return names;
}

absl::Status ParseExperiment(const Json& line, Place place, ProbeRecording& probe) {
  const absl::StatusOr<std::string> kind = MemberText(line, "kind", place);
  if (!kind.ok()) return kind.status();
  if (*kind == "errno") return ParseAnswer(line, place, probe);
  const bool of_class = IsClassExperiment(*kind);
  const absl::StatusOr<uint64_t> id = of_class && Member(line, "reg") == nullptr ? 0 : MemberHex(line, "reg", place);
  if (!id.ok()) return id.status();
  if (*id != 0) place.register_id = *id;
  const absl::StatusOr<std::string> phase = MemberText(line, "phase", place);
  if (!phase.ok()) return phase.status();
  if (*phase != "fresh") return absl::OkStatus();  // only fresh VMs count: a restore writes to a VM that has not run
  const absl::StatusOr<std::string> name = MemberText(line, "cfg", place);
  if (!name.ok()) return name.status();
  const auto feature_class = std::find_if(probe.classes.begin(), probe.classes.end(),
                                          [&](const ProbeRecording::FeatureClass& c) { return c.name == *name; });
  if (feature_class == probe.classes.end()) return place.Error(absl::StrCat("no list of class \"", *name, "\""));
  if (of_class) return ParseClassExperiment(*kind, line, place, *feature_class);
  const auto reset = feature_class->vcpus[0].find(*id);
  if (reset == feature_class->vcpus[0].end()) {
    return place.Error(absl::StrCat("is not in the list of class \"", *name, "\""));
  }
  const size_t width = reset->second.size();
  if (width > 8) return place.Error("experiments are on registers of at most 64 bits");
  const absl::StatusOr<uint64_t> value = MemberHex(line, "value", place);
  if (!value.ok()) return value.status();
  ProbeRecording::Experiments& experiments = feature_class->experiments[*id];
  if (const Json* with = Member(line, "with")) return AddLevel(line, *with, place, *feature_class, experiments);
  // Only registers that count or were never set may differ from the list.
  const uint64_t listed = LowWord(reset->second);
  if (*kind != "bits" && *value != listed) {
    return place.Error(absl::StrFormat("the experiment began from 0x%x, but the list has 0x%x", *value, listed));
  }
  if (*kind == "bits") return Put(ParseBits(line, width, place), experiments.bits, place);
  if (*kind == "impid") return Put(ParseBits(line, width, place), experiments.implementation_id, place);
  if (*kind == "nibbles") return Put(ParseFields(line, *value, place), experiments.fields, place);
  if (*kind == "range") return Put(ParseRange(line, *value, width, place), experiments.range, place);
  if (*kind != "fw") return place.Error(absl::StrCat("\"", *kind, "\" is not a kind of experiment"));
  if (!experiments.values.empty()) return place.Error("has a second experiment of this kind");
  absl::StatusOr<std::vector<ProbeRecording::Value>> values = ParseValues(line, place);
  if (!values.ok()) return values.status();
  experiments.values = *std::move(values);
  return absl::OkStatus();
}

}  // namespace armstate
