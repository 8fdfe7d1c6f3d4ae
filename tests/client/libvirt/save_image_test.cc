#include "client/libvirt/save_image.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/libvirt/domain_xml.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/zstd_file.h"

namespace armstate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The guest's XML is 1071 bytes and its cookie 150 long; libvirt leaves 64 KiB for the XML to grow.
TEST(SaveImageTest, ARecordedHeaderIsRead) {
  const std::string file = ReadZstdFile("tests/data/libvirt/a57-2vcpu.qemu-11.1.raw.img.zst");
  const absl::StatusOr<SaveImage> image = ParseSaveImage(file);
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(image->format, SaveImageFormat::kRaw);
  EXPECT_TRUE(image->was_running);
  EXPECT_EQ(image->domain_xml.size(), 1071u);
  EXPECT_TRUE(absl::StartsWith(image->domain_xml, "<domain type='qemu'>"));
  EXPECT_TRUE(absl::EndsWith(image->domain_xml, "</domain>\n"));
  EXPECT_TRUE(absl::StartsWith(image->cookie_xml, "<cookie>"));
  EXPECT_EQ(image->stream_offset, 92 + 1072 + image->cookie_xml.size() + 1 + 65536);
  EXPECT_EQ(file.substr(image->stream_offset, 4), "QEVM");
}

// Everything up to the stream's beginning is needed.
TEST(SaveImageTest, EveryTruncationIsRefused) {
  const std::string file = ReadZstdFile("tests/data/libvirt/a57-2vcpu.qemu-11.1.raw.img.zst").substr(0, 66843);
  for (size_t size = 0; size < file.size(); ++size) {
    ASSERT_FALSE(ParseSaveImage(absl::string_view(file).substr(0, size)).ok()) << size;
  }
  EXPECT_TRUE(ParseSaveImage(file).ok());
}

std::string Domain(const std::string& content) {
  return absl::StrCat("<domain type='kvm'><name>web</name><uuid>6b2f1c7e-5d0a-4c3b-9a53-0c1d2e3f4a5b</uuid>", content,
                      "</domain>");
}

DomainFacts IndexedMetadataOf(const std::string& content, const std::string& cookie = "") {
  const absl::StatusOr<DomainFacts> facts = ParseDomainXml(Domain(content), cookie);
  EXPECT_TRUE(facts.ok()) << facts.status();
  return facts.ok() ? *facts : DomainFacts();
}

TEST(DomainXmlTest, FactsOfAKvmGuest) {
  const DomainFacts facts = IndexedMetadataOf(R"(
    <os><type arch='aarch64' machine='virt-7.2'>hvm</type></os>
    <features><acpi/><gic version='3'/><pmu state='off'/></features>
    <cpu mode='host-passthrough' check='none'>
      <feature policy='require' name='sve'/><feature policy='disable' name='pauth'/>
      <feature policy='optional' name='sve512'/>
    </cpu>)");
  EXPECT_EQ(facts.type, "kvm");
  EXPECT_EQ(facts.name, "web");
  EXPECT_EQ(facts.uuid, "6b2f1c7e-5d0a-4c3b-9a53-0c1d2e3f4a5b");
  EXPECT_EQ(facts.machine_type, "virt-7.2");
  EXPECT_EQ(facts.cpu_model, "host");
  EXPECT_THAT(facts.cpu_features, ElementsAre("sve=on", "pauth=off", "pmu=off"));
  EXPECT_FALSE(facts.has_qemu_arguments);
}

TEST(DomainXmlTest, ModelsByMode) {
  EXPECT_EQ(IndexedMetadataOf("<cpu mode='custom'><model fallback='allow'>cortex-a57</model></cpu>").cpu_model,
            "cortex-a57");
  EXPECT_EQ(IndexedMetadataOf("<cpu mode='maximum'/>").cpu_model, "max");
  EXPECT_EQ(IndexedMetadataOf("").cpu_model, "");
}

TEST(DomainXmlTest, TheCookiesCpuIsTheLiveOne) {
  const std::string static_cpu = "<cpu mode='host-model'/>";
  const std::string live = "<cookie><cpu mode='custom'><model fallback='forbid'>neoverse-n1</model></cpu></cookie>";
  EXPECT_EQ(IndexedMetadataOf(static_cpu, live).cpu_model, "neoverse-n1");
  EXPECT_EQ(IndexedMetadataOf("<cpu mode='maximum'/>", "<cookie><slirpHelper/></cookie>").cpu_model, "max");
}

TEST(DomainXmlTest, ArgumentsForQemuAreSeen) {
  const absl::StatusOr<DomainFacts> facts = ParseDomainXml(
      "<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>"
      "<qemu:commandline><qemu:arg value='-cpu'/></qemu:commandline></domain>",
      "");
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_TRUE(facts->has_qemu_arguments);
}

std::string Refusal(const std::string& xml) { return std::string(ParseDomainXml(xml, "").status().message()); }

TEST(DomainXmlTest, HostileXmlIsRefused) {
  EXPECT_THAT(Refusal(""), HasSubstr("is not well formed"));
  EXPECT_THAT(Refusal("<domain>"), HasSubstr("is not well formed"));
  EXPECT_THAT(Refusal("<other/>"), HasSubstr("has another root"));
  EXPECT_THAT(Refusal("<!DOCTYPE domain [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><domain><name>&e;</name></domain>"),
              HasSubstr("has a document type"));
  std::string entities = "<!DOCTYPE domain [<!ENTITY a0 'aaaaaaaaaa'>";
  for (int i = 1; i < 30; ++i) {
    absl::StrAppend(&entities, "<!ENTITY a", i, " '&a", i - 1, ";&a", i - 1, ";&a", i - 1, ";'>");
  }
  EXPECT_NE(Refusal(entities + "]><domain><name>&a29;</name></domain>"), "");
  std::string nested = "<domain>";
  for (int i = 0; i < 100000; ++i) nested += "<a>";
  EXPECT_THAT(Refusal(nested), HasSubstr("is not well formed"));
  EXPECT_THAT(Refusal(Domain(std::string(17 << 20, ' '))), HasSubstr("more than 16 MiB"));
  EXPECT_THAT(std::string(ParseDomainXml(Domain(""), "<cookie").status().message()),
              HasSubstr("the XML of the cookie"));
  // What is told to users is printable and short.
  EXPECT_EQ(IndexedMetadataOf("<cpu><model>a\xc2\x9b\nb</model></cpu>").cpu_model, "a???b");
}

TEST(DomainXmlTest, ANameIsTheFirstOne) {
  EXPECT_EQ(IndexedMetadataOf("<name>other</name>").name, "web");
  EXPECT_THAT(IndexedMetadataOf("<cpu><feature name='sve'/></cpu>").cpu_features, IsEmpty());
}

}  // namespace
}  // namespace armstate
