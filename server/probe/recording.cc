#include "server/probe/recording.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "core/cpu_list.h"
#include "core/register_id.h"
#include "server/probe/parse_experiment.h"
#include "server/probe/parse_json.h"
#include "server/probe/parse_lines.h"
#include "server/probe/parse_text.h"

namespace armstate {
namespace {

// Real probes have up to 4000 experiments. Each one costs memory before it is judged, and may be a few bytes of a
// compressed file.
constexpr size_t kMostExperiments = size_t{1} << 17;

constexpr size_t kMostText = size_t{64} << 20;  // bytes in all files

absl::Status ParseRegisters(const Json& vcpu, Place place, std::map<uint64_t, std::string>& registers) {
  const absl::StatusOr<const Json*> entries = MemberArray(vcpu, "regs", place);
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
          absl::StrCat("is recorded with ", entry[1].get<uint64_t>(), " bytes, but its ID says ", id->width()));
    }
    absl::StatusOr<std::string> value = HexBytes(entry[2].get_ref<const std::string&>(), id->width(), place);
    if (!value.ok()) return value.status();
    if (!registers.emplace(*raw, *std::move(value)).second) return place.Error("is listed twice");
  }
  return absl::OkStatus();
}

absl::Status ParseList(const Json& line, const Place& place, ProbeRecording& probe) {
  const absl::StatusOr<std::string> state = MemberText(line, "state", place);
  if (!state.ok()) return state.status();
  if (*state != "reset") return absl::OkStatus();
  ProbeRecording::FeatureClass added;
  const absl::StatusOr<std::string> name = MemberText(line, "cfg", place);
  if (!name.ok()) return name.status();
  added.name = *name;
  for (const ProbeRecording::FeatureClass& other : probe.classes) {
    if (other.name == added.name) return place.Error(absl::StrCat("class \"", added.name, "\" is listed twice"));
  }
  const absl::StatusOr<uint64_t> features = MemberNumber(line, "feature_bits", place);
  if (!features.ok()) return features.status();
  if (*features > UINT32_MAX) return place.Error("\"feature_bits\" has more than 32 bits");
  added.features = *features;
  const absl::StatusOr<uint64_t> memory_tagging = MemberNumber(line, "mte", place);
  if (!memory_tagging.ok()) return memory_tagging.status();
  added.memory_tagging = *memory_tagging != 0;
  for (const ProbeRecording::FeatureClass& other : probe.classes) {
    if (other.features == added.features && other.memory_tagging == added.memory_tagging) {
      return place.Error(absl::StrCat("classes \"", other.name, "\" and \"", added.name, "\" have the same features"));
    }
  }
  const absl::StatusOr<const Json*> vcpus = MemberArray(line, "vcpus", place);
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
    const absl::StatusOr<std::string> text = MemberText(line, key, place);
    if (!text.ok()) return text.status();
    (key[0] == 'k' ? probe.kernel : probe.cpu) = *text;
  }
  probe.classes.push_back(std::move(added));
  return absl::OkStatus();
}

absl::Status ParseMeta(const Json& meta, const Place& place, ProbeRecording& probe) {
  if (!probe.host.empty()) return place.Error("the host is described twice");
  const absl::StatusOr<std::string> host = MemberText(meta, "host", place);
  if (!host.ok()) return host.status();
  if (host->empty()) return place.Error("the host has no name");
  probe.host = *host;
  if (Member(meta, "cpus") != nullptr) {
    const absl::StatusOr<std::string> text = MemberText(meta, "cpus", place);
    if (!text.ok()) return text.status();
    const absl::StatusOr<std::vector<int>> cpus = ParseCpuList(*text);
    if (!cpus.ok()) return place.Error(cpus.status().message());
    probe.cpus = FormatCpuList(*cpus);
  }
  if (const Json* info = Member(meta, "info")) {
    const Json* capability = Member(*info, "wr_imp_id");
    probe.writable_implementation_id = capability != nullptr && *capability == "1";
  }
  const Json* masks = Member(meta, "writable_masks");
  if (masks == nullptr || masks->is_null()) return absl::OkStatus();  // the kernel is older than Linux 6.7
  if (!masks->is_object()) return place.Missing("writable_masks", "an object");
  for (const auto& [id, mask] : masks->items()) {
    const absl::StatusOr<uint64_t> raw = HexWord(id, place);
    if (!raw.ok()) return raw.status();
    const absl::StatusOr<uint64_t> bits = MemberHex(*masks, id.c_str(), Place{place.file, place.line, *raw});
    if (!bits.ok()) return bits.status();
    probe.writable_masks[*raw] = *bits;
  }
  return absl::OkStatus();
}

// An experiment is checked against the lists, which may follow it in the file. It is kept as text, which is smaller
// than its parsed form.
struct Experiment {
  absl::string_view text;
  Place place;
};

// `room`: the number of experiments that may follow.
absl::Status ParseLine(const Json& line, absl::string_view text, const Place& place, ProbeRecording& probe,
                       std::vector<Experiment>& experiments, size_t& room) {
  if (Member(line, "kind") != nullptr) {
    if (room == 0) return place.Error(absl::StrCat("the probe has more than ", kMostExperiments, " experiments"));
    --room;
    experiments.push_back({text, place});
    return absl::OkStatus();
  }
  if (Member(line, "state") != nullptr) return ParseList(line, place, probe);
  if (Member(line, "info") != nullptr) return ParseMeta(line, place, probe);
  return place.Error("is neither a list, nor an experiment, nor a description of the host");
}

// One file, decompressed.
struct ProbeFileText {
  absl::string_view name;
  std::string text;
};

absl::StatusOr<std::vector<ProbeFileText>> TextsOf(const std::vector<ProbeInput>& files) {
  std::vector<ProbeFileText> texts;
  size_t room = kMostText;
  for (const ProbeInput& file : files) {
    absl::StatusOr<std::string> text = ProbeText(file.name, file.content, room);
    if (!text.ok()) return text.status();
    room -= text->size();
    texts.push_back({file.name, *std::move(text)});
  }
  return texts;
}

// Parses one probe. `room`: the number of experiments that it may have, from which it takes its own.
absl::StatusOr<ProbeRecording> ParseTexts(absl::Span<const ProbeFileText> files, size_t& room) {
  ProbeRecording probe;
  std::vector<Experiment> experiments;
  for (const ProbeFileText& file : files) {
    probe.complete = probe.complete || HasChecksums(file.text);
    absl::Status status =
        VisitProbeLines(file.name, file.text, [&](const Json& line, absl::string_view of, const Place& place) {
          return ParseLine(line, of, place, probe, experiments, room);
        });
    if (!status.ok()) return status;
  }
  const Place nowhere{files.empty() ? "" : files[0].name, 1};
  if (probe.classes.empty()) return nowhere.Error("there is no list of a fresh VM");
  if (probe.host.empty()) return nowhere.Error("there is no description of the host");
  for (const Experiment& experiment : experiments) {
    const Json line = Json::parse(experiment.text.begin(), experiment.text.end());  // valid, since it was parsed before
    absl::Status status = ParseExperiment(line, experiment.place, probe);
    if (!status.ok()) return status;
  }
  return probe;
}

}  // namespace

absl::StatusOr<ProbeRecording> ParseProbeRecording(const std::vector<ProbeInput>& files) {
  const absl::StatusOr<std::vector<ProbeFileText>> texts = TextsOf(files);
  if (!texts.ok()) return texts.status();
  size_t room = kMostExperiments;
  return ParseTexts(*texts, room);
}

absl::StatusOr<std::vector<ProbeRecording>> ParseProbeRecordings(const std::vector<ProbeInput>& files) {
  absl::StatusOr<std::vector<ProbeFileText>> texts = TextsOf(files);
  if (!texts.ok()) return texts.status();
  const auto whole = std::stable_partition(texts->begin(), texts->end(),
                                           [](const ProbeFileText& file) { return !HasChecksums(file.text); });
  std::vector<absl::Span<const ProbeFileText>> parts;
  const auto others = static_cast<size_t>(whole - texts->begin());
  if (others > 0 || texts->empty()) parts.push_back(absl::MakeConstSpan(*texts).subspan(0, others));
  for (size_t i = others; i < texts->size(); ++i) parts.push_back(absl::MakeConstSpan(*texts).subspan(i, 1));
  std::vector<ProbeRecording> probes;
  size_t room = kMostExperiments;
  for (const absl::Span<const ProbeFileText> part : parts) {
    absl::StatusOr<ProbeRecording> probe = ParseTexts(part, room);
    if (!probe.ok()) return probe.status();
    probes.push_back(*std::move(probe));
  }
  return probes;
}

}  // namespace armstate
