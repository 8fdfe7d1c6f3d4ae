// push and restore --into against a real server, with every form of a saved state. One guest was saved in all of them,
// at different moments: between two of them 11 registers of vCPU 0 differ, since the guest changes no others
// (scripts/guests/counter_aarch64.S): TPIDRURW, TPIDRPRW, TPIDR_EL1, TPIDR_EL0, X1, X2, X11, X19, X20, X21 and V8.
#include <stdio.h>

#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/cli/commands/run_command.h"
#include "tests/server/server_fixture.h"
#include "tests/testing/run_shell.h"

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

class FormsTest : public ServerTest, public testing::WithParamInterface<FormCase> {
 protected:
  CommandResult Run(std::vector<std::string> arguments) { return RunCommand(target(), std::move(arguments)); }

  // A recorded file with its holes.
  std::string Unpack(const std::string& name) {
    const std::string path = absl::StrCat(dir_.path(), "/", files_++);
    RunShell(absl::StrCat("zstd -dqf --sparse tests/data/", name, ".zst -o ", path));
    return path;
  }

  TempDir dir_;
  int files_ = 0;
};

const char kForms[] = "qemu-versions/forms/11.1.cortex-a57.";
const char kLibvirt[] = "libvirt/a57-2vcpu.qemu-11.1.";

TEST_P(FormsTest, IsPushedAndRestoredInto) {
  const std::string path = Unpack(GetParam().file);
  const std::string other = Unpack(GetParam().other);
  const CommandResult pushed = Run({"push", "this", path});
  ASSERT_EQ(pushed.exit_status, 0) << pushed;
  const bool names_domain =
      pushed.out.find("of the domain armvm, UUID 6b2f1c7e-5d0a-4c3b-9a53-0c1d2e3f4a5b") != std::string::npos;
  EXPECT_EQ(names_domain, GetParam().is_libvirt) << pushed;
  ASSERT_EQ(Run({"push", "other", other}).exit_status, 0);
  const v1::Checkpoint stored = Get("vms/this/checkpoints/1");
  EXPECT_EQ(stored.source().machine_type(), "virt-11.1");
  EXPECT_EQ(stored.source().accelerator(), v1::ACCELERATOR_TCG);
  EXPECT_EQ(stored.source().cpu_model(), GetParam().is_libvirt ? "cortex-a57" : "");
  EXPECT_EQ(stored.vcpu_count(), GetParam().is_libvirt ? 2 : 1);
  EXPECT_THAT(Run({"diff", "this", "other"}).out, HasSubstr("vCPU 0: 11 registers differ, "));

  // The other's registers into this file: what comes out has them, in the same form.
  const std::string out = dir_.path() + "/out";
  const CommandResult restored = Run({"restore", "other", "--into", path, "--out", out});
  ASSERT_EQ(restored.exit_status, 0) << restored;
  EXPECT_EQ(RunShell("head -c 4 " + out + " | od -An -c"), RunShell("head -c 4 " + path + " | od -An -c"));
  const CommandResult again = Run({"push", "restored", out});
  ASSERT_EQ(again.exit_status, 0) << again;
  EXPECT_THAT(Run({"diff", "restored", "other"}).out, HasSubstr("vCPU 0: no register differs"));
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
        FormCase{"LibvirtSparse", absl::StrCat(kLibvirt, "sparse.img"), absl::StrCat(kLibvirt, "zstd.img"), true}),
    [](const auto& info) { return info.param.name; });

class OtherFormsTest : public FormsTest {};

TEST_F(OtherFormsTest, StandardInputMayBeAnyForm) {
  const std::string path = Unpack("qemu-versions/forms/11.1.cortex-a57.savevm.qcow2");
  ASSERT_EQ(Run({"push", "file", path}).exit_status, 0);
  ASSERT_NE(freopen(path.c_str(), "r", stdin), nullptr);
  ASSERT_EQ(Run({"push", "stdin", "-"}).exit_status, 0);
  EXPECT_THAT(Run({"diff", "file", "stdin"}).out, HasSubstr("vCPU 0: no register differs"));
}

TEST_F(OtherFormsTest, OfSeveralSnapshotsOneIsNamed) {
  const std::string path = Unpack("qemu-versions/forms/7.2.cortex-a57.two.qcow2");
  const CommandResult none = Run({"push", "web-1", path});
  EXPECT_EQ(none.exit_status, 1);
  EXPECT_THAT(none.err, HasSubstr("name one with --snapshot: one (ID 1), two (ID 2)"));
  EXPECT_EQ(Run({"push", "web-1", path, "--snapshot", "two"}).exit_status, 0);
}

TEST_F(OtherFormsTest, WhatIsNoStateIsAnErrorThatNamesTheFile) {
  const std::string path = dir_.path() + "/a";
  std::ofstream(path, std::ios::binary) << "KDUMP   ";
  const CommandResult pushed = Run({"push", "web-1", path});
  EXPECT_EQ(pushed.exit_status, 1);
  EXPECT_THAT(pushed.err, StartsWith(absl::StrCat("armstate: ", path, ": the file is a dump (kdump-compressed)")));
}

}  // namespace
}  // namespace armstate
