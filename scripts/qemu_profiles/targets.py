"""Which QEMU machines and CPU models there are to make profiles of.

A target is a QEMU program, a machine, a CPU model and machine options. All are found out from the QEMU at hand: its lists of CPU models
and machines, and what it says when a combination does not exist.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from .qemu import Qemu, QemuError

# Machines that take many CPU models. The first that takes a model is preferred.
_GENERAL_MACHINES = ("virt", "versatilepb")
# Of the others, those that are preferred where several give the same profile.
_WELL_KNOWN_MACHINES = re.compile(r"mps\d-|microbit$|vexpress-|realview-|raspi\d")
_NO_MACHINES = re.compile(r"none$|x-remote$|.*-\d+\.\d+$")
# The version of a machine type, "-9.0".
_VERSIONED = re.compile(r"-\d+\.\d+$")
# Machine options that change a vCPU's list, and how a profile's name shows them.
_OPTIONS = {"virtualization": "el2", "secure": "el3", "mte": "mte"}


@dataclass(frozen=True)
class Program:
    """A QEMU program: where it is, and what it says it can do. `machines`: with the CPU model that they have by default if they name one.
    `older`: of machines with versioned types, the types but the newest, newest first."""

    path: str
    architecture: str
    version: str
    cpus: tuple[str, ...]
    machines: dict[str, str | None] = field(hash=False)
    older: dict[str, tuple[str, ...]] = field(hash=False)

    @property
    def name(self) -> str:
        """The name that everybody knows it by."""
        return f"qemu-system-{self.architecture}"

    @property
    def series(self) -> str:
        return self.version.rsplit(".", 1)[0]


@dataclass(frozen=True)
class Target:
    """One combination. `machine`: "virt", or "virt-9.0" for an older type. `cpu` None: the machine's own, not known before it runs.
    `options`: what differs from the machine's defaults."""

    program: Program
    machine: str
    cpu: str | None
    options: tuple[tuple[str, bool], ...] = ()

    def name(self) -> str:
        """ "qemu-7.2.virt.cortex-a57.el2"; "*" for a CPU that is not known."""
        cpu = "max32" if self.cpu == "max" and self.program.architecture == "arm" else self.cpu or "*"
        suffix = "".join(f".{'' if on else 'no'}{_OPTIONS[name]}" for name, on in self.options)
        return f"qemu-{self.program.series}.{self.machine}.{cpu}{suffix}"

    def machine_options(self) -> tuple[str, ...]:
        return tuple(f"{name}={'on' if on else 'off'}" for name, on in self.options)

    def arguments(self) -> list[str]:
        arguments = ["-M", ",".join([self.machine, *self.machine_options()])]
        if self.family() in _GENERAL_MACHINES:
            arguments += ["-cpu", self.cpu or "", "-m", "16M"]
        elif self.machine == "sbsa-ref":
            # The display's ROM, which no guest will want and which is not always installed.
            arguments += ["-global", "VGA.romfile=", "-global", "bochs-display.romfile="]
        # Boards with a sound device ask for a driver; up to 8.1 the environment names it (qemu.py).
        return arguments + (["-audio", "none"] if _numbers(self.program.version) >= (8, 2) else [])

    def family(self) -> str:
        """The machine without its version."""
        return _VERSIONED.sub("", self.machine)

    def start(self, vcpus: int | None = None, incoming: bool = False) -> Qemu:
        arguments = self.arguments() + (["-smp", str(vcpus)] if vcpus else [])
        return Qemu(self.program.path, arguments + (["-incoming", "defer"] if incoming else []))

    def of_running(self, qemu: Qemu) -> "Target":
        """The same with the CPU model known: the type of the first vCPU."""
        path = qemu.command("query-cpus-fast")[0]["qom-path"]
        return replace(self, cpu=_model(qemu.command("qom-get", path=path, property="type")))

    def variants(self, qemu: Qemu) -> list["Target"]:
        """The target with each other combination of those options that the running machine has."""
        found: list[tuple[tuple[str, bool], ...]] = [()]
        for name in _OPTIONS:
            try:
                default = qemu.command("qom-get", path="/machine", property=name)
            except QemuError:
                continue
            found += [options + ((name, not default),) for options in found]
        return [replace(self, options=options) for options in found[1:]]


def all_targets(programs: list[Program]) -> list[Target]:
    """Every target worth a try, without variants and older machine types, those first that are preferred if two turn out the same: what
    two programs have is taken from the first, but `max` is another CPU in each."""
    general = []
    for machine in _GENERAL_MACHINES:
        seen: set[str] = set()
        for program in programs:
            cpus = [cpu for cpu in program.cpus if cpu not in seen or (cpu == "max" and machine == "virt")]
            seen |= set(cpus)
            general += [Target(program, machine, cpu) for cpu in cpus if machine in program.machines]
    boards = {}
    for program in programs:
        for machine, cpu in program.machines.items():
            if machine not in _GENERAL_MACHINES and not _NO_MACHINES.match(machine):
                boards.setdefault(machine, Target(program, machine, cpu))
    return general + sorted(boards.values(), key=lambda board: not _WELL_KNOWN_MACHINES.match(board.machine))


def could_match(target: Target, pattern: re.Pattern[str]) -> bool:
    """Whether the target, an older machine type or a variant of it can have a name that matches. True if that is not known before it runs."""
    suffixes = [""]
    for level in _OPTIONS.values():
        suffixes += [f"{suffix}.{no}{level}" for suffix in suffixes for no in ("", "no")]
    machines = (target.machine, *target.program.older.get(target.machine, ()))
    names = [replace(target, machine=machine).name() for machine in machines]
    return target.cpu is None or any(pattern.match(name + suffix) for name in names for suffix in suffixes)


def find_program(path: str) -> Program:
    with Qemu(path, ["-M", "none"]) as qemu:
        cpus = sorted(cpu["name"] for cpu in qemu.command("query-cpu-definitions"))
        machines = {}
        older: dict[str, list[str]] = {}
        for machine in qemu.command("query-machines"):
            name, cpu_type = machine["name"], machine.get("default-cpu-type")
            family = _VERSIONED.sub("", name)
            if family != name and "alias" not in machine:
                older.setdefault(family, []).append(name)
            machines[machine.get("alias", name)] = _model(cpu_type) if cpu_type else None
        return Program(
            path,
            qemu.command("query-target")["arch"],
            qemu.version(),
            tuple(cpus),
            dict(sorted(machines.items())),
            {family: tuple(sorted(types, key=_numbers, reverse=True)) for family, types in older.items()},
        )


def older_types(target: Target, fingerprint_of: Callable[[Target], object]) -> list[Target]:
    """The target on older types of its machine that behave differently: of each group of neighbours that behave alike the newest.
    Between two types that behave alike no other is tried."""
    types = [replace(target, machine=machine) for machine in (target.machine, *target.program.older.get(target.machine, ()))]
    known: dict[int, object] = {}

    def at(index: int) -> object:
        if index not in known:
            known[index] = fingerprint_of(types[index])
        return known[index]

    found = []
    ranges = [(0, len(types) - 1)]
    while ranges:
        newer, oldest = ranges.pop()
        if at(newer) == at(oldest):
            continue
        if oldest - newer == 1:
            found.append(oldest)
            continue
        middle = (newer + oldest) // 2
        ranges += [(newer, middle), (middle, oldest)]
    return [types[index] for index in sorted(found) if at(index) is not None]


def _numbers(name: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", name))


def _model(cpu_type: str) -> str:
    return cpu_type.removesuffix("-arm-cpu")
