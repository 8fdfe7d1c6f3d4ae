"""Findings of two reports of one restore: what was predicted, and what a host did."""

import base64

# TIMER_CNT, PTIMER_CNT: a counter reads back as what it is at the moment.
_COUNTERS = (0x603000000013DF1A, 0x603000000013DF01)

REFUSED = "REGISTER_OUTCOME_WRITE_REFUSED"


def findings(report: dict) -> dict:
    """By vCPU and register ID: the register's name, and what became of it. `report`: JSON of armstate.v1.RestoreReport."""
    found = {}
    for vcpu in report.get("vcpus", []):
        for register in vcpu.get("registers", []):
            key = (vcpu.get("vcpuIndex", 0), int(register["registerId"]))
            got = None if key[1] in _COUNTERS else register.get("got") or None  # one of the two prints empty values
            found[key] = (register["name"], register["outcome"], register.get("error", ""), got)
    return found


# Control, compare value and counter of the virtual and of the physical timer, in KVM's naming.
_TIMERS = (
    (0x603000000013DF19, 0x603000000013DF02, 0x603000000013DF1A),
    (0x603000000013DF11, 0x603000000013DF12, 0x603000000013DF01),
)


def fired_meanwhile(report: dict, vcpus: list[dict]) -> set:
    """Keys of findings() of the timers that fired between the write of the VM's counter and its read-back: their status is the moment's.

    report: of the host; vcpus: what was restored, values by register ID.
    """
    counters = {}
    for vcpu in report.get("vcpus", []):
        for register in vcpu.get("registers", []):
            if register.get("got"):
                got = int.from_bytes(base64.b64decode(register["got"]), "little")
                counters[(vcpu.get("vcpuIndex", 0), int(register["registerId"]))] = got
    return {
        (n, control)
        for control, compare, counter in _TIMERS
        for n, values in enumerate(vcpus)
        # The last vCPU's write is the one that counts.
        if vcpus[-1].get(counter, 0) < values.get(compare, 0) <= counters.get((n, counter), 0)
    }


def differences(predicted: dict, real: dict) -> list[str]:
    """A line for each register that did otherwise than predicted; both as of findings()."""
    return [
        f"vCPU {key[0]}, 0x{key[1]:016x}: predicted {predicted.get(key)}, was {real.get(key)}"
        for key in sorted(predicted.keys() | real.keys())
        if predicted.get(key) != real.get(key)
    ]
