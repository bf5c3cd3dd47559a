"""What a search for versions has chosen so far, and what is still to be chosen; all since a moment can be undone."""

from __future__ import annotations

from batuta_hooks.domain.finding import Unknown
from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.domain.shelf import MissingFeature

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from batuta_hooks.domain.name_bits import NameBits
    from batuta_hooks.domain.shelf import Need, Offer, Shelf

    Place = tuple[str, str, tuple[int, ...]]
    """A package, its home and a bucket of its versions: where one version may be chosen."""


class Pending(NamedTuple):
    """A need for which a version is to be chosen; in a heap: what has the fewest to choose from comes first.

    Attributes:
        choices: how many versions meet it.
        number: tells those of as many apart.
        by: who has the need, as `name version`.
        level: how many choices led to it.
    """

    choices: int
    number: int
    need: Need
    by: str
    level: int


class Choice:
    """What is chosen so far.

    Attributes:
        chosen: the version at each place, and the level at which it was chosen.
        links: who links each native library, and the level.
        enabled: the features of chosen versions of the registry; not where what is chosen can be undone.
        pending: a heap of the needs still to be met.
        taken: all needs so far, each with the version that meets it, if one does.
        fresh_needs: those that came since the last `begin`; likewise `fresh_places` and `fresh_links`.
    """

    def __init__(self) -> None:
        self.chosen: dict[Place, tuple[Offer, int]] = {}
        self.links: dict[str, tuple[str, int]] = {}
        self.enabled: dict[Place, frozenset[str]] = {}
        self.pending: list[Pending] = []
        self.taken: dict[Need, Offer | None] = {}
        self._reach: dict[Need, int] = {}
        self.begin()

    def begin(self) -> None:
        """Count what comes now as fresh."""
        self.fresh_places: list[Place] = []
        self.fresh_links: list[str] = []
        self.fresh_needs: list[Need] = []

    def undo(self) -> None:
        """Forget what is fresh; no choice was taken back meanwhile."""
        self.pending.clear()
        for need in self.fresh_needs:
            del self.taken[need]
        for place in self.fresh_places:
            del self.chosen[place]
        for links in self.fresh_links:
            del self.links[links]
        self.begin()

    def copy(self) -> Choice:
        """Another one with the same choices, of which nothing is fresh."""
        other = Choice()
        other.chosen, other.links, other.enabled = self.chosen.copy(), self.links.copy(), self.enabled.copy()
        other.pending, other.taken = self.pending.copy(), self.taken.copy()
        return other

    def reached(self, shelf: Shelf, names: NameBits, needs: Sequence[Need]) -> int:
        """The packages that needs lead to, once all is chosen; what is found out of a need holds for the next."""
        known, reached = self._reach, 0
        below: dict[Need, Sequence[Need]] = {}
        pending = list(needs)
        while pending:
            need = pending[-1]
            if need not in known and need not in below:
                below[need] = self._further(shelf, need)
                pending += [one for one in below[need] if one not in known and one not in below]
                continue
            pending.pop()
            if need not in known:
                bits = names.bits([need.package])
                for one in below[need]:
                    bits |= known.get(one, 0)
                known[need] = bits
        for need in needs:
            reached |= known[need]
        return reached

    def _further(self, shelf: Shelf, need: Need) -> Sequence[Need]:
        """What the version needs that was chosen for a need; nothing where that is not known."""
        offer = self.taken.get(need)
        further = shelf.needs(need, offer) if offer is not None else ()
        return () if isinstance(further, (Unknown, MissingFeature)) else further
