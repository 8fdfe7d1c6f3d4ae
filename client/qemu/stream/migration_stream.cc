#include "client/qemu/stream/migration_stream.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/qemu/stream/configuration.h"
#include "client/qemu/stream/cpu_search.h"
#include "client/qemu/stream/error.h"
#include "client/qemu/stream/format.h"
#include "client/qemu/stream/printable.h"
#include "client/qemu/stream/ram_walk.h"
#include "client/qemu/stream/reader.h"
#include "client/qemu/stream/section_header.h"
#include "client/qemu/stream/vm_description.h"

namespace armstate {
namespace {

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
    ram_walk_ = RamWalk(ram_);
    if (status.ok()) status = description_ ? WalkDescribed() : WalkAndSearch(description.status());
    if (!status.ok()) return status;
    status = CheckVcpus();
    if (!status.ok()) return status;
    result_.file_offset = ram_walk_.facts().file_offset;
    result_.switchover = ram_walk_.switchover();
    if (ram_walk_.facts().pages_elsewhere && !ram_.mapped_ram) {
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

  absl::Status WalkDescribed() {
    while (reader_.ok() && reader_.Peek() != kEndOfStream) {
      if (reader_.Peek() == kSectionFull) {
        const absl::Status status = ReadDevice();
        if (!status.ok()) return status;
      } else {
        ram_walk_.Walk(reader_);
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
    const bool footers = ram_walk_.has_footers().value_or(true);
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
      // A wrong length makes everything behind it look wrong, so this is the better error.
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

  // The section is complete up to its footer, so if it has less than its description says, it was changed afterwards.
  // The capture lacks what is gone, while QEMU loads such a stream without an error.
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
    if (ram_.page_size != 0) {
      ram_walk_.Walk(reader_);
    } else if (const absl::Status ram = ram_walk_.WalkWithUnknownPages(reader_); !ram.ok()) {
      return ram;
    }
    if (!reader_.ok()) return reader_.status();
    absl::StatusOr<CpuSearchResult> found =
        SearchCpuSections(stream_, reader_.offset(), ram_walk_.has_footers().value_or(true));
    if (!found.ok()) return found.status();
    result_.vcpus = std::move(found->vcpus);
    result_.end_of_stream = found->end_of_stream;
    result_.notes.push_back(
        absl::StrCat(why.message(), ": the cpu sections were searched, and each is whole up to its footer"));
    return absl::OkStatus();
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
  RamWalk ram_walk_;
  size_t page_bits_at_ = 0;
  // The instance of the last cpu_common section, until its cpu section follows.
  absl::optional<uint32_t> common_;
  std::set<std::string> unknown_subsections_;
};

}  // namespace

std::string VcpuSection::Name() const { return absl::StrCat("cpu ", header.instance); }

absl::StatusOr<MigrationStream> ParseMigrationStream(absl::string_view stream) { return Walker(stream).Walk(); }

}  // namespace armstate
