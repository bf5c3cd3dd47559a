"""A release plan as Markdown, for a pull request or a job's summary."""

from __future__ import annotations

from collections.abc import Iterator

from batuta_hooks.cli.release_text import who_may_publish
from batuta_hooks.report.plain import printable
from batuta_hooks.stack.release import Prepared, diffs


def release_markdown(prepared: Prepared) -> Iterator[str]:
    """The lines of the document."""
    plan = prepared.plan
    yield f"# Release plan {plan.id}"
    yield ""
    if not plan.releases:
        yield "Nothing to release."
        yield ""
    else:
        yield "| wave | crate | version | tag | why |"
        yield "|---|---|---|---|---|"
    for one in plan.releases:
        version = f"{one.current} → {one.next}" if one.next != one.current else one.next
        reasons = "; ".join(one.reasons)
        cells = (str(one.wave or "-"), f"`{one.crate}`", version, f"`{one.tag}`", reasons)
        yield f"| {' | '.join(_cell(cell) for cell in cells)} |"
    if plan.releases:
        yield ""
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


def _cell(text: str) -> str:
    return printable(text).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
