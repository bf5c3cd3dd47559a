"""Releases that must not go well: each defect is caught before anything is uploaded, by who can know it first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from batuta_hooks.stack.gates import failures
from batuta_hooks.stack.rehearse import Manner, rehearse
from batuta_hooks.stack.release import gates_of
from tests.support.registry import FaultyRegistry
from tests.support.releases import LICENSED, ReleaseStack
from tests.support.repos import Repo, make_repo, package

PLAN, GATE, REHEARSAL = "plan", "gate", "rehearsal"
EITHER = f"{PLAN} {REHEARSAL}"
QUALITY = '[quality]\nlint_command = "{}"\ntest_command = "{}"\ncoverage_command = "{}"\naudit = "skip"\n'
COVERED = "echo '95.00% coverage, 95/100 lines covered'"


class Sabotage(NamedTuple):
    """A defect.

    Attributes:
        make: brings it about in a healthy stack of `base` and `top`, which requires it.
        caught_by: what may catch it first: the plan, the gates, or the rehearsal.
        crate: whom it names; for a gate the repository.
        words: what is said of it, and how it is mended.
    """

    make: Callable[[ReleaseStack, Repo, Repo], Any]
    caught_by: str
    crate: str
    words: tuple[str, ...]


def configure(lint: str = "true", test: str = "true", coverage: str = COVERED, more: str = "") -> Callable[..., None]:
    """Other commands for the gates."""
    return lambda stack, _base, _top: stack.configure(QUALITY.format(lint, test, coverage) + more)


def edit(old: str, new: str) -> Callable[..., None]:
    """Another manifest for `top`."""

    def make(_stack: ReleaseStack, _base: Repo, top: Repo) -> None:
        top.commit("edit", {"Cargo.toml": (top.path / "Cargo.toml").read_text().replace(old, new)})

    return make


def _excluded(stack: ReleaseStack, _base: Repo, top: Repo) -> None:
    text = (top.path / "Cargo.toml").read_text().replace(LICENSED, f'{LICENSED}\nexclude = ["data"]')
    top.commit(
        "data", {"Cargo.toml": text, "data/d": "d", "src/lib.rs": 'pub const D: &str = include_str!("../data/d");'}
    )


def _tagged_on_the_remote(stack: ReleaseStack, base: Repo, _top: Repo) -> None:
    remote = stack.folder.parent / "remote"
    base.git("clone", "--quiet", "--bare", ".", str(remote))
    base.git("remote", "add", "origin", str(remote))
    base.git("push", "--quiet", "origin", "HEAD~1:refs/tags/v0.1.1")


def _cycle(_stack: ReleaseStack, base: Repo, _top: Repo) -> None:
    base.commit("cycle", {"Cargo.toml": (base.path / "Cargo.toml").read_text() + '\n[dependencies]\ntop = "0.1"\n'})


def _patched_above(stack: ReleaseStack, _base: Repo, top: Repo) -> None:
    other = make_repo(stack.folder.parent / "ghost", {"Cargo.toml": package("ghost", version="1.0.0")})
    config = stack.folder / ".cargo" / "config.toml"
    config.write_text(config.read_text() + f'\n[patch.crates-io]\nghost = {{ path = "{other.path}" }}\n')
    edit('base = "0.1.0"', 'base = "0.1.0"\nghost = "1"')(stack, None, top)


def _taken(stack: ReleaseStack, base: Repo, _top: Repo) -> None:
    text = (base.path / "Cargo.toml").read_text().replace("0.1.0", "0.1.1")
    other = make_repo(stack.folder.parent / "other", {"Cargo.toml": text, "src/lib.rs": "// another"})
    stack.publish(other)


TABLE = {
    "path left in": Sabotage(
        edit('base = "0.1.0"', 'base = { path = "../base" }'), PLAN, "top", ("PD001", "write base =")
    ),
    "missing feature": Sabotage(
        edit('base = "0.1.0"', 'base = { version = "0.1.0", features = ["gone"] }'),
        f"{PLAN} {REHEARSAL}",
        "top",
        ("gone",),
    ),
    "file excluded": Sabotage(_excluded, REHEARSAL, "top", ("data/d",)),
    "version taken": Sabotage(_taken, PLAN, "base", ("TC006", "--bump base=")),
    "tag taken": Sabotage(_tagged_on_the_remote, PLAN, "base", ("TC001", "v0.1.1", "--bump")),
    "dirty tree": Sabotage(
        lambda _stack, base, _top: base.write({"src/lib.rs": "// later"}),
        GATE,
        "base",
        ("git-clean", "src/lib.rs", "commit"),
    ),
    "untracked file": Sabotage(
        lambda _stack, base, _top: base.write({"src/new.rs": ""}), GATE, "base", ("git-clean", "src/new.rs", "commit")
    ),
    "coverage 89.9": Sabotage(
        configure(coverage="echo '89.90% coverage, 899/1000 lines covered'"),
        GATE,
        "base",
        ("89.90 %", "90 %", "add tests"),
    ),
    "lint error": Sabotage(configure(lint="echo 'error: bad' ; false"), GATE, "base", ("lint", "1 errors")),
    "gate that hangs": Sabotage(
        configure(more='[gates.slow]\ncommand = "sleep 60"\ntimeout_s = 0.3\n'), GATE, "base", ("slow", "longer than")
    ),
    "gate that dirties": Sabotage(configure(test="touch left"), GATE, "base", ("tests", "it changed left", "git diff")),
    "cycle": Sabotage(_cycle, PLAN, "base", ("VA010", "base -> top -> base")),
    "registry down": Sabotage(lambda stack, _base, _top: stack.registry.close(), PLAN, "base", ("unknown",)),
    "patch above": Sabotage(_patched_above, PLAN, "top", ("VA001", "ghost")),
}


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ReleaseStack]:
    """An empty stack beside an empty registry."""
    with FaultyRegistry() as registry:
        yield ReleaseStack(tmp_path / "stack", registry, monkeypatch)


@pytest.mark.cargo
@pytest.mark.parametrize("name", TABLE)
def test_sabotage(stack: ReleaseStack, name: str) -> None:
    """The earliest that can know it catches it and names crate and mend; who comes before has nothing to say."""
    sabotage = TABLE[name]
    configure()(stack, None, None)
    base = stack.crate("base")
    base.commit("new", {"src/lib.rs": "// new"})
    top = stack.crate("top", 'base = "0.1.0"')
    top.commit("new", {"src/lib.rs": "// new"})
    sabotage.make(stack, base, top)
    by, crate, said = _caught(stack)
    assert by in sabotage.caught_by.split(), said
    assert crate == sabotage.crate, said
    for words in sabotage.words:
        assert words in said


def test_healthy(stack: ReleaseStack) -> None:
    """Without a defect nothing is caught: the table does not catch everything."""
    configure()(stack, None, None)
    stack.crate("base").commit("new", {"src/lib.rs": "// new"})
    stack.crate("top", 'base = "0.1.0"').commit("new", {"src/lib.rs": "// new"})
    assert _caught(stack) == ("", "", "")


def _caught(stack: ReleaseStack) -> tuple[str, str, str]:
    prepared = stack.prepared()
    for blocked in prepared.plan.blocked:
        if not set(blocked.by) & {one.crate for one in prepared.plan.blocked}:
            return PLAN, blocked.crate, f"{' '.join(blocked.by)}: {blocked.why}; {blocked.mend}"
    for path, gate in failures(gates_of(prepared, uses_cache=False).run(1)):
        return GATE, path, f"{gate.name}: {gate.detail}"
    for step in rehearse(prepared.plan, prepared.gathered, Manner()).failed:
        return REHEARSAL, step.crate, step.said
    return "", "", ""
