"""Verdicts over a stack and a registry: what is asked for, round by round, and what stays unknown offline."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from batuta_hooks.domain.publishable import Publishable
from batuta_hooks.stack.check import check
from batuta_hooks.stack.checkouts import find_workspace
from batuta_hooks.stack.crates_io import Asking
from tests.support.online import go_online
from tests.support.publish_stacks import crate, line
from tests.support.registry import FaultyRegistry, index_file, status
from tests.support.repos import make_repo


@pytest.fixture
def registry() -> Iterator[FaultyRegistry]:
    """A registry with a chain of crates."""
    with FaultyRegistry() as running:
        running.files[index_file("one")] = line("one", "1.0.0", "two ^1") + line("one", "1.1.0", "two ^1")
        running.files[index_file("two")] = line("two", "1.0.0", "three ^1")
        running.files[index_file("three")] = line("three", "1.0.0")
        yield running


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registry: FaultyRegistry) -> Path:
    """A folder for a stack beside it."""
    go_online(monkeypatch, tmp_path / "stack", registry)
    return tmp_path / "stack"


def verdicts(stack: Path, *names: str, offline: bool = False, then: str = "", later: int = 0) -> dict[str, Publishable]:
    """The verdict on each crate, some seconds from now."""
    now = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=later)
    asking = Asking(now, offline=offline, as_of=then)
    report = check(find_workspace(str(stack)), now=now, crates=names, asking=asking)
    return {one.name: one.publishable for one in report.crates}


def asked(registry: FaultyRegistry) -> list[str]:
    """The crates that were asked for, in order."""
    return [one.path.rpartition("/")[2] for one in registry.log if not one.path.endswith("config.json")]


def test_down_to_the_last_crate(stack: Path, registry: FaultyRegistry) -> None:
    """What a crate needs is asked for round by round, each crate once; the second check asks for nothing of that."""
    make_repo(stack / "app", {"Cargo.toml": crate("app", '[dependencies]\none = "1"')})
    verdict = verdicts(stack)["app"]
    assert (verdict.verdict, verdict.why) == ("now", "the registry has all that it needs")
    assert [set(asked(registry)[:2]), *asked(registry)[2:]] == [{"app", "one"}, "two", "three"]
    assert verdicts(stack, offline=True)["app"] == verdict
    assert verdicts(stack)["app"] == verdict
    assert len(asked(registry)) == 4


def test_broken_at_the_end(stack: Path, registry: FaultyRegistry) -> None:
    """A crate that only the last round shows to be missing makes it `no`, at the index line that wants it."""
    del registry.files[index_file("three")]
    make_repo(stack / "app", {"Cargo.toml": crate("app", '[dependencies]\none = "1"')})
    verdict = verdicts(stack)["app"]
    assert (verdict.verdict, verdict.reasons[0].index_line) == ("no", "two 1.0.0")


def test_registry_that_does_not_answer(stack: Path, registry: FaultyRegistry) -> None:
    """What could not be asked of directly is unknown; of what is needed indirectly it is said."""
    make_repo(stack / "app", {"Cargo.toml": crate("app", '[dependencies]\none = "1"')})
    registry.faults[f"/{index_file('two')}"] = [status(403)]
    verdict = verdicts(stack)["app"]
    assert (verdict.verdict, verdict.why) == (
        "now",
        "the registry has all that it needs; 1 of the crates that it needs indirectly were not looked at",
    )
    registry.faults[f"/{index_file('one')}"] = [status(403)]
    make_repo(stack / "other", {"Cargo.toml": crate("other", '[dependencies]\nfour = "1"')})
    registry.faults[f"/{index_file('four')}"] = [status(403)]
    assert verdicts(stack, later=3600)["other"].verdict == "unknown"


def test_above_what_is_cached(stack: Path, registry: FaultyRegistry) -> None:
    """A requirement above all that is cached is unknown offline, and asked for again where that may be."""
    repo = make_repo(stack / "app", {"Cargo.toml": crate("app", '[dependencies]\none = "1"')})
    assert verdicts(stack)["app"].verdict == "now"
    registry.files[index_file("one")] += line("one", "2.0.0")
    repo.write({"Cargo.toml": crate("app", '[dependencies]\none = "2"')})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_COMMITTER_DATE", "2099-01-01T00:00:00Z")
        repo.commit("later")
    assert verdicts(stack, offline=True)["app"].verdict == "unknown"
    assert verdicts(stack)["app"].verdict == "now"


def test_stack(stack: Path, registry: FaultyRegistry) -> None:
    """Siblings that are to come first are named; of what is not selected nobody is asked without need."""
    make_repo(stack / "lib", {"Cargo.toml": crate("lib", '[dependencies]\nbase = "0.1"')})
    make_repo(stack / "base", {"Cargo.toml": crate("base")})
    make_repo(stack / "app", {"Cargo.toml": crate("app", '[dependencies]\nlib = "0.1"')})
    make_repo(stack / "aside", {"Cargo.toml": crate("aside")})
    found = verdicts(stack, "app")
    assert {name: (one.verdict, one.after) for name, one in found.items()} == {"app": ("after", ("base", "lib"))}
    assert "aside" not in asked(registry)
    assert verdicts(stack)["aside"].verdict == "now"


def test_name_in_another_spelling(stack: Path, registry: FaultyRegistry) -> None:
    """A new crate is looked for under the other spellings of its name."""
    registry.files[index_file("foo-bar")] = line("foo-bar", "1.0.0")
    make_repo(stack / "app", {"Cargo.toml": crate("foo_bar")})
    verdict = verdicts(stack)["foo_bar"]
    assert (verdict.verdict, verdict.reasons[0].index_line) == ("no", "foo-bar")


def test_as_of(stack: Path, registry: FaultyRegistry) -> None:
    """In the past a version that came later is not there."""
    registry.files[index_file("one")] = line("one", "1.0.0", pubtime="2025-06-01T00:00:00Z")
    make_repo(stack / "app", {"Cargo.toml": crate("app", '[dependencies]\none = "1"')})
    assert verdicts(stack)["app"].verdict == "now"
    assert verdicts(stack, then="2025-05-01T00:00:00Z")["app"].verdict == "no"
