"""Finds by experiment what a restore into one QEMU does with each coprocessor register.

QEMU writes all registers in the order of the list, reads each back at once, and only then refuses if one differed; so a dump after
a refused load still shows which bits were taken. What is learned per register:

    writable   the bits that a restore may change and still be accepted
    view       the register has no storage of its own but shows another one's; the higher ID is written later and wins

Everything is checked at the end by loading random values into all registers at once: what does not come back as the rules say
is reported as unexplained.
"""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from .qemu import Qemu, QemuError
from .section import CpuSection

_MODEL_CHECKS = 8


@dataclass
class Rule:
    """What is known of one register. `view`: (owner's ID, shift) or None. `reset_per_...`: what is added to the reset value for each
    step of the vCPU's index, and for each vCPU of the machine but the first; `counted_further_vcpus` is how many of these count (0: all). `upper_...`: of a register of 32 bits, what QEMU has in bits
    63-32, and which of these a restore may change."""

    id: int
    reset: int
    writable: int
    view: tuple[int, int] | None = None
    reset_per_vcpu_index: int = 0
    reset_per_further_vcpu: int = 0
    upper_half: int = 0
    upper_writable: int = 0
    counted_further_vcpus: int = 0

    @property
    def ones(self) -> int:
        return ones_of(self.id)


@dataclass
class Findings:
    """All rules in order of their IDs, and remarks on what rules cannot express."""

    rules: list[Rule]
    remarks: list[str] = field(default_factory=list)


def ones_of(register_id: int) -> int:
    """All bits of a register: bits 55-52 of the ID are log2 of its width in bytes."""
    return (1 << (8 << (register_id >> 52 & 0xF))) - 1


class Explorer:
    """Experiments on one QEMU. `base`: its reset state."""

    def __init__(self, qemu: Qemu, base: CpuSection):
        self._qemu = qemu
        self._base = base
        self._ids = base.ids
        self._reset = {i: value & ones_of(i) for i, value in zip(base.ids, base.values)}
        # QEMU's stream has 64 bits of every register, and QEMU compares all of them.
        self._upper = {i: value & ~ones_of(i) for i, value in zip(base.ids, base.values)}
        self._changed_by: dict[int, set[int]] = {register_id: set() for register_id in base.ids}
        self._remarks: list[str] = []

    def explore(self) -> Findings:
        if not self._qemu.load(self._base):
            raise QemuError("this machine does not accept its own reset state")
        for register_id, value in self._after().items():
            if value != self._reset[register_id]:
                self._remark(register_id, f"reads {value:#x} after the reset value {self._reset[register_id]:#x} was restored")
        writable = self._find_writable()
        rules = {i: Rule(i, self._reset[i], writable[i], upper_half=self._upper[i] >> 32) for i in self._ids}
        self._find_upper_writable(rules)
        self._find_views(rules)
        self._check_model(rules)
        if not self._try({}) or self._after() != self._reset:
            raise QemuError("this machine does not reset its vCPUs before loadvm: experiments would influence each other")
        return Findings([rules[i] for i in self._ids], self._remarks)

    # One experiment: only the named registers differ from the reset state. True if accepted. `upper`: what their upper halves are flipped by.
    def _try(self, changes: dict[int, int], upper: dict[int, int] | None = None) -> bool:
        flipped = upper or {}
        values = [changes.get(i, self._reset[i]) | (self._upper[i] ^ flipped.get(i, 0)) for i in self._ids]
        return self._qemu.load(self._base.with_values(values))

    def _after(self) -> dict[int, int]:
        """All registers after an experiment, cut to their widths."""
        return {i: value & ones_of(i) for i, value in self._all_after().items()}

    def _all_after(self) -> dict[int, int]:
        return dict(zip(self._ids, self._qemu.dump()[0].values))

    def _find_upper_writable(self, rules: dict[int, Rule]) -> None:
        """Bits above a register's width, which QEMU stores and compares all the same: all flipped at once show where something sticks; a
        register that others change may have taken them before they were overwritten."""
        narrow = {i: ~ones_of(i) & (1 << 64) - 1 for i in self._ids if ones_of(i) < (1 << 64) - 1}
        self._try({}, narrow)
        stuck = {i: (value ^ self._upper[i]) & narrow.get(i, 0) for i, value in self._all_after().items()}
        for i, bits in narrow.items():
            whole = bits if self._changed_by[i] else stuck[i]
            mask = whole if whole and self._try({}, {i: whole}) else 0
            for bit in _bits(0 if mask else stuck[i]):
                mask |= bit if self._try({}, {i: bit}) else 0
            rules[i].upper_writable = mask >> 32

    def _remark(self, register_id: int, text: str) -> None:
        self._remarks.append(f"{register_id:#018x} {text}")

    def _find_writable(self) -> dict[int, int]:
        writable: dict[int, int] = {}
        stuck: dict[int, int] = {}
        for register_id in self._ids:
            ones = ones_of(register_id)
            accepted = self._try({register_id: self._reset[register_id] ^ ones})
            after = self._after()
            stuck[register_id] = (after[register_id] ^ self._reset[register_id]) & ones
            for other, value in after.items():
                if other != register_id and value != self._reset[other]:
                    self._changed_by[other].add(register_id)
            if accepted:
                writable[register_id] = ones
        unknown = [i for i in self._ids if i not in writable]
        picky = self._taking_single_bits(unknown, stuck)
        for register_id in unknown:
            writable[register_id] = self._partly_writable(register_id, stuck[register_id], register_id in picky)
        return writable

    def _taking_single_bits(self, register_ids: list[int], stuck: dict[int, int]) -> set[int]:
        """Those of the registers that take a bit alone which did not stick with all others: they ignore a value as a whole if it
        is too large. A bit is tried on all registers at once, since a refused restore still writes everything."""
        taking = set()
        for bit in _bits((1 << 64) - 1):
            changes = {i: self._reset[i] ^ bit for i in register_ids if bit & ones_of(i) & ~stuck[i]}
            if changes:
                self._try(changes)
                after = self._after()
                taking |= {i for i, value in changes.items() if after[i] == value}
        return taking

    def _partly_writable(self, register_id: int, stuck: int, picky: bool) -> int:
        """The mask of a register that does not take a flip of all its bits, of which `stuck` remained changed. `picky`: other bits
        may be writable too."""
        reset = self._reset[register_id]
        # Where another register's write changes this one, that write may have undone bits that are writable. Without that,
        # a bit that does not stick is constant.
        overwritten = any(other > register_id for other in self._changed_by[register_id])
        if not overwritten and not picky and (stuck == 0 or self._try({register_id: reset ^ stuck})):
            return stuck
        mask = 0
        for bit in _bits(ones_of(register_id)):
            if self._try({register_id: reset ^ bit}):
                mask |= bit
        if mask and not self._try({register_id: reset ^ mask}):
            self._remark(register_id, f"takes each bit of {mask:#x} alone, but not all of them")
        return mask

    def _find_views(self, rules: dict[int, Rule]) -> None:
        # Seeds are constant: two runs make the same profile.
        generator = random.Random(22)
        candidates: dict[int, list[tuple[int, int]]] = {}
        for owner in self._ids:
            shown_in = [i for i in self._ids if owner in self._changed_by[i]]
            shifts = {i: set(range(64)) for i in shown_in}
            for _ in range(4 if shown_in else 0):
                pattern = self._reset[owner] ^ (generator.getrandbits(64) & rules[owner].writable)
                accepted = self._try({owner: pattern})
                after = self._after()
                for i in shown_in:
                    shifts[i] = {s for s in shifts[i] if after[i] == after[owner] >> s & ones_of(i)}
                    if not accepted:
                        shifts[i] = set()
            for i in shown_in:
                if shifts[i] and i < owner:
                    candidates.setdefault(i, []).append((owner, min(shifts[i])))
                else:
                    self._remark(i, f"changes with {owner:#018x}, but is not bits of it")
        for i, owners in candidates.items():
            rules[i].view = max(owners)
        for i in candidates:
            owner, shift = rules[i].view or (i, 0)
            if rules[owner].view:
                self._remark(i, f"view of {owner:#018x}, which is itself a view")
            if self._reset[i] != self._reset[owner] >> shift & ones_of(i):
                self._remark(i, f"is a view of {owner:#018x} >> {shift}, but has another reset value")

    def _check_model(self, rules: dict[int, Rule]) -> None:
        """Random values in all registers at once must be taken as the rules say."""
        generator = random.Random(72)
        differing = dict.fromkeys(self._ids, 0)
        for round_number in range(_MODEL_CHECKS):
            consistent = round_number % 2 == 0
            values = predicted = random_values(rules.values(), generator.getrandbits, consistent)
            if not consistent:
                predicted = dict(values)
                for rule in rules.values():
                    if rule.view:
                        predicted[rule.id] = values[rule.view[0]] >> rule.view[1] & rule.ones
            accepted = self._try(values)
            after = self._after()
            if not accepted:
                self._remarks.append(f"random values in all writable bits are refused (consistent={consistent})")
            for i in self._ids:
                differing[i] |= after[i] ^ predicted[i]
        for i, bits in differing.items():
            if bits:
                self._remark(i, f"bits {bits:#x} depend on other registers when all are written at once")


def random_values(rules: Iterable[Rule], getrandbits: Callable[[int], int], consistent: bool) -> dict[int, int]:
    """Random values in all writable bits; with `consistent`, a view's value is its owner's bits."""
    values = {r.id: r.reset ^ (getrandbits(64) & r.writable) for r in rules}
    if consistent:
        for rule in rules:
            if rule.view:
                values[rule.id] = values[rule.view[0]] >> rule.view[1] & rule.ones
    return values


def _bits(mask: int) -> list[int]:
    return [1 << b for b in range(mask.bit_length()) if mask >> b & 1]
