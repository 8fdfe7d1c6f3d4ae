// The recorded QEMU streams under tests/data/qemu-7.2.
#ifndef ARMSTATE_TESTS_CLIENT_QEMU_CORPUS_H_
#define ARMSTATE_TESTS_CLIENT_QEMU_CORPUS_H_

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace armstate {

// All configurations with a decoded list, e.g. "virt.cortex-a57.smp1".
std::vector<std::string> CorpusNames();

// The migration stream of a configuration.
std::string CorpusStream(const std::string& name);

// What an independent parser found in it: one object per vCPU.
std::vector<nlohmann::json> CorpusLists(const std::string& name);

// A stream of tests/data/qemu-7.2/more, e.g. "mps2-an505.cortex-m33.smp1.mig".
std::string MoreStream(const std::string& file);

// The CPU profile of a configuration ("cpuProfiles/..."): how it was started, as profiles/README.md names it.
std::string CorpusProfile(const std::string& name);

// The damaged streams: the lines of the manifest, and the stream of one.
std::vector<nlohmann::json> BadManifest();
std::string BadStream(const std::string& file);

}  // namespace armstate

#endif  // ARMSTATE_TESTS_CLIENT_QEMU_CORPUS_H_
