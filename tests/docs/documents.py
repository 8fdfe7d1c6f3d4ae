"""The documents and their code blocks.

A code block is indented by four spaces. In a session, a command follows "$ ", and its output follows the command. A comment before the
block says where the session comes from:

    <!-- run -->                 sessions_test runs the commands and compares their output
    <!-- from scripts/demo -->   the script runs the commands; commands_test looks for them in the script

A line "..." stands for any number of lines.
"""

import os
import re
from dataclasses import dataclass, field

MARK = re.compile(r"<!-- (run|from (scripts/\S+)) -->$")


@dataclass
class Command:
    text: str
    line: int  # of the document, from 1
    output: list = field(default_factory=list)


@dataclass
class Block:
    mark: str  # "run", "from scripts/demo" or ""
    line: int
    lines: list

    def is_session(self):
        return any(line.startswith("$ ") for line in self.lines)

    def commands(self):
        found = []
        for number, line in enumerate(self.lines, self.line):
            if line.startswith("$ "):
                found.append(Command(line[2:], number))
            elif found:
                found[-1].output.append(line)
        return found


def names(root):
    """The documents, relative to the root."""
    return ["README.md", "CONTRIBUTING.md"] + sorted(
        "docs/" + name for name in os.listdir(os.path.join(root, "docs")) if name.endswith(".md"))


def blocks(text):
    found, mark, current = [], "", None
    after_blank = True
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("    ") and (current or after_blank):
            if not current:
                current = Block(mark, number, [])
                found.append(current)
                mark = ""
            current.lines += [""] * (number - current.line - len(current.lines)) + [line[4:]]
        elif line.strip():
            matched = MARK.match(line)
            mark = matched.group(1) if matched else ""
            current = None
        after_blank = not line.strip() or bool(MARK.match(line))
    return found


def prose(text):
    """The text with empty lines in place of its code blocks."""
    lines, fenced = [], False
    for line in text.splitlines():
        fence = line.startswith("```")
        lines.append("" if fence or fenced or line.startswith("    ") else line)
        fenced ^= fence
    return "\n".join(lines)
