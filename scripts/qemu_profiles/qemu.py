"""A running QEMU that never runs a guest instruction: dump its vCPUs' state, load changed state into it.

    with Qemu("qemu-system-arm", ["-M", "virt", "-cpu", "cortex-a15"]) as qemu:
        section = qemu.dump()[0]
        accepted = qemu.load(section.with_values(values))

The source is QMP xen-save-devices-state, which writes devices only. (The load command of that pair aborts QEMU 7.2 and is not
used.) The sink is `loadvm`: one savevm gives the image a snapshot, whose content is then overwritten for each experiment with a
stream of nothing but the `cpu` section. QEMU resets the machine before each loadvm, so experiments do not influence each other.
"""

import json
import os
import shutil
import struct
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from .section import CpuSection, find_cpu_sections

_CLUSTER_BITS = 21  # 2 MiB: the whole state stands in one piece, at the start of a cluster
_SNAPSHOT = "profile"
_STREAM_HEADER = struct.pack(">4sI", b"QEVM", 3)


class QemuError(Exception):
    """QEMU is missing, did not start, or did not do what was asked. The text is for the user."""


class Qemu:
    """One QEMU process, stopped at reset. Not thread-safe. `program`: its path, or a name on PATH. `arguments`: machine, CPU, memory."""

    def __init__(self, program: str, arguments: list[str]):
        if shutil.which(program) is None:
            raise QemuError(f"{program} is not installed (Debian: qemu-system-arm has both QEMU binaries)")
        self._folder = tempfile.TemporaryDirectory(prefix="make-profiles-")
        self._image = Path(self._folder.name) / "snapshot.qcow2"
        self._dump = Path(self._folder.name) / "devices"
        self._stream_offset: int | None = None
        self._stream_prefix = b""
        self.answer = ""  # to the last load
        self._sections: list[CpuSection] | None = None  # as long as nothing was loaded
        _write_empty_qcow2(self._image)
        drive = f"if=none,id=snapshots,format=qcow2,cache=unsafe,file={self._image}"
        options = ["-S", "-nodefaults", "-display", "none", "-qmp", "stdio", "-drive", drive]
        self._messages = Path(self._folder.name) / "messages"
        with open(self._messages, "wb") as messages:
            self._process = subprocess.Popen(
                [program, *arguments, *options],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=messages,
                env=dict(os.environ, QEMU_AUDIO_DRV="none"),
            )
        try:
            self._answer()  # the greeting
            self.command("qmp_capabilities")
        except QemuError:
            self.close()
            raise

    def __enter__(self) -> "Qemu":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()
        self._folder.cleanup()

    def command(self, name: str, **arguments: Any) -> Any:
        """A QMP command's result. Raises QemuError with QEMU's own text if it fails."""
        request = json.dumps({"execute": name, "arguments": arguments})
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(request.encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # _answer says why
        answer = self._answer()
        while "event" in answer:
            answer = self._answer()
        if "error" in answer:
            raise QemuError(f"{name}: {answer['error']['desc']}")
        return answer["return"]

    def dump(self) -> list[CpuSection]:
        """The state of all vCPUs."""
        if self._sections is None:
            self.command("xen-save-devices-state", filename=str(self._dump), live=False)
            self._sections = find_cpu_sections(self._dump.read_bytes())
        return self._sections

    def load(self, section: CpuSection) -> bool:
        """Resets the machine, then restores one vCPU's section. True if QEMU accepted it."""
        stream = self.stream(section)
        assert self._stream_offset is not None
        with open(self._image, "r+b", buffering=0) as image:
            image.seek(self._stream_offset)
            image.write(stream)
        self._sections = None
        self.answer = self._monitor(f"loadvm {_SNAPSHOT}")
        accepted = self.answer == ""
        if not accepted:
            # QEMU 11 keeps the list that it refused until it saves one, and aborts if another comes before.
            self.dump()
        return accepted

    def stream(self, section: CpuSection) -> bytes:
        """A whole stream of this machine with nothing but one vCPU's section."""
        if self._stream_offset is None:
            self._make_snapshot()
        # End of stream, then an empty description (0x06), as QEMU expects one behind the end.
        return self._stream_prefix + section.encode() + b"\x00\x06" + struct.pack(">I", 2) + b"{}"

    def take(self, stream: bytes) -> bool:
        """What `load` does, by a process that was started with `-incoming defer` and has no state of its own yet; once. True if accepted."""
        path = Path(self._folder.name) / "incoming"
        path.write_bytes(stream)
        self.command("migrate-incoming", uri=f"exec:cat {path}")
        for _ in range(1000):
            status = self.command("query-migrate").get("status", "active")
            if status in ("completed", "failed"):
                return status == "completed"
            time.sleep(0.01)
        raise QemuError("an incoming migration did not end")

    def machine_type(self) -> str:
        """The machine's full name, "virt-7.2" if "virt" was given."""
        type_name = self.command("qom-get", path="/machine", property="type")
        return type_name.removesuffix("-machine")

    def version(self) -> str:
        """ "7.2.22" """
        version = self.command("query-version")["qemu"]
        return f"{version['major']}.{version['minor']}.{version['micro']}"

    def _make_snapshot(self) -> None:
        error = self._monitor(f"savevm {_SNAPSHOT}")
        if error:
            raise QemuError(f"savevm: {error}")
        with open(self._image, "rb") as image:
            for offset in range(0, self._image.stat().st_size, 1 << _CLUSTER_BITS):
                image.seek(offset)
                start = image.read(512)
                if start.startswith(_STREAM_HEADER):
                    self._stream_offset = offset
                    self._stream_prefix = start[: _configuration_end(start)]
                    return
        raise QemuError("the snapshot was not found in the image that savevm wrote")

    def _monitor(self, line: str) -> str:
        return self.command("human-monitor-command", **{"command-line": line}).strip()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(b"{"):  # an assertion that fails speaks here, too
                return json.loads(line)
        text = self._messages.read_text(errors="replace").strip()
        raise QemuError(f"QEMU ended: {text or 'without a message'}")


def _configuration_end(stream: bytes) -> int:
    """Where the header and the configuration section end: the first section behind them is RAM's, 0x01, u32 id, "ram"."""
    name = stream.find(b"\x03ram")
    if name < 0:
        raise QemuError("the state that savevm wrote does not begin as expected")
    return name - 5


def _write_empty_qcow2(path: Path) -> None:
    """An empty qcow2 (version 2) image: header, refcount table, refcount block and L1 table, a cluster each."""
    cluster = 1 << _CLUSTER_BITS
    header = struct.pack(
        ">4sIQIIQIIQQIIQ", b"QFI\xfb", 2, 0, 0, _CLUSTER_BITS, 1 << 20, 0, 1, 3 * cluster, cluster, 1, 0, 0
    )
    with open(path, "wb") as image:
        image.write(header)
        image.seek(cluster)
        image.write(struct.pack(">Q", 2 * cluster))
        image.seek(2 * cluster)
        image.write(struct.pack(">4H", 1, 1, 1, 1))
        image.truncate(4 * cluster)
