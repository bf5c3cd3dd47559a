"""What was measured of a crate, when, and of which tree; nothing here is ever made up."""

from __future__ import annotations

from typing import NamedTuple


class Coverage(NamedTuple):
    """Covered lines.

    Attributes:
        percent: 100 times the covered lines over all that can be covered.
        age_s: seconds since it was measured.
        tree_is_current: whether the checkout is still as it was then.
        source: the file that says so, relative to the repository, or the gate.
    """

    percent: float
    age_s: int
    tree_is_current: bool
    source: str
