#include "client/qemu/stream/configuration.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "client/qemu/stream/format.h"
#include "client/qemu/stream/printable.h"

namespace armstate {
namespace {

constexpr uint32_t kMaxNameLength = 255;
constexpr uint32_t kMaxCapabilities = 64;

void ReadSubsection(const VmDescription* description, StreamReader& reader, StreamConfiguration& configuration) {
  const size_t at = reader.offset();
  reader.U8("a subsection");
  const absl::string_view name = reader.CountedString("the name of a subsection");
  const uint32_t version = reader.U32("the version of a subsection");
  const bool known_version = version == 1;
  if (known_version && name == "configuration/target-page-bits") {
    configuration.page_bits_at = reader.offset();
    configuration.target_page_bits = reader.U32("target-page-bits");
  } else if (known_version && name == "configuration/capabilities") {
    const uint32_t count = reader.U32("the number of capabilities");
    if (count > kMaxCapabilities) reader.Fail(at, absl::StrCat(count, " capabilities"));
    for (uint32_t i = 0; i < count && reader.ok(); ++i) {
      configuration.capabilities.emplace_back(reader.CountedString("a capability"));
    }
  } else if (known_version && name == "configuration/uuid") {
    configuration.uuid = std::string(reader.Bytes(16, "the uuid"));
  } else if (const uint64_t* size = description == nullptr ? nullptr : description->ConfigurationSize(name)) {
    reader.Bytes(*size, absl::StrCat("subsection ", Printable(name)));
    configuration.skipped.push_back(Printable(name));
  } else {
    reader.Fail(at, absl::StrCat("unknown subsection '", Printable(name), "', version ", version,
                                 ", of the configuration, which the stream does not describe"));
  }
}

}  // namespace

bool StreamConfiguration::Has(absl::string_view capability) const {
  return std::find(capabilities.begin(), capabilities.end(), capability) != capabilities.end();
}

StreamConfiguration ReadConfiguration(const VmDescription* description, StreamReader& reader) {
  StreamConfiguration configuration;
  reader.U8("the configuration section");
  const size_t at = reader.offset();
  const uint32_t length = reader.U32("the length of the machine's name");
  if (length == 0 || length > kMaxNameLength) reader.Fail(at, absl::StrCat("a machine's name of ", length, " bytes"));
  configuration.machine_type = std::string(reader.Bytes(length, "the machine's name"));
  while (reader.ok() && reader.Peek() == kSubsection) ReadSubsection(description, reader, configuration);
  return configuration;
}

}  // namespace armstate
