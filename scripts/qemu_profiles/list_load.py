"""What a QEMU does with a list that is not its own: armstate.v1.ListLoad and refused_subsections, found by loading such streams.

What becomes of a register that is missing is seen in a fresh process (-incoming): one that has saved its state once still has that in
the place of the missing one.
"""

import re
import struct
from dataclasses import dataclass, field

from . import section as at
from .explore import Rule
from .qemu import Qemu, QemuError
from .section import CpuSection
from .targets import Target

# Subsections whose length the target decides.
_VARYING = ("cpu/pmsav7", "cpu/pmsav8", "cpu/m-security")
# A register that sorts after all others.
_LAST = 0x6030FFFFFFFFFFF0
# Debug registers that some releases list under wrong encodings, and that others therefore let pass.
_WRONG_ENCODINGS = (0x40200000200E0298, 0x6030000000139828, 0x6030000000139820, 0x6030000000138028, 0x40200000200E0280)
# Subsections of `cpu` that not every release has, with a body that changes nothing. None: the PSTATE of the section.
_SUBSECTIONS: dict[str, bytes | None] = {
    "cpu/vfp/fpcr_fpsr": bytes(16),
    "cpu/iwmmxt": bytes(192),
    "cpu/zt0": bytes(64),
    "cpu/wfxt-timer": b"\xff" * 8,
    "cpu/syndrome64": bytes(8),
    "cpu/pstate64": None,
    "cpu/event": bytes(1),
}


@dataclass
class ListLoad:
    missing_are_not_initialized: bool = False
    garbage_was_seen: bool | None = None  # None: no register could show it
    longer_is_refused: bool = False
    last_are_dropped: bool = False
    ignored: tuple[int, ...] = ()
    taken_without: tuple[int, ...] = ()
    refused_subsections: list[str] = field(default_factory=list)
    subsection_sizes: dict[str, int] = field(default_factory=dict)


def find_list_load(
    target: Target, qemu: Qemu, base: CpuSection, rules: list[Rule], known: set[int], others: list[set[int]]
) -> ListLoad:
    """The last experiments on this `qemu`: it may end. `base`: the reset state. `rules`: of its list. `known`: the IDs that other targets list.
    `others`: those that this target lists in other releases."""
    load = ListLoad()
    own = dict(zip(base.ids, base.values))
    stored = {r.id for r in rules if r.writable == (1 << 64) - 1 and r.view is None}
    if stored:
        load.garbage_was_seen = _has_garbage(target, qemu.stream(base.with_list(_without(own, stored))), stored)
        # As long as QEMU's own list.
        exchanged = _without(own, {min(stored)}) | {_LAST: 0}
        load.last_are_dropped = _takes(target, qemu.stream(base.with_list(exchanged)))
        if load.garbage_was_seen:
            constants = {r.id for r in rules if r.writable == 0}
            load.taken_without = _taken_without(target, qemu, base, [constants - other for other in others])
    load.subsection_sizes = {name: size for name in _VARYING if (size := base.subsection_size(name)) is not None}
    load.ignored = _ignored(qemu, base, own, known)
    if load.last_are_dropped:
        load.longer_is_refused = not _takes(target, qemu.stream(base.with_list(own | {_LAST: 0})))
    load.refused_subsections = _refused_subsections(target, qemu, base)
    return load


def _without(registers: dict[int, int], left_out: set[int]) -> dict[int, int]:
    return {i: value for i, value in registers.items() if i not in left_out}


def _has_garbage(target: Target, stream: bytes, missing: set[int]) -> bool:
    """Whether these registers, which take any value, are anything but 0 when the stream lacks them. One or two may be by malloc's own
    pointers."""
    with target.start(incoming=True) as fresh:
        if not fresh.take(stream):
            raise QemuError("a list without registers that take any value was refused")
        section = fresh.dump()[0]
        return sum(bool(value) for i, value in zip(section.ids, section.values) if i in missing) > len(missing) / 4


def _taken_without(target: Target, qemu: Qemu, base: CpuSection, lacking: list[set[int]]) -> tuple[int, ...]:
    """Constants that happen to be right in what QEMU does not initialize: `lacking` is what each other release does not list."""
    own = dict(zip(base.ids, base.values))
    streams = {frozenset(ids): qemu.stream(base.with_list(_without(own, ids))) for ids in lacking if ids}
    taken = [ids for ids, stream in streams.items() if all(_takes(target, stream) for _ in range(2))]
    return tuple(sorted(set().union(*taken)))


def _takes(target: Target, stream: bytes) -> bool:
    with target.start(incoming=True) as fresh:
        try:
            return fresh.take(stream)
        except QemuError:
            return False  # QEMU ends itself when it refuses


def _ignored(qemu: Qemu, base: CpuSection, own: dict[int, int], known: set[int]) -> tuple[int, ...]:
    """Registers that QEMU does not list and lets pass. A QEMU that lets any pass names those that it does not."""
    candidates = (known | set(_WRONG_ENCODINGS)) - own.keys()
    qemu.load(base.with_list(own | dict.fromkeys(candidates, 0)))
    refused = {int(key, 16) for key in re.findall(r"register 0x([0-9a-f]+) in the incoming", qemu.answer)}
    if not refused:
        return ()
    # QEMU names a register by its own key, whose low 28 bits are those of the ID; bit 15 is set of 64-bit registers of AArch32.
    named = {key & 0x0FFFFFFF for key in refused}
    left = sorted(i for i in candidates if (i & 0x0FFFFFFF | (0x8000 if i >> 52 == 0x403 else 0)) not in named)
    return tuple(left) if left and qemu.load(base.with_list(own | dict.fromkeys(left, 0))) else ()


def _refused_subsections(target: Target, qemu: Qemu, base: CpuSection) -> list[str]:
    refused = []
    plain, alive = qemu.stream(base), True
    for name, body in _SUBSECTIONS.items():
        parent = name.rpartition("/")[0]
        if base.subsection(name) is not None or parent != "cpu" and base.subsection(parent) is None:
            continue
        content = struct.pack(">Q", base.u32(at.CPSR)) if body is None else body
        changed = base.with_subsection(name, content, None if parent == "cpu" else parent)
        accepted = False
        try:
            accepted = qemu.load(changed) if alive else _takes(target, plain.replace(base.encode(), changed.encode()))
        except QemuError:
            alive = False  # 10.0 aborts where the CPU has no such timer
        if not accepted:
            refused.append(name)
    return refused
