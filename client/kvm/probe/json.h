// `ProbeJson` is the JSON of a probe's file, with its notation of numbers; server/probe/parse_json.h reads it.
#ifndef ARMSTATE_CLIENT_KVM_PROBE_JSON_H_
#define ARMSTATE_CLIENT_KVM_PROBE_JSON_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace armstate {

// Keeps the order in which members were added, for people who read the file.
using ProbeJson = nlohmann::ordered_json;

// "0x1f".
std::string Hex(uint64_t word);
// A register ID: "0x" and 16 digits.
std::string HexId(uint64_t id);
// Little-endian bytes as one integer: "0x" and all its digits.
std::string HexBytes(const std::string& bytes);

size_t WidthOf(uint64_t id);  // bytes
// Little-endian; of the first 8 bytes.
uint64_t WordOf(const std::string& bytes);
std::string BytesOf(uint64_t word, size_t width);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_KVM_PROBE_JSON_H_
