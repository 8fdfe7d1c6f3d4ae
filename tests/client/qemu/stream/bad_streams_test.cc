// Every damaged stream of the corpus, as far as the stream alone shows the damage. What only the target shows (a
// constant with another value, an unknown register), a CPU profile finds.
#include <map>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/qemu/capture.h"
#include "core/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/qemu/corpus.h"

namespace armstate {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct Refused {
  // Bytes from the start of the stream, and what is there.
  const char* offset;
  const char* section;      // "" if none
  const char* register_id;  // "" if none
  const char* text;
};

// Those that QEMU loads although they are here are marked.
const std::map<std::string, Refused>& Refusals() {
  static const auto* const kRefusals = new std::map<std::string, Refused>{
      {"010", {"361936", "cpu 0", "0x40200000000f2801", "there twice"}},
      {"012", {"363456", "cpu 0", "0x603000000013ff11", "not above the ID before it"}},  // loaded: the last two
      {"013", {"361896", "cpu 0", "0x603000000013ff11", "not above the ID before it"}},
      {"014", {"361884", "cpu 0", "", "cpreg_vmstate_array_len is 196, but the description has 197"}},
      {"016", {"361884", "cpu 0", "", "cpreg_vmstate_array_len is 0, but the description has 197"}},
      {"018", {"361884", "cpu 0", "", "cpreg_vmstate_array_len is -989855744"}},
      {"019", {"363464", "cpu 0", "0x40200000000f0010", "does not fit its 32 bits"}},
      {"030", {"370126", "cpu 0", "0x40200000200e0006", "there twice"}},
      {"031", {"370126", "cpu 0", "0x40200000200e0006", "not above the ID before it"}},
      {"032", {"372134", "cpu 0", "0x603000000013ff11", "not above the ID before it"}},  // loaded: the last two
      {"034", {"370074", "cpu 0", "", "cpreg_vmstate_array_len is 257, but the description has 258"}},
      {"035", {"370074", "cpu 0", "", "cpreg_vmstate_array_len is 259, but the description has 258"}},
      {"036", {"370074", "cpu 0", "", "cpreg_vmstate_array_len is 0, but the description has 258"}},
      {"037", {"370074", "cpu 0", "", "cpreg_vmstate_array_len is -1"}},
      {"038", {"370074", "cpu 0", "", "cpreg_vmstate_array_len is 33619968"}},
      {"075", {"364104", "cpu 0", "0x40200000200f1800", "value 0x155515551 does not fit its 32 bits"}},
      {"076", {"364240", "cpu 0", "0x40200000200f6801", "value 0xffffffffffffffff does not fit its 32 bits"}},
      {"088", {"361299", "cpu 0", "", "version 21"}},
      {"089", {"361299", "cpu 0", "", "version 23"}},
      {"090", {"361299", "cpu 5", "", "where the description has cpu 0"}},
      {"091", {"361299", "cpx 0", "", "where the description has cpu 0"}},
      {"092", {"365748", "cpu 0", "", "the footer is of section 999, not of section 7"}},
      {"093", {"365748", "cpu 0", "", "neither a subsection nor the section's footer"}},
      {"094", {"365105", "cpu 0", "", "unknown subsection 'cpu/vfq'"}},
      {"095", {"365105", "cpu 0", "", "version 99"}},
      {"099", {"361299", "cpu 1", "", "where the description has cpu 0"}},  // loaded: each vCPU with the other's state
      {"101", {"0", "", "", "QEVM"}},
      {"102", {"4", "", "", "version 2"}},
      {"105", {"57", "configuration", "", "target-page-bits is 10"}},
      {"106", {"361884", "cpu 0", "", "the rest of the stream has 1428 bytes"}},
      {"107", {"376718", "", "", "without an end-of-stream byte"}},
      {"113", {"6", "", "", "the stream ends"}},
      {"116", {"361299", "", "", "unknown section type 85"}},
  };
  return *kRefusals;
}

std::string Number(const nlohmann::json& line) { return line["file"].get<std::string>().substr(0, 3); }

TEST(BadStreamsTest, DamagedStreamsAreRefusedWhereTheyAreDamaged) {
  size_t refused = 0;
  for (const nlohmann::json& line : BadManifest()) {
    SCOPED_TRACE(absl::StrCat(Number(line), " ", line["case"].get<std::string>()));
    const absl::StatusOr<QemuCapture> capture = CaptureQemuStream(BadStream(line["file"]));
    const auto expected = Refusals().find(Number(line));
    if (expected == Refusals().end()) {
      EXPECT_TRUE(capture.ok()) << capture.status();
      continue;
    }
    ++refused;
    EXPECT_EQ(capture.status().code(), absl::StatusCode::kInvalidArgument);
    const absl::optional<ErrorInfo> info = GetErrorInfo(capture.status());
    if (!info) {
      ADD_FAILURE() << capture.status();
      continue;
    }
    EXPECT_EQ(info->reason, ErrorReason::kStreamMalformed);
    std::map<std::string, std::string> metadata = {{"offset", expected->second.offset}};
    if (*expected->second.section != 0) metadata["section"] = expected->second.section;
    if (*expected->second.register_id != 0) metadata["register_id"] = expected->second.register_id;
    EXPECT_EQ(info->metadata, metadata);
    EXPECT_THAT(std::string(capture.status().message()), HasSubstr(expected->second.text));
    EXPECT_THAT(std::string(capture.status().message()), HasSubstr(absl::StrCat("offset ", expected->second.offset)));
  }
  EXPECT_EQ(refused, Refusals().size());
}

TEST(BadStreamsTest, WhatTheDescriptionHasAndTheSectionHasNotIsAGap) {
  const std::map<std::string, std::string> kGaps = {
      {"007", "the list has 196 registers, its description has 197"},
      {"008", "the list has 196 registers, its description has 197"},
      {"009", "the list has 0 registers, its description has 197"},
      {"028", "the list has 257 registers, its description has 258"},
      {"029", "the list has 0 registers, its description has 258"},
      {"069", "the list has 257 registers, its description has 258"},
      {"070", "the list has 196 registers, its description has 197"},
      {"071", "the list has 196 registers, its description has 197"},
      {"072", "the list has 257 registers, its description has 258"},
      {"096", "subsection cpu/vfp is missing"},
      {"097", "subsection cpu/irq-line-state is missing"},
  };
  for (const nlohmann::json& line : BadManifest()) {
    SCOPED_TRACE(absl::StrCat(Number(line), " ", line["case"].get<std::string>()));
    const absl::StatusOr<QemuCapture> capture = CaptureQemuStream(BadStream(line["file"]));
    if (!capture.ok()) continue;  // above
    const auto expected = kGaps.find(Number(line));
    if (expected == kGaps.end()) {
      EXPECT_THAT(capture->gaps, IsEmpty());
      continue;
    }
    ASSERT_THAT(capture->gaps, SizeIs(1));
    EXPECT_EQ(capture->gaps[0].vcpu_index, 0);
    EXPECT_EQ(capture->gaps[0].reason, expected->second);
  }
}

TEST(BadStreamsTest, NotesTellWhatIsOdd) {
  const std::map<std::string, std::string> kNotes = {
      {"006", "section cpu 0 has 4448 bytes, its description has 4432"},
      {"086", "vCPU 0: power_state is 2"},
      {"108", "the cpu sections were searched"},
      {"109", "the cpu sections were searched"},
      {"110", "the cpu sections were searched"},
  };
  for (const nlohmann::json& line : BadManifest()) {
    SCOPED_TRACE(absl::StrCat(Number(line), " ", line["case"].get<std::string>()));
    const absl::StatusOr<QemuCapture> capture = CaptureQemuStream(BadStream(line["file"]));
    if (!capture.ok()) continue;
    const auto expected = kNotes.find(Number(line));
    if (expected == kNotes.end()) {
      EXPECT_THAT(capture->notes, IsEmpty());
      continue;
    }
    ASSERT_THAT(capture->notes, SizeIs(1));
    EXPECT_THAT(capture->notes[0], HasSubstr(expected->second));
  }
}

TEST(BadStreamsTest, OnlyThreeStreamsAreRefusedThatQemuLoads) {
  for (const nlohmann::json& line : BadManifest()) {
    if (line["qemu_verdict"] != "accept" || Refusals().count(Number(line)) == 0) continue;
    // Unsorted lists, and vCPUs exchanged: damage that QEMU does not see.
    EXPECT_TRUE(Number(line) == "012" || Number(line) == "032" || Number(line) == "099") << Number(line);
  }
}

}  // namespace
}  // namespace armstate
