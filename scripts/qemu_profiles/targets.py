"""Which QEMU machines and CPU models there are to make profiles of.

A target is a QEMU binary, a machine, a CPU model and machine options. All are found out from the QEMU at hand: its lists of CPU models
and machines, and what it says when a combination does not exist.
"""

import re
from dataclasses import dataclass, replace

from .qemu import Qemu, QemuError

ARM, AARCH64 = "qemu-system-arm", "qemu-system-aarch64"

# Machines that take many CPU models. The first that takes a model is preferred.
_GENERAL_MACHINES = ("virt", "versatilepb")
# Of the others, those that are preferred where several give the same profile.
_WELL_KNOWN_MACHINES = re.compile(r"mps\d-|microbit$|vexpress-|realview-|raspi\d")
_NO_MACHINES = re.compile(r"none$|virt-\d|x-remote$")
# Machine options that change a vCPU's list, and how a profile's name shows them.
_OPTIONS = {"virtualization": "el2", "secure": "el3", "mte": "mte"}


@dataclass(frozen=True)
class Target:
    """One combination. `cpu` None: the machine's own, not known before it runs. `options`: what differs from the machine's defaults."""

    binary: str
    version: str
    machine: str
    cpu: str | None
    options: tuple[tuple[str, bool], ...] = ()

    def name(self) -> str:
        """ "qemu-7.2.virt.cortex-a57.el2"; "*" for a CPU that is not known."""
        cpu = "max32" if self.cpu == "max" and self.binary == ARM else self.cpu or "*"
        suffix = "".join(f".{'' if on else 'no'}{_OPTIONS[name]}" for name, on in self.options)
        return f"qemu-{self.version.rsplit('.', 1)[0]}.{self.machine}.{cpu}{suffix}"

    def machine_options(self) -> tuple[str, ...]:
        return tuple(f"{name}={'on' if on else 'off'}" for name, on in self.options)

    def arguments(self) -> list[str]:
        arguments = ["-M", ",".join([self.machine, *self.machine_options()])]
        if self.machine in _GENERAL_MACHINES:
            arguments += ["-cpu", self.cpu or "", "-m", "16M"]
        elif self.machine == "sbsa-ref":
            arguments += ["-global", "VGA.romfile="]  # no guest will want it, and it is not always installed
        return arguments

    def start(self, vcpus: int | None = None) -> Qemu:
        return Qemu(self.binary, self.arguments() + (["-smp", str(vcpus)] if vcpus else []))

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


def all_targets() -> list[Target]:
    """Every target worth a try, without variants, those first that are preferred if two turn out the same. What both binaries have is
    taken from qemu-system-arm, but `max` is another CPU in each."""
    arm, arm_cpus, arm_machines = _catalog(ARM)
    aarch64, aarch64_cpus, aarch64_machines = _catalog(AARCH64)
    targets = [Target(ARM, arm, "virt", cpu) for cpu in arm_cpus]
    targets += [Target(AARCH64, aarch64, "virt", cpu) for cpu in aarch64_cpus if cpu not in arm_cpus or cpu == "max"]
    targets += [Target(ARM, arm, "versatilepb", cpu) for cpu in arm_cpus]
    boards = [Target(ARM, arm, machine, cpu) for machine, cpu in arm_machines.items()]
    boards += [Target(AARCH64, aarch64, machine, cpu) for machine, cpu in aarch64_machines.items() if machine not in arm_machines]
    boards = [b for b in boards if b.machine not in _GENERAL_MACHINES and not _NO_MACHINES.match(b.machine)]
    return targets + sorted(boards, key=lambda board: not _WELL_KNOWN_MACHINES.match(board.machine))


def could_match(target: Target, pattern: re.Pattern[str]) -> bool:
    """Whether the target or a variant of it can have a name that matches. True if that is not known before it runs."""
    suffixes = [""]
    for level in _OPTIONS.values():
        suffixes += [f"{suffix}.{no}{level}" for suffix in suffixes for no in ("", "no")]
    return target.cpu is None or any(pattern.match(target.name() + suffix) for suffix in suffixes)


def _catalog(binary: str) -> tuple[str, list[str], dict[str, str | None]]:
    """Version, CPU models, and machines with their default CPU model if they name one."""
    with Qemu(binary, ["-M", "none"]) as qemu:
        cpus = sorted(cpu["name"] for cpu in qemu.command("query-cpu-definitions"))
        machines = {}
        for machine in qemu.command("query-machines"):
            cpu_type = machine.get("default-cpu-type")
            machines[machine.get("alias", machine["name"])] = _model(cpu_type) if cpu_type else None
        return qemu.version(), cpus, dict(sorted(machines.items()))


def _model(cpu_type: str) -> str:
    return cpu_type.removesuffix("-arm-cpu")
