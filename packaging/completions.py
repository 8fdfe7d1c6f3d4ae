#!/usr/bin/env python3
"""Writes completions of a command for bash, zsh and fish, made from what it prints for --help.

    completions.py PROGRAM FOLDER
"""

import re
import subprocess
import sys
from pathlib import Path


class Command:
    """A command or one of its subcommands, with its options and what may stand below it."""

    def __init__(self, program: str, words: list[str]):
        text = subprocess.run([program, *words, "--help"], check=True, stdout=subprocess.PIPE, text=True).stdout
        self.words = words
        self.about = text.splitlines()[0]
        self.options = []  # (names, has a value, description)
        self.subcommands = []
        section = ""
        for line in text.splitlines():
            # Those of a group are indented.
            if heading := re.fullmatch(r" *([A-Z][a-z ]+):", line):
                section = heading[1]
            elif section == "Options" and re.match(r"  (  )?-", line):
                self.options.append(_option(line.strip()))
            elif section == "Subcommands" and re.match(r"  [a-z]", line):
                self.subcommands.append(Command(program, [*words, line.split()[0]]))

    def all(self) -> list["Command"]:
        return [self] + [below for subcommand in self.subcommands for below in subcommand.all()]

    def names(self) -> list[str]:
        """What may come next, but for positional arguments."""
        return [c.words[-1] for c in self.subcommands] + [n for names, _, _ in self.options for n in names]


def _option(line: str) -> tuple:
    left, _, description = line.partition("  ")
    names, _, value = left.partition(" ")
    return names.split(","), bool(value), description.strip()


def bash(name: str, commands: list[Command]) -> str:
    cases = "".join(f'    "{" ".join(c.words)}") words="{" ".join(c.names())}" ;;\n' for c in commands)
    paths = "|".join(sorted(('"' + " ".join(c.words) + '"' for c in commands if c.words), reverse=True))
    return f"""# bash completion for {name}
_{name}() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} path="" word words=""
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case "${{path:+$path }}$word" in
    {paths}) path="${{path:+$path }}$word" ;;
    esac
  done
  case "$path" in
{cases}  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  [[ $current == -* || ${{#COMPREPLY[@]}} -gt 0 ]] || mapfile -t COMPREPLY < <(compgen -f -- "$current")
}}
complete -o filenames -F _{name} {name}
"""


def zsh(name: str, commands: list[Command]) -> str:
    def quoted(text: str) -> str:
        return "'" + text.replace("'", "'\\''") + "'"

    cases = ""
    for command in commands:
        next_ = [f"{c.words[-1]}:{c.about}" for c in command.subcommands]
        next_ += [f"{n}:{about}" for names, _, about in command.options for n in names]
        cases += f'    "{" ".join(command.words)}") next=({" ".join(map(quoted, next_))}) ;;\n'
    paths = "|".join(sorted(('"' + " ".join(c.words) + '"' for c in commands if c.words), reverse=True))
    return f"""#compdef {name}
_{name}() {{
  local typed="" word
  local -a next
  for word in "${{(@)words[2,CURRENT-1]}}"; do
    case "${{typed:+$typed }}$word" in
    {paths}) typed="${{typed:+$typed }}$word" ;;
    esac
  done
  case "$typed" in
{cases}  esac
  _describe '{name}' next
  _files
}}
_{name} "$@"
"""


def fish(name: str, commands: list[Command]) -> str:
    def quoted(text: str) -> str:
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

    lines = [f"# fish completion for {name}"]
    for command in commands:
        seen = "; and ".join(f"__fish_seen_subcommand_from {word}" for word in command.words) or "true"
        below = " ".join(c.words[-1] for c in command.subcommands)
        for subcommand in command.subcommands:
            condition = f"{seen}; and not __fish_seen_subcommand_from {below}"
            lines.append(f"complete -c {name} -n {quoted(condition)} -f -a {subcommand.words[-1]} -d {quoted(subcommand.about)}")
        for names, has_value, about in command.options:
            flags = " ".join(f"-l {n[2:]}" if n.startswith("--") else f"-s {n[1:]}" for n in names)
            lines.append(f"complete -c {name} -n {quoted(seen)} {flags}{' -r' if has_value else ''} -d {quoted(about)}")
    return "\n".join(lines) + "\n"


def main() -> int:
    program, folder = sys.argv[1], Path(sys.argv[2])
    name = Path(program).name
    commands = Command(program, []).all()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.bash").write_text(bash(name, commands))
    (folder / f"_{name}").write_text(zsh(name, commands))
    (folder / f"{name}.fish").write_text(fish(name, commands))
    return 0


if __name__ == "__main__":
    sys.exit(main())
