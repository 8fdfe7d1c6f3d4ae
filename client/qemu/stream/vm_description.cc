#include "client/qemu/stream/vm_description.h"

#include <string.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "client/qemu/stream/format.h"
#include "client/qemu/stream/reader.h"

namespace armstate {
namespace {

using Json = nlohmann::json;

// Descriptions of real machines have 10 to 100 KB; parsing needs about 20 times as much memory.
constexpr uint64_t kMaxJsonSize = uint64_t{16} << 20;
constexpr int kMaxNesting = 64;
// Far more than any device needs, and small enough that sums do not overflow.
constexpr uint64_t kMaxDeviceSize = uint64_t{1} << 40;
// A `cpu` section of QEMU 11.1 can have 24.
constexpr size_t kMaxSubsections = 64;
constexpr size_t kHeaderSize = 6;  // end of stream, description byte, u32 length

absl::Status NotADescription(absl::string_view why) {
  return absl::NotFoundError(absl::StrCat("no valid JSON description: ", why));
}

// Also true at a byte 0, which JSON never contains: so each candidate's text is scanned only up to the next candidate.
bool IsUnfit(absl::string_view json) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (c == '\0') return true;
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kMaxNesting) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

absl::optional<uint64_t> Number(const Json& object, const char* key) {
  const auto it = object.find(key);
  if (it == object.end() || !it->is_number_unsigned()) return absl::nullopt;
  return it->get<uint64_t>();
}

absl::optional<std::string> String(const Json& object, const char* key) {
  const auto it = object.find(key);
  if (it == object.end() || !it->is_string()) return absl::nullopt;
  return it->get<std::string>();
}

const Json* Array(const Json& object, const char* key) {
  const auto it = object.find(key);
  return it == object.end() || !it->is_array() ? nullptr : &*it;
}

// The size of the fields of a device or subsection. Nothing if they are not described.
absl::optional<uint64_t> SizeOfFields(const Json& device) {
  const Json* fields = Array(device, "fields");
  if (fields == nullptr) return absl::nullopt;
  uint64_t size = 0;
  for (const Json& field : *fields) {
    if (!field.is_object()) return absl::nullopt;
    const absl::optional<uint64_t> width = Number(field, "size");
    const uint64_t count = Number(field, "array_len").value_or(1);
    if (!width || *width > kMaxDeviceSize || count > kMaxDeviceSize) return absl::nullopt;
    if (*width != 0 && count > kMaxDeviceSize / *width) return absl::nullopt;
    size += *width * count;
    if (size > kMaxDeviceSize) return absl::nullopt;
  }
  return size;
}

// Adds the size of the fields and subsections of `json`, a device or a subsection. False if they are not described.
bool AddParts(const Json& json, DeviceDescription& device) {
  const absl::optional<uint64_t> fields = SizeOfFields(json);
  if (!fields) return false;
  device.size += *fields;
  if (!json.contains("subsections")) return device.size <= kMaxDeviceSize;
  const Json* subsections = Array(json, "subsections");
  if (subsections == nullptr) return false;
  for (const Json& subsection : *subsections) {
    if (!subsection.is_object()) return false;
    const absl::optional<std::string> name = String(subsection, "vmsd_name");
    const absl::optional<uint64_t> size = SizeOfFields(subsection);
    if (!name || name->size() > 255 || !size) return false;
    device.size += 1 + 1 + name->size() + 4;  // type, length of the name, name, version
    if (device.name == "cpu") device.subsections.push_back({*name, *size});
    if (device.subsections.size() > kMaxSubsections) return false;
    if (!AddParts(subsection, device)) return false;
  }
  return device.size <= kMaxDeviceSize;
}

absl::optional<DeviceDescription> ReadDevice(const Json& json) {
  if (!json.is_object()) return absl::nullopt;
  DeviceDescription device;
  const absl::optional<std::string> name = String(json, "name");
  const absl::optional<uint64_t> instance = Number(json, "instance_id");
  if (!name || !instance) return absl::nullopt;
  device.name = *name;
  device.instance = *instance;
  if (!AddParts(json, device)) return absl::nullopt;
  device.version = Number(json, "version");
  for (const Json& field : *Array(json, "fields")) {
    if (String(field, "name") == std::string("cpreg_vmstate_indexes")) {
      device.cpreg_count = Number(field, "array_len").value_or(1);
    }
  }
  return device;
}

// Omits parts that do not fit; the stream's own bytes decide then.
void ReadConfigurationSubsections(const Json& root, VmDescription& description) {
  const auto configuration = root.find("configuration");
  if (configuration == root.end() || !configuration->is_object()) return;
  const Json* subsections = Array(*configuration, "subsections");
  if (subsections == nullptr) return;
  for (const Json& subsection : *subsections) {
    const absl::optional<std::string> name = subsection.is_object() ? String(subsection, "vmsd_name") : absl::nullopt;
    const absl::optional<uint64_t> size = name ? SizeOfFields(subsection) : absl::nullopt;
    if (size) description.configuration_subsections.emplace_back(*name, *size);
  }
}

}  // namespace

const uint64_t* VmDescription::ConfigurationSize(absl::string_view subsection) const {
  for (const auto& [name, size] : configuration_subsections) {
    if (name == subsection) return &size;
  }
  return nullptr;
}

absl::StatusOr<VmDescription> ParseVmDescription(absl::string_view json) {
  if (IsUnfit(json)) return NotADescription("it is nested too deeply or holds a byte 0");
  const Json root = Json::parse(json.begin(), json.end(), nullptr, /*allow_exceptions=*/false);
  if (root.is_discarded()) return NotADescription("not JSON");
  const Json* devices = root.is_object() ? Array(root, "devices") : nullptr;
  const absl::optional<uint64_t> page_size = root.is_object() ? Number(root, "page_size") : absl::nullopt;
  if (devices == nullptr || !page_size) return NotADescription("it names no devices or no page size");
  if (*page_size < 512 || *page_size > 65536 || (*page_size & (*page_size - 1)) != 0) {
    return NotADescription(absl::StrCat("page size ", *page_size));
  }
  VmDescription description;
  description.page_size = *page_size;
  for (const Json& json_device : *devices) {
    absl::optional<DeviceDescription> device = ReadDevice(json_device);
    if (!device) return NotADescription(absl::StrCat("device ", description.devices.size(), " is not described"));
    description.devices.push_back(*std::move(device));
  }
  ReadConfigurationSubsections(root, description);
  return description;
}

// A candidate begins with the bytes 0x00 0x06, which JSON never contains, and is scanned only up to the next one, so
// the search is linear.
absl::StatusOr<VmDescription> FindVmDescription(absl::string_view stream) {
  absl::Status why = NotADescription("there is none");
  absl::string_view before = stream;
  // memrchr, since streams may be gigabytes long.
  while (const void* found = before.empty() ? nullptr : memrchr(before.data(), kDescription, before.size())) {
    before = before.substr(0, static_cast<const char*>(found) - before.data());
    if (before.empty() || before.back() != kEndOfStream) continue;
    const size_t at = before.size() - 1;
    if (stream.size() - at <= kHeaderSize || stream[at + kHeaderSize] != '{') continue;
    const uint64_t size = LoadBigEndian(stream.substr(at + 2, 4));
    if (size > stream.size() - at - kHeaderSize) {
      why = NotADescription("it is cut off");
    } else if (size > kMaxJsonSize) {
      why = NotADescription(absl::StrCat("it takes ", size, " bytes"));
    } else {
      absl::StatusOr<VmDescription> description = ParseVmDescription(stream.substr(at + kHeaderSize, size));
      if (description.ok()) {
        description->end_of_stream = at;
        description->end = at + kHeaderSize + size;
        return description;
      }
      why = description.status();
    }
  }
  return why;
}

}  // namespace armstate
