#include "tests/client/qemu/corpus.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "tests/testing/zstd_file.h"

namespace armstate {
namespace {

constexpr char kFolder[] = "tests/data/qemu-7.2/";

std::vector<nlohmann::json> Lines(std::istream& text) {
  std::vector<nlohmann::json> lines;
  std::string line;
  while (std::getline(text, line)) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

}  // namespace

std::vector<std::string> CorpusNames() {
  const std::string suffix = ".jsonl.zst";
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder + std::string("lists"))) {
    const std::string file = entry.path().filename();
    names.push_back(file.substr(0, file.size() - suffix.size()));
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string CorpusStream(const std::string& name) { return ReadZstdFile(kFolder + ("streams/" + name + ".mig.zst")); }

std::vector<nlohmann::json> CorpusLists(const std::string& name) {
  std::istringstream text(ReadZstdFile(kFolder + ("lists/" + name + ".jsonl.zst")));
  return Lines(text);
}

std::string MoreStream(const std::string& file) { return ReadZstdFile(kFolder + ("more/" + file + ".zst")); }

std::vector<nlohmann::json> BadManifest() {
  std::ifstream text(kFolder + std::string("bad/manifest.jsonl"));
  return Lines(text);
}

std::string BadStream(const std::string& file) { return ReadZstdFile(kFolder + ("bad/" + file)); }

std::string CorpusProfile(const std::string& name) {
  static const std::map<std::string, std::string> kNames = {
      {"realview-pbx-a9.cortex-a9.realview", "realview-pbx-a9.cortex-a9"},
      {"vexpress-a15.cortex-a15.vexpress", "vexpress-a15.cortex-a15"},
      {"virt.cortex-a15.q64", "virt.cortex-a15"},
      {"virt.cortex-a15.sec", "virt.cortex-a15.el3"},
      {"virt.cortex-a15.virt", "virt.cortex-a15.el2"},
      {"virt.cortex-a57.el3", "virt.cortex-a57.el2.el3"},
      {"virt.max.el3", "virt.max.el2.el3.mte"},
  };
  const std::string model = name.substr(0, name.rfind(".smp"));
  const auto other = kNames.find(model);
  return "cpuProfiles/qemu-7.2." + (other == kNames.end() ? model : other->second);
}

}  // namespace armstate
