"""The registers outside QEMU's coprocessor list, under the IDs that KVM gives them.

So a checkpoint is one list per vCPU, whatever hypervisor it comes from. A vCPU that resets in AArch64 state gets KVM arm64's core
registers, any other KVM ARM's. All of them can be written in full, except where the stream stores fewer bits.
"""

from . import section as at
from .explore import Rule, ones_of
from .qemu import Qemu
from .section import CpuSection

_ARM64_CORE32, _ARM64_CORE64, _ARM64_CORE128 = 0x6020000000100000, 0x6030000000100000, 0x6040000000100000
_ARM64_SVE_Z, _ARM64_SVE_P, _ARM64_SVE_FFR = 0x6080000000150000, 0x6050000000150400, 0x6050000000150600
_ARM_CORE = 0x4020000000100000
_ARM_VFP_D, _ARM_VFP_SYSTEM = 0x4030000000120000, 0x4020000000121000

# FPCR and FPSR as QEMU lists them, on every CPU that has AArch64 in its design. They are written after the stream's `fpscr`, so it is
# they that count.
_LISTED_FPCR, _LISTED_FPSR = 0x603000000013DA20, 0x603000000013DA21

# QEMU's register banks, in the order of its arrays.
_USR, _SVC, _ABT, _UND, _IRQ, _FIQ, _HYP, _MON = range(8)
_BANK_OF_MODE = {0x10: _USR, 0x11: _FIQ, 0x12: _IRQ, 0x13: _SVC, 0x16: _MON, 0x17: _ABT, 0x1A: _HYP, 0x1B: _UND, 0x1F: _USR}

# QEMU's index of each system register of VFP, and KVM's number for it.
_VFP_SYSTEM = {6: 0x6, 7: 0x7, 8: 0x8, 9: 0x9, 10: 0xA}


def is_core(register_id: int) -> bool:
    """Whether the ID is of a register that is added here to QEMU's list: AArch64's core and SVE, AArch32's core and VFP."""
    return register_id >> 16 & 0xFFF in (0x10, 0x12, 0x15)


def is_aarch64(section: CpuSection) -> bool:
    """Whether the vCPU is in AArch64 state: then the processor state is PSTATE, and bit 4 (nRW) is clear."""
    return section.u32(at.CPSR) & 0x10 == 0 and not is_m_profile(section)


def is_m_profile(section: CpuSection) -> bool:
    return section.subsection("cpu/m") is not None


def core_rules(qemu: Qemu, section: CpuSection, listed: list[Rule]) -> list[Rule]:
    """`section`: the reset state of the stopped machine. `listed`: the rules of QEMU's own list."""
    rules = {rule.id: rule for rule in listed}
    if is_aarch64(section):
        return _aarch64(section, rules)
    if _LISTED_FPCR in rules:
        fpscr_writable = (rules[_LISTED_FPCR].writable | rules[_LISTED_FPSR].writable) & 0xFFFFFFFF
    else:
        fpscr_writable = _fpscr_writable(qemu, section)
    return _aarch32(section, fpscr_writable)


def core_values(section: CpuSection) -> dict[int, int]:
    """The values alone, without an experiment."""
    rules = _aarch64(section, {}) if is_aarch64(section) else _aarch32(section, 0)
    return {rule.id: rule.reset for rule in rules}


def _fpscr_writable(qemu: Qemu, section: CpuSection) -> int:
    """The bits of FPSCR that a restore keeps: QEMU drops the others without a word."""
    vfp = section.subsection("cpu/vfp")
    if vfp is None:
        return 0
    kept = []
    for value in (0, 0xFFFFFFFF):
        qemu.load(section.with_u32(vfp + at.VFP_FPSCR, value))
        kept.append(qemu.dump()[0].u32(vfp + at.VFP_FPSCR))
    return kept[0] ^ kept[1]


def _rule(register_id: int, value: int) -> Rule:
    return Rule(register_id, value, ones_of(register_id))


def _aarch64(section: CpuSection, listed: dict[int, Rule]) -> list[Rule]:
    pstate = section.u32(at.CPSR)
    # The stack pointer in use stands in X31; its place in sp_el is stale.
    current = pstate >> 2 & 3 if pstate & 1 else 0
    stack_pointers = [section.u64(at.SP_EL + 8 * el) for el in range(4)]
    stack_pointers[current] = section.u64(at.XREGS + 8 * 31)
    values = [section.u64(at.XREGS + 8 * n) for n in range(31)]
    values += [stack_pointers[0], section.u64(at.PC), pstate, stack_pointers[1], section.u64(at.ELR_EL + 8)]
    values += [section.u64(at.BANKED_SPSR + 8 * bank) for bank in (_SVC, _ABT, _UND, _IRQ, _FIQ)]
    # Offsets in KVM's struct, counted in 32-bit words.
    rules = [_rule(_ARM64_CORE64 | 2 * n, value) for n, value in enumerate(values)]
    rules[32 + 1].writable = 0xFFFFFFFF  # PSTATE is 32 bits in the stream
    vfp = section.subsection("cpu/vfp")
    if vfp is None:
        return rules
    for register_id, owner in ((_ARM64_CORE32 | 0xD4, _LISTED_FPSR), (_ARM64_CORE32 | 0xD5, _LISTED_FPCR)):
        if owner in listed:
            rule = listed[owner]
            rules.append(Rule(register_id, rule.reset & 0xFFFFFFFF, rule.writable & 0xFFFFFFFF, (owner, 0)))
    vectors = [section.u64(vfp + 16 * n) | section.u64(vfp + 16 * n + 8) << 64 for n in range(32)]
    sve = section.subsection("cpu/sve")
    if sve is None:
        return rules + [_rule(_ARM64_CORE128 | (0x54 + 4 * n), value) for n, value in enumerate(vectors)]
    stored = (1 << 64 * (2 + at.SVE_UPPER_DOUBLEWORDS)) - 1  # QEMU's stream has only 1024 bits of a vector
    for n, low in enumerate(vectors):
        upper = [section.u64(sve + 8 * (at.SVE_UPPER_DOUBLEWORDS * n + word)) for word in range(at.SVE_UPPER_DOUBLEWORDS)]
        value = low | sum(doubleword << 64 * (2 + word) for word, doubleword in enumerate(upper))
        rules.append(Rule(_ARM64_SVE_Z | n << 5, value, stored))
    for n in range(17):
        value = sum(section.u64(sve + at.SVE_PREGS + 8 * (4 * n + word)) << 64 * word for word in range(4))
        rules.append(_rule(_ARM64_SVE_P | n << 5 if n < 16 else _ARM64_SVE_FFR, value))
    return rules


def _aarch32(section: CpuSection, fpscr_writable: int) -> list[Rule]:
    cpsr = section.u32(at.CPSR)
    rules = [_rule(_ARM_CORE | 16, cpsr)]
    registers = [section.u32(at.REGS + 4 * n) for n in range(16)]
    if is_m_profile(section):
        rules += [_rule(_ARM_CORE | n, value) for n, value in enumerate(registers)]
    else:
        rules += _banked(section, registers, _BANK_OF_MODE.get(cpsr & 0x1F, _USR))
    vfp = section.subsection("cpu/vfp")
    if vfp is not None:
        rules += [_rule(_ARM_VFP_D | n, section.u64(vfp + 8 * n)) for n in range(32)]
        rules.append(_rule(_ARM_VFP_SYSTEM | 0x0, section.u32(vfp + at.VFP_FPSID)))
        rules.append(Rule(_ARM_VFP_SYSTEM | 0x1, section.u32(vfp + at.VFP_FPSCR), fpscr_writable))
        for index, number in _VFP_SYSTEM.items():
            value = section.u32(vfp + at.VFP_XREGS_FROM_2 + 4 * (index - 2))
            rules.append(_rule(_ARM_VFP_SYSTEM | number, value))
    return rules


def _banked(section: CpuSection, registers: list[int], current: int) -> list[Rule]:
    """r0-r15 as seen in user mode, then each mode's own. What is banked out stands in the banks; what is in use, in r0-r15."""
    r13 = [section.u32(at.BANKED_R13 + 4 * bank) for bank in range(8)]
    r14 = [section.u32(at.BANKED_R14 + 4 * bank) for bank in range(8)]
    spsr = [section.u64(at.BANKED_SPSR + 8 * bank) & 0xFFFFFFFF for bank in range(8)]
    r13[current], spsr[current] = registers[13], section.u32(at.SPSR)
    r14[_USR if current == _HYP else current] = registers[14]  # Hyp mode has user mode's r14
    user_r8_12 = fiq_r8_12 = registers[8:13]
    if current == _FIQ:
        user_r8_12 = [section.u32(at.USR_REGS + 4 * n) for n in range(5)]
    else:
        fiq_r8_12 = [section.u32(at.FIQ_REGS + 4 * n) for n in range(5)]
    user = registers[:8] + user_r8_12 + [r13[_USR], r14[_USR], registers[15]]
    rules = [_rule(_ARM_CORE | n, value) for n, value in enumerate(user)]
    for first, bank in ((18, _SVC), (21, _ABT), (24, _UND), (27, _IRQ)):
        for n, value in enumerate((r13[bank], r14[bank], spsr[bank])):
            rules.append(_rule(_ARM_CORE | (first + n), value))
    fiq = fiq_r8_12 + [r13[_FIQ], r14[_FIQ], spsr[_FIQ]]
    return rules + [_rule(_ARM_CORE | (30 + n), value) for n, value in enumerate(fiq)]
