"""Debian's QEMU for arm64, to run inside an emulated host: the program and the libraries that it needs."""

import gzip
import re
import subprocess
from pathlib import Path

from kvm_hosts import cpio, kernel

_PROGRAM = "usr/bin/qemu-system-aarch64"
_HELPER = Path(__file__).with_name("qemu_guest.sh")


def fetch_qemu(cache: Path) -> Path:
    """A compressed part of an initramfs (19 MB), from the cache if it is there."""
    return kernel.cached(cache / "qemu-system-aarch64.cpio.gz", _pack)


def helper() -> bytes:
    """`qemu-guest` inside the host (qemu_guest.sh), which has no other way to talk to a QEMU."""
    return cpio.archive([cpio.program("bin/qemu-guest", _HELPER.read_bytes())])


def _pack(apt: "kernel.Apt") -> Path:
    tree = apt.unpack_all("qemu-system-arm")
    # The loader is no dependency of all programs' libraries by name, but each program names its path.
    files = {"bin/qemu-system-aarch64": tree / _PROGRAM, "lib/ld-linux-aarch64.so.1": _find(tree, "ld-linux-aarch64.so.1")}
    for name, path in _libraries(tree, tree / _PROGRAM).items():
        files[f"lib/{name}"] = path
    entries = [cpio.program(name, path.read_bytes()) for name, path in files.items()]
    packed = tree.parent / "qemu.cpio.gz"
    packed.write_bytes(gzip.compress(cpio.archive(cpio.folders_of(list(files)) + entries), mtime=0))
    return packed


def _libraries(tree: Path, program: Path) -> dict[str, Path]:
    """By the name under which it is asked for: all libraries that the program needs, and that these need."""
    found: dict[str, Path] = {}
    waiting = [program]
    while waiting:
        dynamic = subprocess.run(["readelf", "-d", waiting.pop()], text=True, capture_output=True, check=True).stdout
        for name in re.findall(r"\(NEEDED\)\s.*\[(.*)\]", dynamic):
            if name not in found:
                found[name] = _find(tree, name)
                waiting.append(found[name])
    return found


def _find(tree: Path, library: str) -> Path:
    for place in ("lib/aarch64-linux-gnu", "usr/lib/aarch64-linux-gnu", "lib", "usr/lib"):
        if (tree / place / library).exists():
            return tree / place / library
    # Some lie in folders of their own, as alternatives of each other.
    for path in sorted((tree / "usr/lib/aarch64-linux-gnu").glob(f"*/{library}")):
        return path
    raise kernel.FetchError(f"no package has {library}, which QEMU needs")
