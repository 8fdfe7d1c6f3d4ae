#include "client/kvm/tool/cpu_model.h"

#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"

namespace armstate {
namespace {

struct Part {
  uint32_t implementer;
  uint32_t number;
  absl::string_view name;
};

// From the CPUs' technical reference manuals, "MIDR_EL1".
constexpr Part kParts[] = {
    {0x41, 0xd01, "cortex-a32"},  {0x41, 0xd03, "cortex-a53"},  {0x41, 0xd04, "cortex-a35"},
    {0x41, 0xd05, "cortex-a55"},  {0x41, 0xd07, "cortex-a57"},  {0x41, 0xd08, "cortex-a72"},
    {0x41, 0xd09, "cortex-a73"},  {0x41, 0xd0a, "cortex-a75"},  {0x41, 0xd0b, "cortex-a76"},
    {0x41, 0xd0c, "neoverse-n1"}, {0x41, 0xd0d, "cortex-a77"},  {0x41, 0xd40, "neoverse-v1"},
    {0x41, 0xd41, "cortex-a78"},  {0x41, 0xd44, "cortex-x1"},   {0x41, 0xd46, "cortex-a510"},
    {0x41, 0xd47, "cortex-a710"}, {0x41, 0xd48, "cortex-x2"},   {0x41, 0xd49, "neoverse-n2"},
    {0x41, 0xd4a, "neoverse-e1"}, {0x41, 0xd4f, "neoverse-v2"}, {0x43, 0x0af, "thunderx2"},
    {0x46, 0x001, "a64fx"},       {0x48, 0xd01, "kunpeng-920"},
};

}  // namespace

std::string CpuModelName(uint64_t midr) {
  const uint32_t implementer = midr >> 24 & 0xff;
  const uint32_t number = midr >> 4 & 0xfff;
  for (const Part& part : kParts) {
    if (part.implementer == implementer && part.number == number) return std::string(part.name);
  }
  return absl::StrFormat("midr-0x%08x", midr & 0xffff'ffff);
}

}  // namespace armstate
