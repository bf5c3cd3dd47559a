"""A release plan as Markdown, for a pull request or a job's summary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from batuta_hooks.cli.release_text import who_may_publish
from batuta_hooks.report.plain import printable
from batuta_hooks.stack.plan_values import Plan
from batuta_hooks.stack.release import Prepared, diffs
from batuta_hooks.stack.release_run import Outcome


def release_markdown(prepared: Prepared, outcomes: Mapping[str, Outcome] | None = None) -> Iterator[str]:
    """The lines of the document.

    Args:
        outcomes: how each crate's release stands, where the plan was carried out.
    """
    plan = prepared.plan
    yield f"# Release plan {plan.id}"
    yield ""
    yield from _releases(plan, outcomes)
    for blocked in plan.blocked:
        yield f"- **blocked** `{_cell(blocked.crate)}` ({', '.join(blocked.by)}): {_cell(blocked.why)}"
    for warning in plan.warnings:
        yield f"- warning: {_cell(warning)}"
    for said in who_may_publish(plan):
        yield f"- {_cell(said)}"
    for path, lines in diffs(prepared).items():
        if lines:
            yield ""
            yield f"## {_cell(path)}"
            yield ""
            yield "```diff"
            yield from (printable(line) for line in lines)
            yield "```"
    if plan.schedule.eta_s:
        yield ""
        yield f"The limits of crates.io keep it waiting {plan.schedule.eta_s} s, if its buckets are full."


def _releases(plan: Plan, outcomes: Mapping[str, Outcome] | None) -> Iterator[str]:
    if not plan.releases:
        yield "Nothing to release."
    else:
        yield f"| wave | crate | version | tag | why |{' state |' * (outcomes is not None)}"
        yield f"|---|---|---|---|---|{'---|' * (outcomes is not None)}"
    for one in plan.releases:
        version = f"{one.current} → {one.next}" if one.next != one.current else one.next
        cells = [str(one.wave or "-"), f"`{one.crate}`", version, f"`{one.tag}`", "; ".join(one.reasons)]
        if outcomes is not None:
            state, why = outcomes[one.crate].state, outcomes[one.crate].why.partition("\n")[0]
            cells.append(f"{state}: {why}" if why else state)
        yield f"| {' | '.join(_cell(cell) for cell in cells)} |"
    yield ""


def _cell(text: str) -> str:
    return printable(text).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
