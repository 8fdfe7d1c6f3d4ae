#!/usr/bin/env python3
"""What real KVM did when armstate-kvm restored captures of running guests in armstate's own order (tests/data/kvm/own-order), against the
verdict on each: every register, also those that another order of writes would leave otherwise."""
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

RECORDED = Path("tests/data/kvm/own-order")
PROBES = Path("tests/data/kvm/armstate-kvm")


def decompress(path: Path) -> bytes:
    return subprocess.run(["zstd", "-dcq"], input=path.read_bytes(), check=True, stdout=subprocess.PIPE).stdout


def judged(recorded: Path, work: Path) -> str:
    """Returns the last line of kvm-mutations, which has judged and compared the recording."""
    (work / "captures").mkdir(parents=True)
    (work / "data").mkdir()
    host = recorded.name.removesuffix(".jsonl.zst")
    (work / "host.probe").write_bytes(decompress(PROBES / f"{host}.probe.zst"))
    lines = decompress(recorded).splitlines()
    for n, line in enumerate(lines):
        for name, part in json.loads(line).items():
            (work / (f"captures/{n}.json" if name == "capture" else f"{n}.report")).write_text(json.dumps(part))
    (work / "kinds.json").write_text(json.dumps([[]] * len(lines)))
    programs = {"ARMSTATED": "server/armstated", "ARMSTATE": "client/cli/armstate", "ARMSTATE_KVM": "none is needed"}
    done = subprocess.run(
        ["scripts/kvm-mutations", "--again", work], env=dict(os.environ, **programs), stdout=subprocess.PIPE, text=True
    )
    return done.stdout.strip().splitlines()[-1] if done.stdout else f"exit status {done.returncode}"


def main() -> int:
    registers = failed = 0
    with tempfile.TemporaryDirectory() as temporary:
        for recorded in sorted(RECORDED.glob("*.jsonl.zst")):
            line = judged(recorded, Path(temporary) / recorded.name)
            print(f"{recorded.name}: {line}")
            found = re.search(r"(\d+) registers, (\d+) of them not simply written: 0 missed, 0 false", line)
            failed += found is None
            registers += int(found[1]) if found else 0
    print(f"{registers} registers")
    return 1 if failed or not registers else 0


if __name__ == "__main__":
    sys.exit(main())
