"""Random edits of captured checkpoints: what a guest may have in its registers, and what it can hardly have."""

import base64
import copy
import random

_PSTATE = 0x6030000000100042
_SIZE_SHIFT, _SIZE_MASK = 52, 0xF
_CORE, _SYSTEM, _FIRMWARE, _VECTOR = 0x10, 0x13, 0x14, 0x15


def _system(op0: int, op1: int, crn: int, crm: int, op2: int) -> int:
    return 0x6030000000130000 | op0 << 14 | op1 << 11 | crn << 7 | crm << 3 | op2


def _width(register_id: int) -> int:
    return 1 << (register_id >> _SIZE_SHIFT & _SIZE_MASK)


def _kind(register_id: int) -> int:
    return register_id >> 16 & 0xFF


_TIMERS = {_system(3, 3, 14, crm, op2) for crm in (0, 1, 2, 3) for op2 in (0, 1, 2)}
_PMU = {_system(3, 3, 9, crm, op2) for crm in (12, 13, 14) for op2 in range(8)} | {
    _system(3, 0, 9, 14, op2) for op2 in (1, 2)
}
_COUNTERS = {_system(3, 3, 14, crm, op2) for crm in range(8, 16) for op2 in range(8)}
_KEYS = {_system(3, 0, 2, crm, op2) for crm in (1, 2, 3) for op2 in range(4)}

# The modes of PSTATE: those of AArch64, those of AArch32, and some that there are not.
_MODES = [0, 4, 5, 8, 9, 0xC, 0xD] + list(range(0x10, 0x20)) + [1, 2, 3]

# What is edited, and which registers that are.
KINDS = {
    "general": lambda i: _kind(i) == _CORE and _width(i) == 8 and i != _PSTATE,
    "floating point": lambda i: _kind(i) == _CORE and _width(i) != 8,
    "pstate": lambda i: i == _PSTATE,
    "timers": lambda i: i in _TIMERS,
    "pmu": lambda i: i in _PMU or i in _COUNTERS,
    "sve": lambda i: _kind(i) == _VECTOR,
    "keys": lambda i: i in _KEYS,
    "firmware": lambda i: _kind(i) == _FIRMWARE,
    "system": lambda i: _kind(i) == _SYSTEM,
}


def _value(rng: random.Random, register_id: int, old: int) -> int:
    bits = 8 * _width(register_id)
    if register_id == _PSTATE:
        return (rng.getrandbits(32) & ~0x1F if rng.random() < 0.5 else old & ~0x1F) | rng.choice(_MODES)
    return rng.choice(
        [
            lambda: 0,
            lambda: (1 << bits) - 1,
            lambda: rng.getrandbits(bits),
            lambda: old ^ 1 << rng.randrange(bits),
            lambda: old ^ (1 << rng.randrange(min(bits, 32))),
            lambda: rng.getrandbits(rng.randrange(1, bits + 1)),
        ]
    )()


def values_of(vcpu: dict) -> dict:
    """Registers of up to 64 bits of a vCPU (JSON of armstate.v1.VcpuState), by ID."""
    area = base64.b64decode(vcpu["registers"]["values"])
    values, offset = {}, 0
    for register_id in map(int, vcpu["registers"]["ids"]):
        values[register_id] = int.from_bytes(area[offset : offset + min(8, _width(register_id))], "little")
        offset += _width(register_id)
    return values


def mutate(rng: random.Random, checkpoint: dict) -> tuple[dict, list[str]]:
    """A copy of a checkpoint (JSON of armstate.v1.Checkpoint) with one to eight registers edited, and the kinds of these."""
    mutant = copy.deepcopy(checkpoint)
    kinds = []
    values = [bytearray(base64.b64decode(vcpu["registers"]["values"])) for vcpu in mutant["vcpus"]]
    for _ in range(rng.randint(1, 8)):
        vcpu = rng.randrange(len(values))
        ids = [int(i) for i in mutant["vcpus"][vcpu]["registers"]["ids"]]
        kind = rng.choice([k for k, is_of_it in KINDS.items() if any(map(is_of_it, ids))])
        position = rng.choice([n for n, i in enumerate(ids) if KINDS[kind](i)])
        offset = sum(map(_width, ids[:position]))
        end = offset + _width(ids[position])
        old = int.from_bytes(values[vcpu][offset:end], "little")
        values[vcpu][offset:end] = _value(rng, ids[position], old).to_bytes(end - offset, "little")
        kinds.append(kind)
    for vcpu, area in zip(mutant["vcpus"], values):
        vcpu["registers"]["values"] = base64.b64encode(bytes(area)).decode()
    return mutant, kinds
