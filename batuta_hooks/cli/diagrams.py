"""The stack's graph for other tools: Mermaid and Graphviz, one node or edge a line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from batuta_hooks.report.plain import printable
from batuta_hooks.stack.layers import Need
from batuta_hooks.stack.status import Board, Row
from batuta_hooks.stack.verdict import HEALTHY

_COLORS = {"error": "#b3261e", "warning": "#9a6700", "unknown": "#0969da"}
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[_-][A-Za-z0-9]+)*")

#: Words that Mermaid's grammar takes for its own, at least at the beginning of a line.
_RESERVED = {
    *("call", "class", "classdef", "click", "default", "direction", "end", "flowchart", "graph", "href"),
    *("interpolate", "linkstyle", "style", "subgraph"),
}


#: What a box of each health looks like in Mermaid, around its text; no line but nodes and edges says so.
_SHAPES = {"error": ("{{", "}}"), "warning": ("([", "])"), "unknown": ("(", ")"), HEALTHY: ("[", "]")}


def mermaid(board: Board) -> Iterator[str]:
    """The lines of a Mermaid flowchart: each crate points to what it needs."""
    yield "flowchart TD"
    named = board.by_name
    ids = {name: _mermaid_id(name, number) for number, name in enumerate(sorted(named))}
    for name in sorted(named):
        left, right = _SHAPES[_worst(named[name])]
        yield f'    {ids[name]}{left}"{_mermaid_text(_label(name, named[name]))}"{right}'
    for need in board.needs:
        text = f'|"{" ".join(need.codes)}"|' if need.codes else ""
        arrow = "-.->" if need.severity else "-->"
        yield f"    {ids[need.dependent]} {arrow}{text} {ids[need.dependency]}"


def _mermaid_id(name: str, number: int) -> str:
    """The name itself where Mermaid takes it for one; `o` and `x` begin ends of arrows."""
    is_plain = _PLAIN.fullmatch(name) and not _RESERVED.intersection(re.split("[_-]", name.lower()))
    return name if is_plain and name[0] not in "oxOX" else f"crate{number}"


def _mermaid_text(text: str) -> str:
    """Text in a quoted label: whatever Mermaid or a browser could take for its own is a number."""
    return "".join(c if c.isalnum() or c in " .-_+/()" else f"#{ord(c)};" for c in text)


def dot(board: Board) -> Iterator[str]:
    """The lines of a Graphviz digraph: each crate points to what it needs."""
    yield "digraph stack {"
    for name, rows in sorted(board.by_name.items()):
        health = _worst(rows)
        color = f', color="{_COLORS[health]}", penwidth=3' if health in _COLORS else ""
        yield f"    {_quoted(name)} [label={_quoted(_label(name, rows))}, shape=box{color}];"
    for need in board.needs:
        yield f"    {_quoted(need.dependent)} -> {_quoted(need.dependency)}{_edge(need)};"
    yield "}"


def _edge(need: Need) -> str:
    if not need.severity:
        return ""
    return f' [label="{" ".join(need.codes)}", color="{_COLORS[need.severity]}", style=dashed]'


def _quoted(text: str) -> str:
    """Text as Graphviz quotes it; a backslash would begin one of its escapes."""
    return '"' + printable(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _worst(rows: Sequence[Row]) -> str:
    healths = {row.health for row in rows}
    return next(health for health in _SHAPES if health in healths)


def _label(name: str, rows: Sequence[Row]) -> str:
    versions = "/".join(dict.fromkeys(row.crate.version or "-" for row in rows))
    health = _worst(rows)
    return printable(f"{name} {versions}") + (f" ({health})" if health != HEALTHY else "")
