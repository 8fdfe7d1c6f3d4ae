#include "client/libvirt/state_file.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/formats/packed_state_file.h"
#include "client/formats/plain_state_file.h"
#include "client/libvirt/domain_xml.h"

namespace armstate {
namespace {

constexpr char kForm[] = "libvirt save image";

absl::StatusOr<std::unique_ptr<StateFile>> OpenContent(const SaveImage& image, InputFile file) {
  const auto packed = [&](Codec codec) -> absl::StatusOr<std::unique_ptr<StateFile>> {
    return PackedStateFile::Open(kForm, std::move(file), image.stream_offset, codec);
  };
  switch (image.format) {
    case SaveImageFormat::kGzip:
      return packed(Codec::kGzip);
    case SaveImageFormat::kBzip2:
      return packed(Codec::kBzip2);
    case SaveImageFormat::kXz:
      return packed(Codec::kXz);
    case SaveImageFormat::kZstd:
      return packed(Codec::kZstd);
    default:
      return std::make_unique<PlainStateFile>(kForm, std::move(file), image.stream_offset);
  }
}

const char* FormatName(SaveImageFormat format) {
  constexpr const char* kNames[] = {"raw", "gzip", "bzip2", "xz", "lzop", "zstd", "sparse"};
  return kNames[static_cast<size_t>(format)];
}

std::string AcceleratorOf(const std::string& domain_type) { return domain_type == "qemu" ? "tcg" : domain_type; }

// Makes the text of -cpu, at most the 255 bytes that a source may have.
std::string CpuOptionOf(const DomainFacts& facts) {
  if (facts.cpu_model.empty() || facts.cpu_features.empty()) return facts.cpu_model;
  std::string option = absl::StrCat(facts.cpu_model, ",", absl::StrJoin(facts.cpu_features, ","));
  return option.size() <= 255 ? option : facts.cpu_model;
}

}  // namespace

absl::StatusOr<std::unique_ptr<LibvirtStateFile>> LibvirtStateFile::Open(InputFile file) {
  const absl::StatusOr<SaveImage> image = ParseSaveImage(file.bytes());
  if (!image.ok()) return image.status();
  absl::StatusOr<std::unique_ptr<StateFile>> content = OpenContent(*image, std::move(file));
  if (!content.ok()) return content.status();
  std::unique_ptr<LibvirtStateFile> opened(
      new LibvirtStateFile(absl::StrCat(kForm, " (", FormatName(image->format), ")"), *std::move(content)));
  opened->notes_ = opened->content_->notes();
  opened->AddFacts(image->domain_xml, image->cookie_xml);
  return opened;
}

void LibvirtStateFile::AddFacts(absl::string_view domain_xml, absl::string_view cookie_xml) {
  const absl::StatusOr<DomainFacts> facts = ParseDomainXml(domain_xml, cookie_xml);
  if (!facts.ok()) {
    notes_.push_back(absl::StrCat(facts.status().message(), ": what it says of the guest is not known"));
    return;
  }
  source_.accelerator = AcceleratorOf(facts->type);
  source_.machine_type = facts->machine_type;
  source_.cpu_model = CpuOptionOf(*facts);
  source_.vm_name = facts->name;
  source_.vm_uuid = facts->uuid;
  if (facts->has_qemu_arguments) {
    notes_.push_back(
        "the domain passes arguments of its own to QEMU, which may contradict what its XML says of the CPU");
  }
}

}  // namespace armstate
