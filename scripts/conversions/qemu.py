"""A QEMU with a counting guest: started, stopped and saved, or loaded and continued. What the guest prints is in a file."""

import json
import re
import subprocess
import threading
import time
from pathlib import Path

_PATIENCE = 120  # seconds that a QEMU may live

# Of all that a QEMU says when it refuses, the cause; the first of these that it says.
_CAUSES = ("Assertion", "unknown on the destination", "Invalid value", "error while loading", "rror", "ail")


class QemuError(Exception):
    """QEMU ended or did not do what it was asked; the text is its own."""


class Qemu:
    """One process. `lines`: the file that the guest's serial port writes."""

    def __init__(self, program: Path, arguments: list[str], lines: Path):
        self._messages = lines.with_suffix(".messages")
        self.lines = lines
        lines.write_bytes(b"")
        with open(self._messages, "wb") as messages:
            self._process = subprocess.Popen(
                [program, "-nodefaults", "-display", "none", "-qmp", "stdio", "-serial", f"file:{lines}", *arguments],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=messages,
            )
        self._late = False
        self._watch = threading.Timer(_PATIENCE, self._kill)
        self._watch.start()
        self._answer()  # the greeting
        self.ask("qmp_capabilities")

    def __enter__(self) -> "Qemu":
        return self

    def __exit__(self, *_: object) -> None:
        self._watch.cancel()
        self._process.kill()
        self._process.communicate()

    def ask(self, command: str, **arguments: object) -> dict:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # _answer says why
        answer = self._answer()
        while "event" in answer:
            answer = self._answer()
        if "error" in answer:
            raise QemuError(answer["error"]["desc"])
        return answer["return"]

    def wait_for_lines(self, count: int) -> None:
        while self.lines.read_bytes().count(b"\n") < count:
            self.ask("query-status")  # fails if QEMU has ended
            time.sleep(0.02)

    def save(self, stream: Path) -> None:
        self.ask("stop")
        self.ask("migrate", uri=f"exec:cat >{stream}")
        self._wait_for_migration()

    def load(self, stream: Path) -> None:
        """Into a QEMU that was started with -S and -incoming defer."""
        self.ask("migrate-incoming", uri=f"exec:cat {stream}")
        self._wait_for_migration()

    def _kill(self) -> None:
        self._late = True
        self._process.kill()

    def _wait_for_migration(self) -> None:
        while (status := self.ask("query-migrate").get("status")) != "completed":
            if status == "failed":
                raise QemuError(self._cause())
            time.sleep(0.02)

    def _answer(self) -> dict:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            if self._late:
                raise TimeoutError(f"a QEMU had not done in {_PATIENCE} s what it was asked")
            raise QemuError(self._cause())
        return json.loads(line)

    def _cause(self) -> str:
        said = [re.sub(r"^qemu-system-\w+: ", "", line) for line in self._messages.read_text(errors="replace").splitlines()]
        said = [line for line in said if line and not line.startswith("warning: ")]
        for cause in _CAUSES:
            for line in said:
                if cause in line:
                    return line
        return said[0] if said else "ended without a word"
