#include "client/formats/file_kind.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/formats/codec.h"

namespace armstate {
namespace {

constexpr size_t kLookedAt = 4096;

struct OtherKind {
  absl::string_view magic;
  const char* what;  // the kind, and what to do
};

constexpr char kMemoryDump[] =
    "of guest memory, as `virsh dump --memory-only` and QEMU's dump-guest-memory write it: it has the general "
    "registers "
    "only; save the guest with `virsh save`, or by a migration to a file";

const OtherKind kOtherKinds[] = {
    {"KDUMP   ", "a dump (kdump-compressed)"},
    {"makedumpfile", "a dump (kdump-compressed, flattened)"},
    {absl::string_view("\x89LZO\0\r\n\x1a\n", 9),
     "packed with lzop, which armstate does not unpack; unpack it with `lzop -d`, and name what comes out"},
    {absl::string_view("\x04\x22\x4d\x18", 4),
     "packed with lz4, which armstate does not unpack; unpack it with `lz4 -d`, and name what comes out"},
    {absl::string_view("\x11\x22\x33\x44\0\0\0\x01", 8),
     "one of multifd's other channels, which have guest RAM only; the CPU state is in the main channel, whose stream "
     "begins with QEVM"},
    {absl::string_view("QCPR\0\0\0\x01", 8),
     "QEMU's CPR state, which has open files only; the CPU state is in the migration stream of the main channel, which "
     "begins with QEVM"},
};

bool IsCore(absl::string_view bytes) {
  return bytes.size() >= 18 && bytes[bytes[5] == 1 ? 16 : 17] == 4 && bytes[bytes[5] == 1 ? 17 : 16] == 0;
}

absl::Status Is(absl::string_view what) { return absl::InvalidArgumentError(absl::StrCat("the file is ", what)); }

}  // namespace

FileKind DetectFileKind(absl::string_view bytes) {
  if (absl::StartsWith(bytes, "QEVM")) return FileKind::kStream;
  if (absl::StartsWith(bytes, "QFI\xfb")) return FileKind::kQcow2;
  if (absl::StartsWith(bytes, "LibvirtQemud")) return FileKind::kLibvirtSave;
  if (DetectCodec(bytes)) return FileKind::kPacked;
  if (absl::StartsWith(absl::StripLeadingAsciiWhitespace(bytes.substr(0, kLookedAt)), "{")) return FileKind::kJson;
  return FileKind::kOther;
}

bool IsKnownOtherKind(absl::string_view bytes) {
  return std::any_of(std::begin(kOtherKinds), std::end(kOtherKinds),
                     [bytes](const OtherKind& kind) { return absl::StartsWith(bytes, kind.magic); });
}

absl::Status NoStateFile(absl::string_view bytes, const std::string& path) {
  if (bytes.empty()) return Is("empty: was the guest saved to the end? (QEMU waits forever for more of such a file)");
  if (absl::StartsWith(bytes,
                       "\x7f"
                       "ELF")) {
    return Is(IsCore(bytes) ? absl::StrCat("an ELF core: a dump ", kMemoryDump)
                            : std::string("an ELF program or library, which has no VM's state"));
  }
  for (const OtherKind& kind : kOtherKinds) {
    if (!absl::StartsWith(bytes, kind.magic)) continue;
    const bool is_dump = absl::StartsWith(kind.what, "a dump");
    return Is(is_dump ? absl::StrCat(kind.what, " ", kMemoryDump) : std::string(kind.what));
  }
  if (absl::EndsWith(path, ".vzvmsave")) {
    return Is(
        "a saved state of Apple's Virtualization framework, which only the Mac that wrote it can read; armstate reads "
        "what QEMU saves, also on a Mac");
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "neither a saved state that armstate reads (a QEMU migration stream, plain or packed, a libvirt save "
      "image, a qcow2 image with an internal snapshot) nor JSON of an armstate.v1.Checkpoint: the file "
      "begins with the bytes ",
      absl::BytesToHexString(bytes.substr(0, 8))));
}

}  // namespace armstate
