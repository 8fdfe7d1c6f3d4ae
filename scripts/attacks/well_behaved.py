"""The client that must not notice an attack (tests/attacks/well_behaved_client.cc), in a process of its own."""

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Counted:
    """What its calls were between two moments. errors: how many by gRPC's code, or WRONG where other bytes were read than pushed."""

    calls: int
    errors: dict[str, int]
    first_error: str
    push_p99_ms: float
    read_p99_ms: float


@dataclass(frozen=True)
class Verified:
    """What became of all that was acknowledged to it."""

    acknowledged: int = 0
    gone: int = 0
    first_gone: str = field(default="")


class WellBehaved:
    def __init__(self, program: Path, address: str):
        self._process = subprocess.Popen([program, address], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> "WellBehaved":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def begin(self) -> None:
        self._ask("begin")

    def end(self) -> Counted:
        return Counted(**self._ask("end"))

    def pause(self) -> None:
        """No calls until resume."""
        self._ask("pause")

    def resume(self) -> None:
        self._ask("resume")

    def verify(self, address: str) -> Verified:
        return Verified(**self._ask(f"verify {address}"))

    def _ask(self, command: str) -> dict:
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the well-behaved client has ended, exit status {self._process.wait()}")
        return json.loads(line)
