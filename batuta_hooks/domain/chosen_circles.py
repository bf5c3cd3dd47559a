"""Do the versions that a resolution chose need each other in a circle?  cargo then refuses the resolution as a whole.

It tries no other version instead, and looks no earlier than when everything is chosen (docs/cargo-rules.md).
"""

from __future__ import annotations

from batuta_hooks.domain.finding import Unknown
from batuta_hooks.domain.shelf import MissingFeature

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from batuta_hooks.domain.choice import Place
    from batuta_hooks.domain.shelf import Need, Offer, Shelf


class Ranks:
    """Ranks of chosen versions, each below all that need it: what is chosen later costs no new look at the rest."""

    def __init__(self) -> None:
        self._seen: set[Need] = set()
        self._below: dict[Place, tuple[Place, ...]] = {}
        self._ranks: dict[Place, int] = {}
        self._before_below: dict[Place, tuple[Place, ...] | None] = {}
        self._before_ranks: dict[Place, int | None] = {}

    def _undo(self, fresh: Sequence[Need]) -> None:
        self._seen.difference_update(fresh)
        for place, below in self._before_below.items():
            if below is None:
                del self._below[place]
            else:
                self._below[place] = below
        for place, rank in self._before_ranks.items():
            if rank is None:
                del self._ranks[place]
            else:
                self._ranks[place] = rank

    def fresh(self, needs: Iterable[Need]) -> list[Need]:
        """Those that were not looked at yet, in one order whatever the process, without those that have a home.

        These are of a checkout's packages, of which dev-dependencies are looked at too, and they make no circle.
        """
        found = [need for need in needs if not need.home and need not in self._seen]
        return sorted(found, key=lambda need: (*need[:2], sorted(need.features), need.default_features))

    def circle(self, shelf: Shelf, fresh: Sequence[Need], chosen: Callable[[Need], Offer | None]) -> list[Place]:
        """The first circle that fresh needs close: each version needs the next, the last is the first; else empty.

        Where there is one, the ranks are as they were before.

        Args:
            chosen: the version that meets a need.
        """
        self._seen.update(fresh)
        self._before_below, self._before_ranks = {}, {}
        for need in fresh:
            offer = chosen(need)
            further = shelf.needs(need, offer) if offer is not None else ()
            if offer is None or isinstance(further, (Unknown, MissingFeature)):
                continue
            place = need.package, need.home, offer.version.bucket
            for one in further:
                other = chosen(one)
                if other is None:
                    continue
                end = one.package, one.home, other.version.bucket
                below = self._below.get(place, ())
                if end in below:
                    continue
                self._before_below.setdefault(place, self._below.get(place))
                self._below[place] = (*below, end)
                if self._lower(place, end):
                    way = self._way(end, place)
                    self._undo(fresh)
                    return [place, *way]
        return []

    def _lower(self, place: Place, end: Place) -> bool:
        """Rank a version below one that needs it, and so on downwards; whether that leads back to the one."""
        pending = [(place, end)]
        while pending:
            above, below = pending.pop()
            least = self._ranks.get(above, 0) + 1
            if below == place:
                return True
            if self._ranks.get(below, 0) < least:
                self._before_ranks.setdefault(below, self._ranks.get(below))
                self._ranks[below] = least
                pending += [(below, further) for further in self._below.get(below, ())]
        return False

    def _way(self, start: Place, end: Place) -> list[Place]:
        """The shortest way down from one version to another, both included."""
        ways = {start: [start]}
        pending = [start]
        for place in pending:  # grows while it is gone through
            for further in sorted(self._below.get(place, ())):
                if further not in ways:
                    ways[further] = [*ways[place], further]
                    pending.append(further)
        return ways[end]
