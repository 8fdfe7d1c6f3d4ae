// Streams of running guests, rewritten for another release of QEMU, and for another kernel under KVM. What the result
// must be comes from the target's own streams: its list, and its own description of it.
#include "client/qemu/conversion.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/qemu/capture.h"
#include "client/qemu/restore.h"
#include "client/qemu/stream/migration_stream.h"
#include "core/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/qemu/corpus.h"
#include "tests/client/qemu/stream/cpu_sections.h"
#include "tests/client/qemu/stream/stream_builder.h"
#include "tests/client/qemu/target_state.h"
#include "tests/testing/zstd_file.h"

namespace armstate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Json = nlohmann::ordered_json;

std::string Recorded(const std::string& file) { return ReadZstdFile("tests/data/" + file + ".mig.zst"); }
std::string Release(const std::string& name) { return Recorded("qemu-versions/streams/" + name); }

QemuCapture Captured(const std::string& stream) {
  absl::StatusOr<QemuCapture> capture = CaptureQemuStream(stream);
  EXPECT_TRUE(capture.ok()) << capture.status();
  return capture.ok() ? *std::move(capture) : QemuCapture();
}

std::vector<VcpuState> TargetStates(const std::string& guest, const std::string& target) {
  std::vector<VcpuState> states;
  const QemuCapture guests = Captured(guest), targets = Captured(target);
  for (size_t i = 0; i < guests.vcpus.size(); ++i) {
    states.push_back(TargetState(guests.vcpus[i], targets.vcpus.at(i)));
  }
  return states;
}

std::string JsonText(const std::string& stream) { return stream.substr(Outline(stream).end_of_stream + 6); }

// By nlohmann's parser, in QEMU's order.
Json Description(const std::string& stream) { return Json::parse(JsonText(stream)); }

std::vector<Json> CpuDevices(const std::string& stream) {
  std::vector<Json> devices;
  const Json description = Description(stream);
  for (const Json& device : description["devices"]) {
    if (device["name"] == "cpu") devices.push_back(device);
  }
  return devices;
}

// The description stays the source's in what releases call otherwise: 10.0 names the timers GTIMER_PHYS and
// GTIMER_VIRT, 11.1 the type of the list's length int32.
void ForgetOtherNames(Json& device) {
  for (Json& field : device["fields"]) {
    const std::string name = field["name"];
    if (name == "cpreg_vmstate_array_len") field["type"] = "";
    if (absl::StartsWith(name, "gt_timer[")) field["name"] = "gt_timer";
  }
}

struct Pair {
  std::string from;
  std::string to;
  absl::optional<QemuRelease> release;
  // Top-level subsections that are in the target's own stream only.
  std::vector<std::string> only_in_target;
};

class ConversionTest : public testing::TestWithParam<Pair> {};

TEST_P(ConversionTest, HasTheTargetsListAndTheGuestsState) {
  const std::string source = Recorded(GetParam().from), target = Recorded(GetParam().to);
  const std::vector<VcpuState> states = TargetStates(source, target);
  const absl::StatusOr<QemuConversion> conversion = ConvertQemuStream(source, states, GetParam().release);
  ASSERT_TRUE(conversion.ok()) << conversion.status();
  EXPECT_THAT(conversion->losses, IsEmpty());
  const std::string converted = ApplyPatches(source, conversion->patches);
  const QemuCapture capture = Captured(converted);
  EXPECT_THAT(capture.notes, IsEmpty());
  EXPECT_THAT(capture.gaps, IsEmpty());
  const MigrationStream before = Outline(source), after = Outline(converted), own = Outline(target);
  ASSERT_EQ(after.vcpus.size(), own.vcpus.size());
  for (size_t i = 0; i < after.vcpus.size(); ++i) {
    EXPECT_TRUE(capture.vcpus[i].registers == states[i].registers);
    const std::string section = SectionBytes(converted, i), old = SectionBytes(source, i);
    const CpuSection& cpu = after.vcpus[i].cpu;
    const size_t n = cpu.register_count;
    EXPECT_EQ(n, own.vcpus[i].cpu.register_count);
    EXPECT_TRUE(section.substr(568, 4 + 8 * n) == SectionBytes(target, i).substr(568, 4 + 8 * n));
    // The fields beside the list: head and tail.
    EXPECT_TRUE(section.substr(0, 568) == old.substr(0, 568));
    EXPECT_TRUE(section.substr(572 + 16 * n, 65) == old.substr(572 + 16 * before.vcpus[i].cpu.register_count, 65));
  }
  // Outside of the sections only the description changes.
  const size_t begin = before.vcpus[0].header.payload;
  EXPECT_TRUE(converted.substr(0, begin) == source.substr(0, begin));
  const auto behind = [](const std::string& stream, const MigrationStream& outline) {
    const size_t end = outline.vcpus.back().header.payload + outline.vcpus.back().cpu.size;
    return stream.substr(end, outline.end_of_stream + 2 - end);
  };
  EXPECT_TRUE(behind(converted, after) == behind(source, before));
}

TEST_P(ConversionTest, IsDescribedAsTheTargetDescribesItsOwn) {
  const std::string source = Recorded(GetParam().from), target = Recorded(GetParam().to);
  const absl::StatusOr<QemuConversion> conversion =
      ConvertQemuStream(source, TargetStates(source, target), GetParam().release);
  ASSERT_TRUE(conversion.ok()) << conversion.status();
  const std::string converted = ApplyPatches(source, conversion->patches);
  std::vector<Json> devices = CpuDevices(converted), expected = CpuDevices(target);
  ASSERT_EQ(devices.size(), expected.size());
  for (size_t i = 0; i < devices.size(); ++i) {
    ForgetOtherNames(devices[i]);
    ForgetOtherNames(expected[i]);
    std::vector<std::string> erased;
    Json& subsections = expected[i]["subsections"];
    for (size_t k = 0; k < subsections.size();) {
      const std::string name = subsections[k]["vmsd_name"];
      const std::vector<std::string>& only = GetParam().only_in_target;
      if (std::find(only.begin(), only.end(), name) == only.end()) {
        ++k;
        continue;
      }
      erased.push_back(name);
      subsections.erase(k);
    }
    EXPECT_EQ(erased, GetParam().only_in_target);
    EXPECT_EQ(devices[i].dump(), expected[i].dump());
  }
  // All other devices, and the order, are the source's.
  Json left = Description(source), right = Description(converted);
  for (Json* all : {&left, &right}) {
    for (Json& device : (*all)["devices"]) {
      if (device["name"] == "cpu") device = "cpu";
    }
  }
  EXPECT_EQ(left.dump(), right.dump());
}

std::vector<Pair> Pairs() {
  const QemuRelease k7_2{7, 2}, k10_0{10, 0}, k11_1{11, 1};
  std::vector<Pair> pairs;
  const auto add = [&](const std::string& from, const std::string& to, const std::string& vm, QemuRelease release,
                       std::vector<std::string> only_in_target) {
    const std::string folder = "qemu-versions/streams/";
    pairs.push_back({folder + from + "." + vm, folder + to + "." + vm, release, std::move(only_in_target)});
  };
  for (const std::string vm : {"virt-7.2.cortex-a57", "virt-7.2.cortex-a57.el2", "virt-7.2.cortex-a15",
                               "virt-7.2.cortex-a15.el2", "virt-7.2.cortex-a72", "virt-7.2.neoverse-n1"}) {
    add("7.2", "10.0", vm, k10_0, {});
    add("7.2", "11.1", vm, k11_1, {"cpu/wfxt-timer"});
    add("10.0", "7.2", vm, k7_2, {});
    add("10.0", "11.1", vm, k11_1, {"cpu/wfxt-timer"});
    add("11.1", "7.2", vm, k7_2, {});
    add("11.1", "10.0", vm, k10_0, {});
  }
  add("7.2", "10.0", "virt-7.2.max", k10_0, {"cpu/wfxt-timer"});
  add("7.2", "11.1", "virt-7.2.max", k11_1, {"cpu/wfxt-timer", "cpu/fpmr"});
  add("10.0", "7.2", "virt-7.2.max", k7_2, {});
  add("10.0", "11.1", "virt-10.0.max", k11_1, {"cpu/fpmr"});
  add("11.1", "10.0", "virt-10.0.max", k10_0, {});
  add("11.1", "7.2", "virt-7.2.max", k7_2, {});
  // Under KVM it is the host's kernel that has another list: two vCPUs, the same QEMU.
  for (const std::string from : {"6.1", "6.12", "6.18"}) {
    for (const std::string to : {"6.1", "6.12", "6.18"}) {
      if (from != to) pairs.push_back({"qemu-kvm/cortex-a72@" + from, "qemu-kvm/cortex-a72@" + to, absl::nullopt, {}});
    }
  }
  return pairs;
}

INSTANTIATE_TEST_SUITE_P(All, ConversionTest, testing::ValuesIn(Pairs()), [](const auto& info) {
  std::string name = absl::StrCat(info.param.from.substr(info.param.from.rfind('/') + 1), "_to_",
                                  info.param.to.substr(info.param.to.rfind('/') + 1));
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !isalnum(static_cast<unsigned char>(c)); }, '_');
  return name;
});

// A conversion for the same QEMU changes nothing.
void ExpectUnchanged(const std::string& stream, const std::string& what) {
  const QemuCapture capture = Captured(stream);
  const absl::StatusOr<QemuConversion> conversion = ConvertQemuStream(stream, capture.vcpus, absl::nullopt);
  ASSERT_TRUE(conversion.ok()) << what << ": " << conversion.status();
  EXPECT_THAT(conversion->losses, IsEmpty());
  EXPECT_TRUE(ApplyPatches(stream, conversion->patches) == stream) << what;
}

TEST(QemuConversionTest, OntoTheSameListNothingChanges) {
  for (const std::string& name : CorpusNames()) ExpectUnchanged(CorpusStream(name), name);
  for (const auto& entry : std::filesystem::directory_iterator("tests/data/qemu-versions/streams")) {
    ExpectUnchanged(ReadZstdFile(entry.path()), entry.path());
  }
  for (const auto& entry : std::filesystem::directory_iterator("tests/data/qemu-kvm")) {
    if (entry.path().extension() == ".zst") ExpectUnchanged(ReadZstdFile(entry.path()), entry.path());
  }
  ExpectUnchanged(MoreStream("virt.max.sme.smp1.mig"), "SME");
}

// A Cortex-M has an empty list: its state is in the fixed part and in subsections that all releases know.
TEST(QemuConversionTest, ACortexM) {
  const std::string stream = MoreStream("mps2-an505.cortex-m33.smp1.mig");
  const absl::StatusOr<QemuConversion> conversion =
      ConvertQemuStream(stream, Captured(stream).vcpus, QemuRelease{11, 1});
  ASSERT_TRUE(conversion.ok()) << conversion.status();
  EXPECT_THAT(conversion->losses, IsEmpty());
  EXPECT_TRUE(ApplyPatches(stream, conversion->patches) == stream);
}

TEST(QemuConversionTest, UpperHalvesAreTheTargets) {
  const std::string stream = Recorded("qemu-versions/fresh/11.1.virt.neoverse-n2");
  std::vector<VcpuState> states = Captured(stream).vcpus;
  for (OpaqueField& field : states[0].opaque_fields) {
    if (field.name == "cpreg_vmstate_values[0x40200000200f0001]") field.data = std::string("\0\0\0\5", 4);
  }
  const absl::StatusOr<QemuConversion> conversion = ConvertQemuStream(stream, states, absl::nullopt);
  ASSERT_TRUE(conversion.ok()) << conversion.status();
  const std::string section = SectionBytes(ApplyPatches(stream, conversion->patches), 0);
  EXPECT_NE(section.find(BigEndian(0x5b444c004, 8)), std::string::npos);
}

TEST(QemuConversionTest, AFpmrThatIsInUseIsALoss) {
  std::string stream = Release("11.1.virt-10.0.max");
  const MigrationStream outline = Outline(stream);
  const CpuSubsection* fpmr = outline.vcpus[0].cpu.FindSubsection("cpu/fpmr");
  ASSERT_NE(fpmr, nullptr);
  Overwrite(stream, outline.vcpus[0].header.payload + fpmr->body, BigEndian(0x1234, 8));
  const absl::StatusOr<QemuConversion> conversion =
      ConvertQemuStream(stream, TargetStates(stream, Release("10.0.virt-10.0.max")), QemuRelease{10, 0});
  ASSERT_TRUE(conversion.ok()) << conversion.status();
  ASSERT_THAT(conversion->losses, SizeIs(1));
  EXPECT_EQ(conversion->losses[0].vcpu_index, 0);
  EXPECT_EQ(conversion->losses[0].subsection, "cpu/fpmr");
  EXPECT_THAT(conversion->losses[0].text, HasSubstr("0000000000001234"));
  EXPECT_EQ(ApplyPatches(stream, conversion->patches).find("cpu/fpmr"), std::string::npos);
}

// The state of a vCPU with SVE, by the registers of one without: the low halves of Z registers are the V registers.
VcpuState WithoutSve(const VcpuState& vcpu) {
  VcpuState state = vcpu;
  RegisterListBuilder registers;
  for (size_t i = 0; i < vcpu.registers.size(); ++i) {
    const RegisterId id = vcpu.registers.id(i);
    if (id.register_class() != RegisterClass::kSve) registers.AddBytes(id, vcpu.registers.value(i));
  }
  for (uint64_t n = 0; n < 32; ++n) {
    const auto z = vcpu.registers.Find(*RegisterId::Create(0x6080000000150000 | n << 5));
    registers.AddBytes(*RegisterId::Create(0x6040000000100054 + 4 * n), z->substr(0, 16));
  }
  state.registers = *std::move(registers).Build();
  return state;
}

TEST(QemuConversionTest, SveFollowsTheRegisters) {
  std::string stream = Release("7.2.virt-7.2.max");
  const CpuSection cpu = Outline(stream).vcpus[0].cpu;
  Overwrite(stream, Outline(stream).vcpus[0].header.payload + cpu.FindSubsection("cpu/vfp")->body,
            BigEndian(0x1122334455667788, 8));  // the low doubleword of Z0 and V0
  const std::vector<VcpuState> with = Captured(stream).vcpus;
  const absl::StatusOr<QemuConversion> away = ConvertQemuStream(stream, {WithoutSve(with[0])}, QemuRelease{7, 2});
  ASSERT_TRUE(away.ok()) << away.status();
  const std::string without = ApplyPatches(stream, away->patches);
  EXPECT_EQ(without.find("cpu/sve"), std::string::npos);
  std::vector<VcpuState> back = Captured(without).vcpus;
  const auto v0 = back.at(0).registers.Find(*RegisterId::Create(0x6040000000100054));
  EXPECT_EQ(v0.value_or(""), absl::string_view("\x88\x77\x66\x55\x44\x33\x22\x11\0\0\0\0\0\0\0\0", 16));
  back[0].registers = with[0].registers;
  const absl::StatusOr<QemuConversion> again = ConvertQemuStream(without, back, QemuRelease{7, 2});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(SectionBytes(ApplyPatches(without, again->patches), 0) == SectionBytes(stream, 0));
}

// Machine types from 10.0 on have the command, between the parts of RAM; QEMU 7.2 answers "MIG_CMD 0xb unknown".
TEST(QemuConversionTest, ACommandThatQemuBefore10Refuses) {
  const std::string stream = Release("11.1.virt-11.1.cortex-a57");
  const absl::optional<size_t> command = Outline(stream).switchover;
  ASSERT_TRUE(command.has_value());
  EXPECT_EQ(stream.substr(*command, 5), std::string("\x08\0\x0b\0\0", 5));
  EXPECT_FALSE(Outline(Release("11.1.virt-7.2.cortex-a57")).switchover.has_value());
  const std::vector<VcpuState> states = Captured(stream).vcpus;
  const absl::StatusOr<QemuConversion> older = ConvertQemuStream(stream, states, QemuRelease{9, 2});
  ASSERT_TRUE(older.ok()) << older.status();
  EXPECT_THAT(older->notes, ElementsAre(HasSubstr("cpu/wfxt-timer"), HasSubstr("SWITCHOVER_START")));
  const std::string converted = ApplyPatches(stream, older->patches);
  EXPECT_FALSE(Outline(converted).switchover.has_value());
  const size_t begin = Outline(stream).vcpus[0].header.payload;
  EXPECT_TRUE(converted.substr(0, begin - 5) == stream.substr(0, begin).erase(*command, 5));
  const absl::StatusOr<QemuConversion> newer = ConvertQemuStream(stream, states, QemuRelease{10, 0});
  ASSERT_TRUE(newer.ok()) << newer.status();
  EXPECT_TRUE(ApplyPatches(stream, newer->patches).substr(0, begin) == stream.substr(0, begin));
}

// As a description of QEMU never is: with spaces where QEMU has none the result is still right, or it is cut off.
TEST(QemuConversionTest, ADescriptionInAnotherStyle) {
  const std::string source = Release("7.2.virt-7.2.cortex-a57"), target = Release("11.1.virt-7.2.cortex-a57");
  const std::vector<VcpuState> states = TargetStates(source, target);
  const size_t end = Outline(source).end_of_stream;
  const std::string pretty = Json::parse(JsonText(source)).dump(2);
  std::string stream = source.substr(0, end + 2) + BigEndian(pretty.size(), 4) + pretty;
  absl::StatusOr<QemuConversion> conversion = ConvertQemuStream(stream, states, QemuRelease{11, 1});
  ASSERT_TRUE(conversion.ok()) << conversion.status();
  EXPECT_THAT(conversion->notes, IsEmpty());
  EXPECT_EQ(CpuDevices(ApplyPatches(stream, conversion->patches))[0]["fields"][13]["array_len"], 274);
  // The list's length is there twice: our reader of positions and nlohmann's parser take different ones.
  std::string twice = JsonText(source);
  const size_t at = twice.find("\"array_len\": 258");
  twice.insert(at, "\"array_len\": 258, ");
  stream = source.substr(0, end + 2) + BigEndian(twice.size(), 4) + twice;
  conversion = ConvertQemuStream(stream, states, QemuRelease{11, 1});
  ASSERT_TRUE(conversion.ok()) << conversion.status();
  EXPECT_THAT(conversion->notes, ElementsAre(HasSubstr("cut off")));
  const std::string cut = ApplyPatches(stream, conversion->patches);
  EXPECT_FALSE(Outline(cut).has_description);
  EXPECT_TRUE(Captured(cut).vcpus.at(0).registers == states[0].registers);
}

struct BadState {
  const char* what;
  void (*spoil)(std::vector<VcpuState>&);
  absl::StatusCode code;
  ErrorReason reason;
  const char* message;
};

void SetRegisters(VcpuState& vcpu, uint64_t left_out, uint64_t added) {
  RegisterListBuilder builder;
  for (size_t i = 0; i < vcpu.registers.size(); ++i) {
    if (vcpu.registers.id(i).raw() != left_out) builder.AddBytes(vcpu.registers.id(i), vcpu.registers.value(i));
  }
  if (added != 0) builder.Add(*RegisterId::Create(added), 0);
  vcpu.registers = *std::move(builder).Build();
}

class BadStateTest : public testing::TestWithParam<BadState> {};

TEST_P(BadStateTest, IsRefused) {
  const std::string stream = Release("7.2.virt-7.2.cortex-a57");
  std::vector<VcpuState> states = Captured(stream).vcpus;
  GetParam().spoil(states);
  const absl::Status status = ConvertQemuStream(stream, states, QemuRelease{11, 1}).status();
  EXPECT_EQ(status.code(), GetParam().code);
  const absl::optional<ErrorInfo> info = GetErrorInfo(status);
  ASSERT_TRUE(info.has_value()) << status;
  EXPECT_EQ(info->reason, GetParam().reason);
  EXPECT_THAT(std::string(status.message()), HasSubstr(GetParam().message));
}

using States = std::vector<VcpuState>;
constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;
INSTANTIATE_TEST_SUITE_P(
    All, BadStateTest,
    testing::Values(
        BadState{"OtherNumberOfVcpus", [](States& states) { states.push_back(states[0]); },
                 absl::StatusCode::kFailedPrecondition, ErrorReason::kVcpuCountDiffers, "2 vCPUs, the stream has 1"},
        BadState{"NotOfQemu", [](States& states) { states[0].opaque_fields.clear(); }, kInvalid,
                 ErrorReason::kFieldInvalid, "not those of a cpu section"},
        BadState{"WithoutPc", [](States& states) { SetRegisters(states[0], 0x6030000000100040, 0); }, kInvalid,
                 ErrorReason::kFieldInvalid, "register 0x6030000000100040: the vCPU's registers do not have it"},
        BadState{"WithACoreRegisterOfAarch32", [](States& states) { SetRegisters(states[0], 0, 0x4020000000100000); },
                 kInvalid, ErrorReason::kFieldInvalid, "register 0x4020000000100000: the cpu section has no place"},
        BadState{"TooWideForTheList", [](States& states) { SetRegisters(states[0], 0, 0x604000000013c080); }, kInvalid,
                 ErrorReason::kStreamMalformed, "wider than the 64 bits"}),
    [](const auto& info) { return std::string(info.param.what); });

}  // namespace
}  // namespace armstate
