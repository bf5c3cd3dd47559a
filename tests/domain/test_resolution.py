"""The resolver finds a choice of versions exactly where there is one, else it says what is in the way."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batuta_hooks.domain.facts import Published
from batuta_hooks.domain.finding import Unknown
from batuta_hooks.domain.release import IndexDependency, Release
from batuta_hooks.domain.resolution import (
    ABSENT,
    CIRCLE,
    FEATURE,
    LINKS,
    RIVAL,
    UNMATCHED,
    YANKED,
    Resolution,
    Resolver,
)
from batuta_hooks.domain.semver import Requirement, Version
from batuta_hooks.domain.shelf import MissingFeature, Need, Shelf, bundle_of, expand
from tests.support.process import run, unmeasured

Index = Mapping[str, Mapping[str, Release]]


def needs(text: str, *features: str, optional: bool = False, kind: str = "normal") -> IndexDependency:
    """A dependency `name requirement`."""
    name, _, requirement = text.partition(" ")
    return IndexDependency(name, name, requirement or "*", features, optional, True, None, kind, None)


def released(
    version: str,
    *dependencies: IndexDependency,
    features: Mapping[str, tuple[str, ...]] | None = None,
    links: str | None = None,
    yanked: bool = False,
) -> Release:
    """A release of whatever crate."""
    return Release("x", version, yanked, "", dependencies, dict(features or {}), links, None, None)


def index(**crates: list[Release]) -> Index:
    """Releases by crate and version."""
    return {name: {one.version: one for one in releases} for name, releases in crates.items()}


def shelf_of(found: Index, coming: Mapping[str, list[Release]] | None = None) -> Shelf:
    """A shelf with an index; a crate that is left out does not exist."""

    def published(package: str) -> Published:
        releases = found.get(package, {}).values()
        unyanked = tuple(one.version for one in releases if not one.yanked)
        return Published(unyanked, tuple(one.version for one in releases if one.yanked))

    return Shelf(published, lambda package, version: found[package].get(version), coming)


def unseen_along(resolver: Resolver, wanted: Sequence[Need]) -> set[str] | None:
    """The packages of which nothing is known, where needs go along; ``None`` where they do not."""
    along = resolver.goes_along(wanted)
    return None if along is None else set(along.unseen)


def resolved(found: Index, *wanted: str, links: str | None = None) -> Resolution:
    """What comes of needs `name requirement`."""
    asked = [(Need(name, requirement), "") for name, requirement in (one.split(" ", 1) for one in wanted)]
    return Resolver(shelf_of(found)).resolve(asked, links)


def chosen(resolution: Resolution) -> set[tuple[str, str]]:
    """The chosen versions."""
    return {(name, offer.text) for (name, _, _), offer in resolution.chosen.items()}


def test_the_newest_that_fits() -> None:
    """Of what matches the newest; one of each bucket; what is yanked only where a lock file has it."""
    found = index(a=[released("1.0.0"), released("1.2.0", needs("b ^1")), released("2.0.0")], b=[released("1.9.0")])
    assert chosen(resolved(found, "a ^1", "a ^2")) == {("a", "1.2.0"), ("a", "2.0.0"), ("b", "1.9.0")}
    yanked = index(a=[released("1.0.0"), released("1.1.0", yanked=True)])
    assert chosen(resolved(yanked, "a ^1")) == {("a", "1.0.0")}
    clash = resolved(yanked, "a ^1.1").clash
    assert clash is not None
    assert (clash.kind, clash.detail) == (YANKED, "1.1.0")
    locked = Resolver(shelf_of(yanked), locked={("a", "1.1.0")}).resolve([(Need("a", "^1.1"), "")])
    assert chosen(locked) == {("a", "1.1.0")}


@pytest.mark.parametrize(
    ("found", "wanted", "kind", "detail", "by"),
    [
        (index(), ["a ^1"], ABSENT, "", ""),
        (index(a=[released("1.0.0")]), ["a ^2"], UNMATCHED, "1.0.0", ""),
        (index(a=[released("1.0.0", needs("b ^1", "f"))], b=[released("1.0.0")]), ["a ^1"], FEATURE,
         "1.0.0 has no feature `f`", "a 1.0.0"),
        (index(a=[released("1.0.0", links="z")], b=[released("1.0.0", links="z")]), ["a ^1", "b ^1"], LINKS,
         "1.0.0 links to `z`, as a 1.0.0 does", ""),
        (index(a=[released("1.0.0"), released("1.1.0")]), ["a =1.0.0", "a =1.1.0"], RIVAL, "a 1.0.0", ""),
        (index(a=[released("1.0.0", needs("b ^1", "f"))], b=[released("1.0.0", features={"f": ("f",)})]), ["a ^1"],
         FEATURE, "1.0.0 has a feature that enables itself: `f`", "a 1.0.0"),
        (index(a=[released("1.0.0", needs("b ^1"))], b=[released("1.0.0", needs("c ^1"))],
               c=[released("1.1.0", needs("b ^1")), released("1.0.0")]), ["a ^1"],
         CIRCLE, "c 1.1.0 -> b 1.0.0 -> c 1.1.0", "c 1.1.0"),
        (index(a=[released("1.0.0", needs("a ^1"))]), ["a ^1"], CIRCLE, "a 1.0.0 -> a 1.0.0", "a 1.0.0"),
    ],
)  # fmt: skip
def test_clashes(found: Index, wanted: list[str], kind: str, detail: str, by: str) -> None:
    """Each way not to find a version is told apart, with who has the need."""
    clash = resolved(found, *wanted).clash
    assert clash is not None
    assert (clash.kind, clash.detail, clash.by) == (kind, detail, by)


def test_circles_among_many() -> None:
    """A circle is seen whichever package closes it; it is not held against those that do not reach it."""
    found = index(
        a=[released("1.0.0", needs("b ^1"))],
        b=[released("1.0.0", needs("c ^1", optional=True))],
        c=[released("1.0.0", needs("a ^1"))],
        d=[released("1.0.0", needs("b ^1", "c"))],
    )
    resolver = Resolver(shelf_of(found))
    assert unseen_along(resolver, [Need("a", "^1")]) == set()
    assert unseen_along(resolver, [Need("c", "^1")]) == set()
    assert resolver.goes_along([Need("d", "^1")]) is None
    assert unseen_along(resolver, [Need("a", "^1"), Need("c", "^1")]) == set()
    other_bucket = index(a=[released("1.0.0"), released("2.0.0", needs("a ^1"))])
    assert resolved(other_bucket, "a ^2").clash is None


def test_own_links() -> None:
    """The package's own native library counts."""
    found = index(a=[released("1.0.0", links="z")])
    clash = resolved(found, "a ^1", links="z").clash
    assert clash is not None
    assert clash.kind == LINKS
    assert resolved(found, "a ^1", links="y").clash is None


def test_a_choice_is_taken_back() -> None:
    """Where the newest leads nowhere an older one is chosen, however deep the cause lies."""
    found = index(
        a=[released("1.0.0"), released("1.1.0", needs("c =1.0.0"))],
        b=[released("1.0.0", needs("d ^1"))],
        c=[released("1.0.0"), released("1.1.0")],
        d=[released("1.0.0", needs("c =1.1.0"))],
    )
    assert chosen(resolved(found, "a ^1", "b ^1")) == {("a", "1.0.0"), ("b", "1.0.0"), ("c", "1.1.0"), ("d", "1.0.0")}


def test_it_gives_up() -> None:
    """A search that takes too long is neither yes nor no."""
    names = "abcdefgh"
    crates = {
        name: [released(f"1.{number}.0", needs(f"z ={number}.{place}.0")) for number in range(4)]
        for place, name in enumerate(names)
    }
    crates["z"] = [released(f"{number}.{place}.0") for number in range(1, 4) for place in range(len(names))]
    shelf = shelf_of(index(**crates))
    wanted = [(Need(name, "^1"), "") for name in names]
    assert Resolver(shelf, most_steps=2).resolve(wanted).is_given_up
    assert Resolver(shelf).resolve(wanted).clash is not None


def test_unknown_is_neither() -> None:
    """A crate of which nothing is known stops nothing, and is told."""
    shelf = Shelf(lambda name: Unknown(name, "why"), lambda name, _: Unknown(name, "why"))
    resolution = Resolver(shelf).resolve([(Need("a", "^1"), "")])
    assert (resolution.clash, resolution.unseen) == (None, {"a": Unknown("a", "why")})


def test_a_choice_that_was_taken_back_leaves_nothing_open() -> None:
    """What only a version leads to that does not fit is not needed, so nobody has to know it."""
    found = index(a=[released("1.0.0"), released("1.1.0", needs("lost ^1"), needs("b =1.0.0"))], b=[released("1.1.0")])
    known = shelf_of(found)
    shelf = Shelf(
        lambda name: Unknown(name, "why") if name == "lost" else known.published(name),
        lambda package, version: found[package].get(version),
    )
    resolution = Resolver(shelf).resolve([(Need("a", "^1"), "")])
    assert {offer.text for offer in resolution.chosen.values()} == {"1.0.0"}
    assert (resolution.clash, resolution.unseen) == (None, {})


def test_which_version_meets_which_need() -> None:
    """A need that the newest version cannot meet is met by another, though the newest is there for somebody else."""
    found = index(a=[released("1.0.0", features={"f": ()}), released("2.0.0")])
    wanted = [Need("a", ">=1", frozenset({"f"})), Need("a", ">=1")]
    met = Resolver(shelf_of(found)).resolve([(need, "") for need in wanted]).met
    assert [offer and offer.text for offer in map(met.get, wanted)] == ["1.0.0", "2.0.0"]


def test_above_everything_known() -> None:
    """A requirement above every known version is unknown where what is known is too old, else nothing matches."""
    found = shelf_of(index(a=[released("1.0.0")]))
    old = Resolver(found, must_know=lambda _: False).resolve([(Need("a", "^2"), "")])
    assert (old.clash, set(old.unseen)) == (None, {"a"})
    below = Resolver(found, must_know=lambda _: False).resolve([(Need("a", "^0.9"), "")])
    assert below.clash is not None
    assert [found.is_beyond(Need("a", text)) for text in ("^2", "^1", "no requirement")] == [True, False, False]


def test_what_is_coming() -> None:
    """Versions that the stack will publish are chosen only if asked for, and after all that are published."""
    coming = {"a": [released("1.5.0", needs("b ^1"))], "b": [released("1.0.0")]}
    shelf = shelf_of(index(a=[released("1.0.0")]), coming)
    wanted = [(Need("a", "^1"), "")]
    assert chosen(Resolver(shelf, with_coming=True).resolve(wanted)) == {("a", "1.0.0")}
    newer = [(Need("a", "^1.1"), "")]
    assert Resolver(shelf).resolve(newer).clash is not None
    found = Resolver(shelf, with_coming=True).resolve(newer)
    assert chosen(found) == {("a", "1.5.0"), ("b", "1.0.0")}
    assert all(offer.is_coming for offer in found.chosen.values())


def test_local_packages() -> None:
    """A need with a home is met there alone, with the version that stands there."""
    shelf = shelf_of(index(a=[released("1.0.0")], b=[released("1.0.0")]))
    shelf.add_local("here", "2.0.0", bundle_of(released("2.0.0", needs("b ^1"), links="z")))
    assert chosen(Resolver(shelf).resolve([(Need("a", "^2", home="here"), "")])) == {("a", "2.0.0"), ("b", "1.0.0")}
    clash = Resolver(shelf).resolve([(Need("a", "^1", home="here"), "")]).clash
    assert clash is not None
    assert Resolver(shelf).resolve([(Need("a", "^2", home="elsewhere"), "")]).clash is not None


class TestFeatures:
    """What a version needs with which features."""

    RELEASE = released(
        "1.0.0",
        needs("firm ^1"),
        needs("extra ^1", optional=True),
        needs("hidden ^1", optional=True),
        needs("tool ^1", kind="dev"),
        features={"default": ("a",), "a": ("firm/x",), "b": ("extra/y",), "c": ("dep:hidden",), "d": ("extra?/z",)},
    )

    def needed(self, *features: str, default: bool = True) -> set[tuple[str, frozenset[str]]]:
        """Names and features that are needed."""
        found = expand(bundle_of(self.RELEASE), frozenset(features), default=default)
        assert not isinstance(found, MissingFeature)
        return {(one.package, one.features) for one in found}

    def test_features(self) -> None:
        """Default, implicit, of a dependency, by `dep:`, and weak ones, which cargo resolves all the same."""
        firm, plain = ("firm", frozenset({"x"})), ("firm", frozenset[str]())
        assert self.needed() == {firm}
        assert self.needed(default=False) == {plain}
        assert self.needed("extra") == {firm, ("extra", frozenset())}
        assert self.needed("b") == {firm, ("extra", frozenset({"y"}))}
        assert self.needed("c", default=False) == {plain, ("hidden", frozenset())}
        assert self.needed("d") == {firm, ("extra", frozenset({"z"}))}

    @pytest.mark.parametrize("feature", ["hidden", "firm", "tool", "gone"])
    def test_no_feature(self, feature: str) -> None:
        """An optional dependency that `dep:` names is no feature, nor is a firm one."""
        assert expand(bundle_of(self.RELEASE), frozenset({feature}), default=True) == MissingFeature(feature)

    def test_dev_dependencies(self) -> None:
        """They count for the package that is resolved itself, and for no other."""
        assert [one.package for one in bundle_of(self.RELEASE, dev=True).firm] == ["firm", "tool"]


VERSIONS = ("0.1.0", "0.1.1", "1.0.0", "1.1.0", "2.0.0")
REQUIREMENTS = ("^0.1", "=0.1.0", "^1", "=1.0.0", "=1.1.0", ">=0.1, <2", "^2", ">=1", "*")


@st.composite
def indexes(draw: st.DrawFn) -> Index:
    """Small registries in which much is in the way of much."""
    names = "abcd"
    dependency = st.builds(
        lambda name, requirement: needs(f"{name} {requirement}"), st.sampled_from(names), st.sampled_from(REQUIREMENTS)
    )
    found: dict[str, list[Release]] = {}
    for name in names:
        versions = draw(st.lists(st.sampled_from(VERSIONS), unique=True, max_size=4))
        found[name] = [
            released(
                version,
                *draw(st.lists(dependency, max_size=2)),
                links=draw(st.sampled_from([None, None, None, "z"])),
                yanked=draw(st.sampled_from([False, False, False, True])),
            )
            for version in versions
        ]
    return index(**found)


def exists(found: Index, wanted: list[str]) -> bool:
    """Whether any choice of at most one version a bucket meets everything: all are tried."""
    places: dict[tuple[str, tuple[int, ...]], list[str | None]] = {}
    for name, releases in found.items():
        for version, one in releases.items():
            if not one.yanked:
                places.setdefault((name, Version.parse(version).bucket), [None]).append(version)
    return any(_is_sound(found, wanted, dict(zip(places, choice, strict=True))) for choice in product(*places.values()))


def _is_sound(found: Index, wanted: list[str], choice: Mapping[tuple[str, tuple[int, ...]], str | None]) -> bool:
    """Whether each need, from the wanted ones on, can be met by some chosen version without two of one `links`."""
    options: list[tuple[str, str]] = [(name, version) for (name, _), version in choice.items() if version is not None]
    return any(_closes(found, wanted, options, frozenset(), picked) for picked in _picks(wanted, options))


def _picks(wanted: list[str], options: list[tuple[str, str]]) -> Iterator[frozenset[tuple[str, str]]]:
    ways = []
    for text in wanted:
        name, _, requirement = text.partition(" ")
        matching = Requirement.parse(requirement)
        ways.append([one for one in options if one[0] == name and matching.matches(Version.parse(one[1]))])
    yield from (frozenset(way) for way in product(*ways))


def _closes(
    found: Index,
    wanted: list[str],
    options: list[tuple[str, str]],
    done: frozenset[tuple[str, str]],
    open_: frozenset[tuple[str, str]],
) -> bool:
    taken = done | open_
    links = [found[name][version].links for name, version in taken if found[name][version].links]
    if len(links) != len(set(links)):
        return False
    more = [
        f"{need.package} {need.requirement}" for name, version in open_ for need in found[name][version].dependencies
    ]
    fresh = {picked - taken for picked in _picks(more, options)}
    return any(not one or _closes(found, wanted, options, taken, one) for one in fresh)


@settings(max_examples=150)
@given(indexes(), st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(REQUIREMENTS)), min_size=1, max_size=3))
def test_it_finds_a_choice_where_there_is_one(found: Index, pairs: list[tuple[str, str]]) -> None:
    """As a search that tries everything does, which minds no circles; and what it chooses is sound."""
    wanted = [f"{name} {requirement}" for name, requirement in pairs]
    resolution = resolved(found, *wanted)
    assert not resolution.is_given_up
    assert (resolution.clash is None or resolution.clash.kind == CIRCLE) == exists(found, wanted)
    if resolution.clash is None:
        options = sorted(chosen(resolution))
        assert any(_closes(found, wanted, options, frozenset(), picked) for picked in _picks(wanted, options))


PACKAGES = st.lists(
    st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(REQUIREMENTS)), min_size=1, max_size=3),
    min_size=1,
    max_size=6,
)


@settings(max_examples=150)
@given(indexes(), PACKAGES)
def test_what_goes_along_goes_by_itself(found: Index, packages: list[list[tuple[str, str]]]) -> None:
    """One package after the other is met beside the others exactly where it can be met alone.

    But for a circle, into which an older version need not lead that was chosen for the others.
    """
    shelf = shelf_of(found)
    together = Resolver(shelf)
    for pairs in packages:
        wanted = [Need(*pair) for pair in pairs]
        alone = Resolver(shelf).resolve([(need, "") for need in wanted])
        if alone.clash is None or alone.clash.kind != CIRCLE:
            assert (together.goes_along(wanted) is None) == (alone.clash is not None)


def test_what_is_not_known_of_a_package_among_others() -> None:
    """Of each package that is met beside others only those unknown crates are told that it reaches itself."""
    found = index(
        a=[released("1.0.0", needs("lost ^1"))],
        b=[released("1.0.0", needs("c ^1"))],
        c=[released("1.0.0"), released("1.1.0", needs("gone ^2"))],
    )
    known = shelf_of(found)

    def published(package: str) -> Published | Unknown:
        return known.published(package) if package in found else Unknown(package, "why")

    together = Resolver(Shelf(published, lambda package, version: found[package].get(version)))
    for wanted, unseen in [(["a"], {"lost"}), (["b"], {"gone"}), (["c"], {"gone"}), (["a", "c"], {"lost", "gone"})]:
        assert unseen_along(together, [Need(name, "^1") for name in wanted]) == unseen
    along = together.goes_along([Need("c", "=1.0.0")])
    assert along is not None
    assert (together.names.names(along.reached), along.unseen) == (["c"], {})
    further = together.goes_along([Need("b", "^1")])
    assert further is not None
    assert set(together.names.names(further.reached)) == {"b", "c"}


def test_a_shelf_looks_again() -> None:
    """What is known later of a package counts where that is said, and what else was found out stays."""
    asked: list[str] = []
    found = dict(index(a=[released("1.0.0", needs("b ^1"))]))

    def published(package: str) -> Published | Unknown:
        asked.append(package)
        return shelf_of(found).published(package) if package in found else Unknown(package, "why")

    shelf = Shelf(published, lambda package, version: found[package].get(version))
    wanted = [(Need("a", "^1"), "")]
    assert set(Resolver(shelf).resolve(wanted).unseen) == {"b"}
    found["b"] = index(b=[released("1.4.0")])["b"]
    shelf.look_again(["b"], {})
    assert chosen(Resolver(shelf).resolve(wanted)) == {("a", "1.0.0"), ("b", "1.4.0")}
    assert asked == ["a", "b", "b"]


def test_one_of_several_missing_features_is_named_always() -> None:
    """Which feature is missed does not hang on the order of a set, which is another one in every process."""
    code = (
        "from batuta_hooks.domain.shelf import expand\n"
        "from tests.domain.test_resolution import bundle_of, released\n"
        "print(expand(bundle_of(released('1.0.0')), frozenset('zeta alpha mid beta omega'.split()), default=True))"
    )
    said = {run([sys.executable, "-c", code], env={**unmeasured(), "PYTHONHASHSEED": seed}).stdout for seed in "123"}
    assert said == {"MissingFeature(feature='alpha', is_circular=False)\n"}
