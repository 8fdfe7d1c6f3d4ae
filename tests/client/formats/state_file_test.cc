// Every form of docs/formats.md, recorded from QEMU 11.1 and libvirt 12.9, and as other programs pack it.
#include <sys/stat.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/open_state_file.h"
#include "client/qemu/stream/migration_stream.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/run_shell.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

void Write(const std::string& path, const std::string& content) { std::ofstream(path, std::ios::binary) << content; }

std::string Read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

absl::StatusOr<std::unique_ptr<StateFile>> Open(const std::string& path, const std::string& snapshot = "") {
  absl::StatusOr<InputFile> file = InputFile::Open(path);
  if (!file.ok()) return file.status();
  return OpenStateFile(*std::move(file), path, {snapshot, absl::nullopt});
}

// A recorded file, unpacked with its holes.
class Recorded {
 public:
  explicit Recorded(const std::string& name) {
    RunShell(absl::StrCat("zstd -dqf --sparse tests/data/", name, ".zst -o ", path()));
  }
  std::string path() const { return dir_.path() + "/state"; }
  std::string Sibling(const std::string& name) const { return dir_.path() + "/" + name; }

 private:
  TempDir dir_;
};

const char kForms[] = "qemu-versions/forms/11.1.cortex-a57.";
const char kLibvirt[] = "libvirt/a57-2vcpu.qemu-11.1.";

struct FormCase {
  std::string name;  // for the test
  std::string file;
  std::string form;
  uint64_t offset;
};

class StateFileTest : public testing::TestWithParam<FormCase> {};

TEST_P(StateFileTest, TheStreamIsFound) {
  const Recorded recorded(GetParam().file);
  const absl::StatusOr<std::unique_ptr<StateFile>> file = Open(recorded.path());
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ((*file)->form(), GetParam().form);
  EXPECT_EQ((*file)->stream_offset(), GetParam().offset);
  EXPECT_THAT((*file)->notes(), IsEmpty());
  const absl::StatusOr<MigrationStream> stream = ParseMigrationStream((*file)->stream());
  ASSERT_TRUE(stream.ok()) << stream.status();
  EXPECT_EQ(stream->machine_type, "virt-11.1");
  EXPECT_THAT(stream->notes, IsEmpty());  // also: nothing follows the stream's end
  const bool is_libvirt = GetParam().file.find("libvirt") == 0;
  EXPECT_EQ(stream->vcpus.size(), is_libvirt ? 2u : 1u);
}

// Without patches the stream that is written is the one that was read, and all that the image has besides.
TEST_P(StateFileTest, IsWrittenInItsForm) {
  const Recorded recorded(GetParam().file);
  const absl::StatusOr<std::unique_ptr<StateFile>> file = Open(recorded.path());
  ASSERT_TRUE(file.ok()) << file.status();
  const std::string copy = recorded.Sibling("copy");
  absl::StatusOr<OutputFile> out = OutputFile::Create(copy, IfExists::kRefuse);
  ASSERT_TRUE(out.ok()) << out.status();
  ASSERT_EQ((*file)->Write({}, *out), absl::OkStatus());
  ASSERT_EQ(out->Commit(), absl::OkStatus());
  const absl::StatusOr<std::unique_ptr<StateFile>> written = Open(copy);
  ASSERT_TRUE(written.ok()) << written.status();
  EXPECT_EQ((*written)->form(), GetParam().form);
  EXPECT_TRUE((*written)->stream() == (*file)->stream());
  const bool packed =
      GetParam().form.find("zip") != std::string::npos || GetParam().form.find("zst") != std::string::npos;
  if (GetParam().file.find("libvirt") == 0) {  // the header, the XML and the room behind it
    RunShell(absl::StrCat("cmp -n 66843 ", recorded.path(), " ", copy));
  }
  if (!packed) {
    RunShell(absl::StrCat("cmp ", recorded.path(), " ", copy));
    struct stat info;
    ASSERT_EQ(stat(copy.c_str(), &info), 0);
    EXPECT_LT(info.st_blocks * 512, 2 << 20) << "the holes are gone";
  }
}

// As a conversion patches it: a longer `cpu` section, and a longer description.
TEST_P(StateFileTest, TakesALongerSection) {
  const Recorded recorded(GetParam().file);
  const absl::StatusOr<std::unique_ptr<StateFile>> file = Open(recorded.path());
  ASSERT_TRUE(file.ok()) << file.status();
  const absl::StatusOr<MigrationStream> stream = ParseMigrationStream((*file)->stream());
  ASSERT_TRUE(stream.ok()) << stream.status();
  const size_t section = stream->vcpus[0].header.payload + stream->vcpus[0].cpu.values;
  const std::string copy = recorded.Sibling("copy");
  absl::StatusOr<OutputFile> out = OutputFile::Create(copy, IfExists::kRefuse);
  ASSERT_TRUE(out.ok()) << out.status();
  ASSERT_EQ((*file)->Write({{section, 8, std::string(640, 'v')}, {stream->end_of_stream + 6, 1, "{ "}}, *out),
            absl::OkStatus());
  ASSERT_EQ(out->Commit(), absl::OkStatus());
  const absl::StatusOr<std::unique_ptr<StateFile>> written = Open(copy);
  ASSERT_TRUE(written.ok()) << written.status();
  EXPECT_EQ((*written)->form(), GetParam().form);
  EXPECT_EQ((*written)->stream_offset(), GetParam().offset);
  std::string wanted((*file)->stream());
  wanted.insert(stream->end_of_stream + 7, " ").replace(section, 8, std::string(640, 'v'));
  EXPECT_TRUE((*written)->stream() == wanted);
}

INSTANTIATE_TEST_SUITE_P(
    All, StateFileTest,
    testing::Values(
        FormCase{"File", absl::StrCat(kForms, "file"), "QEMU migration stream", 0},
        FormCase{"IgnoreShared", absl::StrCat(kForms, "ignore-shared"), "QEMU migration stream", 0},
        FormCase{"MappedRam", absl::StrCat(kForms, "mapped-ram"), "QEMU migration stream", 0},
        FormCase{"MappedRamMultifd", absl::StrCat(kForms, "mapped-ram-multifd"), "QEMU migration stream", 0},
        FormCase{"MappedRamIgnoreShared", absl::StrCat(kForms, "mapped-ram-ignore-shared"), "QEMU migration stream", 0},
        FormCase{"Offset", absl::StrCat(kForms, "fdset-offset"), "QEMU migration stream at offset 65536", 65536},
        FormCase{"Snapshot", absl::StrCat(kForms, "savevm.qcow2"), "internal snapshot suspend of a qcow2 image", 0},
        FormCase{"LibvirtRaw", absl::StrCat(kLibvirt, "raw.img"), "libvirt save image (raw)", 66843},
        FormCase{"LibvirtGzip", absl::StrCat(kLibvirt, "gzip.img"), "libvirt save image (gzip)", 0},
        FormCase{"LibvirtZstd", absl::StrCat(kLibvirt, "zstd.img"), "libvirt save image (zstd)", 0},
        FormCase{"LibvirtSparse", absl::StrCat(kLibvirt, "sparse.img"), "libvirt save image (sparse)", 66843}),
    [](const auto& info) { return info.param.name; });

TEST(StateFileTest, LibvirtsXmlIsASource) {
  const Recorded recorded(absl::StrCat(kLibvirt, "zstd.img"));
  const absl::StatusOr<std::unique_ptr<StateFile>> file = Open(recorded.path());
  ASSERT_TRUE(file.ok()) << file.status();
  const StateFileSource& source = (*file)->source();
  EXPECT_EQ(source.accelerator, "tcg");
  EXPECT_EQ(source.machine_type, "virt-11.1");
  EXPECT_EQ(source.cpu_model, "cortex-a57");
  EXPECT_EQ(source.vm_name, "armvm");
  EXPECT_EQ(source.vm_uuid, "6b2f1c7e-5d0a-4c3b-9a53-0c1d2e3f4a5b");
}

TEST(StateFileTest, FeaturesAreStatedAsForTheCpuOption) {
  const Recorded recorded(absl::StrCat(kLibvirt, "raw.img"));
  std::string image = Read(recorded.path());
  // An XML of the same length, and a cookie without <cpu>.
  std::string xml =
      "<domain type='kvm'><os><type machine='virt-7.2'/></os><features><pmu state='off'/></features>"
      "<cpu mode='host-passthrough'><feature policy='require' name='sve'/></cpu></domain>";
  xml.resize(1071, ' ');
  image.replace(92, xml.size(), xml);
  image[32] = image[33] = 0;
  Write(recorded.path(), image);
  const absl::StatusOr<std::unique_ptr<StateFile>> file = Open(recorded.path());
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ((*file)->source().cpu_model, "host,sve=on,pmu=off");
  EXPECT_EQ((*file)->source().accelerator, "kvm");
  // XML that cannot be read does not keep the state from being read.
  Write(recorded.path(), image.replace(92, 7, "<broken"));
  const absl::StatusOr<std::unique_ptr<StateFile>> broken = Open(recorded.path());
  ASSERT_TRUE(broken.ok()) << broken.status();
  EXPECT_THAT((*broken)->notes(), ElementsAre(HasSubstr("the XML of the domain is not well formed")));
}

// libvirt packs with these programs; a recorded raw image packed the same way, with the format's number in its header.
TEST(StateFileTest, LibvirtImagesOfAllPrograms) {
  const Recorded recorded(absl::StrCat(kLibvirt, "raw.img"));
  const std::string raw = Read(recorded.path());
  const std::vector<std::pair<std::string, int>> kPrograms = {{"gzip", 1}, {"bzip2", 2}, {"xz -3", 3}, {"zstd", 5}};
  for (const auto& [program, number] : kPrograms) {
    std::string head = raw.substr(0, 66843);
    head[28] = static_cast<char>(number);
    Write(recorded.Sibling("stream"), raw.substr(66843));
    const std::string image = recorded.Sibling("image");
    Write(image, head + RunShell(absl::StrCat(program, " -c <", recorded.Sibling("stream"))));
    const absl::StatusOr<std::unique_ptr<StateFile>> file = Open(image);
    ASSERT_TRUE(file.ok()) << program << ": " << file.status();
    EXPECT_TRUE((*file)->stream() == raw.substr(66843)) << program;
  }
}

TEST(StateFileTest, BareStreamsPackedByAllPrograms) {
  const Recorded recorded(absl::StrCat(kForms, "file"));
  for (const std::string program : {"gzip", "bzip2", "xz", "zstd"}) {
    const std::string packed = recorded.Sibling(program);
    RunShell(absl::StrCat(program, " -c <", recorded.path(), " >", packed));
    const absl::StatusOr<std::unique_ptr<StateFile>> file = Open(packed);
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_EQ((*file)->form(), absl::StrCat("QEMU migration stream (", program, ")"));
    EXPECT_TRUE((*file)->stream() == Read(recorded.path()));
    // A patch that changes the length goes through the program's own unpacking.
    const std::string copy = recorded.Sibling(program + ".copy");
    absl::StatusOr<OutputFile> out = OutputFile::Create(copy, IfExists::kRefuse);
    ASSERT_TRUE(out.ok()) << out.status();
    ASSERT_EQ((*file)->Write({{8, 1, "xyz"}, {20, 0, "-"}}, *out), absl::OkStatus());
    ASSERT_EQ(out->Commit(), absl::OkStatus());
    std::string wanted = Read(recorded.path());
    wanted.insert(20, "-").replace(8, 1, "xyz");
    EXPECT_TRUE(RunShell(absl::StrCat(program, " -dc <", copy)) == wanted) << program;
  }
}

TEST(StateFileTest, APatchInASnapshotLandsInItsCluster) {
  const Recorded recorded(absl::StrCat(kForms, "savevm.qcow2"));
  const absl::StatusOr<std::unique_ptr<StateFile>> file = Open(recorded.path(), "suspend");
  ASSERT_TRUE(file.ok()) << file.status();
  const absl::string_view stream = (*file)->stream();
  // Across the border of two clusters of 64 KiB, and at the last byte.
  const std::vector<StreamPatch> patches = {{65530, 12, "twelve bytes"}, {stream.size() - 1, 1, "!"}};
  const std::string copy = recorded.Sibling("copy");
  absl::StatusOr<OutputFile> out = OutputFile::Create(copy, IfExists::kRefuse);
  ASSERT_EQ((*file)->Write(patches, *out), absl::OkStatus());
  ASSERT_EQ(out->Commit(), absl::OkStatus());
  const absl::StatusOr<std::unique_ptr<StateFile>> patched = Open(copy);
  ASSERT_TRUE(patched.ok()) << patched.status();
  std::string wanted(stream);
  wanted.replace(65530, 12, "twelve bytes").back() = '!';
  EXPECT_TRUE((*patched)->stream() == wanted);
  // The guest's disk and the image's tables are as they were.
  RunShell(absl::StrCat("qemu-img check -q ", copy));
  RunShell(absl::StrCat("qemu-img compare -q ", recorded.path(), " ", copy));
  EXPECT_EQ(RunShell(absl::StrCat("cmp -l ", recorded.path(), " ", copy, " | wc -l")), "13\n");
}

// A conversion makes `cpu` sections longer or shorter: what is behind them moves.
TEST(StateFileTest, AStateInASnapshotChangesItsLength) {
  const Recorded recorded(absl::StrCat(kForms, "savevm.qcow2"));
  const absl::StatusOr<std::unique_ptr<StateFile>> file = Open(recorded.path());
  ASSERT_TRUE(file.ok()) << file.status();
  const std::string stream((*file)->stream());
  const size_t end = ParseMigrationStream(stream)->end_of_stream;
  for (const std::string& bytes : {std::string("longer by some bytes"), std::string()}) {
    const std::string copy = recorded.Sibling("copy");
    absl::StatusOr<OutputFile> out = OutputFile::Create(copy, IfExists::kReplace);
    ASSERT_EQ((*file)->Write({{100, 3, "abc"}, {end, 6, bytes}, {end + 10, 1, "!"}}, *out), absl::OkStatus());
    ASSERT_EQ(out->Commit(), absl::OkStatus());
    const absl::StatusOr<std::unique_ptr<StateFile>> written = Open(copy);
    ASSERT_TRUE(written.ok()) << written.status();
    std::string wanted = stream;
    wanted.replace(end + 10, 1, "!").replace(end, 6, bytes).replace(100, 3, "abc");
    EXPECT_TRUE((*written)->stream() == wanted);
    RunShell(absl::StrCat("qemu-img check -q ", copy));
    RunShell(absl::StrCat("qemu-img compare -q ", recorded.path(), " ", copy));
    EXPECT_EQ(RunShell(absl::StrCat("qemu-img info --output=json ", copy, " | grep -o 'vm-state-size\": [0-9]*'")),
              absl::StrCat("vm-state-size\": ", wanted.size(), "\n"));
  }
  absl::StatusOr<OutputFile> other = OutputFile::Create(recorded.Sibling("other"), IfExists::kRefuse);
  const absl::Status longer = (*file)->Write({{end, 0, std::string(65536, 'x')}}, *other);
  EXPECT_EQ(longer.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(longer.message()), HasSubstr("have room for"));
}

TEST(StateFileTest, SnapshotsByName) {
  const Recorded recorded(absl::StrCat(kForms, "savevm.qcow2"));
  EXPECT_TRUE(Open(recorded.path(), "1").ok()) << "by ID";
  const absl::Status none = Open(recorded.path(), "other").status();
  EXPECT_EQ(none.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(none.message()), HasSubstr("no internal snapshot other with a VM's state; it has suspend"));
  Write(recorded.Sibling("stream"), std::string("QEVM\0\0\0\3", 8));
  EXPECT_THAT(std::string(Open(recorded.Sibling("stream"), "other").status().message()),
              HasSubstr("--snapshot is for qcow2 images"));
}

// Somebody has cut libvirt's header off, or put something before the stream: offsets of mapped-ram count from the file.
TEST(StateFileTest, AMappedRamStreamThatWasMovedIsReadButNotWritten) {
  const Recorded sparse(absl::StrCat(kLibvirt, "sparse.img"));
  RunShell(absl::StrCat("tail -c +66844 ", sparse.path(), " >", sparse.Sibling("cut")));
  const Recorded mapped(absl::StrCat(kForms, "mapped-ram"));
  RunShell(absl::StrCat("(head -c 4096 /dev/zero; cat ", mapped.path(), ") >", mapped.Sibling("shifted")));
  RunShell(absl::StrCat("zstd -q ", sparse.Sibling("cut"), " -o ", sparse.Sibling("packed")));
  for (const auto& [path, text] : std::vector<std::pair<std::string, std::string>>{
           {sparse.Sibling("cut"), "begins at offset 66843, not at 0"},
           {sparse.Sibling("packed"), "begins at offset 66843, not at 0"},
           {mapped.Sibling("shifted"), "begins at offset 0, not at 4096"}}) {
    const absl::StatusOr<std::unique_ptr<StateFile>> file = Open(path);
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_THAT((*file)->notes(), ElementsAre(HasSubstr(text)));
    EXPECT_TRUE(ParseMigrationStream((*file)->stream()).ok());
    absl::StatusOr<OutputFile> out = OutputFile::Create(sparse.Sibling("out"), IfExists::kRefuse);
    const absl::Status written = (*file)->Write({}, *out);
    EXPECT_EQ(written.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(written.message()), HasSubstr("QEMU cannot load it from here"));
  }
}

// QEMU 7.2 made these: clusters with 32 parts each (extended L2), and two snapshots.
TEST(StateFileTest, OtherImages) {
  for (const auto& [file, snapshot] : std::vector<std::pair<std::string, std::string>>{
           {"extended-l2.qcow2", ""}, {"two.qcow2", "one"}, {"two.qcow2", "2"}}) {
    const Recorded recorded(absl::StrCat("qemu-versions/forms/7.2.cortex-a57.", file));
    const absl::StatusOr<std::unique_ptr<StateFile>> state = Open(recorded.path(), snapshot);
    ASSERT_TRUE(state.ok()) << state.status();
    const absl::StatusOr<MigrationStream> stream = ParseMigrationStream((*state)->stream());
    ASSERT_TRUE(stream.ok()) << stream.status();
    EXPECT_THAT(stream->notes, IsEmpty());
    EXPECT_EQ(stream->machine_type, "virt-7.2");
    EXPECT_EQ(stream->vcpus.size(), 1u);
  }
  const Recorded recorded("qemu-versions/forms/11.1.cortex-a57.multifd-channel");
  EXPECT_THAT(std::string(Open(recorded.path()).status().message()), HasSubstr("one of multifd's other channels"));
}

TEST(StateFileTest, AStreamIsFoundOnlyBehindZeros) {
  const TempDir dir;
  const std::string path = dir.path() + "/a";
  const std::string beginning("QEVM\0\0\0\3", 8);
  Write(path, std::string(5000, '\0') + beginning);
  absl::StatusOr<std::unique_ptr<StateFile>> file = Open(path);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ((*file)->stream_offset(), 5000u);
  Write(path, std::string(4999, '\0') + "x" + beginning);
  EXPECT_THAT(std::string(Open(path).status().message()), HasSubstr("give --offset 5000"));
  StateFileOptions options;
  options.offset = 5000;
  file = OpenStateFile(*InputFile::Open(path), path, options);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ((*file)->stream_offset(), 5000u);
  for (const uint64_t wrong : {uint64_t{0}, uint64_t{4999}, uint64_t{5009}, ~uint64_t{0}}) {
    options.offset = wrong;
    EXPECT_THAT(std::string(OpenStateFile(*InputFile::Open(path), path, options).status().message()),
                HasSubstr("no QEMU migration stream begins at offset"));
  }
  Write(path, std::string(5000, '\0'));
  EXPECT_FALSE(Open(path).ok());
}

struct OtherCase {
  const char* name;
  std::string content;
  const char* text;
};

class OtherFileTest : public testing::TestWithParam<OtherCase> {};

TEST_P(OtherFileTest, IsNamedAndSaysWhatToDo) {
  const TempDir dir;
  Write(dir.path() + "/a", GetParam().content);
  const absl::Status status = Open(dir.path() + "/a").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(GetParam().text));
}

std::string Bytes(const std::string& shell) { return RunShell(shell); }

std::string LibvirtHeader(const std::string& magic, const std::string& numbers) {
  std::string header = magic + numbers;
  header.resize(92, '\0');
  return header + "<domain/>" + std::string(1000, '\0');
}

std::string Little(uint32_t number) {
  return {static_cast<char>(number), static_cast<char>(number >> 8), static_cast<char>(number >> 16),
          static_cast<char>(number >> 24)};
}

const std::string kZero4(4, '\0');

INSTANTIATE_TEST_SUITE_P(
    All, OtherFileTest,
    testing::Values(
        OtherCase{"Empty", "", "the file is empty: was the guest saved to the end?"},
        OtherCase{"Json", " {}", "the file is JSON"},
        OtherCase{"Text", "hello, world", "the file begins with the bytes 68656c6c6f2c2077"},
        OtherCase{"ElfCore",
                  std::string("\x7f"
                              "ELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x04\0\xb7\0",
                              20),
                  "an ELF core: a dump of guest memory, as `virsh dump --memory-only`"},
        OtherCase{"ElfProgram",
                  std::string("\x7f"
                              "ELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\xb7\0",
                              20),
                  "an ELF program"},
        OtherCase{"ShortElf",
                  "\x7f"
                  "ELF",
                  "an ELF program"},
        OtherCase{"Kdump", "KDUMP   \6", "a dump (kdump-compressed) of guest memory"},
        OtherCase{"Lzop", std::string("\x89LZO\0\r\n\x1a\n\x10\x40", 11), "unpack it with `lzop -d`"},
        OtherCase{"MultifdChannel", std::string("\x11\x22\x33\x44\0\0\0\1", 8) + std::string(56, 'u'),
                  "one of multifd's other channels"},
        OtherCase{"Cpr", std::string("QCPR\0\0\0\1", 8), "QEMU's CPR state"},
        OtherCase{"Unfinished", LibvirtHeader("LibvirtQemudPart", Little(2)), "it was never finished"},
        OtherCase{"BigEndian", LibvirtHeader("LibvirtQemudSave", std::string("\0\0\0\2\0\0\4\0", 8)),
                  "its header is big-endian"},
        OtherCase{"LibvirtVersion", LibvirtHeader("LibvirtQemudSave", Little(3)), "version 3; 1 and 2 are known"},
        OtherCase{"LibvirtLzop", LibvirtHeader("LibvirtQemudSave", Little(2) + Little(100) + kZero4 + Little(4)),
                  "its stream is packed with lzop"},
        OtherCase{"LibvirtFormat", LibvirtHeader("LibvirtQemudSave", Little(2) + Little(100) + kZero4 + Little(7)),
                  "packed in format 7, which is not known"},
        OtherCase{"LibvirtTooLong", LibvirtHeader("LibvirtQemudSave", Little(2) + Little(100000) + kZero4),
                  "the domain's XML takes 100000 bytes"},
        OtherCase{"LibvirtCookie",
                  LibvirtHeader("LibvirtQemudSave", Little(2) + Little(100) + kZero4 + kZero4 + Little(100)),
                  "the cookie is at offset 100 of 100 bytes"},
        OtherCase{"PackedText", Bytes("echo hello, world | gzip -c"),
                  "what is packed in it is no QEMU migration stream"},
        OtherCase{"PackedNothing", Bytes("printf '' | xz -c"), "what is packed in it is no QEMU migration stream"},
        OtherCase{"PackedBomb", Bytes("head -c 100000000 /dev/zero | zstd -c"), "is no QEMU migration stream"}),
    [](const auto& info) { return info.param.name; });

TEST(OtherFileTest, ByName) {
  const TempDir dir;
  Write(dir.path() + "/a.vzvmsave", "opaque");
  EXPECT_THAT(std::string(Open(dir.path() + "/a.vzvmsave").status().message()),
              HasSubstr("Apple's Virtualization framework"));
  EXPECT_THAT(std::string(Open(dir.path()).status().message()), HasSubstr("is a folder"));
}

}  // namespace
}  // namespace armstate
