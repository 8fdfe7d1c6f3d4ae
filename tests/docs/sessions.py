#!/usr/bin/env python3
"""Runs the sessions in the documents (documents.py says how they are marked) on a real armstated, and compares what the commands print.

    sessions.py --programs FOLDER [--update] [DOCUMENT...]

FOLDER has armstate and armstated. Each document has an armstated and an empty folder of its own, in which tests/docs/setup/DOCUMENT.sh
makes the files that the document uses. Times, sizes and tokens may be others than in the document. --update writes into the documents
what the commands print; where a document leaves out lines, those before the first "..." and behind the last stay as many.
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

# What differs from run to run, and what stands for it.
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
    """Is `actual` what is expected, in which "..." stands for any lines? The lines between two "..." are where they first are."""
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
    """`actual` with as many lines left out as in `expected`."""
    gaps = [number for number, line in enumerate(expected) if line.strip() == "..."]
    if not gaps:
        return actual
    behind = len(expected) - gaps[-1] - 1
    return actual[:gaps[0]] + [expected[gaps[0]]] + (actual[-behind:] if behind else [])


class Session:
    """An armstated in a folder, and the commands that are run in it, one after the other."""

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
        # `armstate watch` goes on until Ctrl-C, which comes when it has been quiet for a while.
        text = f"(exit {self.status})\n{command.text}"
        if command.text.startswith("armstate watch"):
            text = "exec timeout --signal=INT 3 " + command.text
        done = subprocess.run(["bash", "-c", text], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        self.status = done.returncode
        return done.stdout.decode().splitlines()

    def end(self):
        self.server.send_signal(signal.SIGTERM)
        return self.server.wait(timeout=30)


def check(name, programs, update):
    """Runs the sessions of a document. The number of commands, and of those that printed something else."""
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
    print(f"{total} commands, {failed} print something else than the documents say")
    return 1 if failed or total == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
