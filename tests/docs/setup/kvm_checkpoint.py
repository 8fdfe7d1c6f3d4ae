#!/usr/bin/env python3
"""Writes a guest that was recorded on a KVM host (JSON lines on standard input) in the form that `armstate push` reads.

    kvm_checkpoint.py CLASS

The guest of this feature class, after it ran."""

import base64
import json
import sys

for line in sys.stdin:
    recorded = json.loads(line)
    if recorded["cfg"] != sys.argv[1] or recorded["state"] != "ran":
        continue
    vcpus = []
    for vcpu in recorded["vcpus"]:
        registers = sorted((int(name, 16), int(value, 16).to_bytes(width, "little")) for name, width, value in vcpu["regs"])
        values = b"".join(value for _, value in registers)
        vcpus.append({
            "vcpuIndex": vcpu["index"],
            "registers": {"ids": [str(register) for register, _ in registers], "values": base64.b64encode(values).decode()},
        })
    json.dump({"vcpus": vcpus}, sys.stdout)
