"""The `cpu` section of a QEMU migration stream: take it out of a device dump, read it, patch it.

Everything in a stream is big-endian. A section is

    0x04, u32 section id, u8 name length, name, u32 instance, u32 version, body, 0x7e, u32 section id

and nothing in the stream says how long the body is. Of `cpu`, version 22, the part that every CPU has is fixed but for the
number of coprocessor registers N at offset 568; subsections follow it.
"""

import re
import struct
from dataclasses import dataclass

CPU_SECTION_VERSION = 22

# Offsets in the body; up to COUNT they do not depend on N.
REGS, XREGS, PC, CPSR, SPSR = 0, 64, 320, 328, 332
BANKED_SPSR, BANKED_R13, BANKED_R14 = 336, 400, 432
USR_REGS, FIQ_REGS, ELR_EL, SP_EL = 464, 484, 504, 536
COUNT, IDS = 568, 572

# Offsets in the `cpu/vfp` subsection, after its version.
VFP_ZREGS, VFP_FPSID, VFP_XREGS_FROM_2, VFP_FPSCR = 0, 512, 516, 572
# Offsets in the `cpu/sve` subsection: 14 upper doublewords per vector, then 17 predicates of 4 doublewords, FFR last.
SVE_UPPER_DOUBLEWORDS = 14
SVE_PREGS = 32 * SVE_UPPER_DOUBLEWORDS * 8


class SectionError(Exception):
    """The bytes are not what a `cpu` section of a known version looks like."""


@dataclass(frozen=True)
class CpuSection:
    """One vCPU's `cpu` section. Immutable: the with_... methods return a changed copy."""

    section_id: int
    instance: int
    body: bytes

    @property
    def count(self) -> int:
        """N, the number of coprocessor registers."""
        return self.u32(COUNT)

    @property
    def ids(self) -> tuple[int, ...]:
        return struct.unpack_from(f">{self.count}Q", self.body, IDS)

    @property
    def values(self) -> tuple[int, ...]:
        return struct.unpack_from(f">{self.count}Q", self.body, IDS + 8 * self.count)

    def u32(self, offset: int) -> int:
        return struct.unpack_from(">I", self.body, offset)[0]

    def u64(self, offset: int) -> int:
        return struct.unpack_from(">Q", self.body, offset)[0]

    def with_values(self, values: tuple[int, ...] | list[int]) -> "CpuSection":
        """The same with other coprocessor register values, in the order of `ids`."""
        start = IDS + 8 * self.count
        packed = struct.pack(f">{self.count}Q", *values)
        return self._with_bytes(start, packed)

    def with_list(self, registers: dict[int, int]) -> "CpuSection":
        """The same with another list: values by ID."""
        ids = sorted(registers)
        packed = struct.pack(f">I{2 * len(ids)}Q", len(ids), *ids, *(registers[i] for i in ids))
        body = self.body[:COUNT] + packed + self.body[IDS + 16 * self.count :]
        return CpuSection(self.section_id, self.instance, body)

    def with_subsection(self, name: str, body: bytes, parent: str | None = None) -> "CpuSection":
        """The same with a further subsection of version 1: the last one, or of a `parent` that ends before the next one or the end."""
        end = len(self.body)
        if parent is not None:
            start = self.subsection(parent)
            if start is None:
                raise SectionError(f"no {parent}")
            following = re.compile(rb"\x05.cpu/", re.DOTALL).search(self.body, start + 4)
            end = following.start() if following else end
        added = b"\x05" + bytes([len(name)]) + name.encode() + struct.pack(">I", 1) + body
        return CpuSection(self.section_id, self.instance, self.body[:end] + added + self.body[end:])

    def with_u32(self, offset: int, value: int) -> "CpuSection":
        return self._with_bytes(offset, struct.pack(">I", value))

    def subsection(self, name: str) -> int | None:
        """Offset of the first field of subsection `name` (behind its version) in the body, or None if it is not there."""
        header = b"\x05" + bytes([len(name)]) + name.encode()
        found = self.body.find(header, IDS + 16 * self.count + 65)
        return None if found < 0 else found + len(header) + 4

    def subsection_size(self, name: str) -> int | None:
        """The bytes of a subsection behind its version, with those nested in it; None if it is not there."""
        start = self.subsection(name)
        if start is None:
            return None
        # The next one that is not nested, or the end.
        for following in re.finditer(rb"\x05(.)(cpu/[a-z0-9-]+)(?![a-z0-9/-])", self.body[start:], re.DOTALL):
            if following[1][0] == len(following[2]):
                return following.start()
        return len(self.body) - start

    def encode(self) -> bytes:
        """The section as it stands in a stream, footer included."""
        header = struct.pack(">BI4sII", 4, self.section_id, b"\x03cpu", self.instance, CPU_SECTION_VERSION)
        return header + self.body + struct.pack(">BI", 0x7E, self.section_id)

    def _with_bytes(self, offset: int, data: bytes) -> "CpuSection":
        body = self.body[:offset] + data + self.body[offset + len(data) :]
        return CpuSection(self.section_id, self.instance, body)


def find_cpu_sections(dump: bytes) -> list[CpuSection]:
    """All `cpu` sections of a device dump or stream, by instance."""
    sections = []
    for match in re.finditer(rb"\x04(.{4})\x03cpu(.{4})(.{4})", dump, re.DOTALL):
        section_id, instance, version = (int.from_bytes(group, "big") for group in match.groups())
        if version != CPU_SECTION_VERSION:
            raise SectionError(f"'cpu' section has version {version}; this script knows only {CPU_SECTION_VERSION}")
        count = struct.unpack_from(">i", dump, match.end() + COUNT)[0]
        if not 0 <= count < 4096:
            raise SectionError(f"'cpu' section claims {count} coprocessor registers")
        footer = dump.find(struct.pack(">BI", 0x7E, section_id), match.end() + IDS + 16 * count)
        if footer < 0:
            raise SectionError("'cpu' section has no footer")
        sections.append(CpuSection(section_id, instance, dump[match.end() : footer]))
    return sorted(sections, key=lambda section: section.instance)
