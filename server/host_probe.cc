#include "server/host_probe.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "core/error.h"
#include "core/register_id.h"

namespace armstate {
namespace {

using Json = nlohmann::json;

constexpr size_t kShown = 40;  // characters of a bad value in an error
constexpr absl::string_view kLists = "lists";
constexpr absl::string_view kExperiments = "experiments";
constexpr absl::string_view kMeta = "meta";

uint64_t Ones(size_t bytes) { return bytes >= 8 ? ~uint64_t{0} : (uint64_t{1} << 8 * bytes) - 1; }

// Where a piece of JSON stands, for errors.
struct Place {
  absl::string_view file;
  size_t line = 0;
  absl::optional<uint64_t> register_id = absl::nullopt;

  absl::Status Error(absl::string_view what) const {
    std::map<std::string, std::string> metadata = {{"file", std::string(file)}, {"line", absl::StrCat(line)}};
    std::string where = absl::StrCat(file, ", line ", line, ": ");
    if (register_id) {
      const std::string id = absl::StrFormat("0x%016x", *register_id);
      absl::StrAppend(&where, "register ", id, ": ");
      metadata["register_id"] = id;
    }
    return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kCpuProfileMalformed, absl::StrCat(where, what),
                     std::move(metadata));
  }
};

absl::Status Missing(const Place& place, absl::string_view key, absl::string_view kind) {
  return place.Error(absl::StrCat("\"", key, "\" is missing or is not ", kind));
}

const Json* Member(const Json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

absl::StatusOr<std::string> Text(const Json& object, const char* key, const Place& place) {
  const Json* member = Member(object, key);
  if (member == nullptr || !member->is_string()) return Missing(place, key, "text");
  return member->get_ref<const std::string&>();
}

absl::StatusOr<uint64_t> Number(const Json& object, const char* key, const Place& place) {
  const Json* member = Member(object, key);
  if (member == nullptr || !member->is_number_unsigned()) return Missing(place, key, "a whole number");
  return member->get<uint64_t>();
}

absl::StatusOr<const Json*> Array(const Json& object, const char* key, const Place& place) {
  const Json* member = Member(object, key);
  if (member == nullptr || !member->is_array()) return Missing(place, key, "a list");
  return member;
}

// "0x1f" or "1f", at most 64 bits.
absl::StatusOr<uint64_t> HexWord(absl::string_view text, const Place& place) {
  absl::ConsumePrefix(&text, "0x");
  uint64_t word = 0;
  if (text.empty() || text.size() > 16 || !std::all_of(text.begin(), text.end(), absl::ascii_isxdigit) ||
      !absl::SimpleHexAtoi(text, &word)) {
    return place.Error(absl::StrCat("\"", text.substr(0, kShown), "\" is not a hexadecimal number of at most 64 bits"));
  }
  return word;
}

absl::StatusOr<uint64_t> Hex(const Json& object, const char* key, const Place& place) {
  const absl::StatusOr<std::string> text = Text(object, key, place);
  if (!text.ok()) return text.status();
  return HexWord(*text, place);
}

// One little-endian integer, printed with all its digits, as bytes.
absl::StatusOr<std::string> HexBytes(absl::string_view text, size_t width, const Place& place) {
  if (!absl::ConsumePrefix(&text, "0x") || text.size() != 2 * width ||
      !std::all_of(text.begin(), text.end(), absl::ascii_isxdigit)) {
    return place.Error(absl::StrCat("its value is not 0x and ", 2 * width, " hexadecimal digits"));
  }
  std::string bytes = absl::HexStringToBytes(text);
  std::reverse(bytes.begin(), bytes.end());
  return bytes;
}

absl::Status ParseRegisters(const Json& vcpu, Place place, std::map<uint64_t, std::string>& registers) {
  const absl::StatusOr<const Json*> entries = Array(vcpu, "regs", place);
  if (!entries.ok()) return entries.status();
  for (const Json& entry : **entries) {
    place.register_id.reset();
    if (!entry.is_array() || entry.size() != 3 || !entry[0].is_string() || !entry[1].is_number_unsigned() ||
        !entry[2].is_string()) {
      return place.Error("a register is not [id, bytes, value]");
    }
    const absl::StatusOr<uint64_t> raw = HexWord(entry[0].get_ref<const std::string&>(), place);
    if (!raw.ok()) return raw.status();
    place.register_id = *raw;
    const absl::StatusOr<RegisterId> id = RegisterId::Create(*raw);
    if (!id.ok()) return place.Error(id.status().message());
    if (entry[1].get<uint64_t>() != id->width()) {
      return place.Error(
          absl::StrCat("is said to have ", entry[1].get<uint64_t>(), " bytes, but its ID says ", id->width()));
    }
    absl::StatusOr<std::string> value = HexBytes(entry[2].get_ref<const std::string&>(), id->width(), place);
    if (!value.ok()) return value.status();
    if (!registers.emplace(*raw, *std::move(value)).second) return place.Error("is listed twice");
  }
  return absl::OkStatus();
}

absl::Status ParseList(const Json& line, const Place& place, HostProbe& probe) {
  const absl::StatusOr<std::string> state = Text(line, "state", place);
  if (!state.ok()) return state.status();
  if (*state != "reset") return absl::OkStatus();
  HostProbe::FeatureClass added;
  const absl::StatusOr<std::string> name = Text(line, "cfg", place);
  if (!name.ok()) return name.status();
  added.name = *name;
  for (const HostProbe::FeatureClass& other : probe.classes) {
    if (other.name == added.name) return place.Error(absl::StrCat("class \"", added.name, "\" is listed twice"));
  }
  const absl::StatusOr<uint64_t> features = Number(line, "feature_bits", place);
  if (!features.ok()) return features.status();
  added.features = *features;
  const absl::StatusOr<uint64_t> memory_tagging = Number(line, "mte", place);
  if (!memory_tagging.ok()) return memory_tagging.status();
  added.memory_tagging = *memory_tagging != 0;
  const absl::StatusOr<const Json*> vcpus = Array(line, "vcpus", place);
  if (!vcpus.ok()) return vcpus.status();
  for (const Json& vcpu : **vcpus) {
    absl::Status status = ParseRegisters(vcpu, place, added.vcpus.emplace_back());
    if (!status.ok()) return status;
    const auto same_id = [](const auto& a, const auto& b) { return a.first == b.first; };
    if (added.vcpus[0].size() != added.vcpus.back().size() ||
        !std::equal(added.vcpus[0].begin(), added.vcpus[0].end(), added.vcpus.back().begin(), same_id)) {
      return place.Error("the vCPUs have different registers");
    }
  }
  if (added.vcpus.empty() || added.vcpus[0].empty()) return place.Error("there are no registers");
  for (const char* key : {"kernel", "cpu"}) {
    const absl::StatusOr<std::string> text = Text(line, key, place);
    if (!text.ok()) return text.status();
    (key[0] == 'k' ? probe.kernel : probe.cpu) = *text;
  }
  probe.classes.push_back(std::move(added));
  return absl::OkStatus();
}

absl::StatusOr<HostProbe::Bits> ParseBits(const Json& line, size_t width, const Place& place) {
  HostProbe::Bits bits;
  uint64_t seen = 0;
  uint64_t twice = 0;
  const auto note = [&](uint64_t mask) {
    twice |= seen & mask;
    seen |= mask;
  };
  const std::pair<const char*, uint64_t*> masks[] = {
      {"sticks", &bits.sticks}, {"ignored", &bits.ignored}, {"other", &bits.other}};
  for (const auto& [key, mask] : masks) {
    const absl::StatusOr<uint64_t> value = Hex(line, key, place);
    if (!value.ok()) return value.status();
    note(*mask = *value);
  }
  const Json* rejected = Member(line, "rejected");
  if (rejected == nullptr || !rejected->is_object()) return Missing(place, "rejected", "an object");
  for (const auto& [error, mask_text] : rejected->items()) {
    const absl::StatusOr<uint64_t> mask = Hex(*rejected, error.c_str(), place);
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

absl::StatusOr<HostProbe::Fields> ParseFields(const Json& line, uint64_t value, const Place& place) {
  HostProbe::Fields fields;
  const absl::StatusOr<const Json*> accepted = Array(line, "accepted", place);
  if (!accepted.ok()) return accepted.status();
  if ((*accepted)->size() != fields.accepted.size()) return place.Error("\"accepted\" has not 16 bitmaps");
  for (size_t f = 0; f < fields.accepted.size(); ++f) {
    const Json& text = (**accepted)[f];
    if (!text.is_string()) return place.Error("\"accepted\" has a bitmap that is not text");
    const absl::StatusOr<uint64_t> bitmap = HexWord(text.get_ref<const std::string&>(), place);
    if (!bitmap.ok()) return bitmap.status();
    if (*bitmap > 0xffff) return place.Error(absl::StrCat("the bitmap of field ", f, " has more than 16 bits"));
    if ((*bitmap >> (value >> 4 * f & 15) & 1) == 0) {
      return place.Error(absl::StrCat("field ", f, " does not accept the value that it has"));
    }
    fields.accepted[f] = static_cast<uint16_t>(*bitmap);
  }
  const absl::StatusOr<const Json*> changed = Array(line, "changed", place);
  if (!changed.ok()) return changed.status();
  for (const Json& entry : **changed) {
    const absl::StatusOr<uint64_t> field = Number(entry, "field", place);
    if (!field.ok()) return field.status();
    if (*field > 15) return place.Error("\"changed\" names a field above 15");
    const absl::StatusOr<uint64_t> wrote = Hex(entry, "wrote", place);
    if (!wrote.ok()) return wrote.status();
    const absl::StatusOr<uint64_t> reads = Hex(entry, "readback", place);
    if (!reads.ok()) return reads.status();
    const uint64_t outside = ~(uint64_t{15} << 4 * *field);
    if (((*wrote ^ value) & outside) != 0) {
      return place.Error(absl::StrCat("an experiment with field ", *field, " wrote other fields too"));
    }
    if (((*reads ^ value) & outside) != 0) {
      fields.unclear[*field] |= static_cast<uint16_t>(1u << (*wrote >> 4 * *field & 15));
      continue;
    }
    fields.changed.push_back({static_cast<uint32_t>(*field), static_cast<uint32_t>(*wrote >> 4 * *field & 15),
                              static_cast<uint32_t>(*reads >> 4 * *field & 15)});
  }
  const absl::StatusOr<const Json*> errors = Array(line, "errnos", place);
  if (!errors.ok()) return errors.status();
  // With several nobody can tell which value has which: any of them.
  for (const Json& error : **errors) {
    if (!error.is_string()) return place.Error("\"errnos\" has one that is not text");
    absl::StrAppend(&fields.error, fields.error.empty() ? "" : "|", error.get_ref<const std::string&>());
  }
  const bool all_accepted =
      std::all_of(fields.accepted.begin(), fields.accepted.end(), [](uint16_t bitmap) { return bitmap == 0xffff; });
  if (fields.error.empty() && !all_accepted) return place.Error("fields are refused without an errno");
  return fields;
}

absl::StatusOr<std::vector<HostProbe::Value>> ParseValues(const Json& line, const Place& place) {
  const Json* tries = Member(line, "tries");
  if (tries == nullptr || !tries->is_object()) return Missing(place, "tries", "an object");
  std::vector<HostProbe::Value> values;
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

absl::Status ParseAnswer(const Json& line, const Place& place, HostProbe& probe) {
  const absl::StatusOr<std::string> label = Text(line, "label", place);
  if (!label.ok()) return label.status();
  const absl::StatusOr<const Json*> result = Array(line, "result", place);
  if (!result.ok()) return result.status();
  if ((*result)->empty() || !(**result)[0].is_string()) return place.Error("there is no result");
  if (!probe.answers.emplace(*label, (**result)[0].get<std::string>()).second) {
    return place.Error(absl::StrCat("\"", *label, "\" is answered twice"));
  }
  return absl::OkStatus();
}

absl::Status ParseExperiment(const Json& line, Place place, HostProbe& probe) {
  const absl::StatusOr<std::string> kind = Text(line, "kind", place);
  if (!kind.ok()) return kind.status();
  if (*kind == "errno") return ParseAnswer(line, place, probe);
  const absl::StatusOr<uint64_t> id = Hex(line, "reg", place);
  if (!id.ok()) return id.status();
  place.register_id = *id;
  const absl::StatusOr<std::string> phase = Text(line, "phase", place);
  if (!phase.ok()) return phase.status();
  if (*phase != "fresh") return absl::OkStatus();  // a restore writes to a VM that has not run
  const absl::StatusOr<std::string> name = Text(line, "cfg", place);
  if (!name.ok()) return name.status();
  const auto feature_class = std::find_if(probe.classes.begin(), probe.classes.end(),
                                          [&](const HostProbe::FeatureClass& c) { return c.name == *name; });
  if (feature_class == probe.classes.end()) return place.Error(absl::StrCat("no list of class \"", *name, "\""));
  const auto reset = feature_class->vcpus[0].find(*id);
  if (reset == feature_class->vcpus[0].end()) {
    return place.Error(absl::StrCat("is not in the list of class \"", *name, "\""));
  }
  const size_t width = reset->second.size();
  if (width > 8) return place.Error("experiments are on registers of at most 64 bits");
  const absl::StatusOr<uint64_t> value = Hex(line, "value", place);
  if (!value.ok()) return value.status();
  HostProbe::Experiments& experiments = feature_class->experiments[*id];
  const auto twice = [&] { return place.Error(absl::StrCat("has a second \"", *kind, "\" experiment")); };
  // Registers that count or were never set may have another value than when they were listed, these not.
  uint64_t listed = 0;
  for (size_t i = 0; i < width; ++i) listed |= uint64_t{static_cast<unsigned char>(reset->second[i])} << 8 * i;
  if (*kind != "bits" && *value != listed) {
    return place.Error(absl::StrFormat("the experiment began from 0x%x, but the list has 0x%x", *value, listed));
  }
  if (*kind == "bits") {
    if (experiments.bits) return twice();
    absl::StatusOr<HostProbe::Bits> bits = ParseBits(line, width, place);
    if (!bits.ok()) return bits.status();
    experiments.bits = *std::move(bits);
  } else if (*kind == "nibbles") {
    if (experiments.fields) return twice();
    absl::StatusOr<HostProbe::Fields> fields = ParseFields(line, *value, place);
    if (!fields.ok()) return fields.status();
    experiments.fields = *std::move(fields);
  } else if (*kind == "fw") {
    if (!experiments.values.empty()) return twice();
    absl::StatusOr<std::vector<HostProbe::Value>> values = ParseValues(line, place);
    if (!values.ok()) return values.status();
    experiments.values = *std::move(values);
  } else {
    return place.Error(absl::StrCat("\"", *kind, "\" is not a kind of experiment"));
  }
  return absl::OkStatus();
}

absl::Status ParseMeta(absl::string_view text, HostProbe& probe) {
  const Place place{kMeta, 1};
  const Json meta = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (meta.is_discarded()) return place.Error("is not JSON");
  const absl::StatusOr<std::string> host = Text(meta, "host", place);
  if (!host.ok()) return host.status();
  probe.host = *host;
  if (const Json* info = Member(meta, "info")) {
    const Json* capability = Member(*info, "wr_imp_id");
    probe.writable_implementation_id = capability != nullptr && *capability == "1";
  }
  const Json* masks = Member(meta, "writable_masks");
  if (masks == nullptr || masks->is_null()) return absl::OkStatus();  // older than Linux 6.7
  if (!masks->is_object()) return Missing(place, "writable_masks", "an object");
  for (const auto& [id, mask] : masks->items()) {
    const absl::StatusOr<uint64_t> raw = HexWord(id, place);
    if (!raw.ok()) return raw.status();
    const absl::StatusOr<uint64_t> bits = Hex(*masks, id.c_str(), Place{kMeta, 1, *raw});
    if (!bits.ok()) return bits.status();
    probe.writable_masks[*raw] = *bits;
  }
  return absl::OkStatus();
}

// Calls `parse` for each line that is not empty.
absl::Status ForEachLine(absl::string_view text, absl::string_view file, HostProbe& probe,
                         absl::Status (*parse)(const Json&, Place, HostProbe&)) {
  Place place{file};
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const absl::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++place.line;
    if (line.empty()) continue;
    const Json json = Json::parse(line.begin(), line.end(), nullptr, /*allow_exceptions=*/false);
    if (json.is_discarded() || !json.is_object()) return place.Error("is not a JSON object");
    if (absl::Status status = parse(json, place, probe); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<HostProbe> ParseHostProbe(absl::string_view lists, absl::string_view experiments,
                                         absl::string_view meta) {
  HostProbe probe;
  if (absl::Status status = ParseMeta(meta, probe); !status.ok()) return status;
  absl::Status status = ForEachLine(
      lists, kLists, probe, [](const Json& line, Place place, HostProbe& to) { return ParseList(line, place, to); });
  if (!status.ok()) return status;
  if (probe.classes.empty()) return Place{kLists, 1}.Error("there is no list of a fresh VM");
  status = ForEachLine(experiments, kExperiments, probe, ParseExperiment);
  if (!status.ok()) return status;
  return probe;
}

VcpuInit PredictVcpuInit(const HostProbe& probe, uint64_t features, bool memory_tagging) {
  uint64_t supported = 0;
  bool tagging_supported = false;
  for (const HostProbe::FeatureClass& c : probe.classes) {
    supported |= c.features;
    tagging_supported = tagging_supported || c.memory_tagging;
  }
  VcpuInit init{"ok", ""};
  if (memory_tagging && !tagging_supported) {
    init = {"enable_mte", "EINVAL"};  // api.rst: KVM_ENABLE_CAP of a capability that the host lacks
  } else if ((features & ~supported) != 0) {
    uint32_t lacking = 0;
    while (((features & ~supported) >> lacking & 1) == 0) ++lacking;
    const auto answer = probe.answers.find(absl::StrCat("init.feature", lacking));
    init = {"vcpu_init", answer == probe.answers.end() || answer->second == "0" ? "?" : answer->second};
  }
  for (const HostProbe::FeatureClass& c : probe.classes) {
    if (c.features == (features & supported) && c.memory_tagging == (memory_tagging && tagging_supported)) {
      init.feature_class = &c;
    }
  }
  return init;
}

}  // namespace armstate
