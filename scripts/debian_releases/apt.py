"""Packages of a Debian release, which need not be this system's: found and downloaded by apt in a folder of its own.

Nothing is installed, and the system's own apt is not touched. The mirror is the one that this system uses itself.
"""

import shutil
import subprocess
from pathlib import Path

CODENAMES = {"12": "bookworm", "13": "trixie"}
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")  # of the package debian-archive-keyring: keys of all releases


class FetchError(Exception):
    """The text is for the user."""


def mirror() -> str:
    """The archive that this system's apt takes Debian itself from; not that of the security updates."""
    format_ = "$(REPO_URI) $(RELEASE)"
    for line in _run(["apt-get", "indextargets", "--format", format_, "Created-By: Packages"]).splitlines():
        uri, suite = line.split()
        if suite in CODENAMES.values() or suite in ("stable", "oldstable"):
            return uri
    raise FetchError("the apt sources of this system name no Debian release: bookworm or trixie")


def sources(codename: str, backports: bool) -> str:
    """The lines of a sources.list."""
    if not KEYRING.exists():
        raise FetchError(f"{KEYRING} is missing: apt-get install debian-archive-keyring")
    suites = [codename, codename + "-backports"] if backports else [codename]
    uri = mirror()
    return "".join(f"deb [signed-by={KEYRING}] {uri} {suite} main\n" for suite in suites)


class Apt:
    """apt on the packages of one release, as if nothing were installed. The folder is the caller's to remove."""

    def __init__(self, folder: Path, codename: str, backports: bool, architecture: str = ""):
        """architecture: as dpkg names it, "arm64"; this system's by default."""
        self._folder = folder
        for missing in ("state/lists/partial", "cache/archives/partial", "preferences"):
            (folder / missing).mkdir(parents=True)
        (folder / "status").touch()
        (folder / "sources.list").write_text(sources(codename, backports))
        options = {
            "APT::Sandbox::User": "",  # the folder is the caller's
            "APT::Install-Recommends": "false",
            "Acquire::Languages": "none",
            "Dir::State": folder / "state",
            "Dir::State::status": folder / "status",
            "Dir::Cache": folder / "cache",
            "Dir::Etc::sourcelist": folder / "sources.list",
            "Dir::Etc::sourceparts": folder / "preferences",
            "Dir::Etc::preferencesparts": folder / "preferences",
        }
        if architecture:
            options.update({"APT::Architecture": architecture, "APT::Architectures": architecture})
        if backports:
            options["APT::Default-Release"] = codename + "-backports"
        self._options = [part for key, value in options.items() for part in ("-o", f"{key}={value}")]
        self._apt("apt-get", "update")

    def version(self, package: str) -> str:
        """The version that download() would take."""
        for line in self._apt("apt-cache", "policy", package).splitlines():
            if "Candidate:" in line:
                return line.split()[1]
        raise FetchError(f"there is no package {package}")

    def unpack(self, packages: list, tree: Path) -> None:
        """The packages and all that they depend on."""
        self._apt("apt-get", "install", "--yes", "--download-only", *packages)
        tree.mkdir(parents=True)
        for archive in sorted((self._folder / "cache/archives").glob("*.deb")):
            _run(["dpkg-deb", "-x", archive, tree])

    def _apt(self, program: str, *arguments: str) -> str:
        return _run([program, "-q", *self._options, *arguments])


def _run(command: list) -> str:
    if shutil.which(command[0]) is None:
        raise FetchError(f"{command[0]} is missing; this needs Debian's apt")
    done = subprocess.run(command, text=True, capture_output=True)
    if done.returncode != 0:
        raise FetchError(f"{' '.join(map(str, command))}: {done.stderr.strip()}")
    return done.stdout
