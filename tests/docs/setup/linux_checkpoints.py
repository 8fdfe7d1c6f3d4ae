#!/usr/bin/env python3
"""Writes the recorded checkpoints of a running Linux guest (JSON lines on standard input) as linux-1.json, linux-2.json ..., in the
form that `armstate push` reads."""

import base64
import collections
import json
import sys


def width(register):
    """The bytes of a register, which its ID says."""
    return 1 << ((register >> 52) & 15)


checkpoints = collections.defaultdict(list)
for line in sys.stdin:
    recorded = json.loads(line)
    registers = [(int(name, 16), int(value, 16)) for name, value in recorded["regs"]]
    values = b"".join(value.to_bytes(width(register), "little") for register, value in registers)
    checkpoints[recorded["ckpt"]].append({
        "vcpuIndex": recorded["vcpu"],
        "registers": {"ids": [str(register) for register, _ in registers], "values": base64.b64encode(values).decode()},
    })
for number, vcpus in checkpoints.items():
    with open(f"linux-{number + 1}.json", "w") as file:
        json.dump({"vcpus": vcpus}, file)
