"""One plan over thirty repositories, in which each kind of state and history stands once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.registry import FaultyRegistry
from tests.support.releases import ReleaseStack, updates, versions
from tests.support.repos import make_repo, package

NEW = {"src/lib.rs": "// new"}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReleaseStack]:
    """The stack; made once."""
    folder = tmp_path_factory.mktemp("thirty")
    with FaultyRegistry() as registry, pytest.MonkeyPatch.context() as patch:
        made = ReleaseStack(folder / "stack", registry, patch)
        _states(made)
        _relations(made, folder)
        made.configure('[release_groups]\npair = ["group-a", "group-b"]\n')
        yield made


def _states(made: ReleaseStack) -> None:
    for number in range(9):
        made.crate(f"still-{number}")
    made.crate("changed").commit("fix: it", NEW)
    made.crate("unpackaged", keys='exclude = ["notes"]').commit("notes", {"notes/x": "x"})
    rewritten = made.crate("rewritten")
    rewritten.git("commit", "--quiet", "--amend", "--message", "again", "--date", "2020-01-01T00:00:00Z")
    by_hand = made.crate("by-hand")
    by_hand.commit("bump", {"Cargo.toml": (by_hand.path / "Cargo.toml").read_text().replace("0.1.0", "0.2.0")})
    made.crate("never", version="0.5.0", published=False)
    yanked = made.crate("yanked", published=False)
    made.publish(yanked, yanked=True)
    yanked.commit("fix", NEW)
    made.crate("pre", version="1.0.0-rc.1").commit("fix", NEW)
    untagged = made.crate("untagged")
    untagged.git("tag", "--delete", "v0.1.0")
    untagged.commit("fix", NEW)
    elsewhere = made.crate("tag-elsewhere")
    elsewhere.git("tag", "v0.1.1")
    elsewhere.commit("fix", NEW)


def _relations(made: ReleaseStack, folder: Path) -> None:
    made.crate("group-a").commit("fix", NEW)
    made.crate("group-b")
    made.crate("top").commit("fix", NEW)
    for name in ("left", "right"):
        made.crate(name, 'top = "0.1.0"').commit("fix", NEW)
    made.crate("bottom", 'left = "0.1.0"\nright = "0.1.0"').commit("fix", NEW)
    made.crate("dev-a", '[dev-dependencies]\ndev-b = "0.1"').commit("fix", NEW)
    made.crate("dev-b", 'dev-a = "0.1"').commit("fix", NEW)
    made.crate("breaking").commit("fix", NEW)
    made.crate("broken", 'other = { package = "breaking", version = "0.1.0" }')
    backport = made.crate("backport", version="1.0.0")
    text = (backport.path / "Cargo.toml").read_text()
    made.publish(make_repo(folder / "later", {"Cargo.toml": text.replace("1.0.0", "2.0.0"), "src/lib.rs": ""}))
    backport.commit("fix", NEW)
    member = '[package]\nname = "{}"\nversion.workspace = true\nedition = "2021"\ndescription = "d"\nlicense = "MIT"\n'
    root = '[workspace]\nmembers = ["one", "two"]\n[workspace.package]\nversion = "3.0.0"\n'
    files = {"Cargo.toml": root, "one/src/lib.rs": "", "two/src/lib.rs": "// new"}
    make_repo(made.folder / "ws", files | {f"{name}/Cargo.toml": member.format(name) for name in ("one", "two")})
    for name in ("one", "two"):
        flat = package(name, version="3.0.0", keys='description = "d"\nlicense = "MIT"')
        made.publish(make_repo(folder / f"flat-{name}", {"Cargo.toml": flat, "src/lib.rs": ""}))


@pytest.mark.slow
def test_everything_at_once(stack: ReleaseStack) -> None:
    """Each crate goes out, or stays, for its own reason, and none disturbs another."""
    plan = stack.plan(bumps={"breaking": "minor", "pre": "rc"})
    assert len(list(stack.folder.glob("*/.git"))) == 30
    assert len(plan.repositories) == 19
    assert versions(plan) == {
        "changed": "0.1.1",
        "by-hand": "0.2.0",
        "never": "0.5.0",
        "yanked": "0.1.1",
        "pre": "1.0.0-rc.2",
        "untagged": "0.1.1",
        "tag-elsewhere": "0.1.1!",
        "group-a": "0.1.1",
        "group-b": "0.1.1",
        "top": "0.1.1",
        "left": "0.1.1",
        "right": "0.1.1",
        "bottom": "0.1.1",
        "dev-a": "0.1.1",
        "dev-b": "0.1.1",
        "breaking": "0.2.0",
        "broken": "0.1.1",
        "backport": "1.0.1",
        "one": "3.0.1",
        "two": "3.0.1",
    }
    waves = {crate: number for number, wave in enumerate(plan.waves, 1) for crate in wave}
    assert {crate: wave for crate, wave in waves.items() if wave > 1} == {
        "left": 2,
        "right": 2,
        "bottom": 3,
        "dev-b": 2,
        "broken": 2,
    }
    assert updates(plan) == {
        *{("left", "top", "0.1.0", "0.1.1"), ("right", "top", "0.1.0", "0.1.1")},
        *{("bottom", "left", "0.1.0", "0.1.1"), ("bottom", "right", "0.1.0", "0.1.1")},
        ("broken", "breaking", "0.1.0", "0.2.0"),
    }
    assert [(one.crate, one.by) for one in plan.blocked] == [("tag-elsewhere", ("TC001",))]
    tags = {one.crate: one.tag for one in plan.releases}
    assert (tags["changed"], tags["never"], tags["untagged"]) == ("v0.1.1", "vnever-0.5.0", "vuntagged-0.1.1")
    assert plan == stack.plan(bumps={"breaking": "minor", "pre": "rc"})
