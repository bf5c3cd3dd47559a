"""Figures from the journals of releases: how long they took and for what, what stopped them, and what to improve."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from batuta_hooks.stack.journal import BEGIN, END, GATES, NOTE, OVER, PLAN, journals, read_journal

_DONE, _FAILED, _CACHED = "done", "failed", "cached"
_MOST_FAILURES = 5
_SLOW_S, _LONG_WAIT = 300.0, 0.3
_ROLLBACK = "-rollback"


class ReleaseFigures(NamedTuple):
    """One release.

    Attributes:
        started: when its first line was written.
        seconds: until its last one, pauses between two runs left out.
        runs: how many times it was begun or gone on with.
        crates: those that went out.
        is_done: whether all of its crates did.
        phases: seconds that acting steps took, by their name, gates included.
    """

    id: str
    started: datetime
    seconds: float
    runs: int
    crates: tuple[str, ...]
    is_done: bool
    phases: dict[str, float]


class Failure(NamedTuple):
    """How often a gate failed for a repository or a crate."""

    gate: str
    whose: str
    times: int


class Metrics(NamedTuple):
    """The figures of some days; ``None`` for what was not measured.

    Attributes:
        phases: seconds by step, over all releases.
        waiting_s: of that, in which the index was waited for.
        gates_run, gates_cached: results of gates' commands.
        gates_failed: how many of those that were run failed.
        failures: the gates that failed most.
        trend: the mean duration of the newer half of the releases over that of the older one; below 1 is faster.
        recommendations: a sentence each, from these figures alone.
    """

    days: int
    releases: tuple[ReleaseFigures, ...]
    mean_s: float | None
    phases: dict[str, float]
    waiting_s: float
    gates_run: int
    gates_cached: int
    gates_failed: int
    failures: tuple[Failure, ...]
    rollbacks: int
    trend: float | None
    recommendations: tuple[str, ...]

    @property
    def goals(self) -> list[tuple[str, str]]:
        """The rows that a stack's goals are measured by, with their values."""
        mean = "not measured" if self.mean_s is None else f"{self.mean_s / 60:.1f} min"
        all_gates = self.gates_run + self.gates_cached
        passed = "not measured" if not all_gates else f"{100 * (all_gates - self.gates_failed) / all_gates:.0f} %"
        done = [one for one in self.releases if one.is_done]
        rework = "not measured" if not done else f"{100 * self.rollbacks / len(done):.0f} %"
        runs = "not measured" if not done else f"{sum(one.runs for one in done) / len(done):.1f}"
        return [
            ("Broken releases (rolled back)", str(self.rollbacks)),
            ("Release coordination time", mean),
            ("Quality gate compliance", passed),
            ("Dependency conflict detection", "not measured"),
            ("Commands per release", runs),
            ("Rework rate", rework),
        ]


def measure(own: str, days: int, now: datetime) -> Metrics:
    """The figures of the last days.

    Args:
        own: the stack's own folder.
    """
    since = now - timedelta(days=days)
    releases: list[ReleaseFigures] = []
    gates: list[dict[str, Any]] = []
    rollbacks = 0
    for name, path in journals(own).items():
        try:
            lines = [line for line in read_journal(path) if _time(line) >= since]
        except OSError:
            continue
        if not lines:
            continue
        if name.endswith(_ROLLBACK):
            rollbacks += 1
            continue
        found = [gate for line in lines if line["event"] == GATES for gate in _listed(line.get("gates"))]
        gates += [gate for gate in found if gate.get("log") or gate.get("state") in (_CACHED, _FAILED)]
        if any(line["event"] == PLAN for line in lines):
            releases.append(_figures(name, lines, found))
    releases.sort(key=lambda one: one.started)
    done = [one for one in releases if one.is_done]
    phases: defaultdict[str, float] = defaultdict(float)
    for one in releases:
        for step, seconds in one.phases.items():
            phases[step] += seconds
    failed = Counter(
        (str(gate.get("name")), str(gate.get("crate") or gate.get("repository")))
        for gate in gates
        if gate.get("state") == _FAILED
    )
    cached = sum(gate.get("state") == _CACHED for gate in gates)
    metrics = Metrics(
        days,
        tuple(releases),
        _mean(done),
        dict(phases),
        phases["index"],
        len(gates) - cached,
        cached,
        failed.total(),
        tuple(Failure(*about, times) for about, times in failed.most_common(_MOST_FAILURES)),
        rollbacks,
        _trend(done),
        (),
    )
    return metrics._replace(recommendations=tuple(_recommend(metrics, gates)))


def _figures(name: str, lines: Sequence[dict[str, Any]], gates: Iterable[dict[str, Any]]) -> ReleaseFigures:
    phases: defaultdict[str, float] = defaultdict(float)
    for line in lines:
        if line["event"] == END and not line.get("was_done"):
            phases[str(line.get("step"))] += _number(line.get("seconds"))
    phases["gates"] = sum(_number(gate.get("seconds")) for gate in gates if gate.get("state") != _CACHED)
    outcomes = [line["outcomes"] for line in lines if line["event"] == OVER and isinstance(line.get("outcomes"), dict)]
    last = outcomes[-1] if outcomes else {}
    crates = tuple(sorted(crate for crate, one in last.items() if one.get("state") == _DONE))
    # a run lasts from its first line to its last; between two of them nobody worked
    seconds, begun = 0.0, _time(lines[0])
    before = begun
    for line in lines[1:]:
        at = _time(line)
        if line["event"] in (BEGIN, END, NOTE, OVER):
            seconds += max(0.0, (at - before).total_seconds())
        before = at
    runs = sum(line["event"] == PLAN for line in lines)
    is_done = bool(last) and len(crates) == len(last)
    return ReleaseFigures(name, begun, round(seconds, 3), runs, crates, is_done, dict(phases))


def _recommend(metrics: Metrics, gates: Sequence[dict[str, Any]]) -> Iterable[str]:
    for one in metrics.failures:
        if one.times > 1:
            yield f"{one.gate} failed {one.times} times for {one.whose}: have it run at each push there"
    seconds: dict[tuple[str, str], list[float]] = {}
    for gate in gates:
        if gate.get("state") != _CACHED:
            about = str(gate.get("name")), str(gate.get("crate") or gate.get("repository"))
            seconds.setdefault(about, []).append(_number(gate.get("seconds")))
    for (name, whose), took in sorted(seconds.items(), key=lambda item: -max(item[1]))[:1]:
        if max(took) >= _SLOW_S:
            yield f"{name} of {whose} takes up to {max(took) / 60:.0f} min: it is the slowest gate"
    total = sum(metrics.phases.values())
    if total and metrics.waiting_s / total > _LONG_WAIT:
        share = 100 * metrics.waiting_s / total
        yield f"{share:.0f} % of the time is waiting for the index: release more crates side by side, in fewer waves"
    stopped = [one for one in metrics.releases if not one.is_done]
    if stopped:
        yield f"release {stopped[-1].id} is not at its end: batuta-stack release --resume {stopped[-1].id} --publish"


def _mean(releases: Sequence[ReleaseFigures]) -> float | None:
    return sum(one.seconds for one in releases) / len(releases) if releases else None


def _trend(releases: Sequence[ReleaseFigures]) -> float | None:
    half = len(releases) // 2
    older, newer = _mean(releases[:half]), _mean(releases[half:])
    return newer / older if older and newer is not None else None


def _listed(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _time(line: dict[str, Any]) -> datetime:
    try:
        return datetime.strptime(str(line.get("at")), "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
