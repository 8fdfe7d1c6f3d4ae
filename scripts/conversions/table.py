"""The outcomes as a Markdown table. Rows that differ in machine type and options only are one.

QEMU's words stand there without their numbers, which name a register or a length that differs with the options.
"""

import re

from .run import Answer, Outcome

_TITLE = ("CPU model", "machine types and options", "from", "to", "QEMU, as it is", "armstate convert", "QEMU, converted")


def markdown(outcomes: list[Outcome]) -> str:
    rows: dict[tuple, list[str]] = {}
    for outcome in outcomes:
        guest = outcome.guest
        key = (guest.model, outcome.source, outcome.target, _words(outcome.as_it_is), _verdict(outcome), _end(outcome))
        rows.setdefault(key, []).append(".".join(filter(None, (guest.machine, guest.options))))
    lines = [_TITLE, ("---",) * len(_TITLE)]
    lines += [(model, _machines(machines), *others) for (model, *others), machines in rows.items()]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def summary(outcomes: list[Outcome]) -> str:
    as_they_are = sum(outcome.as_it_is.accepted for outcome in outcomes)
    gone_on = sum(outcome.holds() for outcome in outcomes)
    by_name = sum(outcome.holds() and bool(outcome.accepted) for outcome in outcomes)
    return (f"{len(outcomes)} ways: QEMU takes {as_they_are} streams as they are. Converted, {gone_on} guests go on, {by_name} of them "
            f"where armstate refuses by a name that the user can accept; {len(outcomes) - gone_on} fail.")


def _verdict(outcome: Outcome) -> str:
    if not outcome.accepted:
        return outcome.verdict
    registers = re.findall(r"^  (\S+): \w.*, vCPU 0$", "\n".join(outcome.report), re.MULTILINE)
    return f"{outcome.verdict}: {', '.join(outcome.accepted)} ({', '.join(registers)})"


def _end(outcome: Outcome) -> str:
    if outcome.answer is None:
        return "-"
    if not outcome.answer.accepted:
        return _words(outcome.answer)
    return "goes on, if that is accepted" if outcome.accepted else "goes on"


def _words(answer: Answer) -> str:
    return re.sub(r"\b(0x[0-9a-f]+|\d+)\b", "N", str(answer)).replace("|", "\\|")


def _machines(names: list[str]) -> str:
    """virt-7.2, virt-7.2.el2, virt-10.0, virt-10.0.el2: "virt-7.2, virt-10.0: -, el2" """
    by_machine: dict[str, list[str]] = {}
    for name in names:
        machine, options = re.fullmatch(r"(virt-\d+\.\d+|[^.]+)\.?(.*)", name).groups()
        by_machine.setdefault(machine, []).append(options or "none")
    by_options: dict[tuple, list[str]] = {}
    for machine, options in by_machine.items():
        by_options.setdefault(tuple(options), []).append(machine)
    return "; ".join(f"{', '.join(machines)}: {', '.join(options)}" for options, machines in by_options.items())
