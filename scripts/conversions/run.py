"""One way from a release of QEMU to another, tried with the real ones: the saved guest as it is, and converted."""

import json
import re
import subprocess
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from debian_releases import qemu as releases

from .guests import Guest
from .qemu import Qemu, QemuError

_BEFORE, _AFTER = 3, 5  # lines that a guest prints before and after its move


@dataclass(frozen=True)
class Answer:
    """What a QEMU did with a stream. words: its own, if it refused."""

    accepted: bool
    words: str = ""

    def __str__(self) -> str:
        return "takes it" if self.accepted else f"refuses: {self.words}"


@dataclass(frozen=True)
class Outcome:
    """Of one way. report: armstate's, as lines. accepted: the names that it refused by and was told to accept then. answer: of the QEMU
    that was given what armstate wrote, None if it wrote nothing."""

    guest: Guest
    source: str
    target: str
    as_it_is: Answer
    verdict: str
    report: list[str]
    accepted: list[str]
    answer: Answer | None

    def holds(self) -> bool:
        """The guest has gone on, at least if what armstate refuses by name is accepted."""
        return self.answer is not None and self.answer.accepted


class Laboratory:
    """Saved guests and QEMU's answers to them are kept in `cache`, so that only the conversions are made anew."""

    def __init__(self, cache: Path, armstate: Path, server: str):
        self._cache = cache
        self._armstate = armstate
        self._server = server
        self._programs: dict = {}
        cache.mkdir(parents=True, exist_ok=True)

    def prepare(self, guests: list[Guest]) -> None:
        """Programs, and what they print if they do not move. Before any other method."""
        for guest in guests:
            if guest.program not in self._programs:
                self._programs[guest.program] = elf = guest.program.build(self._cache)
                unmoved = elf.with_name("unmoved")
                if not unmoved.exists():
                    making = elf.with_name("unmoved.making")
                    with self._start(guest, guest.releases[0], making, ["-kernel", str(elf)]) as qemu:
                        qemu.wait_for_lines(100)
                    making.rename(unmoved)

    def try_way(self, guest: Guest, source: str, target: str) -> Outcome:
        stream = self._saved(guest, source)
        kept = stream.with_suffix(f".to-{target}.json")
        if kept.exists():
            as_it_is = Answer(**json.loads(kept.read_text()))
        else:
            as_it_is = self._go_on(guest, target, stream, stream.with_suffix(".lines"))
            kept.write_text(json.dumps(asdict(as_it_is)))
        with tempfile.TemporaryDirectory() as folder:
            converted = Path(folder) / "converted.mig"
            verdict, report = self._convert(guest, target, stream, converted, [])
            accepted = sorted(set(re.findall(r"--accept ([a-z-]+)", "\n".join(report)))) if verdict == "REFUSED" else []
            if accepted:
                self._convert(guest, target, stream, converted, accepted)
            answer = self._go_on(guest, target, converted, stream.with_suffix(".lines")) if converted.exists() else None
        return Outcome(guest, source, target, as_it_is, verdict, report, accepted, answer)

    def _convert(self, guest: Guest, target: str, stream: Path, converted: Path, accepted: list[str]) -> tuple[str, list[str]]:
        """The verdict's name and the whole report."""
        command = [self._armstate, "convert", stream, "--to", guest.profile(target), "--out", converted, f"--server={self._server}"]
        done = subprocess.run([*command, *(f"--accept={name}" for name in accepted)], text=True, capture_output=True)
        match = re.match(r"(ACCEPTED WITH CHANGES|[A-Z]+): ", done.stdout)
        return match.group(1) if match else f"exit status {done.returncode}", (done.stdout + done.stderr).splitlines()

    def _saved(self, guest: Guest, release: str) -> Path:
        """The stream of a guest that has printed some lines, which are in .lines beside it."""
        elf = self._programs[guest.program]
        stream = elf.with_name(f"{release}.{guest}.mig")
        if not stream.exists():
            making = stream.with_suffix(".making")
            with self._start(guest, release, stream.with_suffix(".lines"), ["-kernel", str(elf)]) as qemu:
                qemu.wait_for_lines(_BEFORE)
                qemu.save(making)
            making.rename(stream)
        return stream

    def _go_on(self, guest: Guest, release: str, stream: Path, before: Path) -> Answer:
        """Loads the stream; if that is accepted the guest must go on as the unmoved one does."""
        with tempfile.TemporaryDirectory() as folder:
            after = Path(folder) / "lines"
            try:
                with self._start(guest, release, after, ["-S", "-incoming", "defer"]) as qemu:
                    qemu.load(stream)
                    qemu.ask("cont")
                    qemu.wait_for_lines(_AFTER)
            except QemuError as error:
                return Answer(False, str(error))
            moved = (before.read_bytes() + after.read_bytes()).split(b"\n")[:-1]
            unmoved = self._programs[guest.program].with_name("unmoved").read_bytes().split(b"\n")
            return Answer(True) if moved == unmoved[: len(moved)] else Answer(False, "the guest went astray")

    def _start(self, guest: Guest, release: str, lines: Path, arguments: list[str]) -> Qemu:
        folder = releases.fetch(release, releases.default_cache())
        return Qemu(folder / guest.binary(), guest.arguments() + arguments, lines)
