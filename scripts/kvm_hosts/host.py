"""One boot of an emulated arm64 machine with EL2, in which Linux offers /dev/kvm; it runs one command.

Files go in as a tar archive on an NVMe disk, and come out as another one that takes its place: the cloud kernel has NVMe, PCI and the
serial port built in, so that no module has to be loaded.
"""

import io
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from kvm_hosts import cpio

_DISK_SIZE = 256 << 20  # bytes; the file is sparse

# /init. The machine is switched off at its end, whatever happened.
_INIT = """\
#!/bin/busybox sh
/bin/busybox mkdir -p /bin /dev /proc /sys /tmp /in /out
/bin/busybox --install -s /bin
export PATH=/in:/bin
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
until [ -b /dev/nvme0n1 ]; do sleep 0.05; done
tar -xf /dev/nvme0n1 -C /in
cd /in
sh /in/.run >/out/stdout 2>/out/stderr </dev/null
echo $? >/out/status
cd /out
tar -cf /dev/nvme0n1 .
sync
poweroff -f
"""


class HostError(Exception):
    """QEMU is missing, or the machine did not boot or not end. The text is for the user."""


@dataclass
class Host:
    kernel: Path
    busybox: Path
    cpu: str
    machine: str = ""  # further options of -M, e.g. "mte=on"
    vcpus: int = 1
    memory: str = "1G"
    initrd_parts: list[bytes] = field(default_factory=list)  # archives of further files


@dataclass
class Outcome:
    status: int  # of the command
    stdout: bytes
    stderr: bytes
    files: dict[str, bytes] = field(default_factory=dict)  # what the command put into /out


def run(host: Host, files: list[Path], command: str, timeout: float) -> Outcome:
    """Boots the host and runs `command` with the shell, in a folder that has the files; that folder is in its PATH.

    timeout: seconds, boot included.
    """
    qemu = shutil.which("qemu-system-aarch64")
    if qemu is None:
        raise HostError("qemu-system-aarch64 is not installed (Debian: qemu-system-arm)")
    with tempfile.TemporaryDirectory(prefix="kvm-host-") as name:
        folder = Path(name)
        (folder / "initrd").write_bytes(_initrd(host))
        _write_disk(folder / "disk", files, command)
        machine = ",".join(filter(None, ["virt,virtualization=on,gic-version=3", host.machine]))
        # panic=-1 with -no-reboot: a kernel that panics ends QEMU.
        arguments = [
            *(qemu, "-M", machine, "-cpu", host.cpu, "-smp", str(host.vcpus), "-m", host.memory, "-nodefaults"),
            *("-display", "none", "-no-reboot", "-serial", f"file:{folder / 'console'}"),
            *("-kernel", str(host.kernel), "-initrd", str(folder / "initrd"), "-append", "console=ttyAMA0 panic=-1"),
            *("-drive", f"if=none,id=disk,format=raw,file={folder / 'disk'}", "-device", "nvme,drive=disk,serial=disk"),
        ]
        try:
            done = subprocess.run(arguments, stdin=subprocess.DEVNULL, text=True, capture_output=True, timeout=timeout)
        except subprocess.TimeoutExpired:
            raise HostError(f"not done after {timeout:g} s; the console ends with:\n{_tail(folder / 'console')}") from None
        if done.returncode != 0:
            raise HostError(f"QEMU failed: {done.stderr.strip()}")
        return _read_disk(folder / "disk", folder / "console")


def _write_disk(path: Path, files: list[Path], command: str) -> None:
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        for file in files:
            archive.add(file, file.name)
        run_file = tarfile.TarInfo(".run")
        run_file.size = len(command.encode())
        archive.addfile(run_file, io.BytesIO(command.encode()))
    if path.stat().st_size > _DISK_SIZE:
        raise HostError(f"the files have more than {_DISK_SIZE} bytes")
    with open(path, "r+b") as disk:
        disk.truncate(_DISK_SIZE)


def _read_disk(path: Path, console: Path) -> Outcome:
    try:
        with tarfile.open(path, "r:") as archive:
            files = {Path(m.name).name: archive.extractfile(m).read() for m in archive.getmembers() if m.isfile()}
        status = int(files.pop("status"))
    except (tarfile.ReadError, KeyError, ValueError):
        raise HostError(f"the command was not run; the console ends with:\n{_tail(console)}") from None
    return Outcome(status, files.pop("stdout"), files.pop("stderr"), files)


def _tail(console: Path) -> str:
    return "\n".join(console.read_text(errors="replace").splitlines()[-15:]) if console.exists() else "(nothing)"


def _initrd(host: Host) -> bytes:
    """busybox, /init and /dev/console, which the kernel wants before devtmpfs is there; and what the host has besides."""
    entries = [
        cpio.folder("bin"),
        cpio.folder("dev"),
        cpio.device("dev/console", 5, 1),
        cpio.program("bin/busybox", host.busybox.read_bytes()),
        cpio.program("init", _INIT.encode()),
    ]
    return cpio.archive(entries) + b"".join(host.initrd_parts)
