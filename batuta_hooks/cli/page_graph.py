"""The stack's graph as SVG: waves as columns, each crate to the right of what it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from batuta_hooks.cli.page_text import Attributes, element, text
from batuta_hooks.cli.status_cells import SIGNS
from batuta_hooks.stack.layers import Need, waves_of
from batuta_hooks.stack.status import Board, Row
from batuta_hooks.stack.verdict import HEALTHY

_WIDTH, _HEIGHT, _GAP, _COLUMN = 180, 30, 12, 240
_MARGIN = 16
_GUTTER, _BEND = _COLUMN - _WIDTH, 30
_SWEEPS = 4
_LONGEST = 22  # characters of a name that fit into its box


class Place(NamedTuple):
    """Where a crate's box stands, in pixels: its left edge and its top edge."""

    x: int
    y: int


def layout(needs: tuple[Need, ...]) -> dict[str, Place]:
    """A place for each crate that needs another or is needed; the same for the same needs.

    A crate's column is its wave; in a column, crates stand near those that they are joined to.
    """
    names = sorted({name for need in needs for name in (need.dependent, need.dependency)})
    columns = waves_of(names, needs)
    below: dict[str, list[str]] = {name: [] for name in names}
    above: dict[str, list[str]] = {name: [] for name in names}
    for need in needs:
        below[need.dependent].append(need.dependency)
        above[need.dependency].append(need.dependent)
    for _ in range(_SWEEPS):
        for order, joined in ((columns[1:], below), (columns[-2::-1], above)):
            rank = {name: number / len(column) for column in columns for number, name in enumerate(column)}
            for column in order:
                column.sort(key=_nearness(joined, rank))
                rank.update({name: number / len(column) for number, name in enumerate(column)})
    return {
        name: Place(_MARGIN + wave * _COLUMN, _MARGIN + number * (_HEIGHT + _GAP))
        for wave, column in enumerate(columns)
        for number, name in enumerate(column)
    }


def _nearness(joined: Mapping[str, list[str]], rank: Mapping[str, float]) -> Callable[[str], tuple[float, str]]:
    def key(name: str) -> tuple[float, str]:
        others = [rank[other] for other in joined[name]]
        return (sum(others) / len(others) if others else rank[name], name)

    return key


def graph(board: Board, anchors: Mapping[str, str]) -> Iterator[str]:
    """The lines of the SVG element; nothing where no crate needs another.

    Args:
        anchors: where the page tells of a crate, by name.
    """
    places = layout(board.needs)
    if not places:
        return
    width = max(place.x for place in places.values()) + _WIDTH + _MARGIN
    height = max(place.y for place in places.values()) + _HEIGHT + _MARGIN
    named = board.by_name
    numbers = {name: str(number) for number, name in enumerate(sorted(places))}
    size = {"viewBox": f"0 0 {width} {height}", "width": str(width), "height": str(height)}
    yield element("svg", {"id": "graph", "role": "group", "aria-label": "Who needs whom", **size}, close=False)
    # sound edges first, so that the others are drawn over them
    for need in sorted(board.needs, key=lambda need: (need.severity == "error", need.severity != "", need)):
        yield _edge(need, places, numbers)
    for name in sorted(places, key=lambda name: places[name]):
        yield _node(name, named[name], places[name], {"href": f"#{anchors[name]}", "data-node": numbers[name]})
    yield "</svg>"


def _edge(need: Need, places: Mapping[str, Place], numbers: Mapping[str, str]) -> str:
    said = f"{need.dependent} needs {need.dependency}"
    said += f" {need.requirement}" if need.requirement else ""
    said += f": {' '.join(need.codes)}" if need.codes else ""
    attributes = {
        "class": f"edge {need.severity}".strip(),
        "d": _line(places[need.dependent], places[need.dependency]),
        "data-from": numbers[need.dependent],
        "data-to": numbers[need.dependency],
    }
    return element("path", attributes, element("title", {}, text(said)))


def _line(start: Place, end: Place) -> str:
    """From the left side of a box to the right side of another; over several columns between the rows of boxes."""
    x1, y1, x2, y2 = start.x, start.y + _HEIGHT // 2, end.x + _WIDTH, end.y + _HEIGHT // 2
    if x1 - x2 <= _GUTTER:
        bend = max((x1 - x2) // 2, _BEND)
        return f"M{x1} {y1}C{x1 - bend} {y1} {x2 + bend} {y2} {x2} {y2}"
    row = round(((y1 + y2) / 2 - _MARGIN) / (_HEIGHT + _GAP))
    between = _MARGIN + row * (_HEIGHT + _GAP) - _GAP // 2
    left, right = x2 + _GUTTER, x1 - _GUTTER
    down = f"M{x1} {y1}C{x1 - _BEND} {y1} {right + _BEND} {between} {right} {between}H{left}"
    return f"{down}C{left - _BEND} {between} {x2 + _BEND} {y2} {x2} {y2}"


def _node(name: str, rows: Sequence[Row], place: Place, attributes: Attributes) -> str:
    health = next(worst for worst in SIGNS if any(row.health == worst for row in rows))
    shown = name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
    box = {"x": str(place.x), "y": str(place.y), "width": str(_WIDTH), "height": str(_HEIGHT), "rx": "6"}
    sign = "" if health == HEALTHY else f"{SIGNS[health]} "
    parts = (
        element("title", {}, text(f"{name} {rows[0].crate.version or ''}: {health}")),
        element("rect", box, ""),
        element("text", {"x": str(place.x + 10), "y": str(place.y + 20)}, text(f"{sign}{shown}")),
    )
    return element("a", {"class": f"node {health}", **attributes}, "".join(parts))
