"""Findings of two reports of one restore: what was predicted, and what a host did."""

# A counter reads back as what it is at the moment.
_MOVING = "REGISTER_OUTCOME_MOVING"

REFUSED = "REGISTER_OUTCOME_WRITE_REFUSED"


def findings(report: dict) -> dict:
    """By vCPU and register ID: the register's name, and what became of it. `report`: JSON of armstate.v1.RestoreReport."""
    found = {}
    for vcpu in report.get("vcpus", []):
        for register in vcpu.get("registers", []):
            got = None if register["outcome"] == _MOVING else register.get("got")
            key = (vcpu.get("vcpuIndex", 0), int(register["registerId"]))
            found[key] = (register["name"], register["outcome"], register.get("error", ""), got)
    return found


def differences(predicted: dict, real: dict) -> list[str]:
    """A line for each register that did otherwise than predicted; both as of findings()."""
    return [
        f"vCPU {key[0]}, 0x{key[1]:016x}: predicted {predicted.get(key)}, was {real.get(key)}"
        for key in sorted(predicted.keys() | real.keys())
        if predicted.get(key) != real.get(key)
    ]
