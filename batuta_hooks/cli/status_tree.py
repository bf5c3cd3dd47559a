"""The stack as a tree of dependencies, or of dependents: what was shown once is not shown again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.report.plain import printable
from batuta_hooks.stack.layers import Need
from batuta_hooks.stack.status import Board
from batuta_hooks.stack.verdict import HEALTHY

#: Beside a crate whose dependencies stand further up, as `cargo tree` has it.
SEEN = "(*)"


class Strokes(NamedTuple):
    """What branches are drawn with."""

    more: str = "├── "
    last: str = "└── "
    beside: str = "│   "
    below: str = "    "


ASCII = Strokes("|-- ", "`-- ", "|   ", "    ")


class Branch(NamedTuple):
    """One line of a tree.

    Attributes:
        strokes: what stands before the name.
        crate: the name.
        need: why it is here; ``None`` for a root.
        is_repeated: whether what is below it stands further up.
    """

    strokes: str
    crate: str
    need: Need | None
    is_repeated: bool


def branches(
    board: Board, *, invert: bool = False, depth: int | None = None, layer: str | None = None, strokes: Strokes
) -> Iterator[Branch]:
    """The lines of the tree, from above to below.

    Args:
        invert: show dependents below each crate, not dependencies.
        depth: how many levels below the roots to show; ``None`` for all.
        layer: the layer whose crates are the roots; ``None`` for the crates that nobody needs (or that need nobody,
            where it is inverted).

    Raises:
        BatutaError: there is no such layer.
    """
    below: dict[str, list[tuple[str, Need]]] = {}
    above: set[str] = set()
    for need in board.needs:
        here, there = (need.dependency, need.dependent) if invert else (need.dependent, need.dependency)
        below.setdefault(here, []).append((there, need))
        above.add(there)
    names = list(board.by_name)
    roots = _layer(board, layer) if layer is not None else _roots(sorted(names), below, above)
    seen: set[str] = set()
    for root in roots:
        yield from _walk(root, below, depth, seen, strokes)


def _layer(board: Board, name: str) -> Iterable[str]:
    for layer in board.layers:
        if layer.name == name:
            return layer.crates
    names = [layer.name for layer in board.layers]
    near = get_close_matches(name, names, n=1)
    raise BatutaError(
        f"there is no layer `{name}`", mend=f"did you mean `{near[0]}`?" if near else f"there are {', '.join(names)}"
    )


def _roots(names: list[str], below: dict[str, list[tuple[str, Need]]], above: set[str]) -> Iterator[str]:
    """The crates that stand below no other; of a cycle that hangs on nothing, its first crate by name."""
    reached: set[str] = set()
    firsts = [name for name in names if name not in above]
    for name in [*firsts, *names]:
        if name not in reached:
            yield name
            pending = [name]
            while pending:
                here = pending.pop()
                if here not in reached:
                    reached.add(here)
                    pending += [there for there, _ in below.get(here, ())]


def _walk(
    root: str, below: dict[str, list[tuple[str, Need]]], depth: int | None, seen: set[str], strokes: Strokes
) -> Iterator[Branch]:
    # a stack of its own: a chain of crates may be longer than Python's
    pending: list[tuple[str, Need | None, str, str, int]] = [(root, None, "", "", 0)]
    while pending:
        name, need, before, indent, level = pending.pop()
        inner = below.get(name, []) if depth is None or level < depth else []
        yield Branch(before, name, need, bool(inner) and name in seen)
        if inner and name not in seen:
            seen.add(name)
            for number, (there, why) in enumerate(reversed(inner)):
                stroke, beside = (strokes.more, strokes.beside) if number else (strokes.last, strokes.below)
                pending.append((there, why, indent + stroke, indent + beside, level + 1))


def tree_lines(
    board: Board,
    *,
    invert: bool = False,
    depth: int | None = None,
    layer: str | None = None,
    plain: bool = False,
    width: int = 0,
) -> Iterator[str]:
    """The tree as lines: the strokes, the name, the version, what is wrong; arguments and errors as `branches`.

    Args:
        plain: draw in ASCII.
        width: the columns that a line may have; what stands behind the name gives way. 0 for any number.
    """
    named = board.by_name
    strokes = ASCII if plain else Strokes()
    for branch in branches(board, invert=invert, depth=depth, layer=layer, strokes=strokes):
        rows = named[branch.crate]
        version = "/".join(dict.fromkeys(row.crate.version or "-" for row in rows))
        source, codes = _about(branch.need) if branch.need is not None else ("", ())
        states = [f"[{row.health}]" for row in rows if row.health != HEALTHY] + ([SEEN] if branch.is_repeated else [])
        yield _fitted(branch, (version, source, *codes), states, width, "..." if plain else "…")


def _fitted(branch: Branch, said: Sequence[str], states: Sequence[str], width: int, more: str) -> str:
    """The longest line that fits: states are kept longest, the name always."""
    words = [word for word in said if word]
    for count in range(len(words), -1, -1):
        kept = [*words[:count], *([more] if count < len(words) else []), *dict.fromkeys(states)]
        line = branch.strokes + printable(" ".join([branch.crate, *kept]))
        if not width or len(line) <= width:
            break
    else:
        line = branch.strokes + printable(branch.crate)
    return line


def _about(need: Need) -> tuple[str, Sequence[str]]:
    source = {"crates.io": "", "path": "by path", "git": "from git"}.get(need.source, f"from {need.source}")
    return source, need.codes
