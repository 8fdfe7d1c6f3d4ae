#include "client/qemu/qmp/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "client/files/mapped_file.h"
#include "client/files/output_path.h"
#include "client/files/unique_fd.h"
#include "client/qemu/qmp/connection.h"
#include "client/qemu/qmp/fdset.h"
#include "client/qemu/qmp/guest_pause.h"
#include "client/qemu/qmp/migration.h"

namespace armstate {
namespace {

using Json = nlohmann::json;

// Returns "" unless the object has a string of that name.
std::string StringOf(const Json& object, const char* key) {
  if (!object.is_object()) return "";
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : "";
}

bool BoolOf(const Json& object, const char* key) {
  if (!object.is_object()) return false;
  const auto it = object.find(key);
  return it != object.end() && it->is_boolean() && it->get<bool>();
}

absl::Status System(absl::string_view what) { return absl::InternalError(absl::StrCat(what, ": ", strerror(errno))); }

// `Source` is QEMU's description of itself and its VM.
class Source {
 public:
  static absl::StatusOr<Source> Ask(QmpConnection& qmp) {
    Source source;
    const absl::StatusOr<Json> version = qmp.Execute("query-version");
    if (!version.ok()) return version.status();
    source.version = VersionText(*version);
    source.file_protocol = FileProtocolOf(*version);
    const absl::StatusOr<Json> status = qmp.Execute("query-status");
    if (!status.ok()) return status.status();
    source.running = BoolOf(*status, "running");
    const absl::StatusOr<std::string> machine = TypeOf(qmp, "/machine");
    if (!machine.ok()) return machine.status();
    source.machine_type = std::string(absl::StripSuffix(*machine, "-machine"));
    const absl::StatusOr<Json> cpus = qmp.Execute("query-cpus-fast");
    if (!cpus.ok()) return cpus.status();
    if (!cpus->is_array() || cpus->empty()) return absl::FailedPreconditionError("QEMU names no vCPUs");
    source.vcpu_count = cpus->size();
    const absl::StatusOr<std::string> cpu = TypeOf(qmp, StringOf(cpus->front(), "qom-path"));
    if (!cpu.ok()) return cpu.status();
    source.cpu_model = std::string(absl::StripSuffix(*cpu, "-arm-cpu"));
    const absl::StatusOr<Json> kvm = qmp.Execute("query-kvm");
    if (!kvm.ok()) return kvm.status();
    source.kvm = BoolOf(*kvm, "enabled");
    const absl::Status savable = CheckSavable(qmp);
    if (!savable.ok()) return savable;
    return source;
  }

  std::string version;
  FileProtocol file_protocol = FileProtocol::kFd;
  std::string machine_type;
  std::string cpu_model;
  size_t vcpu_count = 0;
  bool kvm = false;
  bool running = false;

 private:
  // Major, minor and micro; empty if the answer does not have them.
  static std::vector<uint64_t> VersionNumbers(const Json& answer) {
    const auto qemu = answer.is_object() ? answer.find("qemu") : answer.end();
    if (!answer.is_object() || qemu == answer.end() || !qemu->is_object()) return {};
    std::vector<uint64_t> numbers;
    for (const char* part : {"major", "minor", "micro"}) {
      const auto number = qemu->find(part);
      if (number == qemu->end() || !number->is_number_unsigned()) return {};
      numbers.push_back(number->get<uint64_t>());
    }
    return numbers;
  }

  static std::string VersionText(const Json& answer) {
    const std::string text = absl::StrJoin(VersionNumbers(answer), ".");
    const std::string package = StringOf(answer, "package");
    return package.empty() || text.empty() ? text : absl::StrCat(text, " (", package, ")");
  }

  // Refuses if the VM has a device that QEMU cannot save: up to QEMU 10.0, xen-save-devices-state would end the VM.
  static absl::Status CheckSavable(QmpConnection& qmp) {
    const absl::StatusOr<Json> migration = qmp.Execute("query-migrate");
    if (!migration.ok()) return migration.status();
    for (const char* running : {"setup", "active", "pre-switchover", "device", "wait-unplug", "cancelling", "colo",
                                "postcopy-active", "postcopy-paused", "postcopy-recover", "postcopy-device"}) {
      if (StringOf(*migration, "status") != running) continue;
      return absl::FailedPreconditionError(
          absl::StrCat("a migration of this VM is under way (", running, "): wait for its end, or cancel it"));
    }
    const auto reasons = migration->is_object() ? migration->find("blocked-reasons") : migration->end();
    if (!migration->is_object() || reasons == migration->end() || !reasons->is_array() || reasons->empty()) {
      return absl::OkStatus();
    }
    const Json& first = reasons->front();
    return absl::FailedPreconditionError(
        absl::StrCat("QEMU cannot save this VM: ", first.is_string() ? first.get<std::string>() : "it is blocked"));
  }

  static FileProtocol FileProtocolOf(const Json& answer) {
    const std::vector<uint64_t> first_with_file = {8, 2, 0};
    return VersionNumbers(answer) >= first_with_file ? FileProtocol::kFile : FileProtocol::kFd;
  }

  // The QOM type of an object, e.g. "virt-7.2-machine".
  static absl::StatusOr<std::string> TypeOf(QmpConnection& qmp, const std::string& path) {
    const absl::StatusOr<Json> type = qmp.Execute("qom-get", {{"path", path}, {"property", "type"}});
    if (!type.ok()) return type.status();
    return type->is_string() ? type->get<std::string>() : "";
  }
};

// Saves the CPU and device state, without RAM, in memory.
absl::StatusOr<MappedFile> DumpDevices(QmpConnection& qmp) {
  const UniqueFd memory(memfd_create("armstate-qemu-dump", MFD_CLOEXEC));
  if (memory.get() < 0) return System("memfd_create");
  const absl::Status saved = WithFdSet(qmp, memory.get(), [&qmp](const std::string& path) {
    return qmp.Execute("xen-save-devices-state", {{"filename", path}, {"live", false}}).status();
  });
  if (!saved.ok()) return saved;
  return MappedFile::Map(memory.get(), "the dump of QEMU's devices");
}

// Saves a migration stream in the user's file, which gets its name only when it is complete.
absl::StatusOr<MappedFile> KeepStream(QmpConnection& qmp, const Source& source, const std::string& path) {
  const absl::StatusOr<OutputPath> output = ResolveOutput(path);
  if (!output.ok()) return output.status();
  const bool is_device = output->kind == OutputPath::Kind::kStream || output->kind == OutputPath::Kind::kDisk;
  std::string temporary = absl::StrCat(output->path, ".XXXXXX");
  const UniqueFd file(is_device ? open(path.c_str(), O_RDWR | O_CLOEXEC) : mkostemp(temporary.data(), O_CLOEXEC));
  if (file.get() < 0) return absl::InvalidArgumentError(absl::StrCat(path, ": ", strerror(errno)));
  absl::Status kept = MigrateToFile(qmp, file.get(), source.file_protocol);
  if (kept.ok() && !is_device && rename(temporary.c_str(), output->path.c_str()) != 0) {
    kept = absl::InvalidArgumentError(absl::StrCat(path, ": ", strerror(errno)));
  }
  if (!kept.ok()) {
    if (!is_device) unlink(temporary.c_str());
    return kept;
  }
  return MappedFile::Map(file.get(), path);
}

absl::StatusOr<QemuCapture> CaptureOf(const MappedFile& stream, const Source& source) {
  absl::StatusOr<QemuCapture> capture = CaptureQemuStream(stream.bytes());
  if (!capture.ok()) return capture;
  if (capture->vcpus.size() != source.vcpu_count) {
    return absl::FailedPreconditionError(
        absl::StrCat("QEMU has ", source.vcpu_count, " vCPUs, but its stream has ", capture->vcpus.size()));
  }
  capture->machine_type = source.machine_type;
  return capture;
}

}  // namespace

absl::StatusOr<QmpCheckpoint> CheckpointByQmp(const std::string& socket_path, const QmpCheckpointOptions& options) {
  absl::StatusOr<QmpConnection> qmp = QmpConnection::Open(socket_path, absl::Now() + options.timeout);
  if (!qmp.ok()) return qmp.status();
  const absl::StatusOr<Source> source = Source::Ask(*qmp);
  if (!source.ok()) return source.status();

  const bool pause = source->running && (!options.keep_stream.empty() || options.leave_paused);
  GuestPause guest(*qmp, socket_path);
  absl::Status status = pause ? guest.Stop() : absl::OkStatus();
  if (!status.ok()) return guest.ContinueAfter(status);
  const absl::Time capture_time = absl::Now();
  const absl::StatusOr<MappedFile> stream =
      options.keep_stream.empty() ? DumpDevices(*qmp) : KeepStream(*qmp, *source, options.keep_stream);
  if (!stream.ok()) return guest.ContinueAfter(stream.status());
  // The guest continues before the stream is parsed, unless it shall stay paused after success.
  if (!options.leave_paused) {
    status = guest.ContinueAfter(absl::OkStatus());
    if (!status.ok()) return status;
  }
  absl::StatusOr<QemuCapture> capture = CaptureOf(*stream, *source);
  if (!capture.ok()) return guest.ContinueAfter(capture.status());
  // A dump neither describes itself nor names its machine type; QMP supplies the facts that matter.
  if (options.keep_stream.empty()) capture->notes.clear();
  guest.LeavePaused();
  return QmpCheckpoint{*std::move(capture), source->version, source->cpu_model,
                       source->kvm,         source->running, capture_time};
}

}  // namespace armstate
