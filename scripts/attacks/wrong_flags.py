"""Malformed addresses and flags."""

import subprocess
import time

from .attack import Attack, Attackers, Settings
from .server import Server

_FLAGS = [
    "--listen=", "--listen=nonsense:port", "--listen=127.0.0.1:99999", "--listen=127.0.0.1:-1", "--listen=[::1", "--listen=127.0.0.1:1:2",
    "--listen=999.1.1.1:0", "--data_dir=", "--data_dir=/proc/none", "--data_dir=/dev/null", "--memory_limit=1", "--memory_limit=-1GiB",
    "--memory_limit=many", "--memory_limit=99999999999999999999", "--retention_sweep_seconds=-1", "--retention_sweep_seconds=nan",
    "--drain_seconds=x", "--tolerances=/dev/null/none", "--backup_dir=", "--restore_backup=latest", "--none", "none", "--listen",
]
_COMMANDS = [
    ["list", "--server=127.0.0.1:99999"], ["list", "--server="], ["list", "--server=:::"], ["list", "--limit", "0"], ["list", "--limit", "-1"],
    ["show", "web@99999999999999999999"], ["show", "../web"], ["show", "web", "--vcpu", "-1"], ["diff", "web@1"], ["push", "web", "/dev/null"],
    ["push", "web", "/"], ["pull", "web", "-o", "/"], ["search", "("], ["search", "(" * 100_000], ["watch", "--resume", "x"], ["none"], [""],
]
_PATIENCE = 20
_LONGEST = 4000  # bytes of what is printed


class WrongFlags(Attack):
    name = "wrong-flags"
    about = "addresses, flags and arguments of armstated and armstate that are none: each ends with an exit status and a reason"

    def during(self, settings: Settings, server: Server, attackers: Attackers) -> list[str]:
        own = ["--listen=127.0.0.1:0", f"--data_dir={settings.folder}/wrong-flags"]
        commands = []
        for flag in _FLAGS:
            others = [option for option in own if not flag.startswith(option.partition("=")[0])]
            commands.append([settings.programs.armstated, *others, flag])
        for arguments in _COMMANDS:
            default = [] if any(argument.startswith("--server") for argument in arguments) else [f"--server={server.address}"]
            commands.append([settings.programs.armstate, *arguments, *default])
        end = time.monotonic() + max(settings.seconds, 10)
        wrong = []
        for command in commands:
            if time.monotonic() > end:
                break
            if (problem := _run([str(word) for word in command])) is not None:
                shown = " ".join(word[:40] for word in map(str, command[1:]))
                wrong.append(f"{command[0].name} {shown}: {problem}")
        return wrong


def _run(command: list[str]) -> str | None:
    try:
        done = subprocess.run(["nice", *command], stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        return f"runs for {_PATIENCE} s"
    said = done.stdout + done.stderr
    if not 1 <= done.returncode <= 5:
        return f"exit status {done.returncode}: {said[-200:]!r}"
    if not said.strip() or len(said) > _LONGEST:
        return f"prints {len(said)} bytes"
    return None
