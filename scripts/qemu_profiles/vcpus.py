"""Which reset values depend on the vCPU's index or on how many vCPUs the machine has."""

from .core import core_values
from .explore import Rule
from .qemu import QemuError
from .section import CpuSection
from .targets import Target

# Some registers stop counting: at three further vCPUs, where their field is two bits wide.
_COUNTS = (2, 4, 5, 8)


def find_dependencies(target: Target, base: list[CpuSection], rules: list[Rule]) -> list[str]:
    """Sets the reset_per_... fields of `rules`. `base`: the reset state of all vCPUs of the target as it is by default. Returns remarks
    on what is not linear."""
    odd: dict[int, str] = {}
    by_id = {rule.id: rule for rule in rules}
    machines = [base]
    for count in _COUNTS if len(base) == 1 else ():
        try:
            with target.start(vcpus=count) as other:
                machines.append(other.dump())
        except QemuError:
            break  # the machine has one vCPU only
    first = _values(base[0])
    for sections in machines:
        further = len(sections) - len(base)
        for index, section in enumerate(sections):
            values = _values(section)
            if values.keys() != first.keys():
                continue  # a vCPU of another model
            for register_id, value in values.items():
                rule = by_id[register_id]
                if (index, further) == (0, 1):
                    rule.reset_per_further_vcpu = value - first[register_id]
                last = first[register_id] + (further - 1) * rule.reset_per_further_vcpu
                if index == 0 and rule.reset_per_further_vcpu and not rule.counted_further_vcpus and value == last:
                    rule.counted_further_vcpus = further - 1
                counted = min(further, rule.counted_further_vcpus or further) * rule.reset_per_further_vcpu
                if index == 1 and rule.reset_per_vcpu_index == 0:
                    rule.reset_per_vcpu_index = value - first[register_id] - counted
                expected = first[register_id] + index * rule.reset_per_vcpu_index + counted
                if value != expected:
                    odd[register_id] = f"{register_id:#018x} resets to {value:#x} on vCPU {index} of {len(sections)}"
    for register_id in odd:
        rule = by_id[register_id]
        rule.reset_per_vcpu_index = rule.reset_per_further_vcpu = rule.counted_further_vcpus = 0
    return list(odd.values())


def _values(section: CpuSection) -> dict[int, int]:
    return dict(zip(section.ids, section.values)) | core_values(section)
