"""A minimal Debian of another release in a folder (debootstrap), and commands run in it with the checkout at its own path."""

import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from .apt import CODENAMES, KEYRING, FetchError, mirror, sources

# What a command may see of the caller's environment.
KEPT = re.compile(r"TERM|COLUMNS|LINES|(http|https|ftp|no)_proxy|ARMSTATE_.*", re.IGNORECASE)

# Runs as the first process of its own namespaces of mounts and processes: all mounts, and whatever still runs, end with it.
# Arguments: the root, the checkout, folders to share, --, the command.
ENTER = r"""
set -e
root=$1 checkout=$2
shift 2
# A mount of its own, as the root of a system is: a program in it may make a namespace of mounts.
mount --bind "$root" "$root"
for folder in dev sys; do mount --rbind "/$folder" "$root/$folder"; done
mount -t proc proc "$root/proc"
for file in resolv.conf hosts; do [ ! -e "/etc/$file" ] || cp "/etc/$file" "$root/etc/$file"; done
while [ "$1" != -- ]; do
  mkdir -p "$root$1"
  mount --bind "$1" "$root$1"
  shift
done
shift
# Entry by entry and not as a whole, so that Bazel's links (bazel-bin ...) are the root's own.
mkdir -p "$root$checkout"
for entry in "$checkout"/* "$checkout"/.[!.]*; do
  name=${entry##*/}
  case $name in bazel-*) continue ;; esac
  [ -e "$entry" ] || continue
  if [ -d "$entry" ]; then mkdir -p "$root$entry"; else [ -e "$root$entry" ] || : >"$root$entry"; fi
  mount --bind "$entry" "$root$entry"
done
for entry in "$root$checkout"/* "$root$checkout"/.[!.]*; do
  name=${entry##*/}
  case $name in bazel-*) continue ;; esac
  # Left by an earlier run, of a file that is gone meanwhile.
  [ -e "$checkout/$name" ] || [ ! -e "$entry" ] || rmdir "$entry" 2>/dev/null || [ -s "$entry" ] || rm -f "$entry"
done
# A child, since the first process of a namespace is deaf to Ctrl-C.
status=0
chroot "$root" "$@" || status=$?
# Who is still there, as Bazel's server, has two seconds to end well.
kill -TERM -1 2>/dev/null || true
for _ in 1 2 3 4 5 6 7 8 9 10; do
  set -- "$root"/proc/[0-9]*
  [ $# -gt 1 ] || break
  sleep 0.2
done
exit "$status"
"""


def default_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "armstate"


def make(release: str, backports: bool, cache: Path) -> Path:
    """The folder of that root; it is made if there is none yet."""
    root = cache / f"debian-{release}{'-backports' if backports else ''}"
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / "making.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another run may be making it
        if not root.exists():
            with tempfile.TemporaryDirectory(dir=cache, prefix="making-", ignore_cleanup_errors=True) as work:
                made = Path(work) / "root"
                _debootstrap(CODENAMES[release], backports, made)
                made.rename(root)  # in one step, so that a folder of that name is always whole
    return root


def run(root: Path, checkout: Path, shared: list, command: list) -> int:
    """The command in the root, in the checkout; its exit status. `shared` folders are there under their own paths, too."""
    environment = {name: value for name, value in os.environ.items() if KEPT.fullmatch(name)}
    environment |= {"HOME": "/root", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
    inner = ["env", "-C", os.getcwd() if Path.cwd().is_relative_to(checkout) else checkout, *command]
    unshare = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"]
    process = subprocess.Popen(
        [*unshare, "sh", "-c", ENTER, "in-debian", root, checkout, *shared, "--", *inner], env=environment
    )
    # unshare itself waits through both signals. Ctrl-C reaches the command by the terminal.
    signal.signal(signal.SIGTERM, lambda *_: process.kill())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    status = process.wait()
    return status if status >= 0 else 128 - status


def _debootstrap(codename: str, backports: bool, folder: Path) -> None:
    if shutil.which("debootstrap") is None:
        _say("installing debootstrap")
        _progress(["apt-get", "update", "-qq"])
        _progress(["apt-get", "install", "--yes", "-qq", "--no-install-recommends", "debootstrap"])
    source = sources(codename, backports)
    _say(f"making a minimal Debian ({codename}); this happens once and takes a minute or two")
    # In a namespace of its own, so that nothing stays mounted if it fails.
    namespace = ["unshare", "--mount", "--propagation", "private"]
    _progress([*namespace, "debootstrap", "--variant=minbase", f"--keyring={KEYRING}", codename, folder, mirror()])
    apt = folder / "etc/apt"
    (apt / "sources.list").write_text(source)
    options = subprocess.run(["apt-config", "dump", "Acquire"], text=True, capture_output=True, check=True).stdout
    ours = [line for line in options.splitlines() if re.match(r"Acquire::(https?|Check-|Retries)", line)]
    if backports:
        ours.append(f'APT::Default-Release "{codename}-backports";')
    (apt / "apt.conf.d/90in-debian").write_text("".join(line + "\n" for line in ours))
    # Packages that start services would look for an init.
    policy = folder / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)


def _say(text: str) -> None:
    print(f"in-debian: {text}", file=sys.stderr)


def _progress(command: list) -> None:
    """Its output is for whoever waits, so it goes where a command's own output does not."""
    status = subprocess.run(command, stdout=sys.stderr).returncode
    if status != 0:
        raise FetchError(f"{command[0]} failed with exit status {status}")
