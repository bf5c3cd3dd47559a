"""Would cargo's resolver find a version for everything?  Over what a registry offers, without a registry at hand.

cargo keeps one version of a package in each bucket of compatible ones, chooses no yanked one unless a lock file has it,
and wants every feature to exist and every native library (`links`) to be linked by one package.  The newest version
that fits is tried first; where that leads nowhere, the choice that caused it is taken back, and no other.
"""

from __future__ import annotations

from heapq import heappop, heappush

from batuta_hooks.domain.choice import Choice, Pending
from batuta_hooks.domain.chosen_circles import Ranks
from batuta_hooks.domain.finding import Unknown
from batuta_hooks.domain.name_bits import NameBits
from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.domain.shelf import MissingFeature, Need, Offer, Shelf

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence

    from batuta_hooks.domain.choice import Place

MOST_STEPS = 20_000
"""Choices after which a search is given up."""

_MOST_COMMONS = 8

#: Why a need cannot be met.
ABSENT, UNMATCHED, YANKED, FEATURE, LINKS, RIVAL = "absent", "unmatched", "yanked", "feature", "links", "rival"
#: All needs can be met, by versions that need each other in a circle: cargo then looks for nothing else.
CIRCLE = "circle"


class Clash(NamedTuple):
    """A need that cannot be met, and why.

    Attributes:
        by: who has the need, as `name version`; empty for the package that is resolved.
        kind: one of the constants above.
        detail: the versions there are, the missing feature, or who is in the way.
    """

    need: Need
    by: str
    kind: str
    detail: str


class Resolution(NamedTuple):
    """What came of it.

    Attributes:
        chosen: version by package, its home and its bucket; all of them unless there is a clash, then those that led to
            it, none where it was proved in another way that there is a choice (`Resolver.goes_along`).
        clash: why there is none; ``None`` where there is one, or the search was given up.
        unseen: packages of which nothing is known, with what keeps it from being known.
        is_given_up: whether it took too many steps.
        met: the version that was chosen for each need; ``None`` where there is none.
    """

    chosen: dict[Place, Offer]
    clash: Clash | None
    unseen: dict[str, Unknown]
    is_given_up: bool = False
    met: Mapping[Need, Offer | None] = {}


class Along(NamedTuple):
    """A package whose needs can be met.

    Attributes:
        reached: the packages that they lead to, as `Resolver.names` has them.
        unseen: those among them of which nothing is known, with what keeps it from being known.
    """

    reached: int
    unseen: dict[str, Unknown]


class _Frame(NamedTuple):
    """A choice that was made: the state before, how many versions were tried for it, and the levels that bar others."""

    state: Choice
    pending: Pending
    tried: int
    barred_by: set[int]


class Resolver:
    """Resolves needs over a shelf.

    Args:
        with_coming: whether versions that the registry does not have yet may be chosen.
        locked: the versions that a lock file has, as package and version: yanked ones among them may be chosen.
        must_know: asked of a package whose every version is below a requirement: whether what is known of it is as new
            as it must be to say that there is none.
        names: how packages are named that needs lead to.
    """

    def __init__(
        self,
        shelf: Shelf,
        *,
        with_coming: bool = False,
        locked: Container[tuple[str, str]] = frozenset(),
        must_know: Callable[[str], bool] = lambda _package: True,
        most_steps: int = MOST_STEPS,
        names: NameBits | None = None,
    ) -> None:
        self._shelf = shelf
        self._with_coming = with_coming
        self._locked = locked
        self._must_know = must_know
        self._most_steps = most_steps
        self._unseen: dict[str, Unknown] = {}
        self._number = 0
        self._commons: list[tuple[Choice, Ranks]] = []
        self.names = NameBits() if names is None else names
        #: the packages that were looked at to resolve anything
        self.looked: set[str] = set()

    def goes_along(self, needs: Sequence[Need]) -> Along | None:
        """Whether a package's needs can be met, if possible beside those of packages that were met so before.

        What goes together goes by itself: such a package has a resolution, and where packages need much the same, that
        is found out with a fraction of the work. A package that goes along with none begins a choice of its own.

        Returns:
            What it reaches; ``None``: there is no choice at all.
        """
        asked = [(need, "") for need in needs]
        self._unseen, unseen = {}, self._unseen
        clash: Clash | None = None
        for common, ranks in self._commons:
            common.begin()
            clash, state = self._search(self._added(common, asked), keeps=False, apart=True)
            clash = clash or self._circle(state, ranks, ranks.fresh(state.fresh_needs))
            if clash is None:
                break
            common.undo()
        else:
            clash, state = self._search(self._added(Choice(), asked), keeps=True, apart=True)
            ranks = Ranks()
            clash = clash or self._circle(state, ranks, ranks.fresh(state.taken))
            if clash is None:
                self._commons = [(state, ranks), *self._commons[: _MOST_COMMONS - 1]]
        unseen.update(self._unseen)
        self._unseen = unseen
        if clash is not None:
            return None
        reached = state.reached(self._shelf, self.names, needs)
        return Along(reached, {name: unseen[name] for name in self.names.names(reached) if name in unseen})

    def _circle(self, state: Choice, ranks: Ranks, fresh: Sequence[Need]) -> Clash | None:
        """What is wrong where chosen versions need each other; ranks what is fresh, unless something is."""
        circle = ranks.circle(self._shelf, fresh, state.taken.get)
        if not circle:
            return None
        names = [f"{place[0]} {state.chosen[place][0].text}" for place in circle]
        return Clash(Need(circle[1][0], "*"), names[0], CIRCLE, " -> ".join(names))

    def resolve(self, needs: Sequence[tuple[Need, str]], links: str | None = None) -> Resolution:
        """Resolve the needs of a package, or of a whole workspace.

        Args:
            needs: each with who has it, as `Clash.by` spells it.
            links: the native library that the package links to itself.
        """
        clash, state = self._search(self._start(needs, links), keeps=False)
        if clash is not None:
            # the newest of everything does not fit together: now with a memory of each choice
            clash, second = self._search(self._start(needs, links), keeps=True)
            state = second if clash is None else state
        if clash is None:
            # a choice that was taken back leaves nothing open
            kept = state.reached(self._shelf, self.names, [need for need, _ in needs]) if self._unseen else 0
            self._unseen = {name: self._unseen[name] for name in self.names.names(kept) if name in self._unseen}
            ranks = Ranks()
            clash = self._circle(state, ranks, ranks.fresh(state.taken))
        chosen = {place: offer for place, (offer, _) in state.chosen.items()}
        is_given_up = clash is not None and not clash.kind
        return Resolution(chosen, None if is_given_up else clash, self._unseen, is_given_up, state.taken)

    def _start(self, needs: Sequence[tuple[Need, str]], links: str | None) -> Choice:
        self._unseen = {}
        state = Choice()
        if links is not None:
            state.links[links] = ("the package itself", 0)
        return self._added(state, needs)

    def _added(self, state: Choice, needs: Sequence[tuple[Need, str]]) -> Choice:
        for need, by in needs:
            self._add(state, need, by, 0)
        return state

    def _add(self, state: Choice, need: Need, by: str, level: int) -> None:
        if need in state.taken:
            return
        state.taken[need] = None
        state.fresh_needs.append(need)
        self.looked.add(need.package)
        offers = self._shelf.matching(need)
        if isinstance(offers, Unknown):
            self._unseen[need.package] = offers
            return
        self._number += 1
        heappush(state.pending, Pending(len(offers), self._number, need, by, level))

    def _search(self, state: Choice, *, keeps: bool, apart: bool = False) -> tuple[Clash | None, Choice]:
        """Choose a version for each need that is pending; what keeps it from it, and what was chosen.

        Args:
            keeps: whether choices can be taken back.
            apart: whether each need has to be met as if it were the only one of its package.
        """
        frames: list[_Frame] = []
        first: Clash | None = None
        steps = 0
        while state.pending:
            pending = heappop(state.pending)
            barred_by: set[int] = set()
            found = self._pick(state, pending, 0, barred_by)
            while isinstance(found, Clash):
                first = first or found
                steps += 1
                level = max(barred_by | {pending.level})
                if not keeps or level == 0:
                    return first, state
                if steps > self._most_steps:
                    return first._replace(kind=""), state
                # back to the latest choice that is a cause, and on from there with what else can be chosen
                causes = (barred_by | {pending.level}) - {level}
                del frames[level:]
                frame = frames.pop()
                state, pending, barred_by = frame.state, frame.pending, frame.barred_by | causes
                found = self._pick(state, pending, frame.tried, barred_by)
            if found is None:
                continue  # nothing is known that speaks against it
            offer, tried = found
            if keeps:
                frames.append(_Frame(state.copy(), pending, tried, barred_by))
            if apart or not self._is_covered(state, pending.need, offer):
                self._choose(state, pending, offer, len(frames))
        return None, state

    def _pick(
        self, state: Choice, pending: Pending, tried: int, barred_by: set[int]
    ) -> tuple[Offer, int] | Clash | None:
        """The first version that fits, and how many were tried with it; `barred_by` takes in who bars others."""
        need = pending.need
        offers = self._shelf.matching(need)
        assert not isinstance(offers, Unknown)
        clash: Clash | None = None
        for number in range(tried, len(offers)):
            offer = offers[number]
            if offer.is_coming and not self._with_coming:
                continue
            kind, detail = self._fault(state, need, offer, barred_by)
            if not kind:
                return offer, number + 1
            if clash is None or clash.kind == YANKED:
                clash = Clash(need, pending.by, kind, detail)
        if tried == 0 and clash is None and self._is_beyond(need):
            why = f"`{need.requirement}` is above every version that is known"
            self._unseen[need.package] = Unknown(need.package, why)
            return None
        return clash or self._nothing(need, pending.by)

    def _is_beyond(self, need: Need) -> bool:
        return not need.home and not self._must_know(need.package) and self._shelf.is_beyond(need)

    def _nothing(self, need: Need, by: str) -> Clash:
        offers = () if need.home else self._shelf.offers(need.package)
        known = [one.text for one in offers if isinstance(one, Offer) and not one.is_coming]
        if not known:
            return Clash(need, by, ABSENT, "")
        more = f" and {len(known) - 3} more" if len(known) > 4 else ""
        return Clash(need, by, UNMATCHED, ", ".join(known[: 3 if more else 4]) + more)

    def _fault(self, state: Choice, need: Need, offer: Offer, barred_by: set[int]) -> tuple[str, str]:
        """Why a version may not be chosen now: a kind of `Clash` and its detail; empty texts where it may."""
        if offer.is_yanked and (need.package, offer.text) not in self._locked:
            return YANKED, offer.text
        other = state.chosen.get((need.package, need.home, offer.version.bucket))
        if other is not None and other[0] != offer:
            barred_by.add(other[1])
            return RIVAL, f"{need.package} {other[0].text}"
        needs = self._shelf.needs(need, offer)
        if isinstance(needs, MissingFeature):
            has = "has a feature that enables itself:" if needs.is_circular else "has no feature"
            return FEATURE, f"{offer.text} {has} `{needs.feature}`"
        links = None if other is not None else self._shelf.links(need, offer)
        if links is not None and links in state.links:
            who, level = state.links[links]
            barred_by.add(level)
            return LINKS, f"{offer.text} links to `{links}`, as {who} does"
        return "", ""

    def _is_covered(self, state: Choice, need: Need, offer: Offer) -> bool:
        """Whether a version was chosen before and has the features already: cargo then looks at its needs no more.

        All features count that others have enabled, whoever they are; those of a checkout's packages all are.
        """
        if need.home:
            return False
        place = need.package, need.home, offer.version.bucket
        enabled, known = self._shelf.enabled(need, offer), state.enabled.get(place)
        if known is not None and enabled <= known:
            state.taken[need] = offer
            return True
        state.enabled[place] = enabled if known is None else known | enabled
        return False

    def _choose(self, state: Choice, pending: Pending, offer: Offer, level: int) -> None:
        need = pending.need
        place = need.package, need.home, offer.version.bucket
        state.taken[need] = offer
        if place not in state.chosen:
            state.chosen[place] = offer, level
            state.fresh_places.append(place)
            links = self._shelf.links(need, offer)
            if links is not None:
                state.links[links] = f"{need.package} {offer.text}", level
                state.fresh_links.append(links)
        needs = self._shelf.needs(need, offer)
        if isinstance(needs, Unknown):
            self._unseen[need.package] = needs
            return
        assert not isinstance(needs, MissingFeature)
        by = f"{need.package} {offer.text}"
        for one in needs:
            self._add(state, one, by, level)
