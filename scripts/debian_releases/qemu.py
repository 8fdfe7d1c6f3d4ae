"""QEMU of another release than the installed one, in a folder: its packages and their libraries, unpacked and not installed.

It runs by the loader and the libraries of its own release, so the system underneath may be older or newer.
"""

import os
import re
import sys
import tempfile
from pathlib import Path

from .apt import Apt, FetchError

# Where each release of QEMU is found: a Debian release, and whether in its backports.
RELEASES = {
    "7.2": ("bookworm", False),
    "10.0": ("bookworm", True),
    "11.1": ("trixie", True),
}
PROGRAMS = ("qemu-system-aarch64", "qemu-system-arm", "qemu-img")

# The folder may be moved, so a program finds its files from where it is itself.
WRAPPER = """#!/bin/sh
# QEMU {version}, made by scripts/fetch-qemu.
root=$(dirname "$(dirname "$(readlink -f "$0")")")/root
export QEMU_MODULE_DIR="$root/{libraries}/qemu"
exec "$root/{loader}" --library-path "$root/{libraries}:$root/lib/{triplet}" "$root/usr/bin/{program}"{arguments} "$@"
"""


def default_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "armstate"


def fetch(release: str, cache: Path) -> Path:
    """The folder with the programs of that release, from the cache if they are there."""
    folder = cache / f"qemu-{release}"
    if not folder.exists():
        print(f"fetch-qemu: QEMU {release} into {folder}", file=sys.stderr)
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix="fetch-") as work:
            made = _make(release, Path(work))
            try:
                # In one step, so that a folder of that name is always whole.
                made.rename(folder)
            except OSError:
                if not folder.exists():  # another run may have been faster
                    raise
    return folder / "bin"


def _make(release: str, work: Path) -> Path:
    apt = Apt(work / "apt", *RELEASES[release])
    version = apt.version("qemu-system-arm").partition(":")[2]
    if not re.match(re.escape(release) + r"[.+]", version):  # 7.2+dfsg-7, 10.0.2+ds-2
        raise FetchError(f"the apt sources have QEMU {version} where {release} was")
    made = work / "made"
    root = made / "root"
    apt.unpack(["qemu-system-arm", "qemu-utils"], root)
    libraries = next(root.glob("usr/lib/*-linux-gnu*"))
    # Debian 13's packages have everything in /usr; those of 12 not yet. Not the one in lib64: it is an absolute link to the system's.
    folders = ("lib/*-linux-gnu*", "usr/lib/*-linux-gnu*")
    loader = next(path for folder in folders for path in root.glob(folder + "/ld-linux*.so.*"))
    (made / "bin").mkdir()
    for program in PROGRAMS:
        wrapper = made / "bin" / program
        data = "" if program == "qemu-img" else ' -L "$root/usr/share/qemu"'
        wrapper.write_text(
            WRAPPER.format(
                version=version,
                program=program,
                arguments=data,
                loader=loader.relative_to(root),
                libraries=libraries.relative_to(root),
                triplet=libraries.name,
            )
        )
        wrapper.chmod(0o755)
    return made
