#!/usr/bin/env python3
"""Runs the sessions of the documents on a real armstated, and compares the output of each command with the document.

    sessions.py --programs FOLDER [--update] [DOCUMENT...]

FOLDER contains armstate and armstated. documents.py describes how a session is marked. Each document has its own armstated and its
own folder, in which tests/docs/setup/DOCUMENT.sh creates the files that the document uses. Times, sizes and tokens may differ from the
document. --update writes the output of the commands into the documents; an output that is shortened by "..." keeps as many lines before the first
and after the last "..." as before.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

import documents

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))

# Text that differs from run to run, and its placeholder.
VARIABLE = [
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ"), "<time>"),
    (re.compile(r"--resume \S+"), "--resume <token>"),
    (re.compile(r" +\d+(\.\d+)? KiB\b"), " <size>"),
    (re.compile(r"\b\d+(\.\d+)?% *$"), "<percent>"),
]


def comparable(lines):
    result = []
    for line in lines:
        for pattern, stands_for in VARIABLE:
            line = pattern.sub(stands_for, line)
        result.append(line.rstrip())
    return result


def matches(expected, actual):
    """Whether `actual` is `expected`, in which "..." stands for any lines. Lines between two "..." match at their first occurrence."""
    parts = [[]]
    for line in expected:
        if line.strip() == "...":
            parts.append([])
        else:
            parts[-1].append(line)
    position = 0
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        starts = range(position, len(actual) - len(part) + 1)
        if number == 0:
            starts = starts[:1]
        elif last:
            starts = starts[-1:] if part else range(len(actual), len(actual) + 1)
        for start in starts:
            if actual[start:start + len(part)] == part:
                position = start + len(part)
                break
        else:
            return False
    return len(parts) > 1 or position == len(actual)


def shortened(expected, actual):
    """`actual`, shortened as `expected` is."""
    gaps = [number for number, line in enumerate(expected) if line.strip() == "..."]
    if not gaps:
        return actual
    behind = len(expected) - gaps[-1] - 1
    return actual[:gaps[0]] + [expected[gaps[0]]] + (actual[-behind:] if behind else [])


class Session:
    """An armstated and a folder, in which the commands of a document run one after the other."""

    def __init__(self, programs, folder, setup):
        self.folder = folder
        self.status = 0
        self.environment = dict(
            os.environ, TZ="UTC", LC_ALL="C.UTF-8", PATH=programs + ":" + os.environ["PATH"],
            ARMSTATED=os.path.join(programs, "armstated"), DATA=os.path.join(ROOT, "tests/data"),
            SETUP=os.path.join(ROOT, "tests/docs/setup"))
        for name in ("ARMSTATE_OUTPUT", "ARMSTATE_TIMEOUT"):
            self.environment.pop(name, None)
        log = os.path.join(folder, ".armstated.log")
        self.server = subprocess.Popen(
            ["armstated", "--listen=127.0.0.1:0", "--data_dir=.data", "--backup_dir=backups"], cwd=folder,
            env=self.environment, stderr=open(log, "w"))
        deadline = time.time() + 60
        while not (port := re.search(r"listening on port (\d+)", open(log).read())):
            if self.server.poll() is not None or time.time() > deadline:
                sys.exit("armstated does not start: " + open(log).read())
            time.sleep(0.02)
        self.environment["ARMSTATE_SERVER"] = "127.0.0.1:" + port.group(1)
        if os.path.exists(setup):
            subprocess.run(["bash", "-euo", "pipefail", setup], cwd=folder, env=self.environment, check=True,
                           stdout=subprocess.DEVNULL)

    def run(self, command):
        """The lines that a command prints, standard error included."""
        # "exit" gives `$?` the status of the command before.
        with open(os.path.join(self.folder, ".printed"), "w+b") as printed:
            process = subprocess.Popen(["bash", "-c", f"(exit {self.status})\n{command.text}"], cwd=self.folder, env=self.environment,
                                       stdin=subprocess.DEVNULL, stdout=printed, stderr=subprocess.STDOUT, start_new_session=True)
            if command.text.startswith("armstate watch"):
                self.interrupt(process, printed.name, len(command.output) - 1)
            self.status = process.wait(timeout=60)
            printed.seek(0)
            return printed.read().decode().splitlines()

    def interrupt(self, process, printed, lines):
        """Sends Ctrl-C to a command that does not end by itself, once it has printed so many lines."""
        deadline = time.time() + 10
        while time.time() < deadline and process.poll() is None and open(printed, "rb").read().count(b"\n") < lines:
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)

    def end(self):
        self.server.send_signal(signal.SIGTERM)
        return self.server.wait(timeout=30)


def check(name, programs, update):
    """Runs the sessions of a document. Returns the number of commands, and of those whose output differs."""
    path = os.path.join(ROOT, name)
    text = open(path).read()
    commands = [command for block in documents.blocks(text) if block.mark == "run" for command in block.commands()]
    if not commands:
        return 0, 0
    lines = text.splitlines()
    wrong, moved = 0, 0
    with tempfile.TemporaryDirectory() as folder:
        setup = os.path.join(ROOT, "tests/docs/setup", os.path.basename(name)[:-len(".md")] + ".sh")
        session = Session(programs, folder, setup)
        try:
            for command in commands:
                while command.output and not command.output[-1]:
                    command.output.pop()
                printed = session.run(command)
                if matches(comparable(command.output), comparable(printed)):
                    continue
                wrong += 1
                print(f"{name}:{command.line}: $ {command.text}\nexit status {session.status}; it printed")
                print("\n".join("    " + line for line in printed))
                print("where the document has\n" + "\n".join("    " + line for line in command.output))
                if update:
                    start = command.line + moved
                    new = [("    " + line).rstrip() for line in shortened(command.output, printed)]
                    lines[start:start + len(command.output)] = new
                    moved += len(new) - len(command.output)
        finally:
            if session.end() != 0:
                wrong += 1
                print(f"{name}: armstated did not end well")
    if update and wrong:
        with open(path, "w") as file:
            file.write("\n".join(lines) + "\n")
    return len(commands), wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", required=True)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("documents", nargs="*")
    arguments = parser.parse_args()
    programs = os.path.abspath(arguments.programs)
    total = failed = 0
    for name in arguments.documents or documents.names(ROOT):
        ran, wrong = check(name, programs, arguments.update)
        total += ran
        failed += wrong
    print(f"{total} commands, the output of {failed} differs from the documents")
    return 1 if failed or total == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
