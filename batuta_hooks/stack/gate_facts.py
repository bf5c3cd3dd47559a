"""What the gates of earlier releases said of a repository, and whether it is still the tree that they ran on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.stack.checkouts import Checkout
from batuta_hooks.stack.gate_cache import Kept
from batuta_hooks.stack.gate_values import COVERAGE, LINT
from batuta_hooks.stack.gates import tree_of
from batuta_hooks.stack.measured import Coverage

_NS = 10**9


class GateFact(NamedTuple):
    """The last time that a gate passed.

    Attributes:
        name: the gate.
        crate: the crate that it was run for alone; empty for the whole repository.
        age_s: seconds since then.
        tree_is_current: whether the checkout holds that very tree, all of it committed.
        figure: what it counted; ``None`` where it counts nothing.
    """

    name: str
    crate: str
    age_s: int
    tree_is_current: bool
    detail: str
    figure: float | None
    seconds: float


def gate_facts(folder: str, checkout: Checkout, kept: Iterable[Kept], now: datetime) -> tuple[GateFact, ...]:
    """The last results of a repository's gates, by name.

    Args:
        folder: the absolute path of the checkout.
        kept: all results, the newest first.
    """
    last: dict[tuple[str, str], Kept] = {}
    for one in kept:
        if one.repository == checkout.path:
            last.setdefault((one.name, one.crate), one)
    if not last:
        return ()
    tree = _tree(folder, checkout)
    return tuple(
        GateFact(
            name=one.name,
            crate=one.crate,
            age_s=max(int(now.timestamp() - one.passed_ns / _NS), 0),
            tree_is_current=one.tree == tree,
            detail=one.detail,
            figure=one.figure,
            seconds=one.seconds,
        )
        for _, one in sorted(last.items())
    )


def _tree(folder: str, checkout: Checkout) -> str:
    """The tree that is checked out; empty where there is none, or files differ from it."""
    if checkout.status is None or checkout.status.dirty:
        return ""
    try:
        return tree_of(folder)
    except BatutaError:
        return ""


def for_crate(facts: Iterable[GateFact], crate: str) -> Iterator[GateFact]:
    """The gates that were about a crate, or about its whole repository."""
    return (fact for fact in facts if fact.crate in ("", crate))


def warnings_in(facts: Iterable[GateFact]) -> GateFact | None:
    """The last lint that passed, if it counted its warnings."""
    return next((fact for fact in facts if fact.name == LINT and fact.figure is not None), None)


def newer_coverage(facts: Iterable[GateFact], found: Coverage | None) -> Coverage | None:
    """The coverage that the gate counted, or a file's where that is newer.

    A file that the gate's own run has written may tell of the crate alone: then it stays, with the gate's knowledge of
    the tree.
    """
    gate = next((fact for fact in facts if fact.name == COVERAGE and fact.figure is not None), None)
    if gate is None or gate.figure is None or (found is not None and found.age_s < gate.age_s):
        return found
    if found is not None and found.is_of_crate and found.age_s <= gate.age_s + gate.seconds + 1:
        return found._replace(tree_is_current=gate.tree_is_current)
    return Coverage(gate.figure, gate.age_s, gate.tree_is_current, f"the gate `{COVERAGE}`", False)
