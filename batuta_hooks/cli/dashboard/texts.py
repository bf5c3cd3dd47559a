"""What the dashboard's other screens say, as lines."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from rich.text import Text

from batuta_hooks.cli.status_cells import SIGNS, STYLES, gate_text, sources
from batuta_hooks.domain.finding import Finding
from batuta_hooks.report.plain import printable
from batuta_hooks.stack.status import Board, Row

KEYS = (
    ("arrows", "move, as page up, page down, home and end do"),
    (
        "enter",
        "all about the crate under the cursor: findings with mends, who needs it, where each figure comes from",
    ),
    ("/", "filter by words in names, repositories, health and reasons; enter keeps it, escape drops it"),
    ("o", "show only what needs action, or everything"),
    ("g", "the gates that passed, when, and on which tree"),
    ("t", "the tree of dependencies; i turns it round"),
    ("r", "look at the stack again"),
    ("c", "look again and list every finding, and what to do"),
    ("s", "what sync would change; it asks before it changes anything"),
    ("?", "this page"),
    ("escape", "back"),
    ("q", "quit"),
)
_NOTES = (
    "Signs: " + ", ".join(f"{sign} {health}" for health, sign in SIGNS.items()),
    "Released 12d +3: published 12 days ago, 3 commits since its tag",
    "Cov ~87%: measured on another tree than the one that is checked out",
    "Git main* +2 -1: not all is committed; 2 commits ahead of the upstream, 1 behind",
)


def help_lines(width: int) -> list[Text]:
    """The keys and what they do, and what the signs mean."""
    lines = []
    for key, what in KEYS:
        first, *rest = textwrap.wrap(what, max(width - 10, 20))
        lines += [Text.assemble((f"{key:>8}", "bold"), "  ", first), *(Text(f"{'':10}{part}") for part in rest)]
    return [*lines, Text(""), *_wrapped(_NOTES, width, "")]


def crate_lines(board: Board, row: Row, width: int) -> list[Text]:
    """All that is known of a crate."""
    crate = row.crate
    title = Text.assemble((printable(f"{crate.name} {crate.version or ''}"), "bold"), "  ")
    title.append(f"{SIGNS[row.health]} {row.health}", STYLES[row.health])
    lines = [title, Text("")]
    lines += _block("Findings", _findings(((_place(row, one), one) for one in crate.findings), width), "none")
    needs = [need for need in board.needs if need.dependent == crate.name]
    needed = [need for need in board.needs if need.dependency == crate.name]
    below = [f"{need.dependency} {need.requirement or ''} {' '.join(need.codes)}".rstrip() for need in needs]
    above = [f"{need.dependent} {need.requirement or ''} {' '.join(need.codes)}".rstrip() for need in needed]
    lines += _block("Needs of the stack", _wrapped(below, width), "nothing")
    lines += _block("Needed by", _wrapped(above, width), "nobody")
    open_questions = [f"{unknown.crate}: {unknown.why}" for unknown in crate.unknown]
    if open_questions:
        lines += _block("Undecided", _wrapped(open_questions, width), "")
    lines += _block(f"Publish: {crate.publishable.verdict}", _wrapped(filter(None, [crate.publishable.why]), width), "")
    where = [source for source in sources(row) if not source.startswith("publish: ")]
    lines += _block("Where this comes from", _wrapped(where, width), "")
    return lines


def gates_lines(board: Board, width: int) -> list[Text]:
    """The gates that passed, by repository."""
    passed: dict[str, dict[str, None]] = {}
    for row in board.rows:
        lines = passed.setdefault(row.crate.repository, {})
        lines.update(dict.fromkeys(map(gate_text, row.gates)))
    found: list[Text] = []
    for repository, texts in passed.items():
        if texts:
            found += _block(printable(repository), _wrapped(texts, width), "")
    return found or [Text("No gate has passed yet: batuta-stack release runs them.")]


def findings_lines(board: Board, width: int) -> list[Text]:
    """Every finding, the errors first, and what to do."""
    order = {"error": 0, "warning": 1}
    placed = sorted(board.report.findings, key=lambda one: (order.get(one.finding.severity, 2), one))
    lines = _block("Findings", _findings(((one.path, one.finding) for one in placed), width), "none")
    actions = [f"{number}. {one.text}: {one.command}" for number, one in enumerate(board.actions, 1)]
    lines += _block("Pending actions", _wrapped(actions, width), "none")
    failed = [f"{one.path}: {one.error}" for one in board.report.checkouts if one.error is not None]
    return lines + (_block("Not judged", _wrapped(failed, width), "") if failed else [])


def _place(row: Row, finding: Finding) -> str:
    return finding.path if row.crate.repository == "." else f"{row.crate.repository}/{finding.path}"


def _findings(placed: Iterable[tuple[str, Finding]], width: int) -> Iterator[Text]:
    for path, finding in placed:
        style = STYLES.get(finding.severity, "")
        sign = SIGNS.get(finding.severity, "i")
        yield Text.assemble(
            (f"{sign} {finding.severity} {finding.code}", style), printable(f" {path}:{finding.line}:{finding.column}")
        )
        yield from _wrapped([finding.message], width, "    ")
        if finding.fix:
            yield from _wrapped([f"mend: {finding.fix}"], width, "    ")


def _block(title: str, lines: Iterable[Text], otherwise: str) -> list[Text]:
    found = list(lines) or ([Text(f"  {otherwise}")] if otherwise else [])
    return [Text(title, "bold"), *found, Text("")]


def _wrapped(lines: Iterable[str], width: int, indent: str = "  ") -> Iterator[Text]:
    for line in lines:
        for part in textwrap.wrap(
            printable(line),
            max(width, 20),
            initial_indent=indent,
            subsequent_indent=f"{indent}  ",
            break_on_hyphens=False,
        ):
            yield Text(part)
