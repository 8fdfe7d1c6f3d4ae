"""profiles/ on disk: each file is a profile as the difference to another one (armstate.v1.StoredCpuProfile).

    base: "qemu-7.2.virt.cortex-a57"           empty in the first one only
    same: "qemu-10.0.raspi3b.cortex-a53"       targets that turned out the same
    left_out: [0x...]                          IDs that the base has and this one has not
    profile { ... }                            registers that the base does not have, or has another rule for

The base is the one with the smallest difference in bytes among all profiles that come before in the order of release and name; the
first of these if several are equal. So a file depends only on what comes before it, and making profiles anew changes nothing.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from .textproto import Profile, format_header, format_rules


@dataclass
class Text:
    """A whole profile as lines. `rules`: by ID."""

    comments: list[str]
    header: list[str]
    rules: dict[int, str]
    same: list[str] = field(default_factory=list)


def text_of(profile: Profile) -> Text:
    return Text([f"# {comment}" for comment in profile.comments], format_header(profile), format_rules(profile), profile.same)


def read_folder(folder: Path) -> dict[str, Text]:
    """All profiles, by name and in order."""
    files = {path.name.removesuffix(".textproto"): path.read_text() for path in folder.glob("qemu-*.textproto")}
    texts: dict[str, Text] = {}
    for name in sorted(files, key=_order):  # a base comes before
        lines = files[name].splitlines()
        start = lines.index("profile {")
        outside = "\n".join(lines[:start])
        base = re.search(r'^base: "(.*)"$', outside, re.MULTILINE)
        left_out = {int(i, 16) for i in re.findall(r"0x[0-9a-f]{16}", outside)}
        rules = {i: line for i, line in texts[base[1]].rules.items() if i not in left_out} if base else {}
        inside = lines[start + 1 : -1]
        rules |= {int(line.split()[3], 16): line for line in inside if line.startswith("registers {")}
        texts[name] = Text(
            [line for line in lines[:start] if line.startswith("#")],
            [line for line in inside if not line.startswith(("registers {", "register_count: "))],
            dict(sorted(rules.items())),
            re.findall(r'^same: "(.*)"$', outside, re.MULTILINE),
        )
    return texts


def write_folder(folder: Path, texts: dict[str, Text]) -> int:
    """Writes all of them; returns their bytes together."""
    total = 0
    earlier: dict[str, set[str]] = {}
    for name in sorted(texts, key=_order):
        text = texts[name]
        own = set(text.rules.values())
        base = min(earlier, key=lambda other: _cost(own, earlier[other]), default=None)
        base_rules = texts[base].rules if base else {}
        content = _format(text, base, base_rules)
        total += len(content)
        path = folder / f"{name}.textproto"
        if not path.exists() or path.read_text() != content:
            path.write_text(content)
        earlier[name] = own
    return total


def _order(name: str) -> tuple[list[int], str]:
    """Release, then name."""
    series = re.match(r"qemu-(\d+)\.(\d+)\.", name)
    assert series is not None
    return [int(number) for number in series.groups()], name


def _cost(own: set[str], base: set[str]) -> int:
    return sum(map(len, own - base)) + 8 * len(base - own)


def _format(text: Text, base: str | None, base_rules: dict[int, str]) -> str:
    lines = list(text.comments)
    lines += [f'base: "{base}"'] if base else []
    lines += [f'same: "{name}"' for name in text.same]
    left_out = [f"{i:#018x}" for i in base_rules if i not in text.rules]
    for start in range(0, len(left_out), 6):
        lines.append(f"left_out: [{', '.join(left_out[start : start + 6])}]")
    lines += ["profile {", *text.header, f"register_count: {len(text.rules)}"]
    lines += [line for i, line in text.rules.items() if base_rules.get(i) != line]
    return "\n".join([*lines, "}", ""])
