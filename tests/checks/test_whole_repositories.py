"""Whole repositories, generated: what we and real cargo make of them, package by package."""

from __future__ import annotations

import itertools
import re
import tempfile
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings

from batuta_hooks.checks.path_deps import find
from batuta_hooks.domain.facts import Facts
from batuta_hooks.domain.finding import ERROR, Finding
from batuta_hooks.domain.manifest import DEV, Manifest
from batuta_hooks.domain.tree import join
from batuta_hooks.domain.workspace import Manifests
from batuta_hooks.gather.manifests import gather_facts, whole
from batuta_hooks.gather.repository import Repository
from tests.support import cargo
from tests.support.agreement import SHAPE, compare
from tests.support.generated import Sample, samples
from tests.support.path_graphs import Graph, graphs
from tests.support.process import run
from tests.support.repos import package
from tests.support.trees import facts_of

pytestmark = pytest.mark.cargo


def disagreements(sample: Sample) -> str:
    """Where we and cargo differ about a repository, with its files; empty where we agree."""
    with tempfile.TemporaryDirectory(prefix="sample-") as folder:
        top = Path(folder).resolve() / "repository"
        sample.lay_out(top)
        cargo.stub_sources(top.parent)
        run(["git", "init", "--quiet"], cwd=top)
        found = compare(top, facts_of(top)).disagreements
        return "\n\n".join(found).replace(str(top), "TOP") + f"\n\n{sample}" if found else ""


MEMBERS = (
    *(
        (),
        ("crates/a",),
        ("crates/*",),
        ("./crates/a/", "b"),
        ("crates/[!x]",),
        ("[b]", "crates/a"),
        ("nowhere",),
        (".",),
    ),
    *(
        ("*",),
        ("[!.]*",),
        ("**/a",),
        ("crates/**",),
        ("crates/x",),
        ("files/*",),
        ("files/**",),
        ("x/../b",),
        ("../out",),
    ),
)
EXCLUDE = ((), ("crates/x",), ("./crates/x/",), ("crates/*",), ("crates/y/../x",), (".",), ("crates", "files"))
FIXED = {
    "crates/a/Cargo.toml": package("a", '[dependencies]\nb = { path = "../../b" }'),
    "b/Cargo.toml": package("b"),
    "crates/x/notes.txt": "",
    "files/notes.txt": "",
    "../out/Cargo.toml": package("out"),
}


@pytest.mark.slow
@pytest.mark.parametrize("own", ["", package("top")], ids=["virtual", "package"])
def test_members_are_those_of_cargo(own: str) -> None:
    """Whatever `members` and `exclude` say, we see the members that cargo sees, or both refuse."""
    tables = (
        f"[workspace]\nmembers = {list(members)}\nexclude = {list(exclude)}\n"
        for members, exclude in itertools.product(MEMBERS, EXCLUDE)
    )
    found = [disagreements(Sample({**FIXED, "Cargo.toml": own + table})) for table in tables]
    assert "\n\n".join(filter(None, found)) == ""


@pytest.mark.slow
@settings(max_examples=500)
@given(samples())
def test_repositories_agree_with_cargo(sample: Sample) -> None:
    """cargo loads the same manifests, sees the same roots and members, and lacks the same versions."""
    if found := disagreements(sample):
        raise AssertionError(found)


class Clone(NamedTuple):
    """A repository as it was committed, and a clone of it that stands alone under another name."""

    facts: Facts
    folder: Path


def clone_of(graph: Graph, folder: Path) -> Clone:
    """Make a repository below ``folder``, clone it with its submodules, and gather the facts about its commit."""
    repo = graph.make(folder / "made")
    clone = folder / "elsewhere" / "clone"
    repo.git("clone", "--quiet", "--recurse-submodules", ".", str(clone))
    repository = Repository(str(repo.path), source="", sibling=True)
    tree = repository.commit_tree(repository.commit("HEAD"))
    facts = gather_facts(repository, Manifests(tree), whole(tree), "")
    repository.objects.close()
    return Clone(facts, clone)


def errors_around(facts: Facts, path: str) -> list[Finding]:
    """What we say against a clone's build of one manifest: of its workspace, and of all that this reaches by path.

    Dev-dependencies and optional ones of packages outside of the workspace are not asked for.
    """
    manifests = facts.manifests
    asked = manifests.load(path)
    root = manifests.root_of(asked) if isinstance(asked, Manifest) else None
    top = root.path if root else path
    members = {path, top, *(manifests.members(root) if isinstance(root, Manifest) else ())}
    found, pending, seen = [], sorted(members), set(members)
    while pending:
        at = pending.pop()
        manifest = manifests.resolve(at)
        dependencies = manifest.dependencies if isinstance(manifest, Manifest) else ()
        used = [one for one in dependencies if at in members or (one.kind != DEV and not one.entry.get("optional"))]
        ends = {join(one.folder, f"{one.path}/Cargo.toml") for one in used} - seen
        seen |= ends
        pending += ends
        names = {"", *(one.package for one in used)}
        said = [one for one in find(facts._replace(judged=(at,), configs=())) if isinstance(one, Finding)]
        found += [one for one in said if one.code == "PD008" or (one.code == "PD003" and one.dependency in names)]
        found += [one for one in said if one.code == "PD004" and one.severity == ERROR and at == top]
    return found


#: Refusals for another reason than a path: two ways to one package, packages that need each other, nothing to build.
OTHER = re.compile(
    r"package collision in the lockfile|cyclic package dependency|the workspace has no members|" + SHAPE.pattern
)


@pytest.mark.slow
@settings(max_examples=200)
@given(graphs())
def test_clones_build_where_we_find_nothing(graph: Graph) -> None:
    """cargo resolves a manifest in a clone that stands alone just where we have nothing against what it reaches."""
    with tempfile.TemporaryDirectory(prefix="graph-") as folder:
        facts, clone = clone_of(graph, Path(folder).resolve())
        for path in facts.judged:
            ours, theirs = errors_around(facts, path), cargo.resolve(clone / path)
            if theirs.accepted is bool(ours) and not OTHER.search(theirs.said):
                raise AssertionError(f"{path}: we say {ours}, cargo {theirs.said or 'resolves it'}\n\n{graph}")
