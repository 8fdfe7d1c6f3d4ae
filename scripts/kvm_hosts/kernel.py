"""arm64 packages of Debian, fetched with the system's own apt sources but without changing the system.

apt works in a folder of its own, as if on an arm64 machine where nothing is installed; packages are unpacked, not installed.
"""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from debian_releases.apt import KEYRING, mirror

_LATER_SUITES = ("trixie", "trixie-backports")  # Linux 6.12 to 7.x


class FetchError(Exception):
    """The text is for the user."""


class NoSuchKernel(FetchError):
    pass


def default_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "armstate" / "kvm-hosts"


def fetch_kernel(version: str, cache: Path) -> Path:
    """The boot image of the newest kernel whose version begins with `version` ("6.12"), from the cache if it is there.

    What the system's own sources lack is looked for in those of a later Debian.
    """
    path = cache / f"vmlinuz-{version}"
    try:
        return cached(path, lambda apt: apt.unpack(_newest(apt, version), "boot/vmlinuz-*"))
    except NoSuchKernel:
        return cached(path, lambda apt: apt.unpack(_newest(apt, version), "boot/vmlinuz-*"), suites=_LATER_SUITES)


def fetch_busybox(cache: Path) -> Path:
    """A shell and tools in one static program."""
    return cached(cache / "busybox", lambda apt: apt.unpack("busybox-static", "bin/busybox"))


def cached(path: Path, fetch, suites: tuple = ()) -> Path:
    """The file at `path`; if it is not there, what `fetch` makes of the packages of `suites`, or of the system's own sources."""
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix="fetch-") as folder:
        # In one step, so that two who fetch at once do not meet half a file.
        os.replace(fetch(Apt(Path(folder), suites)), path)
    return path


def _newest(apt: "Apt", version: str) -> str:
    names = re.findall(r"^(linux-image-(\S+)-cloud-arm64) ", apt.search("linux-image-.*-cloud-arm64$"), re.MULTILINE)
    numbers = {name: [int(n) for n in re.findall(r"\d+", release)] for name, release in names}
    # A name of two numbers is a package that only refers to another.
    wanted = [name for name, release in names if re.match(re.escape(version) + r"(?!\d)", release) and len(numbers[name]) > 2]
    if not wanted:
        there = sorted({".".join(map(str, n[:2])) for n in numbers.values()}, key=lambda v: [int(n) for n in v.split(".")])
        raise NoSuchKernel(f"no apt source has linux-image-{version}*-cloud-arm64; there are {', '.join(there)}")
    return max(wanted, key=lambda name: numbers[name])


class Apt:
    """In a folder of its own, which is the caller's to remove. suites: of Debian's archive; none: the system's own sources."""

    def __init__(self, folder: Path, suites: tuple = ()):
        self._folder = folder
        for missing in ("state/lists/partial", "cache/archives/partial"):
            (folder / missing).mkdir(parents=True)
        (folder / "status").touch()
        options = {
            "APT::Architecture": "arm64",
            "APT::Architectures": "arm64",
            "APT::Sandbox::User": "",  # the folder is the caller's
            "Acquire::Languages": "none",
            "Dir::State": folder / "state",
            "Dir::State::status": folder / "status",
            "Dir::Cache": folder / "cache",
        }
        if suites:
            (folder / "sources.list").write_text("".join(f"deb [signed-by={KEYRING}] {mirror()} {s} main\n" for s in suites))
            options |= {"Dir::Etc::sourcelist": folder / "sources.list", "Dir::Etc::sourceparts": "-"}
        self._options = [part for key, value in options.items() for part in ("-o", f"{key}={value}")]
        self._run("apt-get", "update")

    def search(self, pattern: str) -> str:
        return self._run("apt-cache", "search", "--names-only", pattern)

    def unpack(self, package: str, wanted: str) -> Path:
        """The one file of the package that matches `wanted`, in the temporary folder."""
        self._run("apt-get", "download", package)
        archive = next(self._folder.glob("*.deb"))
        subprocess.run(["dpkg-deb", "-x", archive, self._folder / "tree"], check=True)
        return next((self._folder / "tree").glob(wanted))

    def unpack_all(self, package: str) -> Path:
        """The package and all that it depends on, in the temporary folder."""
        self._run("apt-get", "install", "--yes", "--no-install-recommends", "--download-only", package)
        for archive in sorted((self._folder / "cache/archives").glob("*.deb")):
            subprocess.run(["dpkg-deb", "-x", archive, self._folder / "tree"], check=True)
        return self._folder / "tree"

    def _run(self, program: str, *arguments: str) -> str:
        if shutil.which(program) is None:
            raise FetchError(f"{program} is missing; this needs Debian's apt")
        done = subprocess.run([program, "-q", *self._options, *arguments], cwd=self._folder, text=True, capture_output=True)
        if done.returncode != 0:
            raise FetchError(f"{program} {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout
