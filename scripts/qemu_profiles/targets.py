"""Which QEMU machines and CPU models there are to make profiles of.

A target is a QEMU binary, a machine, a CPU model and the machine's EL2/EL3 options. All are found out from the QEMU at hand:
`-cpu help`, `-machine help`, and what it says when a combination does not exist.
"""

import re
import subprocess
from dataclasses import dataclass

from .qemu import Qemu, QemuError

ARM, AARCH64 = "qemu-system-arm", "qemu-system-aarch64"

# Machines that take many CPU models. The first that takes a model is preferred.
_GENERAL_MACHINES = ("virt", "versatilepb")
# Of the others, those that are preferred where several give the same profile.
_WELL_KNOWN_MACHINES = re.compile(r"mps\d-|microbit$|vexpress-|realview-|raspi\d")
_OPTIONS = (("virtualization", "el2"), ("secure", "el3"))


@dataclass(frozen=True)
class Target:
    """One combination. `cpu` None: the machine's own. `options`: what differs from the machine's defaults."""

    binary: str
    machine: str
    cpu: str | None
    options: tuple[tuple[str, bool], ...] = ()

    def arguments(self) -> list[str]:
        machine = ",".join([self.machine, *self.machine_options()])
        arguments = ["-M", machine]
        if self.cpu:
            arguments += ["-cpu", self.cpu]
        if self.machine in _GENERAL_MACHINES:
            arguments += ["-m", "16M"]
        return arguments

    def machine_options(self) -> tuple[str, ...]:
        return tuple(f"{name}={'on' if on else 'off'}" for name, on in self.options)

    def suffix(self) -> str:
        """ "" or ".el2", ".el3", ".el2.el3", ".noel3", ...: what the machine's default was changed to."""
        level = dict(_OPTIONS)
        return "".join(f".{'' if on else 'no'}{level[name]}" for name, on in self.options)

    def start(self) -> Qemu:
        return Qemu(self.binary, self.arguments())


def all_targets() -> list[Target]:
    """Every target worth a try, without EL2/EL3 variants, those first that are preferred if two turn out the same. Each CPU model
    is taken from the smallest QEMU that has it; `max` is another CPU in each."""
    arm_cpus = _help(ARM, "-cpu")
    aarch64_cpus = [cpu for cpu in _help(AARCH64, "-cpu") if cpu not in arm_cpus] + ["max"]
    targets = []
    for machine in _GENERAL_MACHINES:
        targets += [Target(ARM, machine, cpu) for cpu in arm_cpus]
        if machine == "virt":
            targets += [Target(AARCH64, machine, cpu) for cpu in aarch64_cpus]
    arm_machines = _help(ARM, "-machine")
    aarch64_machines = [machine for machine in _help(AARCH64, "-machine") if machine not in arm_machines]
    boards = [Target(ARM, machine, None) for machine in arm_machines]
    boards += [Target(AARCH64, machine, None) for machine in aarch64_machines]
    boards = [b for b in boards if b.machine not in _GENERAL_MACHINES and not re.match(r"none$|virt-|x-remote$", b.machine)]
    return targets + sorted(boards, key=lambda board: not _WELL_KNOWN_MACHINES.match(board.machine))


def variants(target: Target, qemu: Qemu) -> list[Target]:
    """The target with each other combination of EL2 and EL3 that the running machine has options for."""
    found: list[tuple[tuple[str, bool], ...]] = [()]
    for name, _ in _OPTIONS:
        try:
            default = qemu.command("qom-get", path="/machine", property=name)
        except QemuError:
            continue
        found += [options + ((name, not default),) for options in found]
    return [Target(target.binary, target.machine, target.cpu, options) for options in found[1:]]


def _help(binary: str, option: str) -> list[str]:
    """The names that `-cpu help` or `-machine help` lists."""
    try:
        answer = subprocess.run([binary, option, "help"], capture_output=True, text=True, check=True).stdout
    except FileNotFoundError as error:
        raise QemuError(f"{binary} is not installed (Debian: qemu-system-arm has both QEMU binaries)") from error
    return [line.split()[0] for line in answer.splitlines()[1:] if line.strip()]
