"""An armstated that is attacked: started on a folder of its own, or one that runs already."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

_PATIENCE = 60  # seconds for a start or an end


class Server:
    """One process; its address, its log, and the most memory that it has taken."""

    def __init__(self, address: str, pid: int, memory_limit: int):
        self.address = address
        self.pid = pid
        self.memory_limit = memory_limit
        self.quiet_resident = 0

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    def forget_peak(self) -> None:
        """Also keeps what it takes now, as quiet_resident."""
        self.quiet_resident = self.resident()
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def peak(self) -> int:
        """In bytes, since forget_peak; 0 if it has ended."""
        return self._status("VmHWM")

    def resident(self) -> int:
        return self._status("VmRSS")

    def _status(self, name: str) -> int:
        try:
            text = Path(f"/proc/{self.pid}/status").read_text()
        except OSError:
            return 0
        found = re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)
        return int(found.group(1)) << 10 if found else 0

    def is_alive(self) -> bool:
        return self._status("VmRSS") > 0


class OwnServer(Server):
    """An armstated with `data_dir`, and its log beside it. `before`: words that its command begins with, which must end as that process,
    as `unshare` does."""

    def __init__(self, program: Path, data_dir: Path, memory_limit: int, options: tuple[str, ...] = (), before: tuple[str, ...] = ()):
        self.data_dir = data_dir
        self._log = data_dir.with_suffix(".log")
        self._command = [*before, str(program), "--listen=127.0.0.1:0", f"--data_dir={data_dir}", f"--memory_limit={memory_limit}", *options]
        super().__init__("", 0, memory_limit)
        self.start()

    def start(self) -> None:
        """Again after stop, at another address. NotStarted if it ends instead."""
        with open(self._log, "ab") as log:
            begin = log.tell()
            self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log)
        deadline = time.monotonic() + _PATIENCE
        while not (match := re.search(r"listening on port (\d+)", self.log()[begin:])):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._process.kill()
                raise NotStarted(self._process.wait(), self.log()[begin:])
            time.sleep(0.02)
        self.address = f"127.0.0.1:{match.group(1)}"
        self.pid = self._process.pid

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """The exit status, or minus the signal that ended it."""
        if self._process.poll() is None:
            self._process.send_signal(how)
        try:
            return self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


class NotStarted(Exception):
    """An armstated has ended before it listened."""

    def __init__(self, status: int, log: str):
        super().__init__(f"armstated did not start, exit status {status}: {log.strip()[-600:]}")
        self.status = status
        self.log = log


def small_volume(folder: Path, megabytes: int) -> tuple[str, ...]:
    """The words for `before` that give a server a file system of that size at the folder. It goes with the process."""
    as_root = () if os.geteuid() == 0 else ("--map-root-user",)
    mount = f"mount -t tmpfs -o size={megabytes}m tmpfs '{folder}' && exec \"$@\""
    return ("unshare", "--mount", *as_root, "sh", "-c", mount, "sh")
