"""A release plan for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from batuta_hooks.cli.terminal import age, console
from batuta_hooks.domain.finding import Unknown
from batuta_hooks.report.plain import printable
from batuta_hooks.stack.gate_values import FAILED, PENDING, GateResult
from batuta_hooks.stack.gates import of_crate
from batuta_hooks.stack.plan_values import Plan, PlannedRelease
from batuta_hooks.stack.rehearse import Rehearsal
from batuta_hooks.stack.release import Prepared, Results, diffs


def print_plan(
    prepared: Prepared, results: Results, rehearsal: Rehearsal | None, *, color: bool, quiet: bool, verbose: bool
) -> None:
    """Print a plan on standard output; with `verbose` the manifests' diffs too, with `quiet` what blocks alone."""
    out = console(color=color)
    lines = _blocked(prepared.plan) if quiet else _lines(prepared, results, verbose=verbose)
    for text, style in lines:
        out.print(printable(text), style=style, soft_wrap=True)
    if rehearsal is not None:
        for text, style in _rehearsed(rehearsal):
            out.print(printable(text), style=style, soft_wrap=True)


def _lines(prepared: Prepared, results: Results, *, verbose: bool) -> Iterator[tuple[str, str]]:
    plan = prepared.plan
    if not plan.releases and not plan.blocked:
        yield "Nothing to release.", "green"
    wave_of = {crate: number for number, wave in enumerate(plan.waves, 1) for crate in wave}
    for number in range(1, len(plan.waves) + 1):
        yield f"Wave {number}", "bold"
        for one in (release for release in plan.releases if wave_of.get(release.crate) == number):
            yield from _release(one)
            gates = of_crate(results.get(one.repository, ()), one.crate)
            yield from _gates(gate for gate in gates if verbose or gate.state != PENDING)
    for crate, why in plan.left_out:
        yield f"{crate}: {why}", "dim"
    yield from _blocked(plan)
    if verbose:
        for path, lines in diffs(prepared).items():
            yield f"{path}", "bold"
            yield from ((line, _shade(line)) for line in lines)
        if any(one.locks for one in plan.repositories):
            yield "Lock files: cargo settles checksums, and what else has to move, when each wave is published.", "dim"
    yield from _ends(plan)


def _ends(plan: Plan) -> Iterator[tuple[str, str]]:
    for one in plan.repositories:
        branch = one.branch or "no branch"
        how = f"{branch} by pull request" if one.by_request else branch
        yield f"{one.path}: {how} and {', '.join(one.tags) or 'no tag'} to {one.remote}", "dim"
    yield from ((line, "dim") for line in who_may_publish(plan))
    yield from ((f"warning: {warning}", "yellow") for warning in plan.warnings)
    yield from ((f"unknown: {unknown.crate}: {unknown.why}", "yellow") for unknown in plan.unknown)
    if plan.releases:
        yield from _sum(plan)


def who_may_publish(plan: Plan) -> Iterator[str]:
    """Crates with the same owners share a line; those whose owners are not known, the reason."""
    crates: dict[str, list[str]] = {}
    for one in plan.owners:
        said = f"not known: {one.logins.why}" if isinstance(one.logins, Unknown) else ", ".join(one.logins)
        crates.setdefault(said or "nobody", []).append(one.crate)
    yield from (f"who may publish {', '.join(names)}: {said}" for said, names in crates.items())


def _sum(plan: Plan) -> Iterator[tuple[str, str]]:
    for wait in plan.schedule.waits:
        yield f"{wait.crate} waits {age(wait.seconds)} for the limit on {wait.limit}", "dim"
    waiting = f"; crates.io's limits take {age(plan.schedule.eta_s)} (if its buckets are full)"
    crates, waves = len(plan.releases), len(plan.waves)
    counted = f"{crates} crate{'s' * (crates != 1)} in {waves} wave{'s' * (waves != 1)}"
    yield f"Plan {plan.id}: {counted}{waiting if plan.schedule.eta_s else ''}", "bold"


def _release(one: PlannedRelease) -> Iterator[tuple[str, str]]:
    version = f"{one.current} → {one.next}" if one.next != one.current else one.next
    style = "red" if one.state == "blocked" else ""
    yield f"  {one.crate} {version}  {one.tag}{'  blocked' if style else ''}", style
    yield from ((f"      {reason}", "dim") for reason in one.reasons)
    for update in one.requirement_updates:
        whose = "" if update.dependent == one.crate else f" of {update.dependent}"
        yield f"      {update.dependency} `{update.before}` → `{update.after}`{whose}", ""
    for dependent, requirement in one.breaks:
        yield f"      breaks {dependent}, which requires `{requirement}`", "yellow"


def _gates(results: Iterable[GateResult]) -> Iterator[tuple[str, str]]:
    """The gates by how they stand: those that failed say why."""
    by_state: dict[str, list[str]] = {}
    for one in results:
        by_state.setdefault(one.state, []).append(f"{one.name}: {one.detail}" if one.state == FAILED else one.name)
    for state, names in by_state.items():
        yield f"      gates {state}: {', '.join(names)}", "red" if state == FAILED else "dim"


def _rehearsed(rehearsal: Rehearsal) -> Iterator[tuple[str, str]]:
    for step in rehearsal.failed:
        yield f"rehearsal: {step.crate or step.repository}: {step.name} failed", "red"
        yield from ((f"    {line}", "") for line in step.said.splitlines())
    for crate in rehearsal.waiting:
        yield f"rehearsal: {crate}: not tried, for a crate that it needs failed", "yellow"
    if not rehearsal.failed:
        yield f"The rehearsal passed: {len(rehearsal.steps)} steps in {rehearsal.seconds:.1f} s", "green"


def _blocked(plan: Plan) -> Iterator[tuple[str, str]]:
    blocked = {one.crate for one in plan.blocked}
    for one in plan.blocked:
        by = f"{', '.join(one.by)}: " if blocked.isdisjoint(one.by) else ""
        yield f"blocked: {one.crate}: {by}{one.why}", "red"
        if one.mend:
            yield f"    {one.mend}", ""


def _shade(line: str) -> str:
    return {"+": "green", "-": "red"}.get(line[:1], "dim")
