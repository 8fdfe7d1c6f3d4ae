"""Which guests are saved, and the programs that run in them: scripts/guests/counter_*.S."""

import hashlib
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

RELEASES = ("7.2", "10.0", "11.1")

_SOURCES = Path(__file__).resolve().parent.parent / "guests"
_AARCH64 = ("cortex-a35", "cortex-a53", "cortex-a57", "cortex-a72", "cortex-a76", "neoverse-n1", "a64fx", "max")
_AARCH64_NEWER = ("cortex-a55", "cortex-a710", "neoverse-n2", "neoverse-v1")  # not in 7.2
_AARCH32 = ("cortex-a7", "cortex-a15", "max32")
_LEVELS = ("", "el2", "el3", "el2.el3")
_OPTIONS = {"el2": "virtualization=on", "el3": "secure=on", "mte": "mte=on"}


@dataclass(frozen=True)
class Program:
    """A counting guest: its source, the tool chain's prefix, where it is linked to, and symbols that the assembler gets."""

    source: str
    tools: str
    address: str
    symbols: tuple[str, ...] = ()

    def build(self, folder: Path) -> Path:
        """The ELF file, in a folder whose name says its content."""
        made = folder / "guest.new"
        subprocess.run([f"{self.tools}-as", *(f"--defsym={s}" for s in self.symbols), "-o", folder / "guest.o", _SOURCES / self.source],
                       check=True)
        subprocess.run([f"{self.tools}-ld", f"-Ttext={self.address}", "-o", made, folder / "guest.o"], check=True)
        (folder / "guest.o").unlink()
        named = folder / f"{self.source.removesuffix('.S')}-{hashlib.sha256(made.read_bytes()).hexdigest()[:12]}"
        named.mkdir(exist_ok=True)
        return made.rename(named / "guest.elf")


_PROGRAM_64 = Program("counter_aarch64.S", "aarch64-linux-gnu", "0x40200000")
_PROGRAM_32 = Program("counter_arm.S", "arm-linux-gnueabi", "0x40200000")
_PROGRAM_MPS3 = Program("counter_arm.S", "arm-linux-gnueabi", "0x20000000", ("MPS3=1",))


@dataclass(frozen=True)
class Guest:
    """A machine of QEMU. machine: versioned, so that each of the releases takes the others' devices."""

    machine: str
    model: str  # as in a profile's name: `max32` is `-cpu max` of qemu-system-arm
    options: str  # as in a profile's name: "el2.el3"
    program: Program
    releases: tuple[str, ...]

    def __str__(self) -> str:
        return ".".join(filter(None, (self.machine, self.model, self.options)))

    def profile(self, release: str) -> str:
        machine = re.sub(r"^virt-[\d.]+$", "virt", self.machine)
        return ".".join(filter(None, (f"qemu-{release}", machine, self.model, self.options)))

    def binary(self) -> str:
        return "qemu-system-aarch64" if self.program is _PROGRAM_64 else "qemu-system-arm"

    def arguments(self) -> list[str]:
        if self.program is _PROGRAM_MPS3:
            return ["-M", self.machine]
        machine = ",".join([self.machine, *(_OPTIONS[o] for o in self.options.split(".") if o)])
        return ["-M", machine, "-cpu", self.model.replace("max32", "max"), "-m", "64M"]


def all_guests() -> list[Guest]:
    """Those that more than one release can run. The releases have no newer machine type in common than the older one's."""
    guests = []
    for machine, releases in (("virt-7.2", RELEASES), ("virt-10.0", RELEASES[1:])):
        for model in _AARCH64 + _AARCH64_NEWER + _AARCH32:
            program = _PROGRAM_32 if model in _AARCH32 else _PROGRAM_64
            runs = RELEASES[1:] if model in _AARCH64_NEWER else releases
            levels = _LEVELS + ("mte",) if model == "max" else _LEVELS
            guests += [Guest(machine, model, options, program, runs) for options in levels]
    return guests + [Guest("mps3-an536", "cortex-r52", "", _PROGRAM_MPS3, RELEASES[1:])]
