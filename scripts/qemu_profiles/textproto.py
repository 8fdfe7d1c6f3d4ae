"""CPU profiles as text: armstate.v1.CpuProfile in protobuf's text format, a register a line."""

import re
from dataclasses import dataclass, field

from .explore import Rule
from .list_load import ListLoad


@dataclass
class Profile:
    """The fields of armstate.v1.CpuProfile that this script fills. `name`: the last part, "qemu-7.2.virt.cortex-a57". `same`: the names of
    targets that turned out the same."""

    name: str
    hypervisor_version: str
    machine_type: str
    cpu_model: str
    machine_options: tuple[str, ...]
    registers: list[Rule]
    list_load: ListLoad = field(default_factory=ListLoad)
    same: list[str] = field(default_factory=list)
    comments: tuple[str, ...] = ()


def format_header(profile: Profile) -> list[str]:
    """All lines of armstate.v1.CpuProfile but the registers."""
    lines = [
        f'name: "cpuProfiles/{profile.name}"',
        "accelerator: ACCELERATOR_TCG",
        'hypervisor: "QEMU"',
        f'hypervisor_version: "{profile.hypervisor_version}"',
        f'machine_type: "{profile.machine_type}"',
        f'cpu_model: "{profile.cpu_model}"',
    ]
    lines += [f'machine_options: "{option}"' for option in profile.machine_options]
    load = profile.list_load
    fields = ["missing: MISSING_NOT_INITIALIZED"] if load.missing_are_not_initialized else []
    fields += ["longer_is_refused: true"] if load.longer_is_refused else []
    fields += ["last_are_dropped: true"] if load.last_are_dropped else []
    fields += [f"ignored: [{', '.join(f'{i:#018x}' for i in load.ignored)}]"] if load.ignored else []
    fields += [f"taken_without: [{', '.join(f'{i:#018x}' for i in load.taken_without)}]"] if load.taken_without else []
    lines += [f"list_load {{ {' '.join(fields)} }}"] if fields else []
    lines += [f'refused_subsections: "{name}"' for name in load.refused_subsections]
    return lines + [f'subsection_sizes {{ name: "{name}" bytes: {size} }}' for name, size in load.subsection_sizes.items()]


def format_rules(profile: Profile) -> dict[int, str]:
    """The line of each register, by ID."""
    return {rule.id: _format_rule(rule) for rule in sorted(profile.registers, key=lambda rule: rule.id)}


def _format_rule(rule: Rule) -> str:
    fields = [f"id: {rule.id:#018x}"]
    if rule.reset:
        fields.append(f"reset: {_words(rule.reset)}")
    if rule.writable:
        fields.append(f"writable: {_words(rule.writable)}")
    if rule.view:
        shift = f" shift: {rule.view[1]}" if rule.view[1] else ""
        fields.append(f"view {{ id: {rule.view[0]:#018x}{shift} }}")
    if rule.reset_per_further_vcpu:
        fields.append(f"reset_per_further_vcpu: {rule.reset_per_further_vcpu:#x}")
    if rule.reset_per_vcpu_index:
        fields.append(f"reset_per_vcpu_index: {rule.reset_per_vcpu_index:#x}")
    if rule.upper_half:
        fields.append(f"upper_half: {rule.upper_half:#x}")
    if rule.upper_writable:
        fields.append(f"upper_writable: {rule.upper_writable:#x}")
    if rule.counted_further_vcpus:
        fields.append(f"counted_further_vcpus: {rule.counted_further_vcpus}")
    return f"registers {{ {' '.join(fields)} }}"


def _words(value: int) -> str:
    """64-bit words, least significant first, without trailing zeros."""
    words = []
    while value:
        words.append(f"{value & (1 << 64) - 1:#x}")
        value >>= 64
    return words[0] if len(words) == 1 else f"[{', '.join(words)}]"


def parse_header(text: str, name: str) -> str:
    """A string field of what format_header wrote."""
    found = re.search(rf'^{name}: "(.*)"$', text, re.MULTILINE)
    return found[1] if found else ""


def parse_rule(line: str) -> Rule:
    """A line of format_rules. (Not a parser of the text format.)"""
    found = re.fullmatch(
        r"registers \{ id: (\S+)(?: reset: (\[.*?\]|\S+))?(?: writable: (\[.*?\]|\S+))?(?: view \{ id: (\S+)(?: shift: (\d+))? \})?"
        r"(?: reset_per_further_vcpu: (\S+))?(?: reset_per_vcpu_index: (\S+))?"
        r"(?: upper_half: (\S+))?(?: upper_writable: (\S+))?(?: counted_further_vcpus: (\d+))? \}",
        line,
    )
    if not found:
        raise ValueError(f"not written by make-profiles: {line}")
    register_id, reset, writable, owner, shift, count, index, upper, upper_writable, counted = found.groups()
    return Rule(
        int(register_id, 0),
        _value(reset),
        _value(writable),
        (int(owner, 0), int(shift or "0")) if owner else None,
        reset_per_vcpu_index=int(index or "0", 0),
        reset_per_further_vcpu=int(count or "0", 0),
        upper_half=int(upper or "0", 0),
        upper_writable=int(upper_writable or "0", 0),
        counted_further_vcpus=int(counted or "0"),
    )


def _value(words: str | None) -> int:
    if words is None:
        return 0
    return sum(int(word, 0) << 64 * n for n, word in enumerate(words.strip("[]").split(", ")))
