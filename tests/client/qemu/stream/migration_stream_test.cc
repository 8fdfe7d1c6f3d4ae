#include "client/qemu/stream/migration_stream.h"

#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/qemu/capture.h"
#include "client/qemu/restore.h"
#include "core/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/qemu/corpus.h"
#include "tests/client/qemu/stream/stream_builder.h"

namespace armstate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr uint32_t kSvc = 0xd3;
const std::string kCommon = std::string(8, '\0');

// A stream of `cpus` vCPUs, without configuration and description, and with an empty RAM.
std::string Dump(const std::vector<std::string>& cpus, bool footers = true, uint32_t version = 22) {
  std::string stream = StreamHeader() + "\x01" + BigEndian(1, 4) + Counted("ram") + BigEndian(0, 4) + BigEndian(4, 4) +
                       BigEndian(0x04, 8) + BigEndian(0x10, 8) + (footers ? "\x7e" + BigEndian(1, 4) : "");
  stream += FullSection(2, "timer", 0, 2, std::string(24, '\0'), footers);
  uint32_t id = 3;
  for (uint32_t i = 0; i < cpus.size(); ++i) {
    stream += FullSection(id++, "cpu_common", i, 1, kCommon, footers);
    stream += FullSection(id++, "cpu", i, version, cpus[i], footers);
  }
  return stream + FullSection(id, "globalstate", 0, 1, std::string(104, '\0'), footers) + std::string(1, '\0');
}

// The error of a stream that must be refused as malformed.
absl::Status Refusal(absl::string_view stream) {
  const absl::Status status = CaptureQemuStream(stream).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  const absl::optional<ErrorInfo> info = GetErrorInfo(status);
  EXPECT_TRUE(info && info->reason == ErrorReason::kStreamMalformed) << status;
  return status;
}

std::string RegisterValue(const VcpuState& vcpu, uint64_t id) {
  const absl::optional<absl::string_view> value = vcpu.registers.Find(*RegisterId::Create(id));
  return value ? FormatValue(*value) : "none";
}

std::string OpaqueBytes(const VcpuState& vcpu, const std::string& name) {
  for (const OpaqueField& field : vcpu.opaque_fields) {
    if (field.name == name) return field.data;
  }
  return "none";
}

// Version 12 is QEMU 1.6's, which wrote no footers. No recorded stream of it exists, so this one is made by the table
// of its fields: regs 0, cpsr 64, spsr 68, banked_spsr 72, banked_r13 96, banked_r14 120, usr_regs 144, fiq_regs 164.
class Version12Test : public testing::TestWithParam<bool> {};

TEST_P(Version12Test, FieldsAreWhereTheTableSays) {
  const std::string stream =
      Dump({CpuSection12(kSvc, {{0x40200000000f0000, 0x410fc075}, {0x40300000000f0100, 0x1122334455667788}}) +
            Subsection("cpu/thumb2ee", 1, "TEECTEEH")},
           GetParam(), 12);
  const absl::StatusOr<QemuCapture> capture = CaptureQemuStream(stream);
  ASSERT_TRUE(capture.ok()) << capture.status();
  ASSERT_THAT(capture->vcpus, SizeIs(1));
  const VcpuState& vcpu = capture->vcpus[0];
  EXPECT_EQ(vcpu.registers.size(), 2u + 38u - 1u);                           // all core words but orig_r0
  EXPECT_EQ(RegisterValue(vcpu, 0x40200000000f0000), "0x410fc075");          // MIDR
  EXPECT_EQ(RegisterValue(vcpu, 0x40300000000f0100), "0x1122334455667788");  // TTBR0
  EXPECT_EQ(RegisterValue(vcpu, 0x4020000000100001), "0x04050607");          // R1
  EXPECT_EQ(RegisterValue(vcpu, 0x4020000000100010), "0x000000d3");          // CPSR
  EXPECT_EQ(RegisterValue(vcpu, 0x402000000010000d), "0x60616263");          // SP_usr: banked_r13[0]
  EXPECT_EQ(RegisterValue(vcpu, 0x4020000000100012), "0x34353637");          // SP_svc is live: regs[13]
  EXPECT_EQ(RegisterValue(vcpu, 0x4020000000100013), "0x38393a3b");          // LR_svc is live: regs[14]
  EXPECT_EQ(RegisterValue(vcpu, 0x4020000000100014), "0x44454647");          // SPSR_svc is live: spsr
  EXPECT_EQ(RegisterValue(vcpu, 0x4020000000100017), "0x50515253");          // SPSR_abt: banked_spsr[2]
  EXPECT_EQ(RegisterValue(vcpu, 0x4020000000100018), "0x6c6d6e6f");          // SP_und: banked_r13[3]
  EXPECT_EQ(RegisterValue(vcpu, 0x402000000010001c), "0x88898a8b");          // LR_irq: banked_r14[4]
  EXPECT_EQ(RegisterValue(vcpu, 0x402000000010001e), "0xa4a5a6a7");          // R8_fiq
  EXPECT_EQ(RegisterValue(vcpu, 0x4020000000100025), "0x5c5d5e5f");          // SPSR_fiq: banked_spsr[5]
  EXPECT_EQ(OpaqueBytes(vcpu, "cpu"), BigEndian(12, 4));
  EXPECT_EQ(OpaqueBytes(vcpu, "env.banked_r13[1]"), "\x64\x65\x66\x67");  // stale: SVC is live
  EXPECT_EQ(OpaqueBytes(vcpu, "env.usr_regs"), stream.substr(stream.find("\x90\x91\x92\x93"), 20));
  EXPECT_EQ(OpaqueBytes(vcpu, "env.exclusive_high"), BigEndian(3, 4));
  EXPECT_EQ(OpaqueBytes(vcpu, "env.features"), BigEndian(4, 8));
  EXPECT_EQ(OpaqueBytes(vcpu, "cpu/thumb2ee"), BigEndian(1, 4) + "TEECTEEH");
}

TEST_P(Version12Test, IsRestoredByteForByte) {
  const std::vector<IdAndValue> kList = {{0x40200000000f0000, 0x410fc075}, {0x40300000000f0100, 0x1122334455667788}};
  const std::string source = Dump({CpuSection12(kSvc, kList)}, GetParam(), 12);
  std::string other = CpuSection12(0xd1, {{kList[0].first, 0}, {kList[1].first, 0}});
  other.replace(68, 116, std::string(116, 'z'));
  const absl::StatusOr<QemuRestore> restore =
      RestoreIntoQemuStream(CaptureQemuStream(source)->vcpus, "", Dump({other}, GetParam(), 12));
  ASSERT_TRUE(restore.ok()) << restore.status();
  EXPECT_TRUE(ApplyPatches(Dump({other}, GetParam(), 12), restore->patches) == source);
}

INSTANTIATE_TEST_SUITE_P(All, Version12Test, testing::Bool(),
                         [](const auto& info) { return info.param ? "Footers" : "NoFooters"; });

TEST(MigrationStreamTest, TrailingBytesAreNoted) {
  const absl::StatusOr<MigrationStream> stream = ParseMigrationStream(CorpusStream("virt.cortex-a57.smp1") + "abc");
  ASSERT_TRUE(stream.ok()) << stream.status();
  EXPECT_THAT(stream->notes, ElementsAre("3 bytes follow the end of the stream"));
}

TEST(MigrationStreamTest, IgnoreSharedIsRead) {
  const absl::StatusOr<MigrationStream> stream =
      ParseMigrationStream(CorpusStream("virt.cortex-a57.ignore-shared.smp1"));
  ASSERT_TRUE(stream.ok()) << stream.status();
  EXPECT_THAT(stream->capabilities, ElementsAre("x-ignore-shared"));
  EXPECT_EQ(stream->target_page_bits, 12u);
  EXPECT_TRUE(stream->has_description);
}

struct BadDump {
  const char* name;
  std::string stream;
  const char* text;
};

std::string OneCpu(const std::string& subsections) { return Dump({CpuSection22(kSvc, {}) + subsections}); }

class BadDumpTest : public testing::TestWithParam<BadDump> {};

TEST_P(BadDumpTest, IsRefused) {
  EXPECT_THAT(std::string(Refusal(GetParam().stream).message()), HasSubstr(GetParam().text));
}

std::string CountOf(uint32_t count) {
  std::string section = CpuSection22(kSvc, {{0x40200000000f0000, 1}});
  return section.replace(568, 4, BigEndian(count, 4));
}

std::string ListOf(const std::vector<IdAndValue>& registers) { return Dump({CpuSection22(kSvc, registers)}); }

std::vector<BadDump> BadDumps() {
  const std::string cpu = CpuSection22(kSvc, {});
  const std::string common0 = FullSection(0, "cpu_common", 0, 1, kCommon);
  const std::string common1 = FullSection(2, "cpu_common", 1, 1, kCommon);
  const std::string end(1, '\0');
  return {
      {"Empty", "", "the stream ends"},
      {"OnlyHeader", StreamHeader(), "the stream ends"},
      {"NoCpu", Dump({}), "no cpu section"},
      {"CountNegative", Dump({CountOf(0xffffffff)}), "cpreg_vmstate_array_len is -1"},
      {"CountHuge", Dump({CountOf(0x7fffffff)}), "cpreg_vmstate_array_len is 2147483647"},
      {"CountSmallest", Dump({CountOf(0x80000000)}), "cpreg_vmstate_array_len is -2147483648"},
      {"CountTooLarge", Dump({CountOf(2)}), "section cpu 0"},
      {"CountTooSmall", Dump({CountOf(0)}), "neither a subsection nor the section's footer"},
      {"UnknownVersion", Dump({cpu}, true, 13), "version 13"},
      {"ExchangedVcpus",
       StreamHeader() + common0 + FullSection(1, "cpu", 1, 22, cpu) + common1 + FullSection(3, "cpu", 0, 22, cpu) + end,
       "the cpu_common section before it is of another vCPU"},
      {"CpuTwice",
       StreamHeader() + common0 + FullSection(1, "cpu", 0, 22, cpu) + FullSection(2, "cpu_common", 0, 1, kCommon) +
           FullSection(3, "cpu", 0, 22, cpu) + end,
       "there twice"},
      {"CpuZeroMissing", StreamHeader() + common1 + FullSection(3, "cpu", 1, 22, cpu) + end, "there is no instance 0"},
      {"NoCpuCommon", StreamHeader() + FullSection(0, "cpu", 0, 22, cpu) + end, "or there is none"},
      {"WidthAboveItsSlot", ListOf({{0x6040000000130000, 1}}), "wider than the 64 bits"},
      {"NoRegisterId", ListOf({{0x1234, 1}}), "is no register ID"},
      {"CoreRegisterInTheList", ListOf({{0x4020000000100000, 1}}), "not part of this list"},
      {"VfpRegisterInTheList", ListOf({{0x4030000000120000, 1}}), "not part of this list"},
      {"SveRegisterInTheList", ListOf({{0x6030000000150000, 1}}), "not part of this list"},
      {"ValueTooWide", ListOf({{0x40200000000f0800, 0x100000000}}), "does not fit its 32 bits"},
      {"ModeThatDoesNotExist", Dump({CpuSection22(0x1e, {})}), "cpsr is 0x0000001e"},
      {"Aarch64OnA32BitCpu", Dump({CpuSection22(0x3c5, {{0x40200000000f0000, 1}})}), "cpsr is 0x000003c5"},
      {"ExceptionLevelZeroWithHandlerStack", Dump({CpuSection22(0x1, {})}), "cpsr is 0x00000001"},
      {"SubsectionTwice",
       OneCpu(Subsection("cpu/irq-line-state", 1, "abcd") + Subsection("cpu/irq-line-state", 1, "abcd")),
       "subsection cpu/irq-line-state is there twice"},
      {"SubsectionUnknown", OneCpu(Subsection("cpu/new", 1, "abcd")), "unknown subsection 'cpu/new'"},
      {"SubsectionNotPrintable", OneCpu(Subsection("\x1b[2J", 1, "")), "unknown subsection '?[2J'"},
      {"SubsectionVersion", OneCpu(Subsection("cpu/serror", 2, std::string(10, 'x'))), "only 1 is known"},
      {"NestedWithoutParent", OneCpu(Subsection("cpu/m/scr", 1, "abcd")), "does not follow its parent"},
      {"NestedBehindAnother",
       OneCpu(Subsection("cpu/serror", 1, std::string(10, 'x')) + Subsection("cpu/m/scr", 1, "abcd")),
       "does not follow its parent"},
      {"MpuStateOfNoSize", OneCpu(Subsection("cpu/pmsav7", 1, std::string(11, 'x'))),
       "no size of subsection cpu/pmsav7"},
      {"FooterOfAnotherSection",
       StreamHeader() + common0 + FullSection(1, "cpu", 0, 22, cpu, false) + "\x7e" + BigEndian(2, 4) + end,
       "the footer is of section 2, not of section 1"},
      {"HeaderOfTheLastCpuDamaged",
       StreamHeader() + common0 + FullSection(1, "cpu", 0, 22, cpu) + common1 + FullSection(3, "cpv", 1, 22, cpu) + end,
       "no cpu section follows this one"},
      {"PartOfAnUnknownSection", StreamHeader() + "\x02" + BigEndian(9, 4), "a part of section 9, which did not start"},
      {"SectionInPartsThatIsNotRam",
       StreamHeader() + "\x01" + BigEndian(0, 4) + Counted("dirty-bitmap") + BigEndian(0, 4) + BigEndian(1, 4),
       "section dirty-bitmap version 1 is sent in parts"},
      {"PackagedStream", StreamHeader() + "\x08" + BigEndian(7, 2) + BigEndian(4, 2) + "abcd", "a packaged stream"},
      {"UnknownSectionType", StreamHeader() + "\x55", "unknown section type 85"},
      {"MachineNameTooLong", StreamHeader() + "\x07" + BigEndian(0xffffffff, 4),
       "a machine's name of 4294967295 bytes"},
      {"TooManyCapabilities",
       StreamHeader() + "\x07" + BigEndian(1, 4) + "m" +
           Subsection("configuration/capabilities", 1, BigEndian(0xffffffff, 4)),
       "4294967295 capabilities"},
      {"PageBits",
       StreamHeader() + "\x07" + BigEndian(1, 4) + "m" +
           Subsection("configuration/target-page-bits", 1, BigEndian(64, 4)),
       "target-page-bits is 64"},
      {"ConfigurationSubsection",
       StreamHeader() + "\x07" + BigEndian(1, 4) + "m" + Subsection("configuration/new", 1, ""),
       "unknown subsection 'configuration/new'"},
  };
}

INSTANTIATE_TEST_SUITE_P(All, BadDumpTest, testing::ValuesIn(BadDumps()),
                         [](const auto& info) { return std::string(info.param.name); });

// A recorded stream without its RAM, so that it is small: configuration, devices, end, description.
std::string SmallStream() {
  std::string stream = CorpusStream("virt.cortex-a15.smp2");
  const size_t ram = stream.find(absl::StrCat("\x01", BigEndian(2, 4), Counted("ram")));
  const size_t first_device = stream.find(Counted("timer")) - 5;
  return stream.erase(ram, first_device - ram);
}

TEST(MigrationStreamTest, CutAnywhere) {
  const std::string dump =
      Dump({CpuSection22(kSvc, {{0x40200000000f0000, 1}}) + Subsection("cpu/irq-line-state", 1, "abcd")});
  ASSERT_TRUE(CaptureQemuStream(dump).ok());
  for (size_t size = 0; size < dump.size(); ++size) {
    SCOPED_TRACE(size);
    Refusal(absl::string_view(dump).substr(0, size));
  }
}

TEST(MigrationStreamTest, CutAnywhereWithADescription) {
  const std::string stream = SmallStream();
  const absl::StatusOr<MigrationStream> whole = ParseMigrationStream(stream);
  ASSERT_TRUE(whole.ok()) << whole.status();
  ASSERT_TRUE(whole->has_description);
  for (size_t size = 0; size <= whole->end_of_stream; ++size) {
    SCOPED_TRACE(size);
    Refusal(absl::string_view(stream).substr(0, size));
  }
  // The description alone is cut: QEMU needs none, but it is noted.
  for (size_t size = whole->end_of_stream + 1; size < stream.size(); ++size) {
    const absl::StatusOr<MigrationStream> cut = ParseMigrationStream(absl::string_view(stream).substr(0, size));
    ASSERT_TRUE(cut.ok()) << size << " " << cut.status();
    EXPECT_FALSE(cut->has_description);
    EXPECT_THAT(cut->notes, ElementsAre(HasSubstr("the cpu sections were searched"))) << size;
  }
}

// Nothing that is flipped may crash the parser, nor make it lose a vCPU in silence.
TEST(MigrationStreamTest, RandomFlips) {
  const std::string stream = SmallStream();
  for (uint32_t seed = 1; seed <= 3000; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    std::mt19937 random(seed);
    std::string flipped = stream;
    for (uint32_t flips = random() % 8 + 1; flips > 0; --flips) flipped[random() % flipped.size()] ^= 1 << random() % 8;
    const absl::StatusOr<QemuCapture> capture = CaptureQemuStream(flipped);
    if (capture.ok()) {
      EXPECT_THAT(capture->vcpus, SizeIs(2));
    } else {
      Refusal(flipped);
    }
  }
}

std::string WithDescription(const std::string& json) {
  return Dump({CpuSection22(kSvc, {})}) + "\x06" + BigEndian(json.size(), 4) + json;
}

// What is no description is noted, and the sections are searched.
TEST(MigrationStreamTest, DescriptionsThatAreNone) {
  const std::string deep(100000, '[');
  for (const std::string& json : {
           std::string("{}"),
           std::string("{\"page_size\": 4096}"),
           std::string("{\"page_size\": 4095, \"devices\": []}"),
           std::string("{\"page_size\": -4096, \"devices\": []}"),
           std::string("{\"page_size\": 1e99, \"devices\": []}"),
           std::string("{\"page_size\": 4096, \"devices\": [0]}"),
           std::string("{\"page_size\": 4096, \"devices\": [{\"name\": \"timer\", \"instance_id\": 0}]}"),
           std::string("{\"page_size\": 4096, \"devices\": [{\"name\": \"timer\", \"instance_id\": 0, \"fields\": "
                       "[{\"size\": 4294967296, \"array_len\": 4294967296}]}]}"),
           std::string("{\"page_size\": 4096, \"devices\": [{\"name\": \"timer\", \"instance_id\": 0, \"fields\": "
                       "[{\"size\": 18446744073709551615}]}]}"),
           "{\"devices\": " + deep,
           "{\"devices\": " + deep + std::string(100000, ']') + "}",
           std::string("{\"page_size\": 4096, \"devices\": [], \"x\": \"\xff\xfe\"}"),
       }) {
    const absl::StatusOr<MigrationStream> stream = ParseMigrationStream(WithDescription(json));
    ASSERT_TRUE(stream.ok()) << json.substr(0, 100) << stream.status();
    EXPECT_FALSE(stream->has_description);
    EXPECT_THAT(stream->notes, ElementsAre(HasSubstr("no valid JSON description"), HasSubstr("machine type")));
  }
}

TEST(MigrationStreamTest, ADescriptionOfAnotherStream) {
  EXPECT_THAT(std::string(Refusal(WithDescription("{\"page_size\": 4096, \"devices\": []}")).message()),
              HasSubstr("the description at the end of the stream has no such section"));
}

// The guest writes what is in its devices' buffers. A section that it forges there must not be taken for its own.
TEST(MigrationStreamTest, AForgedSectionInADevicesStateIsNoChoice) {
  const std::string forged = "\x7e" + BigEndian(1, 4) + FullSection(3, "cpu_common", 0, 1, kCommon) +
                             FullSection(4, "cpu", 0, 22, CpuSection22(0xdf, {})) + "\x04";
  const std::string stream = StreamHeader() + FullSection(2, "buffer", 0, 1, forged) +
                             FullSection(5, "cpu_common", 0, 1, kCommon) +
                             FullSection(6, "cpu", 0, 22, CpuSection22(kSvc, {})) + std::string(1, '\0');
  EXPECT_THAT(std::string(Refusal(stream).message()), HasSubstr("there twice"));
}

TEST(MigrationStreamTest, RamOfUnknownPageSize) {
  // Pages of 1024 bytes, as on many boards; nothing in the stream says so.
  const std::string page(1024, '\x04');
  const std::string ram = "\x01" + BigEndian(0, 4) + Counted("ram") + BigEndian(0, 4) + BigEndian(4, 4) +
                          BigEndian(2048 | 0x04, 8) + Counted("r") + BigEndian(2048, 8) + BigEndian(0x10, 8) + "\x7e" +
                          BigEndian(0, 4);
  const std::string part = "\x03" + BigEndian(0, 4) + BigEndian(0x08, 8) + Counted("r") + page +
                           BigEndian(1024 | 0x28, 8) + page + BigEndian(0x10, 8) + "\x7e" + BigEndian(0, 4);
  const std::string devices = FullSection(1, "cpu_common", 0, 1, kCommon) +
                              FullSection(2, "cpu", 0, 22, CpuSection22(kSvc, {})) + std::string(1, '\0');
  const absl::StatusOr<MigrationStream> stream = ParseMigrationStream(StreamHeader() + ram + part + devices);
  ASSERT_TRUE(stream.ok()) << stream.status();
  EXPECT_THAT(stream->vcpus, SizeIs(1));
}

}  // namespace
}  // namespace armstate
