#include "client/qemu/migration_stream.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/qemu/cpu_search.h"
#include "client/qemu/printable.h"
#include "client/qemu/ram_section.h"
#include "client/qemu/section_header.h"
#include "client/qemu/stream_configuration.h"
#include "client/qemu/stream_error.h"
#include "client/qemu/stream_format.h"
#include "client/qemu/stream_reader.h"
#include "client/qemu/vm_description.h"

namespace armstate {
namespace {

// A command that carries a whole stream of its own (postcopy).
constexpr uint16_t kCommandPackaged = 7;
// The pages of ARM targets, for streams that do not tell theirs.
constexpr uint64_t kPageSizes[] = {4096, 1024, 16384, 65536};

// Why a section that is sent in parts, and is not RAM's, cannot be read: nothing tells where a part of it ends.
std::string SentInParts(const StreamSection& section) {
  const std::string what = absl::StrCat("section ", Printable(section.name), " version ", section.version,
                                        " is sent in parts, and only ram version 4 is known");
  if (section.name == "dirty-bitmap") return what + "; save the guest without the capability dirty-bitmaps";
  if (section.name == "block") return what + "; save the guest without its disks (`migrate` without -b)";
  if (section.name == "vfio" || absl::EndsWith(section.name, "/vfio")) {
    return what + "; unplug the guest's VFIO devices before it is saved";
  }
  return what;
}

class Walker {
 public:
  explicit Walker(absl::string_view stream) : stream_(stream), reader_(stream, 0, "") {}

  absl::StatusOr<MigrationStream> Walk() {
    ReadHeader();
    if (!reader_.ok()) return reader_.status();
    absl::StatusOr<VmDescription> description = FindVmDescription(stream_);
    if (description.ok()) {
      description_ = *std::move(description);
      result_.has_description = true;
    }
    if (reader_.Peek() == kConfiguration) {
      TakeConfiguration(ReadConfiguration(description_ ? &*description_ : nullptr, reader_));
    }
    if (!reader_.ok()) return reader_.status();
    absl::Status status = SetPageSize();
    if (status.ok()) status = description_ ? WalkDescribed() : WalkAndSearch(description.status());
    if (!status.ok()) return status;
    status = CheckVcpus();
    if (!status.ok()) return status;
    result_.file_offset = ram_facts_.file_offset;
    if (ram_facts_.pages_elsewhere && !ram_.mapped_ram) {
      result_.notes.push_back("guest RAM is not in the stream: it went over multifd's other channels");
    }
    for (const std::string& subsection : unknown_subsections_) {
      result_.notes.push_back(absl::StrCat("subsection ", Printable(subsection),
                                           " is of a later QEMU than this armstate knows: kept as it is"));
    }
    if (result_.machine_type.empty()) result_.notes.push_back("the stream does not name its machine type");
    return std::move(result_);
  }

 private:
  void ReadHeader() {
    if (reader_.U32("the magic number") != kStreamMagic)
      reader_.Fail(0, "not a migration stream: it does not begin with QEVM");
    const uint32_t version = reader_.U32("the format version");
    if (version != kStreamVersion)
      reader_.Fail(4, absl::StrCat("stream format version ", version, "; only 3 is known"));
  }

  void TakeConfiguration(StreamConfiguration configuration) {
    ram_.ignore_shared = configuration.Has("x-ignore-shared");
    ram_.mapped_ram = configuration.Has("mapped-ram");
    page_bits_at_ = configuration.page_bits_at;
    result_.machine_type = std::move(configuration.machine_type);
    result_.target_page_bits = configuration.target_page_bits;
    result_.capabilities = std::move(configuration.capabilities);
    result_.uuid = std::move(configuration.uuid);
    for (const std::string& name : configuration.skipped) {
      result_.notes.push_back(absl::StrCat("subsection ", name, " of the configuration is not known and was skipped"));
    }
  }

  absl::Status SetPageSize() {
    ram_.page_size = description_ ? description_->page_size : 0;
    if (!result_.target_page_bits) return absl::OkStatus();
    const uint32_t bits = *result_.target_page_bits;
    if (bits < 9 || bits > 16)
      return StreamError(page_bits_at_, "configuration", absl::StrCat("target-page-bits is ", bits));
    const uint64_t page_size = uint64_t{1} << bits;
    if (description_ && page_size != ram_.page_size) {
      return StreamError(
          page_bits_at_, "configuration",
          absl::StrCat("target-page-bits is ", bits, ", but the description has pages of ", ram_.page_size, " bytes"));
    }
    ram_.page_size = page_size;
    return absl::OkStatus();
  }

  // Walks over RAM and commands, up to the first device section or the end of the stream.
  void WalkRam(const RamFormat& format, StreamReader& reader) {
    while (reader.ok() && reader.Peek() != kSectionFull && reader.Peek() != kEndOfStream) {
      const size_t at = reader.offset();
      const uint8_t type = reader.U8("the next part of the stream");
      if (!reader.ok()) return;
      switch (type) {
        case kSectionStart: {
          const StreamSection section = ReadSectionHeader(at, reader);
          if (!reader.ok()) return;
          if (section.name != "ram" || section.version != 4) {
            reader.Fail(at, SentInParts(section));
            return;
          }
          ram_id_ = section.id;
          SkipRam(format, reader, ram_facts_);
          if (reader.ok() && !has_footers_) has_footers_ = reader.Peek() == kSectionFooter;
          break;
        }
        case kSectionPart:
        case kSectionEnd: {
          const uint32_t id = reader.U32("a section's id");
          if (!reader.ok()) return;
          if (id != ram_id_) {
            reader.Fail(at, absl::StrCat("a part of section ", id, ", which did not start"));
            return;
          }
          SkipRam(format, reader, ram_facts_);
          break;
        }
        case kCommand: {
          const uint16_t command = reader.U16("a command");
          reader.Bytes(reader.U16("a command's length"), "a command");
          if (command == kCommandPackaged)
            reader.Fail(at,
                        "a packaged stream, as postcopy sends it: its device state is for a QEMU that waits for pages "
                        "at the other end; stop the guest and save it without postcopy");
          continue;
        }
        default:
          reader.Fail(at, absl::StrCat("unknown section type ", type));
          return;
      }
      if (has_footers_.value_or(false)) ReadFooter(*ram_id_, "ram", reader);
    }
  }

  absl::Status WalkDescribed() {
    while (reader_.ok() && reader_.Peek() != kEndOfStream) {
      if (reader_.Peek() == kSectionFull) {
        const absl::Status status = ReadDevice();
        if (!status.ok()) return status;
      } else {
        WalkRam(ram_, reader_);
      }
    }
    if (!reader_.ok()) return reader_.status();
    if (next_device_ != description_->devices.size()) {
      return StreamError(
          reader_.offset(), "",
          absl::StrCat("the stream ends before section ", Printable(description_->devices[next_device_].name),
                       ", which its description names"));
    }
    result_.end_of_stream = reader_.offset();
    if (result_.end_of_stream != description_->end_of_stream) {
      return StreamError(
          result_.end_of_stream, "",
          absl::StrCat("the stream ends here, but its description is at offset ", description_->end_of_stream));
    }
    const size_t trailing = stream_.size() - description_->end;
    if (trailing > 0) result_.notes.push_back(absl::StrCat(trailing, " bytes follow the end of the stream"));
    return absl::OkStatus();
  }

  absl::Status ReadDevice() {
    const size_t at = reader_.offset();
    reader_.U8("a section");
    StreamSection section = ReadSectionHeader(at, reader_);
    if (!reader_.ok()) return reader_.status();
    const std::string name = absl::StrCat(Printable(section.name), " ", section.instance);
    if (next_device_ == description_->devices.size()) {
      return StreamError(at, name, "the description at the end of the stream has no such section");
    }
    const DeviceDescription& device = description_->devices[next_device_++];
    if (section.name != device.name || section.instance != device.instance ||
        (device.version && section.version != *device.version)) {
      const std::string version = device.version ? absl::StrCat(" version ", *device.version) : "";
      return StreamError(at, name,
                         absl::StrCat("version ", section.version, ", where the description has ",
                                      Printable(device.name), " ", device.instance, version));
    }
    const bool footers = has_footers_.value_or(true);
    if (section.name == "cpu_common") common_ = section.instance;
    if (section.name == "cpu") return ReadCpu(std::move(section), device, footers);
    reader_.Bytes(device.size, absl::StrCat("section ", name));
    if (footers) ReadFooter(section.id, section.name, reader_);
    return reader_.status();
  }

  absl::Status ReadCpu(StreamSection header, const DeviceDescription& device, bool footers) {
    const std::string name = absl::StrCat("cpu ", header.instance);
    if (common_ != header.instance) {
      return StreamError(header.header, name, "the cpu_common section before it is of another vCPU, or there is none");
    }
    common_.reset();
    const SectionEnd end{footers ? SectionEnd::kFooter : SectionEnd::kNextHeader, header.id, 0};
    absl::StatusOr<CpuSection> cpu =
        ParseCpuSection(stream_, header.payload, header.version, end, name, device.subsections);
    if (!cpu.ok()) {
      // A wrong length makes all that follows look wrong, so it is the better answer.
      const absl::Status count = CheckCount(header, device, name);
      return count.ok() ? cpu.status() : count;
    }
    reader_.Bytes(cpu->size, "the section");
    if (footers) ReadFooter(header.id, header.name, reader_);
    std::vector<std::string> missing = Missing(*cpu, device, name);
    result_.vcpus.push_back({std::move(header), *std::move(cpu), std::move(missing)});
    return reader_.status();
  }

  absl::Status CheckCount(const StreamSection& header, const DeviceDescription& device, absl::string_view name) const {
    size_t offset = header.payload;
    for (const CpuFieldInfo& field : CpuHeadFields(header.version)) offset += size_t{field.width} * field.count;
    if (offset == header.payload || offset + 4 > stream_.size()) return absl::OkStatus();
    const int64_t count = static_cast<int32_t>(LoadBigEndian(stream_.substr(offset, 4)));
    if (count >= 0 && static_cast<uint64_t>(count) == device.cpreg_count) return absl::OkStatus();
    return StreamError(
        offset, name,
        absl::StrCat("cpreg_vmstate_array_len is ", count, ", but the description has ", device.cpreg_count));
  }

  // The section is whole up to its footer, so where it has less than its description it was changed afterwards. What is
  // gone, the capture cannot bring; QEMU loads such a stream without a word.
  std::vector<std::string> Missing(const CpuSection& cpu, const DeviceDescription& device, absl::string_view name) {
    std::vector<std::string> missing;
    if (cpu.register_count < device.cpreg_count) {
      missing.push_back(
          absl::StrCat("the list has ", cpu.register_count, " registers, its description has ", device.cpreg_count));
    }
    for (const SubsectionDescription& subsection : device.subsections) {
      if (cpu.FindSubsection(subsection.name) == nullptr)
        missing.push_back(absl::StrCat("subsection ", Printable(subsection.name), " is missing"));
    }
    for (const CpuSubsection& subsection : cpu.subsections) {
      if (subsection.info == nullptr) unknown_subsections_.insert(subsection.name);
    }
    if (missing.empty() && cpu.size != device.size) {
      result_.notes.push_back(
          absl::StrCat("section ", name, " has ", cpu.size, " bytes, its description has ", device.size));
    }
    return missing;
  }

  absl::Status WalkAndSearch(const absl::Status& why) {
    const absl::Status ram = ram_.page_size != 0 ? WalkRamOnce() : WalkRamOfUnknownPages();
    if (!ram.ok()) return ram;
    absl::StatusOr<CpuSearchResult> found = SearchCpuSections(stream_, reader_.offset(), has_footers_.value_or(true));
    if (!found.ok()) return found.status();
    result_.vcpus = std::move(found->vcpus);
    result_.end_of_stream = found->end_of_stream;
    result_.notes.push_back(
        absl::StrCat(why.message(), ": the cpu sections were searched, and each is whole up to its footer"));
    return absl::OkStatus();
  }

  absl::Status WalkRamOnce() {
    WalkRam(ram_, reader_);
    return reader_.status();
  }

  // Exactly one page size must lead to the device sections, unless all lead to the same place.
  absl::Status WalkRamOfUnknownPages() {
    const StreamReader start = reader_;
    absl::optional<StreamReader> found;
    absl::optional<bool> found_footers;
    RamFacts found_facts;
    for (const uint64_t page_size : kPageSizes) {
      StreamReader reader = start;
      has_footers_.reset();
      ram_facts_ = {};
      RamFormat format = ram_;
      format.page_size = page_size;
      WalkRam(format, reader);
      if (!reader.ok()) {
        if (reader_.ok()) reader_ = reader;  // the error of the first, if none succeeds
        continue;
      }
      if (found && found->offset() != reader.offset()) {
        return StreamError(start.offset(), "ram",
                           "more than one page size leads to the end of RAM, and the stream does not tell it");
      }
      found = reader;
      found_footers = has_footers_;
      found_facts = ram_facts_;
    }
    has_footers_ = found_footers;
    ram_facts_ = found_facts;
    if (found) reader_ = *found;
    return reader_.status();
  }

  absl::Status CheckVcpus() {
    std::vector<VcpuSection>& vcpus = result_.vcpus;
    if (vcpus.empty()) return StreamError(result_.end_of_stream, "", "the stream ends without a cpu section");
    std::stable_sort(vcpus.begin(), vcpus.end(),
                     [](const VcpuSection& a, const VcpuSection& b) { return a.header.instance < b.header.instance; });
    for (size_t i = 0; i < vcpus.size(); ++i) {
      const StreamSection& header = vcpus[i].header;
      if (header.instance == i) continue;
      const bool twice = i > 0 && vcpus[i - 1].header.instance == header.instance;
      return StreamError(header.header, vcpus[i].Name(),
                         twice ? "this instance is there twice" : absl::StrCat("there is no instance ", i));
    }
    return absl::OkStatus();
  }

  absl::string_view stream_;
  StreamReader reader_;
  MigrationStream result_;
  absl::optional<VmDescription> description_;
  size_t next_device_ = 0;
  RamFormat ram_;
  RamFacts ram_facts_;
  size_t page_bits_at_ = 0;
  absl::optional<uint32_t> ram_id_;
  // Known from the end of the first section; QEMU before 2.4 wrote none.
  absl::optional<bool> has_footers_;
  // Instance of the last cpu_common section, until the cpu section that belongs to it.
  absl::optional<uint32_t> common_;
  std::set<std::string> unknown_subsections_;
};

}  // namespace

std::string VcpuSection::Name() const { return absl::StrCat("cpu ", header.instance); }

absl::StatusOr<MigrationStream> ParseMigrationStream(absl::string_view stream) { return Walker(stream).Walk(); }

}  // namespace armstate
