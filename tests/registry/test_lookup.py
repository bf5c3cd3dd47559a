"""An answer is as good as what is known, says how good that is, and is never made of "could not ask"."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from batuta_hooks.domain.facts import Published
from batuta_hooks.domain.finding import Unknown
from batuta_hooks.domain.release import Release
from batuta_hooks.registry.cache import Cache
from batuta_hooks.registry.entry import ABSENT_STATUSES, ABSENT_TTL_S, TTL_S, Miss, absent, index_key
from batuta_hooks.registry.glance import DATABASE, Glance
from batuta_hooks.registry.lookup import FROM_CARGO, Answer, Lookup, as_published, release_of
from batuta_hooks.registry.urls import InvalidUrl
from tests.registry.samples import CRATES_IO, IDENTITY, NOW, cargo_cache, index_entry, index_file, unpacked
from tests.support.process import run, unmeasured

OLD = index_file("serde", ["1.0.0"], ["0.9.0"])
NEW = index_file("serde", ["1.0.0", "1.0.1"], ["0.9.0"])
DAY_S = 24 * 3600


class World:
    """A machine: a cache, a cargo home, and lookups that see them at some moment."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "cargo"
        self.folder = folder / "registry-v1"
        self.glance = Glance(str(self.folder))

    def remember(self, crate: str, payload: bytes, checked_at: int = NOW) -> None:
        """Put an index file into the cache."""
        with Cache(str(self.folder)) as cache:
            cache.store(*index_entry(crate, payload, checked_at), payload)
            assert cache.warnings == ()

    def remember_absent(self, crate: str, checked_at: int = NOW, status: int = 404) -> None:
        """Put "no such crate" into the cache."""
        with Cache(str(self.folder)) as cache:
            cache.store(index_key(IDENTITY, crate), absent(checked_at, f"https://index.crates.io/{crate}", status))

    def at(self, now: int, *, ttl_s: int = TTL_S, registry: str = CRATES_IO) -> Lookup:
        """A lookup at a time."""
        return Lookup(registry, self.glance, cargo_home=str(self.home), now=now, ttl_s=ttl_s)

    def ask(self, crate: str, now: int = NOW) -> Answer:
        """An answer that must be there."""
        answer = self.at(now)(crate)
        assert isinstance(answer, Answer), answer
        return answer


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A machine that knows nothing."""
    world = World(tmp_path)
    yield world
    world.glance.close()


def test_a_fresh_entry_answers_at_once(world: World) -> None:
    """With its age, time, source, and what it lists; cargo's copy is not looked at."""
    world.remember("serde", OLD)
    cargo_cache(world.home, "serde", NEW, NOW + 60)
    answer = world.ask("serde", NOW + 100)
    assert (answer.versions, answer.yanked) == (("1.0.0",), ("0.9.0",))
    assert (answer.age_s, answer.checked_at, answer.is_fresh) == (100, NOW, True)
    assert (answer.source, answer.is_absent) == ("https://index.crates.io/serde", False)


def test_a_stale_entry_answers_with_its_age(world: World) -> None:
    """Offline as well as online: whoever may ask the registry asks it before."""
    world.remember("serde", NEW)
    for age_s in (TTL_S, DAY_S, 1000 * DAY_S):
        answer = world.ask("serde", NOW + age_s)
        assert (answer.age_s, answer.is_fresh, answer.versions) == (age_s, False, ("1.0.0", "1.0.1"))
    assert world.ask("serde", NOW + 10).is_fresh
    shorter = world.at(NOW + 10, ttl_s=10)("serde")
    assert isinstance(shorter, Answer)
    assert not shorter.is_fresh
    assert world.ask("serde", NOW - 3600).age_s == 0
    assert not world.ask("serde", NOW - 3600).is_fresh


def test_offline_variables_change_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lookup opens no socket in any case."""
    world.remember("serde", NEW)
    online = world.ask("serde", NOW + DAY_S)
    monkeypatch.setenv("BATUTA_OFFLINE", "1")
    assert world.ask("serde", NOW + DAY_S)._replace(read=online.read) == online


@pytest.mark.parametrize("written_s", [NOW - DAY_S, NOW, NOW + DAY_S])
def test_of_two_stale_answers_more_versions_win(world: World, written_s: int) -> None:
    """A registry only adds versions, so the longer list is the later one, whatever a copied file's time says."""
    world.remember("serde", OLD)
    cargo_cache(world.home, "serde", NEW, written_s)
    answer = world.ask("serde", NOW + 2 * DAY_S)
    assert (answer.source, answer.versions) == (FROM_CARGO, ("1.0.0", "1.0.1"))
    assert (answer.checked_at, answer.age_s) == (written_s, NOW + 2 * DAY_S - written_s)
    assert not answer.is_fresh
    world.remember("serde", NEW)
    cargo_cache(world.home, "serde", OLD, written_s)
    answer = world.ask("serde", NOW + 2 * DAY_S)
    assert (answer.source, answer.versions) == ("https://index.crates.io/serde", ("1.0.0", "1.0.1"))


def test_of_two_equal_lists_the_later_check_wins(world: World) -> None:
    """It alone can know of a yank; with equal times the entry, whose time is that of a check."""
    yanked = index_file("serde", ["1.0.0"], ["1.0.1", "0.9.0"])
    world.remember("serde", NEW)
    for written_s, source in ((NOW + 1, FROM_CARGO), (NOW, "https://index.crates.io/serde")):
        cargo_cache(world.home, "serde", yanked, written_s)
        assert world.ask("serde", NOW + DAY_S).source == source
    world.remember("serde", yanked, NOW + 5)
    cargo_cache(world.home, "serde", NEW, NOW + 1)
    assert world.ask("serde", NOW + DAY_S).yanked == ("1.0.1", "0.9.0")


def test_a_copy_that_cannot_know_more_is_not_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its lines are counted, and no more: it has too few, or no more and from before the check."""

    def refused(*_: object) -> list[tuple[str, bool]]:
        raise AssertionError

    monkeypatch.setattr("batuta_hooks.registry.index.versions", refused)
    world.remember("serde", NEW)
    for payload, written_s in ((OLD, NOW + DAY_S), (NEW, NOW - DAY_S), (NEW, NOW)):
        cargo_cache(world.home, "serde", payload, written_s)
        assert world.ask("serde", NOW + DAY_S).source == "https://index.crates.io/serde"
    cargo_cache(world.home, "serde", NEW, NOW + 1)
    with pytest.raises(AssertionError):
        world.ask("serde", NOW + DAY_S)


def test_a_file_from_the_future_has_no_negative_age(world: World) -> None:
    """Nor is it fresh: its time is the file's."""
    cargo_cache(world.home, "serde", NEW, NOW + DAY_S)
    answer = world.ask("serde")
    assert (answer.age_s, answer.is_fresh, answer.checked_at) == (0, False, NOW + DAY_S)


def test_cargo_alone_answers_a_cold_guard(world: World) -> None:
    """Also where there is no cache at all, and from the folder of an older cargo."""
    path = cargo_cache(world.home, "serde", NEW, NOW - DAY_S)
    assert world.ask("serde").source == FROM_CARGO
    folder = world.home / "registry" / "index"
    (folder / "index.crates.io-1949cf8c6b5b557f").rename(folder / "index.crates.io-6f17d22bba15001f")
    assert world.ask("serde").versions == ("1.0.0", "1.0.1")
    cargo_cache(world.home, "serde", OLD, NOW)
    assert world.ask("serde").versions == ("1.0.0", "1.0.1")
    assert not path.read_bytes().endswith(b"1.0.1")


def test_nothing_known_is_unknown(world: World) -> None:
    """With the cache's reason, and never "not published"."""
    assert world.at(NOW)("serde") == Unknown("serde", "there is no cache yet, and cargo keeps no copy of its index")
    world.remember("rand", index_file("rand", ["0.9.0"]))
    assert world.at(NOW)("serde") == Unknown("serde", "it is not in the cache, and cargo keeps no copy of its index")
    (world.folder / DATABASE).write_bytes(b"damaged" * 1000)
    unknown = world.at(NOW).published("rand")
    assert unknown == Unknown(
        "rand", "the cache cannot be read: file is not a database, and cargo keeps no copy of its index"
    )


def test_no_cargo_home_is_no_fault(world: World) -> None:
    """An empty path, or one that is not there."""
    for home in ("", str(world.home / "none")):
        lookup = Lookup(CRATES_IO, world.glance, cargo_home=home, now=NOW)
        assert isinstance(lookup("serde"), Unknown)


@pytest.mark.parametrize("crate", ["", "../serde", "a b", "é", "a" * 65, "a\0"])
def test_a_name_that_no_crate_has_is_unknown(world: World, crate: str) -> None:
    """It comes from a manifest and may be anything."""
    found = world.at(NOW)(crate)
    assert isinstance(found, Unknown)
    assert found.crate == crate
    assert "is not a crate name" in found.why


def test_a_damaged_copy_of_cargos_is_no_answer(world: World) -> None:
    """Cut short it would miss versions; without any readable line it would say that there are none."""
    path = cargo_cache(world.home, "serde", NEW, NOW)
    sound = path.read_bytes()
    for damaged in (sound[:-10], b"", b"\x04" + sound[1:], sound[:13], sound.replace(b"serde", b"sedre")):
        path.write_bytes(damaged)
        assert isinstance(world.at(NOW)("serde"), Unknown)


@pytest.mark.parametrize("status", ABSENT_STATUSES)
def test_absence_is_an_answer(world: World, status: int) -> None:
    """Of a registry that was asked; fresh for a short while, then of an age like any other."""
    world.remember_absent("ghost", status=status)
    answer = world.ask("ghost", NOW + ABSENT_TTL_S - 1)
    assert (answer.is_absent, answer.is_fresh, answer.versions, answer.yanked) == (True, True, (), ())
    answer = world.ask("ghost", NOW + DAY_S)
    assert (answer.is_absent, answer.is_fresh, answer.age_s) == (True, False, DAY_S)
    assert world.at(NOW + DAY_S).published("ghost") == Published((), checked_at=NOW)


def test_a_stale_absence_yields_to_cargos_copy(world: World) -> None:
    """The crate was published since, or before: it has versions."""
    world.remember_absent("serde")
    cargo_cache(world.home, "serde", NEW, NOW - DAY_S)
    assert world.ask("serde", NOW + 10).is_absent
    answer = world.ask("serde", NOW + ABSENT_TTL_S)
    assert (answer.is_absent, answer.versions) == (False, ("1.0.0", "1.0.1"))


def test_one_release(world: World) -> None:
    """A version that the answer lists, yanked or not; none of another; what is not known stays so."""
    world.remember("inflector", index_file("Inflector", ["0.1.0"], ["0.0.9"]))
    lookup = world.at(NOW)
    found = [release_of(lookup("Inflector"), version) for version in ("0.1.0", "0.0.9")]
    assert [(one.version, one.yanked) for one in found if isinstance(one, Release)] == [
        ("0.1.0", False),
        ("0.0.9", True),
    ]
    assert release_of(lookup("Inflector"), "0.2.0") is None
    assert release_of(lookup("inflector"), "0.1.0") is None, "cargo knows no crate in this letter case"
    assert release_of(lookup("unheard-of"), "1.0.0") == lookup("unheard-of")


def test_a_checks_terms(world: World) -> None:
    """Versions and yanks; Unknown stays Unknown; another letter case than the registry's is no crate, as in cargo."""
    world.remember("inflector", index_file("Inflector", ["0.1.0"], ["0.0.9"]))
    lookup = world.at(NOW)
    assert lookup.published("Inflector") == Published(("0.1.0",), ("0.0.9",), NOW)
    assert lookup.published("inflector") == Published((), (), NOW)
    assert lookup.published("unheard-of") == lookup("unheard-of")
    assert as_published(Unknown("a", "b")) == Unknown("a", "b")
    cargo_cache(world.home, "serde", NEW, NOW)
    assert lookup.published("Serde") == Published((), (), NOW)
    assert lookup.published("serde") == Published(("1.0.0", "1.0.1"), ("0.9.0",), NOW)


def test_the_age_of_all_that_was_said(world: World) -> None:
    """The oldest answer's; nothing where nothing was known."""
    world.remember("serde", NEW, NOW - 50)
    world.remember("rand", index_file("rand", ["0.9.0"]), NOW - 20)
    lookup = world.at(NOW)
    ages = [lookup.oldest_age_s]
    for crate in ("unknown", "rand", "serde"):
        lookup(crate)
        ages.append(lookup.oldest_age_s)
    assert ages == [None, None, 20, 50]


def test_another_registry_is_another_question(world: World) -> None:
    """What crates.io said counts nowhere else, and a text that is no URL is refused."""
    world.remember("serde", NEW)
    cargo_cache(world.home, "serde", NEW, NOW)
    assert isinstance(world.at(NOW, registry="sparse+https://crates.example/index/")("serde"), Unknown)
    with pytest.raises(InvalidUrl):
        world.at(NOW, registry="crates-io")


def test_all_that_the_index_says(world: World) -> None:
    """Read when asked for: from the cache's bytes, or from cargo's file."""
    world.remember("serde", NEW)
    cargo_cache(world.home, "serde_json", index_file("serde_json", ["1.0.0", "1.0.1"]), NOW)
    for crate, count in (("serde", 3), ("serde_json", 2)):
        answer = world.ask(crate)
        releases = answer.releases()
        assert not isinstance(releases, Unknown)
        assert [release.version for release in releases] == [*answer.versions, *answer.yanked]
        assert len(releases) == count
        assert answer.release("1.0.1") == releases[1]
        assert answer.release("7.0.0") is None


def test_what_went_away_meanwhile_is_unknown(world: World) -> None:
    """The versions are known, their details are not any more."""
    world.remember("serde", NEW)
    path = cargo_cache(world.home, "rand", index_file("rand", ["0.9.0"]), NOW)
    lookup = world.at(NOW)
    lookup("serde")
    lookup("rand")
    path.unlink()
    world.remember("serde", OLD)
    for crate, why in (("serde", "it is not in the cache"), ("rand", r"cargo's copy of its index cannot be read: .*")):
        answer = lookup(crate)
        assert isinstance(answer, Answer)
        for found in (answer.releases(), answer.release("1.0.0")):
            assert isinstance(found, Unknown)
            assert found.crate == crate
            assert re.fullmatch(why, found.why)


def test_an_absent_crate_has_no_details(world: World) -> None:
    """No bytes came with the answer."""
    world.remember_absent("ghost")
    assert world.ask("ghost").releases() == Unknown("ghost", "there is no such crate, hence no answer to read")


def test_the_real_cargo_home_and_the_real_index_say_the_same(tmp_path: Path) -> None:
    """Of every crate that is in both: versions, yanks and spelling."""
    home = unpacked("cargo_home/cargo_home.tar.xz", tmp_path / "home")
    index = unpacked("index/index.tar.xz", tmp_path / "index")
    files = {path.name: path for path in index.rglob("*") if path.is_file() and path.suffix != ".json"}
    with Cache(str(tmp_path / "registry-v1")) as cache:
        for name, path in files.items():
            payload = path.read_bytes()
            cache.store(*index_entry(name, payload), payload)
    with Glance(str(tmp_path / "registry-v1")) as glance:
        ours = Lookup(CRATES_IO, glance, now=NOW)
        answers = {name: ours(name) for name in files}
    cargos = Lookup(CRATES_IO, Glance(Miss("none")), cargo_home=str(home), now=NOW)
    compared = 0
    for name, answer in answers.items():
        other = cargos(name)
        assert isinstance(answer, Answer)
        if isinstance(other, Answer):
            compared += 1
            assert (other.spelled, other.versions, other.yanked) == (answer.spelled, answer.versions, answer.yanked)
            assert other.source == FROM_CARGO
    assert compared > 50


WARM = """
import sys
before = set(sys.modules)
from batuta_hooks.registry.glance import Glance
from batuta_hooks.registry.lookup import Lookup
glance = Glance(sys.argv[1])
lookup = Lookup("sparse+https://index.crates.io/", glance, cargo_home=sys.argv[2], now=int(sys.argv[3]))
for crate in ("serde", "rand", "ghost"):
    print(crate, type(lookup(crate)).__name__)
glance.close()
print(*sorted(set(sys.modules) - before))
"""


def test_a_lookup_is_light(world: World) -> None:
    """Fresh, from cargo's copy, or unknown: no library that is slow to import, and only the standard one."""
    world.remember("serde", NEW)
    cargo_cache(world.home, "rand", index_file("rand", ["0.9.0"]), NOW)
    command: list[str | Path] = [sys.executable, "-I", "-c", WARM, world.folder, world.home, str(NOW)]
    *said, loaded = run(command, env=unmeasured()).stdout.splitlines()
    assert said == ["serde Answer", "rand Answer", "ghost Unknown"]
    heavy = {"typing", "json", "re", "pathlib", "diskcache", "requests", "hashlib", "dataclasses", "socket", "tomli"}
    assert heavy & set(loaded.split()) == set()
