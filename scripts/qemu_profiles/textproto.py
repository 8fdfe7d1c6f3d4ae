"""CPU profiles as text: armstate.v1.CpuProfile in protobuf's text format, a register a line."""

import re
from dataclasses import dataclass

from .explore import Rule


@dataclass
class Profile:
    """The fields of armstate.v1.CpuProfile that this script fills. `name`: the last part, "qemu-7.2.virt.cortex-a57"."""

    name: str
    hypervisor_version: str
    machine_type: str
    cpu_model: str
    machine_options: tuple[str, ...]
    registers: list[Rule]
    comments: tuple[str, ...] = ()


def format_profile(profile: Profile) -> str:
    lines = [f"# {comment}" for comment in profile.comments]
    lines += [
        f'name: "cpuProfiles/{profile.name}"',
        "accelerator: TCG",
        'hypervisor: "QEMU"',
        f'hypervisor_version: "{profile.hypervisor_version}"',
        f'machine_type: "{profile.machine_type}"',
        f'cpu_model: "{profile.cpu_model}"',
    ]
    lines += [f'machine_options: "{option}"' for option in profile.machine_options]
    lines += [_format_rule(rule) for rule in sorted(profile.registers, key=lambda rule: rule.id)]
    return "\n".join(lines) + "\n"


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
    return f"registers {{ {' '.join(fields)} }}"


def _words(value: int) -> str:
    """64-bit words, least significant first, without trailing zeros."""
    words = []
    while value:
        words.append(f"{value & (1 << 64) - 1:#x}")
        value >>= 64
    return words[0] if len(words) == 1 else f"[{', '.join(words)}]"


def parse_header(text: str, field: str) -> str:
    """A string field of what format_profile wrote."""
    found = re.search(rf'^{field}: "(.*)"$', text, re.MULTILINE)
    return found[1] if found else ""


def parse_rules(text: str) -> list[Rule]:
    """The register lines of what format_profile wrote. (Not a parser of the text format.)"""
    rules = []
    for line in re.findall(r"^registers \{ (.*) \}$", text, re.MULTILINE):
        found = re.fullmatch(
            r"id: (\S+)(?: reset: (\[.*?\]|\S+))?(?: writable: (\[.*?\]|\S+))?(?: view \{ id: (\S+)(?: shift: (\d+))? \})?"
            r"(?: reset_per_further_vcpu: (\S+))?(?: reset_per_vcpu_index: (\S+))?",
            line,
        )
        if not found:
            raise ValueError(f"not written by make-profiles: {line}")
        register_id, reset, writable, owner, shift, count, index = found.groups()
        view = (int(owner, 0), int(shift or "0")) if owner else None
        rules.append(
            Rule(
                int(register_id, 0),
                _value(reset),
                _value(writable),
                view,
                reset_per_vcpu_index=int(index or "0", 0),
                reset_per_further_vcpu=int(count or "0", 0),
            )
        )
    return rules


def _value(words: str | None) -> int:
    if words is None:
        return 0
    return sum(int(word, 0) << 64 * n for n, word in enumerate(words.strip("[]").split(", ")))
