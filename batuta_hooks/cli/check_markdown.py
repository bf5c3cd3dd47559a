"""A check's report as Markdown, to be put under a pull request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from batuta_hooks.checks.shared_versions import Conflict
from batuta_hooks.cli.conflicts import sides_of
from batuta_hooks.cli.terminal import counted
from batuta_hooks.domain.finding import ERROR, NOTE, WARNING
from batuta_hooks.report.markdown import code, escaped, prose, table
from batuta_hooks.stack.actions import recommended_actions
from batuta_hooks.stack.standing import UNKNOWN, Standing
from batuta_hooks.stack.verdict import HEALTHY, Crate, Placed, Report

#: GitHub takes 65 536 characters; what goes beyond is counted.
_MOST_CHARACTERS = 60_000


def check_markdown(report: Report) -> Iterator[str]:
    """The lines of the report."""
    crates = counted(len(report.crates), "crate")
    repositories = counted(len(report.checkouts), "repository", "repositories")
    lines = [
        f"## batuta-stack check: {_verdict(report)}",
        "",
        f"{crates} in {repositories}, {report.count(HEALTHY)} healthy.",
    ]
    unhealthy = [crate for crate in report.crates if crate.status != HEALTHY]
    lines += _part("### Crates", _CRATE_HEAD, [_crate(crate) for crate in unhealthy])
    lines += _part("### Conflicts", ("Dependency", "Required as", "Way out"), list(map(_conflict, report.conflicts)))
    lines += _part("### Findings", _FINDING_HEAD, [_finding(placed) for placed in report.findings])
    lines += _part("### Not judged", ("Repository", "Why"), _not_judged(report))
    yield from _fitting(lines)
    actions = [] if report.what_if else recommended_actions(report)
    if actions:
        yield from ("", "### Recommended actions", "")
    for number, action in enumerate(actions, 1):
        yield f"{number}. {prose(action.text)}: {code(action.command)}"


_CRATE_HEAD = ("Crate", "Version", "crates.io", "Status", "Publish")
_FINDING_HEAD = ("", "Where", "Code", "What", "Mend")


def _verdict(report: Report) -> str:
    counts = Counter(placed.finding.severity for placed in report.findings)
    said = [counted(counts[severity], severity) for severity in (ERROR, WARNING, NOTE) if counts[severity]]
    return ", ".join(said) or "nothing found"


def _part(title: str, head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    return ["", title, "", *table(head, rows)] if rows else []


def _crate(crate: Crate) -> tuple[str, ...]:
    verdict = crate.publishable.verdict
    return code(crate.name), escaped(crate.version or "-"), _standing(crate.standing), crate.status, verdict


def _standing(standing: Standing) -> str:
    if standing.version is None:
        return "-" if standing.state == UNKNOWN else standing.state
    return escaped(f"{standing.version} ({standing.state})")


def _finding(placed: Placed) -> tuple[str, ...]:
    finding = placed.finding
    place = code(f"{placed.path}:{finding.line}")
    return finding.severity, place, finding.code, prose(finding.message), prose(finding.fix)


def _conflict(conflict: Conflict) -> tuple[str, ...]:
    sides = "; ".join(f"{code(required)} by {', '.join(map(code, crates))}" for required, crates in sides_of(conflict))
    return code(conflict.dependency), sides, prose(conflict.recommendation)


def _not_judged(report: Report) -> list[tuple[str, ...]]:
    return [(code(one.path), escaped(one.error)) for one in report.checkouts if one.error is not None]


def _fitting(lines: list[str]) -> Iterator[str]:
    left = _MOST_CHARACTERS
    for number, line in enumerate(lines):
        left -= len(line.encode("utf-8", "replace")) + 1
        if left < 0:
            yield from ("", f"And {len(lines) - number} more lines: `batuta-stack check` prints all.")
            return
        yield line
