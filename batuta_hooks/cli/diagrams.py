"""The stack's graph for other tools: Mermaid and Graphviz, one node or edge a line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from batuta_hooks.report.plain import printable
from batuta_hooks.stack.layers import Need
from batuta_hooks.stack.status import Board
from batuta_hooks.stack.verdict import HEALTHY

_COLORS = {"error": "#b3261e", "warning": "#9a6700", "unknown": "#0969da"}
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[_-][A-Za-z0-9]+)*")

#: Words that Mermaid's grammar takes for its own, at least at the beginning of a line.
_RESERVED = {
    *("call", "class", "classdef", "click", "default", "direction", "end", "flowchart", "graph", "href"),
    *("interpolate", "linkstyle", "style", "subgraph"),
}


def mermaid(board: Board) -> Iterator[str]:
    """The lines of a Mermaid flowchart: each crate points to what it needs."""
    yield "flowchart TD"
    named = board.by_name
    ids = {name: _mermaid_id(name, number) for number, name in enumerate(sorted(named))}
    used = set()
    for name in sorted(named):
        health = _worst(board, name)
        used.add(health)
        yield f'    {ids[name]}["{_mermaid_text(_label(board, name))}"]:::{health}'
    for need in board.needs:
        text = f'|"{" ".join(need.codes)}"|' if need.codes else ""
        arrow = "-.->" if need.severity else "-->"
        yield f"    {ids[need.dependent]} {arrow}{text} {ids[need.dependency]}"
    for health in sorted(used):
        yield f"    classDef {health} {_class(health)}"


def _class(health: str) -> str:
    return f"stroke:{_COLORS[health]},stroke-width:3px" if health in _COLORS else "stroke-width:1px"


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
    yield "    rankdir=TB; node [shape=box];"
    for name in sorted(board.by_name):
        health = _worst(board, name)
        color = f', color="{_COLORS[health]}", penwidth=3' if health in _COLORS else ""
        yield f"    {_quoted(name)} [label={_quoted(_label(board, name))}{color}];"
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


def _worst(board: Board, name: str) -> str:
    healths = {row.health for row in board.by_name[name]}
    return next(health for health in (*_COLORS, HEALTHY) if health in healths)


def _label(board: Board, name: str) -> str:
    rows = board.by_name[name]
    versions = "/".join(dict.fromkeys(row.crate.version or "-" for row in rows))
    health = _worst(board, name)
    return printable(f"{name} {versions}") + (f" ({health})" if health != HEALTHY else "")
