// push and restore --into with every form of a saved state. One guest was saved in all of them, at different moments:
// between two of them 11 registers differ, since the guest changes no others (scripts/guests/counter_aarch64.S):
// TPIDRURW, TPIDRPRW, TPIDR_EL1, TPIDR_EL0, X1, X2, X11, X19, X20, X21 and V8.
#include <stdio.h>

#include <fstream>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/commands/run_command.h"
#include "tests/client/fake_server.h"
#include "tests/testing/run_shell.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

struct FormCase {
  std::string name;
  std::string file;
  std::string other;  // the state that is put into it
  bool is_libvirt;
};

const char kForms[] = "qemu-versions/forms/11.1.cortex-a57.";
const char kLibvirt[] = "libvirt/a57-2vcpu.qemu-11.1.";

void Unpack(const std::string& name, const std::string& path) {
  RunShell(absl::StrCat("zstd -dqf --sparse tests/data/", name, ".zst -o ", path));
}

// Register ID -> value, of vCPU 0.
std::map<uint64_t, std::string> ValuesOf(const v1::Checkpoint& checkpoint) {
  std::map<uint64_t, std::string> values;
  size_t at = 0;
  const v1::RegisterList& list = checkpoint.vcpus(0).registers();
  for (const uint64_t id : list.ids()) {
    const size_t size = size_t{1} << (id >> 52 & 15);
    values[id] = list.values().substr(at, size);
    at += size;
  }
  return values;
}

size_t CountDifferent(const v1::Checkpoint& a, const v1::Checkpoint& b) {
  const std::map<uint64_t, std::string> left = ValuesOf(a);
  const std::map<uint64_t, std::string> right = ValuesOf(b);
  EXPECT_EQ(left.size(), right.size());
  size_t different = 0;
  for (const auto& [id, value] : left) {
    const auto it = right.find(id);
    EXPECT_NE(it, right.end()) << id;
    different += it != right.end() && it->second != value;
  }
  return different;
}

v1::Checkpoint Pushed(const std::string& path, std::string* out = nullptr) {
  FakeServer server;
  v1::Checkpoint pushed;
  server.handlers.create_checkpoint = [&](const v1::CreateCheckpointRequest& request) {
    pushed = request.checkpoint();
    v1::Checkpoint stored = request.checkpoint();
    stored.set_name("vms/web-1/checkpoints/1");
    return stored;
  };
  const CommandResult result = RunCommand(server.target(), {"push", "web-1", path});
  EXPECT_EQ(result.exit_status, 0) << result;
  if (out != nullptr) *out = result.out;
  return pushed;
}

class FormsTest : public testing::TestWithParam<FormCase> {};

TEST_P(FormsTest, IsPushedAndRestoredInto) {
  const TempDir dir;
  const std::string path = dir.path() + "/state";
  const std::string other_path = dir.path() + "/other";
  Unpack(GetParam().file, path);
  Unpack(GetParam().other, other_path);
  std::string text;
  v1::Checkpoint pushed = Pushed(path, &text);
  EXPECT_EQ(pushed.source().machine_type(), "virt-11.1");
  EXPECT_EQ(pushed.source().accelerator(), v1::TCG);
  EXPECT_EQ(pushed.source().cpu_model(), GetParam().is_libvirt ? "cortex-a57" : "");
  EXPECT_EQ(text.find("the domain armvm, UUID 6b2f1c7e-5d0a-4c3b-9a53-0c1d2e3f4a5b") != std::string::npos,
            GetParam().is_libvirt);
  ASSERT_EQ(pushed.vcpus_size(), GetParam().is_libvirt ? 2 : 1);
  v1::Checkpoint other = Pushed(other_path);
  EXPECT_EQ(CountDifferent(pushed, other), 11u);

  // The other's registers into this one: what comes out has them, in the same form.
  other.set_name("vms/web-1/checkpoints/1");
  FakeServer server;
  server.handlers.get_checkpoint = [&](const v1::GetCheckpointRequest&) { return other; };
  const std::string out = dir.path() + "/out";
  const CommandResult result = RunCommand(server.target(), {"restore", "web-1", "--into", path, "--out", out});
  ASSERT_EQ(result.exit_status, 0) << result;
  EXPECT_EQ(RunShell("head -c 4 " + out + " | od -An -c"), RunShell("head -c 4 " + path + " | od -An -c"));
  const v1::Checkpoint restored = Pushed(out);
  EXPECT_EQ(CountDifferent(restored, other), 0u);
  EXPECT_EQ(CountDifferent(restored, pushed), 11u);
}

INSTANTIATE_TEST_SUITE_P(
    All, FormsTest,
    testing::Values(
        FormCase{"File", absl::StrCat(kForms, "file"), absl::StrCat(kForms, "mapped-ram"), false},
        FormCase{"IgnoreShared", absl::StrCat(kForms, "ignore-shared"), absl::StrCat(kForms, "file"), false},
        FormCase{"MappedRam", absl::StrCat(kForms, "mapped-ram"), absl::StrCat(kForms, "file"), false},
        FormCase{"MappedRamMultifd", absl::StrCat(kForms, "mapped-ram-multifd"), absl::StrCat(kForms, "file"), false},
        FormCase{"MappedRamIgnoreShared", absl::StrCat(kForms, "mapped-ram-ignore-shared"),
                 absl::StrCat(kForms, "file"), false},
        FormCase{"Offset", absl::StrCat(kForms, "fdset-offset"), absl::StrCat(kForms, "file"), false},
        FormCase{"Snapshot", absl::StrCat(kForms, "savevm.qcow2"), absl::StrCat(kForms, "file"), false},
        FormCase{"LibvirtRaw", absl::StrCat(kLibvirt, "raw.img"), absl::StrCat(kLibvirt, "zstd.img"), true},
        FormCase{"LibvirtGzip", absl::StrCat(kLibvirt, "gzip.img"), absl::StrCat(kLibvirt, "raw.img"), true},
        FormCase{"LibvirtZstd", absl::StrCat(kLibvirt, "zstd.img"), absl::StrCat(kLibvirt, "raw.img"), true},
        FormCase{"LibvirtSparse", absl::StrCat(kLibvirt, "sparse.img"), absl::StrCat(kLibvirt, "raw.img"), true}),
    [](const auto& info) { return info.param.name; });

TEST(FormsTest, StandardInputMayBeAnyForm) {
  const TempDir dir;
  const std::string path = dir.path() + "/state";
  Unpack("qemu-versions/forms/11.1.cortex-a57.savevm.qcow2", path);
  const v1::Checkpoint pushed = Pushed(path);
  ASSERT_NE(freopen(path.c_str(), "r", stdin), nullptr);
  EXPECT_EQ(CountDifferent(Pushed("-"), pushed), 0u);
}

TEST(FormsTest, OfSeveralSnapshotsOneIsNamed) {
  const TempDir dir;
  const std::string path = dir.path() + "/state";
  Unpack("qemu-versions/forms/7.2.cortex-a57.two.qcow2", path);
  FakeServer server;
  const CommandResult none = RunCommand(server.target(), {"push", "web-1", path});
  EXPECT_EQ(none.exit_status, 1);
  EXPECT_THAT(none.err, HasSubstr("name one with --snapshot: one (ID 1), two (ID 2)"));
  int created = 0;
  server.handlers.create_checkpoint = [&](const v1::CreateCheckpointRequest&) {
    ++created;
    return v1::Checkpoint();
  };
  EXPECT_EQ(RunCommand(server.target(), {"push", "web-1", path, "--snapshot", "two"}).exit_status, 0);
  EXPECT_EQ(created, 1);
}

TEST(FormsTest, WhatIsNoStateIsAnErrorThatNamesTheFile) {
  const TempDir dir;
  const std::string path = dir.path() + "/a";
  std::ofstream(path, std::ios::binary) << "KDUMP   ";
  FakeServer server;
  const CommandResult pushed = RunCommand(server.target(), {"push", "web-1", path});
  EXPECT_EQ(pushed.exit_status, 1);
  EXPECT_THAT(pushed.err, StartsWith(absl::StrCat("armstate: ", path, ": the file is a dump (kdump-compressed)")));
}

}  // namespace
}  // namespace armstate
