#!/usr/bin/env python3
"""Checks the command lines of the documents that sessions.py does not run.

    commands.py --programs FOLDER    (which contains armstate, armstated and armstate-kvm)

- Each session has a mark (documents.py). If it names a script, the script has the commands of the session.
- A script that a document calls exists and has the options that the document uses.
- `protoc` accepts its command line.
- The targets of `bazel run`, `bazel build` and `bazel test` exist.
- armstate, armstated and armstate-kvm have the subcommands and options that the documents use.
- Links and the names of source files lead to files.
"""

import argparse
import functools
import glob
import os
import re
import shlex
import subprocess
import sys
import tempfile

import documents

PROGRAMS = ("armstate", "armstated", "armstate-kvm")

# The name of a source file.
SOURCE = re.compile(r"(?<![\w./-])((?:core|proto|storage|server|client|tests|profiles|third_party|scripts)/[\w./-]+"
                    r"\.(?:h|cc|proto|inc|md|sh|S|py|txt|json|textproto|bzl))\b")


def words(text):
    try:
        return shlex.split(text, comments=True)
    except ValueError:
        return text.split()


def from_script(command, script):
    """Whether a line of the script is this command, with some value for each variable."""
    wanted = words(command)
    for line in script.replace("\\\n", " ").splitlines():
        # The command begins at the program's name, which may stand inside a longer line, and ends at a pipe or the like.
        for start in re.finditer(r'"?\$\{?armstate(_kvm)?\}?"?(?= )|(?<![\w/.-])armstate(-kvm)?(?= )', line):
            program = "armstate-kvm" if "kvm" in start.group() else "armstate"
            pattern = []
            for word in words_of_shell(line[start.end():])[:len(wanted) - 1]:
                word = re.sub(r'\$\w*work/', "", word).replace('"', "").replace("'", "")
                pieces = re.split(r"\$\{\w+\}|\$\w+|\$\([^)]*\)", word)
                pattern.append(r"[\w./@-]*".join(re.escape(piece) for piece in pieces))
            if wanted[0] == program and len(pattern) == len(wanted) - 1 and all(
                re.fullmatch(expected, word) for expected, word in zip(pattern, wanted[1:])):
                return True
    return False


def words_of_shell(text):
    """The words of a command in a script, up to a pipe, a redirection or the like, with their quotes and variables."""
    result = []
    for word in re.findall(r'(?:"[^"]*"|\'[^\']*\'|\$\([^)]*\)|[^\s"\'|;&<>)]|\\.)+|[|;&<>)]', text):
        if word in "|;&<>)":
            break
        result.append(word)
    return result


class Checker:

    def __init__(self, root, programs):
        self.root = root
        self.programs = programs
        self.problems = []

    def read(self, path):
        with open(os.path.join(self.root, path)) as file:
            return file.read()

    @functools.lru_cache(maxsize=None)
    def help(self, *command):
        """The help of a program or of a subcommand."""
        return subprocess.run([os.path.join(self.programs, command[0]), *command[1:], "--help"], capture_output=True, text=True,
                              check=True).stdout

    def check(self, name):
        text = self.read(name)
        for block in documents.blocks(text):
            where = f"{name}:{block.line}"
            if block.is_session():
                if not block.mark:
                    self.problems.append(f"{where}: a session without a mark, see tests/docs/documents.py")
                elif block.mark.startswith("from "):
                    script = self.read(block.mark[len("from "):])
                    for command in block.commands():
                        if not from_script(command.text, script):
                            self.problems.append(f"{name}:{command.line}: not in {block.mark[5:]}: {command.text}")
                        self.check_command(f"{name}:{command.line}", command.text)
            else:
                for number, line in enumerate(block.lines, block.line):
                    self.check_command(f"{name}:{number}", line)
        prose = documents.prose(text)
        for code in re.finditer(r"`([^`]+)`", prose):
            self.check_command(f"{name}:{prose.count(chr(10), 0, code.start()) + 1}", code.group(1).replace("\n", " "))
        for number, line in enumerate(prose.splitlines(), 1):
            for path in SOURCE.findall(line):
                if not os.path.exists(os.path.join(self.root, path)):
                    self.problems.append(f"{name}:{number}: there is no {path}")
            for link in re.findall(r"\]\(([^)#]+)\)", line):
                if "://" not in link and not os.path.exists(os.path.join(self.root, os.path.dirname(name), link)):
                    self.problems.append(f"{name}:{number}: leads nowhere: {link}")

    def check_command(self, where, line):
        for part in re.split(r"\||&&|;|\$\(|\)", line):
            command = words(part)
            while command and (re.fullmatch(r"[A-Z_]+=.*", command[0]) or command[0] in ("sudo", "nice", "begin", "say")):
                command.pop(0)
            if not command:
                continue
            program = command[0].replace("bazel-bin/server/", "").replace("bazel-bin/client/cli/", "").strip('"')
            if program.startswith("scripts/"):
                self.check_script(where, program, command[1:])
            elif program == "bazel" and len(command) > 1:
                self.check_bazel(where, command[1:])
            elif program in PROGRAMS:
                self.check_program(where, program, command[1:])
            elif program == "protoc" and len(command) > 1:
                self.run_protoc(where, part)

    def run_protoc(self, where, line):
        with tempfile.TemporaryDirectory() as out:
            done = subprocess.run(["bash", "-c", line.replace("_out=out", "_out=" + out)], cwd=self.root, capture_output=True, text=True)
        if done.returncode != 0:
            self.problems.append(f"{where}: {line.strip()}: {done.stderr}")

    def check_script(self, where, script, arguments):
        if not os.path.exists(os.path.join(self.root, script)):
            self.problems.append(f"{where}: there is no {script}")
            return
        if os.path.isdir(os.path.join(self.root, script)):
            return
        text = self.read(script)
        # A script that passes options on passes them to a benchmark.
        if '"$@"' in text:
            text += "".join(open(path).read() for path in glob.glob(os.path.join(self.root, "tests/benchmarks/*.cc")))
        for option in options(arguments):
            if option[2:] not in text:
                self.problems.append(f"{where}: {script} has no {option}")
        if script == "scripts/in-debian" and len(arguments) > 1:
            self.check_command(where, " ".join(arguments[1:]))

    def check_bazel(self, where, arguments):
        for label in arguments:
            if label == "--":
                break
            matched = re.fullmatch(r"//([\w/-]*):([\w.-]+)", label)
            if not matched or matched.group(2) == "all":
                continue
            build = os.path.join(matched.group(1), "BUILD")
            if not os.path.exists(os.path.join(self.root, build)) or f'"{matched.group(2)}"' not in self.read(build):
                self.problems.append(f"{where}: there is no target {label}")

    def check_program(self, where, program, arguments):
        # Options may precede the subcommand; words in capitals are placeholders.
        subcommand = []
        for word in arguments:
            if word.startswith("-"):
                continue
            known = re.findall(r"^  ([a-z-]+) ", self.help(program, *subcommand).partition("Subcommands:")[2], re.MULTILINE)
            if word in known:
                subcommand.append(word)
                continue
            if known and re.fullmatch(r"[a-z-]+", word):
                self.problems.append(f"{where}: {' '.join([program] + subcommand)} has no subcommand {word}")
                return
            break
        text = self.help(program) + self.help(program, *subcommand)
        for option in options(arguments):
            if not re.search(re.escape(option) + r"\b", text):
                self.problems.append(f"{where}: {' '.join([program] + subcommand)} has no {option}")


def options(arguments):
    return [word.split("=")[0] for word in arguments if re.match(r"--[a-z]", word)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", required=True)
    parser.add_argument("--root", default=os.path.join(os.path.dirname(__file__), "../.."))
    arguments = parser.parse_args()
    checker = Checker(arguments.root, arguments.programs)
    for name in documents.names(arguments.root):
        checker.check(name)
    print("\n".join(checker.problems + [f"{len(checker.problems)} problems"]))
    return 1 if checker.problems else 0


if __name__ == "__main__":
    sys.exit(main())
