#!/usr/bin/env python3
"""Compares the examples in the client's headers with the compiled ones in client/examples.

    examples.py [--update] [ROOT]

A header shows an example as a comment line that ends in "(client/examples/FILE):", followed by the lines between [START example] and
[END example] of FILE, each behind "//   ". --update writes them into the headers.
"""

import pathlib
import re
import sys

HEADING = re.compile(r"^// .*\((client/examples/\w+\.cc)\):$")


def code_of(path):
    lines = path.read_text().split("\n")
    return lines[lines.index("// [START example]") + 1:lines.index("// [END example]")]


def with_examples(root, lines, shown):
    """`lines` of a header with its examples as they are compiled. Adds the names of the examples to `shown`."""
    result = []
    i = 0
    while i < len(lines):
        result.append(lines[i])
        heading = HEADING.match(lines[i])
        i += 1
        if not heading:
            continue
        while i < len(lines) and lines[i].startswith("//   "):
            i += 1
        result += [("//   " + line).rstrip() for line in code_of(root / heading.group(1))]
        shown.add(heading.group(1))
    return result


def main():
    arguments = sys.argv[1:]
    update = "--update" in arguments
    root = pathlib.Path(next((a for a in arguments if a != "--update"), "."))
    failed = False
    shown = set()
    for header in sorted((root / "client").rglob("*.h")):
        lines = header.read_text().split("\n")
        expected = with_examples(root, lines, shown)
        if lines == expected:
            continue
        if update:
            header.write_text("\n".join(expected))
        else:
            failed = True
            print(f"{header}: its example is not the compiled one; run tests/client/examples/examples.py --update")
    compiled = {f"client/examples/{path.name}" for path in (root / "client/examples").glob("*.cc")}
    for name in sorted(compiled - shown):
        failed = True
        print(f"{name} is shown in no header")
    if not shown:
        sys.exit("no header shows an example")
    sys.exit(failed)


main()
