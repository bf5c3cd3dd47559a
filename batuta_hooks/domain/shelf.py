"""What a registry offers to cargo's resolver: versions, and what each of them needs with which features; remembered.

Feature rules are those of cargo's resolver (docs/cargo-rules.md): `dep:` entries, implicit features of optional
dependencies, and `x?/y`, which takes `x` into a resolution although it does not build it.
"""

from __future__ import annotations

from batuta_hooks.domain.finding import Unknown
from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.domain.semver import InvalidRequirement, Requirement, Version
from batuta_hooks.domain.version_text import prefix_of, read_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from batuta_hooks.domain.facts import Published
    from batuta_hooks.domain.release import IndexDependency, Release

_DEV = "dev"


class Need(NamedTuple):
    """A dependency, as something that must be found.

    Attributes:
        home: where it must come from: empty for the registry, else what a `Shelf` names a local package by.
    """

    package: str
    requirement: str
    features: frozenset[str] = frozenset()
    default_features: bool = True
    home: str = ""


class Offer(NamedTuple):
    """A version that may be chosen.

    Attributes:
        is_coming: the registry does not have it yet, the stack will publish it.
    """

    version: Version
    text: str
    is_yanked: bool = False
    is_coming: bool = False


class Bundle(NamedTuple):
    """A version with all that a resolution must know of it.

    Attributes:
        firm: what it needs whatever its features are.
        optional: what it needs where a feature asks for it, by the name in its manifest.
        firm_names: the names of `firm`, in the same order.
        features: what each feature enables, implicit ones included.
    """

    firm: tuple[Need, ...]
    firm_names: tuple[str, ...]
    optional: Mapping[str, tuple[Need, ...]]
    features: Mapping[str, Sequence[str]]
    links: str | None


class MissingFeature(NamedTuple):
    """A feature that a version does not have, or that enables itself, which cargo's resolver refuses alike."""

    feature: str
    is_circular: bool = False

    @property
    def fault(self) -> str:
        """What is wrong with it, as a clause about a feature of the package itself."""
        return (
            f"`{self.feature}` enables itself" if self.is_circular else f"`{self.feature}` is named and does not exist"
        )


def bundle_of(release: Release, home: Callable[[IndexDependency], str] = lambda _: "", *, dev: bool = False) -> Bundle:
    """A release as a bundle.

    Args:
        home: where a dependency must come from, see `Need`.
        dev: whether dev-dependencies count, as they do for the package that is resolved itself.
    """
    firm, names, optional = [], [], dict[str, tuple[Need, ...]]()
    for one in release.dependencies:
        if one.kind == _DEV and not dev:
            continue
        need = Need(one.package, one.requirement, frozenset(one.features), one.default_features, home(one))
        if one.optional:
            optional[one.name] = (*optional.get(one.name, ()), need)
        else:
            firm.append(need)
            names.append(one.name)
    features = dict(release.features)
    named = {value[4:] for values in features.values() for value in values if value.startswith("dep:")}
    for name in optional:
        if name not in named:
            features.setdefault(name, (f"dep:{name}",))
    return Bundle(tuple(firm), tuple(names), optional, features, release.links)


def expand(bundle: Bundle, wanted: frozenset[str], *, default: bool) -> tuple[Need, ...] | MissingFeature:
    """What a bundle needs with features.

    Args:
        wanted: features by name.
        default: whether its `default` feature is wanted too, if it has one.
    """
    taken = _taken(bundle, wanted, default)
    if isinstance(taken, MissingFeature):
        return taken
    extra = taken.extra
    needs = list(bundle.firm)
    if extra:
        for number, name in enumerate(bundle.firm_names):
            if extra.get(name):
                needs[number] = needs[number]._replace(features=needs[number].features | extra[name])
        for name, more in extra.items():
            needs += [one._replace(features=one.features | more) for one in bundle.optional.get(name, ())]
    return tuple(needs)


class _Taken(NamedTuple):
    """All features that some features enable, and what they ask of dependencies, by the names of these."""

    features: set[str]
    extra: dict[str, set[str]]


def _taken(bundle: Bundle, wanted: frozenset[str], default: bool) -> _Taken | MissingFeature:
    pending = sorted(wanted, reverse=True)  # a set has another order in every process
    if default and "default" in bundle.features:
        pending.append("default")
    taken = _Taken(set(), {})
    while pending:
        name = pending.pop()
        if name in taken.features:
            continue
        taken.features.add(name)
        values = bundle.features.get(name)
        if values is None or name in values:
            return MissingFeature(name, is_circular=values is not None)
        for value in values:
            _enable(bundle, value, pending, taken.extra)
    return taken


def _enable(bundle: Bundle, value: str, pending: list[str], extra: dict[str, set[str]]) -> None:
    """Take in what a feature's value asks for: features to come in `pending`, dependencies with theirs in `extra`."""
    package, slash, feature = value.partition("/")
    if slash:
        is_weak = package.endswith("?")
        package = package.removesuffix("?")
        if not is_weak and package in bundle.optional and package in bundle.features:
            pending.append(package)
        extra.setdefault(package, set()).add(feature)
    elif value.startswith("dep:"):
        extra.setdefault(value[4:], set())
    else:
        pending.append(value)


class Shelf:
    """What there is to choose from; every answer is remembered, for many resolutions over one registry.

    Args:
        published: which versions the registry has of a package.
        release: all that it says of one of them.
        coming: releases that the stack will publish, by package.
    """

    def __init__(
        self,
        published: Callable[[str], Published | Unknown],
        release: Callable[[str, str], Release | Unknown | None],
        coming: Mapping[str, Sequence[Release]] | None = None,
    ) -> None:
        self.published = published
        self._release = release
        self._coming = coming or {}
        self._offers: dict[str, tuple[Offer, ...] | Unknown] = {}
        self._matching: dict[tuple[str, str], tuple[Offer, ...] | Unknown] = {}
        self._bundles: dict[tuple[str, str], Bundle | Unknown] = {}
        self._needs: dict[tuple[str, str, frozenset[str], bool], tuple[Need, ...] | MissingFeature | Unknown] = {}
        self._enabled: dict[tuple[str, str, frozenset[str], bool], frozenset[str]] = {}
        self._local: dict[str, tuple[Offer, Bundle]] = {}

    def add_local(self, home: str, version: str, bundle: Bundle) -> None:
        """Put a package of the checkout there; needs with this home can be met by nothing else."""
        self._local[home] = Offer(read_version(version) or Version(0, 0, 0), version), bundle

    def look_again(self, packages: Collection[str], coming: Mapping[str, Sequence[Release]]) -> None:
        """Ask anew about packages of which more is known now.

        Args:
            coming: as for a new shelf; what is remembered of those that it names is dropped too.
        """
        stale = {*packages, *self._coming, *coming}
        self._coming = coming
        self._matching = {key: found for key, found in self._matching.items() if key[0] not in stale}
        self._bundles = {key: found for key, found in self._bundles.items() if key[0] not in stale}
        self._needs = {key: found for key, found in self._needs.items() if key[0] not in stale}
        self._enabled = {key: found for key, found in self._enabled.items() if key[0] not in stale}
        for package in stale:
            self._offers.pop(package, None)

    def offers(self, package: str) -> tuple[Offer, ...] | Unknown:
        """All versions of a package, newest first, those that are coming last."""
        found = self._offers.get(package)
        if found is None:
            found = self._offers[package] = self._look(package)
        return found

    def _look(self, package: str, begins: str = "") -> tuple[Offer, ...] | Unknown:
        """The versions of a package; of the registry's those alone whose texts begin so."""
        coming = [Offer(version, one.version, False, True) for one in self._coming.get(package, ())
                  if (version := read_version(one.version)) is not None]  # fmt: skip
        published = self.published(package)
        if isinstance(published, Unknown):
            return tuple(coming) or published
        found = [Offer(version, text, is_yanked, False) for texts, is_yanked in
                 ((published.versions, False), (published.yanked, True)) for text in texts
                 if text.startswith(begins) and (version := read_version(text)) is not None]  # fmt: skip
        found.sort(key=lambda offer: offer.version.precedence, reverse=True)
        return (*found, *coming)

    def matching(self, need: Need) -> tuple[Offer, ...] | Unknown:
        """The versions that meet a need's requirement, yanked ones too, in the order in which they are to be tried."""
        if need.home:
            return self._matching_local(need)
        key = need.package, need.requirement
        found = self._matching.get(key)
        if found is None:
            wanted = _requirement(need.requirement)
            offers = self._offers.get(need.package)
            if offers is None:
                offers = self._look(need.package, prefix_of(wanted) if wanted is not None else "")
            if not isinstance(offers, Unknown):
                offers = tuple([one for one in offers if wanted is not None and wanted.matches(one.version)])
            found = self._matching[key] = offers
        return found

    def _matching_local(self, need: Need) -> tuple[Offer, ...]:
        local = self._local.get(need.home)
        wanted = _requirement(need.requirement)
        return (local[0],) if local and wanted is not None and wanted.matches(local[0].version) else ()

    def bundle(self, package: str, offer: Offer) -> Bundle | Unknown:
        """What a version of a package of the registry needs and has."""
        key = package, offer.text
        found = self._bundles.get(key)
        if found is None:
            found = self._bundles[key] = self._bundle(package, offer)
        return found

    def _bundle(self, package: str, offer: Offer) -> Bundle | Unknown:
        if offer.is_coming:
            return bundle_of(next(one for one in self._coming[package] if one.version == offer.text))
        release = self._release(package, offer.text)
        if release is None:
            return Unknown(package, f"its index does not describe {offer.text}")
        return release if isinstance(release, Unknown) else bundle_of(release)

    def needs(self, need: Need, offer: Offer) -> tuple[Need, ...] | MissingFeature | Unknown:
        """What a version needs that is chosen for a need."""
        if need.home:
            return expand(self._local[need.home][1], need.features, default=need.default_features)
        key = need.package, offer.text, need.features, need.default_features
        found = self._needs.get(key)
        if found is None:
            bundle = self.bundle(need.package, offer)
            found = self._needs[key] = (
                bundle if isinstance(bundle, Unknown) else expand(bundle, need.features, default=need.default_features)
            )
        return found

    def enabled(self, need: Need, offer: Offer) -> frozenset[str]:
        """All features of a version of the registry that a need enables, if it has them."""
        key = need.package, offer.text, need.features, need.default_features
        found = self._enabled.get(key)
        if found is None:
            bundle = self.bundle(need.package, offer)
            taken = None if isinstance(bundle, Unknown) else _taken(bundle, need.features, need.default_features)
            found = self._enabled[key] = frozenset(taken.features if isinstance(taken, _Taken) else ())
        return found

    def is_beyond(self, need: Need) -> bool:
        """Whether a need asks for more than any version that the registry has: a later one could meet it."""
        wanted, offers = _requirement(need.requirement), self.offers(need.package)
        if wanted is None or isinstance(offers, Unknown):
            return False
        return all(one.version.precedence < wanted.at_least for one in offers if not one.is_coming)

    def links(self, need: Need, offer: Offer) -> str | None:
        """The native library that a version links to."""
        bundle = self._local[need.home][1] if need.home else self.bundle(need.package, offer)
        return None if isinstance(bundle, Unknown) else bundle.links


_requirements: dict[str, Requirement | None] = {}
_MOST_REMEMBERED = 1 << 16


def _requirement(text: str) -> Requirement | None:
    if text not in _requirements:
        if len(_requirements) > _MOST_REMEMBERED:
            _requirements.clear()
        try:
            _requirements[text] = Requirement.parse(text)
        except InvalidRequirement:
            _requirements[text] = None
    return _requirements[text]
