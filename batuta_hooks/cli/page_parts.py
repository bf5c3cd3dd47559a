"""The parts of the page: what is counted, what to do, the crates by layer, their findings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from batuta_hooks.cli.page_text import crates_io_link, element, text
from batuta_hooks.cli.status_cells import (
    NOTHING,
    SIGNS,
    coverage_text,
    git_text,
    needs_action,
    released_text,
    sources,
    warnings_text,
)
from batuta_hooks.domain.finding import Finding
from batuta_hooks.stack.standing import EQUAL, UNKNOWN
from batuta_hooks.stack.status import Board, Row

_TITLES = ("Crate", "Version", "Health", "crates.io", "Publish", "Released", "Coverage", "Warnings", "Git")


def anchors_of(board: Board) -> dict[str, str]:
    """Where the page tells of each crate: the first one, where several have a name."""
    anchors: dict[str, str] = {}
    for number, row in enumerate(board.rows):
        anchors.setdefault(row.crate.name, f"crate-{number}")
    return anchors


def counts(board: Board) -> Iterator[str]:
    """How many crates there are, and how many of each health."""
    healths = [row.health for row in board.rows]
    yield '<ul class="counts">'
    yield f"<li><strong>{len(healths)}</strong> {'crate' if len(healths) == 1 else 'crates'}</li>"
    for health, sign in reversed(SIGNS.items()):
        number = healths.count(health)
        yield f'<li class="{health}"><strong>{number}</strong> <span aria-hidden="true">{sign}</span> {health}</li>'
    yield "</ul>"


def actions(board: Board) -> Iterator[str]:
    """What to do, numbered, each with its command."""
    if not board.actions:
        yield "<p>Nothing to do.</p>"
        return
    yield "<ol>"
    for action in board.actions:
        yield f"<li>{text(action.text)}: <code>{text(action.command)}</code></li>"
    yield "</ol>"


def not_judged(board: Board) -> Iterator[str]:
    """The repositories that could not be judged, and why."""
    failed = [checkout for checkout in board.report.checkouts if checkout.error is not None]
    if failed:
        yield "<h3>Not judged</h3><ul>"
        for checkout in failed:
            yield f"<li><code>{text(checkout.path)}</code> ({text(checkout.state)}): {text(checkout.error or '')}</li>"
        yield "</ul>"


def table(board: Board) -> Iterator[str]:
    """A row a crate, a body a layer."""
    numbers = {id(row): number for number, row in enumerate(board.rows)}
    yield '<table id="crates"><caption class="quiet">Crates by layer</caption><thead><tr>'
    yield "".join(f'<th scope="col">{title}</th>' for title in _TITLES)
    yield "</tr></thead>"
    for layer in board.layers:
        heading = element("th", {"scope": "rowgroup", "colspan": str(len(_TITLES))}, text(layer.name))
        yield f'<tbody><tr class="layer">{heading}</tr>'
        for row in board.in_layer(layer):
            yield _row(row, numbers[id(row)])
        yield "</tbody>"
    yield "</table>"


def _row(row: Row, number: int) -> str:
    crate = row.crate
    shown = f'<span aria-hidden="true">{SIGNS[row.health]}</span> {row.health}'
    cells = [
        text(crate.version or NOTHING),
        f'<span class="health {row.health}">{shown}</span>',
        _published(row),
        text(crate.publishable.verdict),
        text(released_text(row)),
        text(coverage_text(row)),
        text(warnings_text(row)),
        text(git_text(row)),
    ]
    attributes = {
        "id": f"crate-{number}",
        "class": "crate",
        "data-health": row.health,
        "data-action": "yes" if needs_action(row) else "no",
        "data-text": f"{crate.name} {crate.repository} {' '.join(row.reasons)}".lower(),
    }
    first = element("th", {"scope": "row"}, text(crate.name) + _details(row))
    titled = zip(_TITLES[1:], cells, strict=True)
    rest = "".join(f'<td data-title="{title}">{cell}</td>' for title, cell in titled)
    return element("tr", attributes, first + rest)


def _published(row: Row) -> str:
    standing = row.crate.standing
    if standing.version is None:
        return text(NOTHING if standing.state == UNKNOWN else standing.state)
    state = "" if standing.state in (EQUAL, UNKNOWN) else f" {text(standing.state)}"
    return crates_io_link(row.crate.name, standing.version, standing.version) + state


def _details(row: Row) -> str:
    """Where every figure comes from, and why the crate is not healthy; closed until somebody wants it."""
    lines = [f"<li>{text(reason)}</li>" for reason in row.reasons]
    lines += [f"<li>{text(line)}</li>" for line in sources(row)]
    return f"<details><summary>details</summary><ul>{''.join(lines)}</ul></details>"


def findings(board: Board, anchors: Mapping[str, str]) -> Iterator[str]:
    """Every finding with its place and its mend, the errors first."""
    order = {"error": 0, "warning": 1}
    placed = sorted(board.report.findings, key=lambda one: (order.get(one.finding.severity, 2), one))
    if not placed:
        yield "<p>None.</p>"
        return
    yield '<ul class="findings">'
    for one in placed:
        yield _finding(one.path, one.finding, anchors)
    yield "</ul>"


def _finding(path: str, finding: Finding, anchors: Mapping[str, str]) -> str:
    crate = text(finding.crate)
    if finding.crate in anchors:
        crate = element("a", {"href": f"#{anchors[finding.crate]}"}, crate)
    sign = SIGNS.get(finding.severity, "i")
    signed = f'<span aria-hidden="true">{sign}</span> {finding.severity}'
    parts = [
        element("span", {"class": f"health {finding.severity}"}, signed),
        f" <b>{finding.code}</b> {crate} ",
        element("code", {}, text(f"{path}:{finding.line}:{finding.column}")),
        element("div", {}, text(finding.message)),
        element("div", {"class": "mend"}, text(finding.fix)) if finding.fix else "",
    ]
    said = f"{finding.crate} {path} {finding.code} {finding.message}".lower()
    return element("li", {"data-health": finding.severity, "data-text": said}, "".join(parts))
