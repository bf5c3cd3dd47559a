"""What a locked package needs, found for all packages at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from batuta_hooks.checks.lock_graph import LockGraph
from batuta_hooks.domain.lockfile import LockedPackage

_NAMES = [f"p{number}" for number in range(8)]


@given(st.lists(st.lists(st.sampled_from(_NAMES), max_size=4, unique=True), min_size=8, max_size=8))
def test_all_that_is_needed(needs: list[list[str]]) -> None:
    """It is what walking from each package alone comes to, circles (which tests make) or none."""
    packages = [
        LockedPackage(name, "1.0.0", None, None, tuple(needed)) for name, needed in zip(_NAMES, needs, strict=True)
    ]
    graph = LockGraph(packages)
    for package in packages:
        assert graph.reach(package) == graph.places(graph.reached([package]))
