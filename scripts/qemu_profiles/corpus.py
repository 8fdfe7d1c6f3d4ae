"""Compares profiles with recordings of real register lists and restores that others made: --check-corpus.

A corpus is a folder with qemu-*/lists/*.jsonl (a line per vCPU: `cpu`, `regs` [[id, value]...]) and qemu-*/masks/*.jsonl (a line per
register: `cfg`, `index`, `value`, `mask` of the bits that a restore may change). Its values were taken while a guest ran, so only
constant bits are compared.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .core import is_core
from .explore import Rule, ones_of
from .folder import Text, read_folder
from .textproto import parse_header, parse_rule


@dataclass
class _Candidate:
    name: str
    cpu_model: str
    rules: dict[int, Rule]


def check_corpus(profiles: Path, corpus: Path) -> int:
    """Prints each difference and the totals. Returns how many recordings have no profile or differ from theirs."""
    candidates = [_read(name, text) for name, text in read_folder(profiles).items()]
    lists = sorted(corpus.glob("qemu-*/lists/*.jsonl"))
    if not lists or not candidates:
        print(f"make-profiles: no qemu-*/lists/*.jsonl in {corpus} or no profiles in {profiles}")
        return 1
    failures = vcpus = registers = 0
    chosen: dict[str, _Candidate] = {}
    for path in lists:
        configuration = path.name.removesuffix(".jsonl")
        for line in path.read_text().splitlines():
            vcpu = json.loads(line)
            values = {int(i, 16): int(v, 16) for i, v in vcpu["regs"]}
            best, differences = _best(candidates, vcpu, values)
            vcpus += 1
            registers += len(values)
            if best is None:
                print(f"{configuration}: no profile has its {len(values)} IDs")
                failures += 1
                continue
            chosen[configuration] = best
            failures += bool(differences)
            verdict = f"differs in {len(differences)} constant values" if differences else "IDs and constant bits equal"
            print(f"{configuration} vCPU {vcpu['vcpu']}: {best.name}: {verdict}")
            for difference in differences:
                print(f"    {difference}")
    print(f"lists: {vcpus} vCPUs, {registers} registers")
    return failures + _check_masks(corpus, chosen)


def _check_masks(corpus: Path, chosen: dict[str, _Candidate]) -> int:
    compared = differing = 0
    for path in sorted(corpus.glob("qemu-*/masks/*.jsonl")):
        for line in path.read_text().splitlines():
            recorded = json.loads(line)
            profile = chosen.get(recorded["cfg"])
            if profile is None:
                continue
            rule = profile.rules[int(recorded["index"], 16)]
            mask = int(recorded["mask"], 16) & ones_of(rule.id)
            compared += 1
            if mask != rule.writable:
                differing += 1
                print(f"{recorded['cfg']} {rule.id:#018x}: recorded mask {mask:#x}, ours {rule.writable:#x}")
            if not recorded["effective"] and rule.view is None and mask:
                print(f"{recorded['cfg']} {rule.id:#018x}: recorded as overwritten by another, but no view of ours")
                differing += 1
            if recorded["effective"] and rule.view is not None:
                print(f"{recorded['cfg']} {rule.id:#018x}: a view of ours, but recorded as effective")
                differing += 1
    print(f"masks: {compared} registers compared, {differing} differ")
    return differing


def _best(candidates: list[_Candidate], vcpu: dict[str, Any], values: dict[int, int]) -> tuple[_Candidate | None, list[str]]:
    """The profile of that CPU model and with those IDs that has the fewest other constant values."""
    fitting = [c for c in candidates if c.cpu_model == vcpu["cpu"] and c.rules.keys() == values.keys()]
    if not fitting:
        return None, []
    return min(((c, _differences(c, vcpu, values)) for c in fitting), key=lambda pair: len(pair[1]))


def _differences(profile: _Candidate, vcpu: dict[str, Any], values: dict[int, int]) -> list[str]:
    found = []
    for register_id, value in values.items():
        rule = profile.rules[register_id]
        reset = rule.reset + vcpu["vcpu"] * rule.reset_per_vcpu_index + min(vcpu["smp"] - 1, rule.counted_further_vcpus or vcpu["smp"]) * rule.reset_per_further_vcpu
        if (value ^ reset) & rule.ones & ~rule.writable:
            found.append(f"{register_id:#018x} is {value:#x}, constant bits are {reset & ~rule.writable:#x}")
    return found


def _read(name: str, text: Text) -> _Candidate:
    rules = {i: parse_rule(line) for i, line in text.rules.items() if not is_core(i)}
    return _Candidate(name, parse_header("\n".join(text.header), "cpu_model"), rules)
