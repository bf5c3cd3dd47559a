"""How long crates.io's limits keep a release waiting (docs/cargo-rules.md)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from batuta_hooks.stack.plan_values import Schedule, Wait

CRATES_IO = "crates-io"


class _Bucket:
    """Tokens that come back one by one; full at the start."""

    def __init__(self, burst: int, refill_s: int) -> None:
        self._span_s = (burst - 1) * refill_s
        self._refill_s = refill_s
        self._full_at = 0

    def take(self, now: int) -> int:
        """When the next token can be had, and take it then."""
        due = max(now, self._full_at - self._span_s)
        self._full_at = max(self._full_at, due) + self._refill_s
        return due


def schedule(waves: Iterable[Sequence[tuple[str, bool]]]) -> Schedule:
    """The waits of a release: wave after wave, new crates first in each, so that the slow bucket starts early.

    Args:
        waves: crates of crates.io, and whether each is new there.
    """
    new, known = _Bucket(5, 600), _Bucket(30, 60)
    waits = []
    now = 0
    for wave in waves:
        ended = now
        for crate, is_new in sorted(wave, key=lambda one: (not one[1], one[0])):
            due = (new if is_new else known).take(now)
            if due > now:
                waits.append(Wait(crate, due - now, "new crates" if is_new else "new versions"))
            ended = max(ended, due)
        now = ended
    return Schedule(now, tuple(waits))
