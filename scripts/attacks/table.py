"""What the attacks did, as a table, and whether that is a pass."""

from .attack import Outcome
from .well_behaved import Counted

# Without any attack, two to eight processes that only compute, at the attackers' priority, bring the p99 of reads from 3 to 6 ms up to 8 on
# two cores: who had a p99 of less than 1 ms before would fail by that, and what is below this tells of the processor and not of armstated.
_NOISE_MS = 10
_TITLE = ("ATTACK", "CALLS", "ERRORS", "PUSH P99 MS", "(QUIET)", "READ P99 MS", "(QUIET)", "PEAK MB", "ACKNOWLEDGED", "GONE", "")


def judge(outcome: Outcome, may_be_refused: frozenset[str], p99_times: float) -> list[str]:
    """All that is wrong, in sentences. p99_times: how many times the quiet p99 may be."""
    wrong = list(outcome.wrong)
    if outcome.quiet is None or outcome.attacked is None or outcome.verified is None:
        return wrong + ["the attack was not made to its end"]
    if outcome.quiet.errors:
        wrong.append(f"the well-behaved client had errors before: {outcome.quiet.first_error}")
    if unexpected(outcome.attacked, may_be_refused):
        wrong.append(f"the well-behaved client has {outcome.attacked.errors}, first {outcome.attacked.first_error}")
    for what in ("read",) if may_be_refused else ("push", "read"):  # a push that is refused is called again, which takes its time
        quiet, attacked = (getattr(counted, f"{what}_p99_ms") for counted in (outcome.quiet, outcome.attacked))
        if attacked > max(p99_times * quiet, _NOISE_MS):
            wrong.append(f"the p99 of a {what} is {attacked:.1f} ms, {attacked / max(quiet, 0.001):.0f} times that of {quiet:.1f} ms before")
    if outcome.peak == 0:
        wrong.append("armstated is gone")
    if outcome.peak > outcome.memory_limit:
        wrong.append(f"armstated took {outcome.peak >> 20} MiB, of {outcome.memory_limit >> 20}")
    if outcome.verified.gone:
        wrong.append(f"{outcome.verified.gone} of {outcome.verified.acknowledged} acknowledged checkpoints are gone, first {outcome.verified.first_gone}")
    return wrong


def unexpected(counted: Counted, may_be_refused: frozenset[str]) -> int:
    return sum(count for code, count in counted.errors.items() if code not in may_be_refused)


def row(outcome: Outcome, may_be_refused: frozenset[str], wrong: list[str]) -> tuple[str, ...]:
    end = "FAILED" if wrong else "passed"
    if outcome.quiet is None or outcome.attacked is None or outcome.verified is None:
        return (outcome.name, *("-" for _ in _TITLE[2:]), end)
    quiet, attacked = outcome.quiet, outcome.attacked
    return (outcome.name, str(attacked.calls), str(unexpected(attacked, may_be_refused)), f"{attacked.push_p99_ms:.1f}",
            f"({quiet.push_p99_ms:.1f})", f"{attacked.read_p99_ms:.1f}", f"({quiet.read_p99_ms:.1f})", str(outcome.peak >> 20),
            str(outcome.verified.acknowledged), str(outcome.verified.gone), end)


def text(rows: list[tuple[str, ...]]) -> str:
    lines = [_TITLE, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(_TITLE))]
    return "\n".join("  ".join(cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(line, widths, strict=True)))
                     .rstrip() for line in lines)
