#!/usr/bin/env python3
"""scripts/kvm_hosts/compare_reports, with registers of a cortex-a72 VM of Linux 6.1 that real KVM 6.12 was given: the checkpoint lacks the
physical timer, whose counter has gone on when it is read. And a timer of a cortex-a53 VM that fired while real KVM 6.1 was read back."""
import copy
import json
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, "scripts")
from kvm_hosts.reports import fired_meanwhile  # noqa: E402

KEPT = {"reason": "not in the checkpoint: the target keeps its own value", "outcome": "REGISTER_OUTCOME_NOT_IN_CHECKPOINT"}
REPORT = {"vcpus": [
    {"registers": [
        {"registerId": "6931039826524495617", "name": "CNTPCT_EL0", "got": "CRjlgwMAAAA=", **KEPT},
        {"registerId": "6931039826524495633", "name": "CNTP_CTL_EL0", "got": "BAAAAAAAAAA=", **KEPT},
        {"registerId": "6931039826524495634", "name": "CNTP_CVAL_EL0", "got": "AAAAAAAAAAA=", **KEPT},
    ]},
    {"vcpuIndex": 1, "registers": [
        {"registerId": "6931039826524495617", "name": "CNTPCT_EL0", "got": "upgnhAMAAAA=", **KEPT},
    ]},
]}  # fmt: skip
FOLDER = Path(os.environ["TEST_TMPDIR"])


def compare(predicted: dict) -> subprocess.CompletedProcess:
    (FOLDER / "verdict").write_text(json.dumps({"report": predicted}))
    (FOLDER / "report").write_text(json.dumps(REPORT))
    return subprocess.run(
        ["scripts/kvm_hosts/compare_reports", FOLDER / "verdict", FOLDER / "report"], text=True, capture_output=True
    )


predicted = copy.deepcopy(REPORT)
predicted["vcpus"][0]["registers"][0]["got"] = "AAAAAAAAAAA="
del predicted["vcpus"][1]["registers"][0]["got"]
done = compare(predicted)
assert done.returncode == 0, done
assert done.stdout == "4 of 4 findings as predicted, 0 of them registers that KVM refused\n", done

# Of a register that is no counter the value counts, and so does a register that only one of the two names.
predicted["vcpus"][0]["registers"][1]["got"] = "BQAAAAAAAAA="
del predicted["vcpus"][0]["registers"][2]
done = compare(predicted)
assert done.returncode == 1, done
lines = done.stdout.splitlines()
assert len(lines) == 3 and "CNTP_CTL_EL0" in lines[0] and "CNTP_CVAL_EL0" in lines[1], done
assert lines[2].startswith("2 of 4 "), done

CONTROL, COMPARE, COUNTER = 0x603000000013DF19, 0x603000000013DF02, 0x603000000013DF1A
vcpus = [{COMPARE: 0x2316313, COUNTER: 0x25C29CC}, {COMPARE: 8, COUNTER: 0}]
moving = [{"registerId": str(COUNTER), "name": "TIMER_CNT", "outcome": "REGISTER_OUTCOME_MOVING", "got": "iCASAAAAAAA="}]
report = {"vcpus": [{"registers": moving}, {"vcpuIndex": 1, "registers": moving}]}
assert fired_meanwhile(report, vcpus) == {(1, CONTROL)}, fired_meanwhile(report, vcpus)
vcpus[1][COMPARE] = 0x122089  # one tick after the read-back
assert not fired_meanwhile(report, vcpus)
