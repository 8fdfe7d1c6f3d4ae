"""What an attack is, and how one is made while a well-behaved client goes on."""

import multiprocessing
import os
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path

from .server import NotStarted, OwnServer, Server
from .well_behaved import Counted, Verified, WellBehaved

# Of the attackers, so that a late answer tells of armstated and not of who has the processor.
_NICENESS = 10


@dataclass(frozen=True)
class Programs:
    """What bazel has built."""

    built: Path

    armstated = property(lambda self: self.built / "server/armstated")
    armstate = property(lambda self: self.built / "client/cli/armstate")
    well_behaved = property(lambda self: self.built / "tests/attacks/well_behaved_client")
    damage = property(lambda self: self.built / "tests/attacks/damage_database")


@dataclass(frozen=True)
class Settings:
    """seconds: of quiet before an attack, and about of the attack."""

    programs: Programs
    memory_limit: int
    quiet_seconds: float
    seconds: float
    folder: Path


@dataclass
class Outcome:
    """wrong: what must not be, in sentences; none if the attack has done no harm."""

    name: str
    quiet: Counted | None = None
    attacked: Counted | None = None
    verified: Verified | None = None
    peak: int = 0
    memory_limit: int = 0
    wrong: list[str] = field(default_factory=list)


class Attack:
    """One attack. Most define `attack` only, which runs in a process of its own; those that do something to armstated's process or files
    need one that is theirs."""

    name = ""
    # What is done, in a line for the help.
    about = ""
    # gRPC's codes that the well-behaved client may get for its pushes meanwhile, as for a disk that is full.
    may_be_refused: frozenset[str] = frozenset()
    # It cannot be made on an armstated that is somebody's.
    needs_own_server = False
    options: tuple[str, ...] = ()

    def before(self, data_dir: Path) -> tuple[str, ...]:
        """As OwnServer's."""
        return ()

    @staticmethod
    def prepare(address: str) -> None:
        """What is stored before the quiet time. In the attackers' process."""

    @staticmethod
    def attack(address: str, seconds: float) -> list[str]:
        """Attacks for about so long, in a process with one thread of Python at a time and of low priority. What was answered wrong."""
        raise NotImplementedError

    def make_data(self, settings: Settings, data_dir: Path) -> None:
        """Before armstated starts; the folder is there."""

    def during(self, settings: Settings, server: Server, attackers: "Attackers") -> list[str]:
        """What is wrong, from the attack itself."""
        return attackers.run(type(self).attack, server.address, settings.seconds)

    def afterwards(self, settings: Settings, server: Server) -> list[str]:
        """What is wrong when the attack is over and the well-behaved client makes a pause. Then all that was acknowledged to it is read."""
        return []

    def stage(self, settings: Settings, server: Server | None) -> Outcome:
        """Makes the attack. `server`: somebody's; None for one of its own."""
        outcome = Outcome(self.name, memory_limit=settings.memory_limit)
        with tempfile.TemporaryDirectory(dir=settings.folder) as folder:
            own = None
            try:
                if server is None:
                    data_dir = Path(folder) / "data"
                    data_dir.mkdir()
                    self.make_data(settings, data_dir)
                    server = own = OwnServer(settings.programs.armstated, data_dir, settings.memory_limit, self.options, self.before(data_dir))
                with WellBehaved(settings.programs.well_behaved, server.address) as client, Attackers() as attackers:
                    self._attack_beside(settings, server, client, attackers, outcome)
            except NotStarted as error:
                outcome.wrong.append(str(error))
            finally:
                if own is not None and (status := own.stop()) != 0:
                    outcome.wrong.append(f"armstated ended with exit status {status}: {own.log().strip()[-600:]}")
        return outcome

    def _attack_beside(self, settings: Settings, server: Server, client: WellBehaved, attackers: "Attackers", outcome: Outcome) -> None:
        outcome.wrong += attackers.run(type(self).prepare, server.address)
        time.sleep(1)
        client.begin()
        time.sleep(settings.quiet_seconds)
        outcome.quiet = client.end()
        server.forget_peak()
        client.begin()
        outcome.wrong += self.during(settings, server, attackers)
        outcome.attacked = client.end()
        outcome.peak = server.peak()
        client.pause()
        outcome.wrong += self.afterwards(settings, server)
        outcome.verified = client.verify(server.address)


class Attackers:
    """A process of low priority for those who attack."""

    def __init__(self) -> None:
        self._pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"), initializer=os.nice, initargs=(_NICENESS,))

    def __enter__(self) -> "Attackers":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def run(self, what, *arguments: object) -> list[str]:
        try:
            return self._pool.submit(_run, what, *arguments).result()
        except BrokenProcessPool:
            return ["the attackers' process has ended"]


def _run(what, *arguments: object) -> list[str]:
    try:
        return what(*arguments) or []
    except Exception as error:  # it was not made to its end, which is not a pass
        return [f"the attack failed by itself: {type(error).__name__}: {error}"]
