#include "tests/client/qemu/corpus.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
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

}  // namespace armstate
