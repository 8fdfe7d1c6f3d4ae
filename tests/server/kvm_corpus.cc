#include "tests/server/kvm_corpus.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "absl/strings/escaping.h"
#include "tests/testing/zstd_file.h"

namespace armstate {
namespace {

using Json = nlohmann::json;

constexpr char kFolder[] = "tests/data/kvm/";

std::vector<Json> ReadLines(const std::string& path) {
  std::vector<Json> lines;
  std::istringstream text(ReadZstdFile(kFolder + path));
  for (std::string line; std::getline(text, line);) lines.push_back(Json::parse(line));
  return lines;
}

uint64_t Hex(const Json& text) { return std::stoull(text.get<std::string>(), nullptr, 16); }

// "0x...": all digits of one little-endian integer.
std::string Bytes(const std::string& text) {
  std::string bytes = absl::HexStringToBytes(text.substr(2));
  std::reverse(bytes.begin(), bytes.end());
  return bytes;
}

}  // namespace

std::vector<std::string> KvmHosts() {
  return {"cortex-a53@6.12", "cortex-a57@6.12", "cortex-a72@6.1",  "cortex-a72@6.12",  "cortex-a72@6.18", "max7@6.1",
          "max7@6.12",       "max7@6.18",       "neoverse-n1@6.1", "neoverse-n1@6.12", "neoverse-n1@6.18"};
}

std::vector<ProbeInput> ProbeFiles::list() const {
  return {{"lists", lists}, {"experiments", experiments}, {"meta", meta}};
}

ProbeFiles ReadProbeFiles(const std::string& host) {
  std::ifstream meta(kFolder + ("hosts/" + host) + ".meta.json");
  std::stringstream meta_text;
  meta_text << meta.rdbuf();
  return {ReadZstdFile(kFolder + ("hosts/" + host) + ".jsonl.zst"),
          ReadZstdFile(kFolder + ("probes/" + host) + ".jsonl.zst"), meta_text.str()};
}

ProbeRecording ReadHostProbe(const std::string& host) {
  const ProbeFiles files = ReadProbeFiles(host);
  absl::StatusOr<ProbeRecording> probe = ParseProbeRecording(files.list());
  EXPECT_TRUE(probe.ok()) << host << ": " << probe.status();
  if (!probe.ok()) std::abort();
  return *std::move(probe);
}

std::vector<std::string> ProbedKvmHosts() {
  return {"cortex-a53@6.12", "cortex-a57@6.12", "cortex-a72@6.1",  "cortex-a72@6.12",
          "max7@6.1",        "max7@6.12",       "neoverse-n1@6.1", "neoverse-n1@6.12"};
}

std::string ReadArmstateKvmProbe(const std::string& host) {
  std::ifstream file(kFolder + ("armstate-kvm/" + host) + ".probe.zst", std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  return content.str();
}

std::map<std::pair<std::string, std::string>, RecordedVm> ReadRecordedVms(const std::string& host) {
  std::map<std::pair<std::string, std::string>, RecordedVm> vms;
  for (const Json& line : ReadLines("hosts/" + host + ".jsonl.zst")) {
    RecordedVm& vm = vms[{line["cfg"], line["state"]}];
    vm.features = line["feature_bits"];
    vm.memory_tagging = line["mte"] != 0;
    for (const Json& vcpu : line["vcpus"]) {
      RegisterListBuilder builder;
      vm.ids.clear();
      for (const Json& entry : vcpu["regs"]) {
        vm.ids.push_back(Hex(entry[0]));
        builder.AddBytes(*RegisterId::Create(Hex(entry[0])), Bytes(entry[2]));
      }
      vm.vcpus.push_back(*std::move(builder).Build());
    }
  }
  return vms;
}

std::vector<RecordedRestore> ReadRecordedRestores(const std::string& host) {
  std::vector<RecordedRestore> restores;
  std::map<std::vector<std::string>, size_t> by_name;
  for (const Json& line : ReadLines("restores/" + host + ".pairs.jsonl.zst")) {
    RecordedRestore restore;
    restore.source = line["src"];
    restore.feature_class = line["cfg"];
    restore.state = line["state"];
    restore.order = line["order"];
    restore.init_step = line["init"]["step"];
    if (restore.init_step != "ok") restore.init_error = line["init"]["errno"];
    restore.features_used = Hex(line[restore.init_step == "ok" ? "init" : "init_degraded"]["feat"]);
    restore.ok = line["ok"];
    for (const Json& only : line["dst_only"]) {
      restore.destination_only[{only["vcpu"], Hex(only["reg"])}] = only["value"];
    }
    by_name[{restore.source, restore.feature_class, restore.order}] = restores.size();
    restores.push_back(std::move(restore));
  }
  for (const Json& line : ReadLines("restores/" + host + ".jsonl.zst")) {
    const size_t index = by_name.at({line["src"], line["cfg"], line["order"]});
    restores[index].findings[{line["vcpu"], Hex(line["reg"])}] = {line["kind"], line["errno"],
                                                                  line["readback"].is_string() ? line["readback"] : ""};
  }
  return restores;
}

}  // namespace armstate
