// A guest that another release has saved, converted for the QEMU at hand ($ARMSTATE_QEMU, else the installed one): it
// loads there and prints on where it was, while QEMU does with the stream as it was saved what is recorded of it.
#include <stdlib.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "client/qemu/qmp/connection.h"
#include "client/qemu/restore.h"
#include "client/state_conversion.h"
#include "gtest/gtest.h"
#include "tests/end_to_end/saved_guest.h"
#include "tests/server/server_fixture.h"
#include "tests/testing/qemu_process.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

constexpr char kProgram[] = "qemu-system-aarch64";

absl::Time Deadline() { return absl::Now() + absl::Seconds(60); }

// "7.2".
std::string ReleaseAtHand() {
  const QemuProcess qemu(kProgram, {"-M", "none"});
  absl::StatusOr<QmpConnection> qmp = QmpConnection::Open(qemu.qmp_path(), Deadline());
  EXPECT_TRUE(qmp.ok()) << qmp.status();
  if (!qmp.ok()) return "";
  const absl::StatusOr<nlohmann::json> version = qmp->Execute("query-version");
  EXPECT_TRUE(version.ok()) << version.status();
  if (!version.ok()) return "";
  const nlohmann::json& qemu_version = (*version)["qemu"];
  return absl::StrCat(qemu_version["major"].get<int>(), ".", qemu_version["minor"].get<int>());
}

// What the guest prints, worked out here: scripts/guests/counter_*.S. Its 2^22 steps between two lines are one step of
// another generator of the same kind.
template <typename Word>
class Chain {
 public:
  Chain(Word factor, Word summand) : factor_(factor), summand_(summand) {
    for (int i = 0; i < 22; ++i) {
      summand_ = summand_ * factor_ + summand_;
      factor_ *= factor_;
    }
  }

  std::string NextLine() {
    Word& past = history_[line_ & 0xff];
    past = number_ = (number_ * factor_ + summand_) ^ mixed_ >> 7 ^ past;
    mixed_ = number_;
    ++line_;
    const int digits = 2 * sizeof(Word);
    return absl::StrFormat("%0*x %0*x", digits, line_, digits, number_);
  }

 private:
  Word factor_, summand_;
  Word line_ = 0, number_ = 1, mixed_ = 1;
  std::array<Word, 256> history_ = {};
};

std::vector<std::string> LinesOfGuest(bool is_32_bit) {
  Chain<uint32_t> narrow(1664525, 1013904223);
  Chain<uint64_t> wide(6364136223846793005, 1442695040888963407);
  std::vector<std::string> lines;
  for (int i = 0; i < 4000; ++i) lines.push_back(is_32_bit ? narrow.NextLine() : wide.NextLine());
  return lines;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// A QEMU that loads a stream as the guest was started, and what the guest prints on it.
class Loader {
 public:
  Loader(const SavedGuest& guest, const std::string& stream)
      : qemu_(kProgram, Arguments(guest, Written(stream))), qmp_(QmpConnection::Open(qemu_.qmp_path(), Deadline())) {}

  // Whether QEMU takes the stream: it ends when it does not.
  bool IsLoaded() {
    for (std::string status = "inmigrate"; qmp_.ok(); absl::SleepFor(absl::Milliseconds(5))) {
      const absl::StatusOr<nlohmann::json> answer = qmp_->Execute("query-status");
      if (!answer.ok()) return false;
      status = (*answer)["status"];
      if (status != "inmigrate") return true;
    }
    return false;
  }

  // Lets the guest go on, until it has printed so many lines. The first may have begun before it was saved.
  std::string GoOn(int line_count) {
    const absl::StatusOr<nlohmann::json> going = qmp_->Execute("cont");
    EXPECT_TRUE(going.ok()) << going.status();
    std::string text;
    for (const absl::Time deadline = Deadline(); absl::Now() < deadline; absl::SleepFor(absl::Milliseconds(20))) {
      text = ReadFile(folder_.path() + "/serial");
      if (std::count(text.begin(), text.end(), '\n') >= line_count) break;
    }
    return text;
  }

 private:
  std::string Written(const std::string& stream) {
    std::ofstream(folder_.path() + "/stream", std::ios::binary) << stream;
    return folder_.path();
  }

  static std::vector<std::string> Arguments(const SavedGuest& guest, const std::string& folder) {
    return {"-M",
            guest.machine + (guest.option == "el2" ? ",virtualization=on" : ""),
            "-cpu",
            guest.cpu,
            "-m",
            "64",
            "-serial",
            absl::StrCat("file:", folder, "/serial"),
            "-S",
            "-incoming",
            absl::StrCat("exec:cat ", folder, "/stream")};
  }

  TempDir folder_;
  QemuProcess qemu_;
  absl::StatusOr<QmpConnection> qmp_;
};

// What was recorded of a release that loads this guest's stream of another one.
bool WasTaken(const SavedGuest& guest, const std::string& from, const std::string& to) {
  std::ifstream file("tests/data/qemu-versions/matrix.jsonl");
  for (std::string line; std::getline(file, line);) {
    const nlohmann::json row = nlohmann::json::parse(line);
    if (row["src"] == nlohmann::json{from, guest.machine, guest.cpu, guest.option} &&
        row["dst"] == nlohmann::json{to, guest.machine, guest.cpu, guest.option}) {
      return row["accepted"];
    }
  }
  ADD_FAILURE() << guest << " of " << from << " on " << to << " was not tried";
  return false;
}

class ConvertLoadsTest : public ServerTest, public testing::WithParamInterface<SavedGuest> {};

TEST_P(ConvertLoadsTest, QemuLoadsItAndTheGuestGoesOn) {
  static const auto* at_hand = new std::string(ReleaseAtHand());
  const SavedGuest& guest = GetParam();
  const std::vector<std::string> releases = guest.Releases();
  if (std::find(releases.begin(), releases.end(), *at_hand) == releases.end()) {
    EXPECT_EQ(*at_hand, "7.2");  // which has no machine type virt-10.0
    return;
  }
  const std::vector<std::string> lines = LinesOfGuest(guest.cpu == "cortex-a15");
  const RestoreClient client{Connection(ConnectionOptions{target()})};
  for (const std::string& from : releases) {
    if (from == *at_hand) continue;
    SCOPED_TRACE(absl::StrCat(from, " -> ", *at_hand));
    const std::string stream = guest.Stream(from);
    EXPECT_EQ(Loader(guest, stream).IsLoaded(), WasTaken(guest, from, *at_hand));

    const auto converted = ConvertStream(stream, guest.Profile(*at_hand), {"feature-gone"}, client);
    ASSERT_TRUE(converted.ok()) << converted.status();
    ASSERT_TRUE(converted->accepted()) << converted->answer.report().DebugString();
    Loader loader(guest, ApplyPatches(stream, converted->patches));
    ASSERT_TRUE(loader.IsLoaded());
    std::istringstream printed(loader.GoOn(4));
    std::string first, line;
    ASSERT_TRUE(std::getline(printed, first));
    std::getline(printed, line);
    auto expected = std::find(lines.begin(), lines.end(), line);
    ASSERT_NE(expected, lines.end()) << line;
    ASSERT_NE(expected, lines.begin());
    EXPECT_TRUE(absl::EndsWith(*(expected - 1), first)) << first;
    for (int i = 0; i < 2; ++i) {
      std::getline(printed, line);
      EXPECT_EQ(line, *++expected);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Guests, ConvertLoadsTest, testing::ValuesIn(SavedGuests()),
                         [](const auto& info) { return NameOf(info.param); });

}  // namespace
}  // namespace armstate
