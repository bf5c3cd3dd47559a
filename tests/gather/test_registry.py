"""What stands for crates.io in a folder, and what is known of it without asking anybody."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from batuta_hooks.domain.facts import Published
from batuta_hooks.domain.finding import Unknown
from batuta_hooks.gather.registry import Registry, find_place
from batuta_hooks.registry.cache import Cache
from batuta_hooks.registry.entry import absent, found, index_key, registry_identity
from tests.registry.samples import NOW, index_file
from tests.support.process import run, unmeasured

CRATES_IO = "sparse+https://index.crates.io/"


def configured(folder: Path, text: str = "") -> dict[str, str]:
    """Variables of a machine whose cargo is configured so, in a folder."""
    (folder / ".cargo").mkdir()
    (folder / ".cargo/config.toml").write_text(text, encoding="utf-8")
    return {"HOME": str(folder), "CARGO_HOME": str(folder / "home"), "BATUTA_CACHE_DIR": str(folder / "cache")}


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("", CRATES_IO),
        ('[source.crates-io]\nreplace-with = "m"\n[source.m]\nregistry = "sparse+https://m.example/"', ""),
        ('[registries.crates-io]\nprotocol = "git"', "https://github.com/rust-lang/crates.io-index"),
        ('[source.crates-io]\nreplace-with = "m"\n[source.m]\ndirectory = "vendor"', "file://{}/vendor"),
        ('[source.crates-io]\nreplace-with = "m"\n[source.m]\nlocal-registry = "/some where"', "file:///some%20where"),
    ],
)
def test_which_registry(tmp_path: Path, text: str, url: str) -> None:
    """The one that cargo's configuration puts in the place of crates.io, mirrors and folders included."""
    place = find_place(str(tmp_path), configured(tmp_path, text))
    assert (place.url, place.why) == ((url or "sparse+https://m.example/").format(tmp_path), "")
    assert place.home == str(tmp_path / "home")


@pytest.mark.parametrize(
    ("text", "variables", "offline"),
    [
        ("", {}, ""),
        ("[net]\noffline = true", {}, "cargo is configured to be offline"),
        ("", {"CARGO_NET_OFFLINE": "true"}, "cargo is configured to be offline"),
        ("[net]\noffline = true", {"CARGO_NET_OFFLINE": "false"}, ""),
        ("", {"BATUTA_OFFLINE": "1"}, "BATUTA_OFFLINE is set"),
        ("", {"BATUTA_OFFLINE": "No"}, ""),
        ('[source.crates-io]\nreplace-with = "m"\n[source.m]\ndirectory = "vendor"', {"BATUTA_OFFLINE": "1"}, ""),
    ],
)
def test_offline(tmp_path: Path, text: str, variables: dict[str, str], offline: str) -> None:
    """Variables and configuration can forbid the network, which folders do not need."""
    assert find_place(str(tmp_path), configured(tmp_path, text) | variables).offline == offline


@pytest.mark.parametrize("text", ["x = ", "[net]\noffline = 1", "[source.crates-io]\nreplace-with = 'nowhere'"])
def test_refused_configuration(tmp_path: Path, text: str) -> None:
    """Where cargo would not work, nothing is known, and the reason is cargo's."""
    place = find_place(str(tmp_path), configured(tmp_path, text))
    assert place.url == ""
    registry = Registry(place, {})
    assert registry.published("serde") == Unknown("serde", place.why)
    assert place.why.startswith("cargo refuses its configuration: ")
    assert registry.oldest_age_s is None


def test_answers(tmp_path: Path) -> None:
    """What the cache has, with its age; absence is an answer, and what is not there is unknown."""
    environment = configured(tmp_path)
    serde, ghost = (index_key(registry_identity(CRATES_IO), name) for name in ("serde", "ghost"))
    with Cache(str(tmp_path / "cache/registry-v1")) as cache:
        payload = index_file("serde", ["1.0.0"], ["1.1.0"])
        cache.store(serde, found(serde, payload, NOW - 100, "https://x.example"), payload)
        cache.store(ghost, absent(NOW - 10, "https://x.example", 404))
    with Registry(find_place(str(tmp_path), environment), environment, now=NOW) as registry:
        ages = [registry.oldest_age_s]
        assert registry.published("ghost") == Published((), checked_at=NOW - 10)
        ages.append(registry.oldest_age_s)
        assert registry.published("serde") == Published(("1.0.0",), ("1.1.0",), NOW - 100)
        assert [*ages, registry.oldest_age_s] == [None, 10, 100]
        assert isinstance(registry.published("other"), Unknown)
        assert isinstance(registry.published("no crate"), Unknown)


def test_it_is_light(tmp_path: Path) -> None:
    """A guard that asks loads neither the network, nor diskcache, nor anything else that is slow to import."""
    environment = configured(tmp_path) | {"PATH": ""}
    code = (
        "import sys; before = set(sys.modules)\n"
        "from batuta_hooks.gather.registry import Registry, find_place\n"
        "Registry(find_place('.'), now=1).published('serde')\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    loaded = run([sys.executable, "-I", "-c", code], cwd=tmp_path, env=unmeasured() | environment).stdout.split()
    assert "batuta_hooks.registry.lookup" in loaded
    heavy = {"typing", "json", "pathlib", "diskcache", "requests", "hashlib", "dataclasses", "socket", "urllib.parse"}
    assert heavy.intersection(loaded) == set()
