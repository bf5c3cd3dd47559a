"""Our verdict on publishing and real cargo's, with a registry that judges as crates.io does: they are the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings

from tests.checks.publishable_cases import FAMILIES, deps, siblings
from tests.support.publish_generated import cases
from tests.support.publish_stacks import Case, Stack, crate

#: One of each kind, for the quick run.
QUICK = {
    "registry/satisfied",
    "registry/only yanked",
    "features/feature in an older one",
    "deep/a conflict that backtracks",
    "deep/links twice",
    "sources/dev path that leaves, versioned",
    "metadata/no license",
    "metadata/name with another spelling",
    "own version/other build metadata",
    "own version/never by false",
    "stacks/after a diamond",
    "stacks/a dev cycle",
    "workspaces/inherited",
    "workspaces/never sibling",
    "locks/stale",
    "files/sources excluded",
    "locks/pins a yanked one",
}


def every_case() -> Iterator[object]:
    """Each collected case by its name; those that are not for the quick run are slow."""
    for family, collected in FAMILIES.items():
        for name, case in collected.items():
            marks = () if f"{family}/{name}" in QUICK else (pytest.mark.slow,)
            yield pytest.param(case, id=f"{family}/{name}", marks=marks)


def shown(case: Case) -> str:
    """The case in short: files, and the registry's lines."""
    parts = [f"# {place}/{path}\n{text}" for place, files in case.repositories.items() for path, text in files.items()]
    return "\n".join([*parts, *(line.decode().strip() for line in case.lines)])


@pytest.mark.cargo
@pytest.mark.parametrize("case", list(every_case()))
def test_verdict_is_cargos(case: Case, tmp_path: Path) -> None:
    """Every crate of the stack has the verdict that a `cargo publish` from a clean clone comes to."""
    found = Stack(case, tmp_path).disagreements()
    assert not found, "\n".join([*found, shown(case)])


@pytest.mark.slow
@pytest.mark.cargo
@settings(max_examples=60)
@given(cases())
def test_verdict_is_cargos_by_chance(case: Case) -> None:
    """The same of stacks that nobody thought of."""
    with TemporaryDirectory() as folder:
        found = Stack(case, Path(folder)).disagreements()
    assert not found, "\n".join([*found, shown(case)])


#: Of a workspace cargo loads all or nothing; and it orders members by their paths alone, not by what a patch means.
APART = ("two of a name", "unlisted", "excluded", "missing member", "broken member", "patch to come")
WHOLE = [
    pytest.param(case, id=f"{family}/{name}", marks=() if name in ("inherited", "cycle") else (pytest.mark.slow,))
    for family in ("workspaces", "locks")
    for name, case in FAMILIES[family].items()
    if "w" in case.repositories and name not in APART
]


@pytest.mark.cargo
@pytest.mark.parametrize("case", WHOLE)
def test_whole_workspaces(case: Case, tmp_path: Path) -> None:
    """`cargo publish --workspace` takes a workspace exactly where each member is taken now or after other members."""
    found = Stack(case, tmp_path).workspace_disagreement("w")
    assert not found, f"{found}\n{shown(case)}"


@pytest.mark.cargo
def test_patch_above_the_checkout(tmp_path: Path) -> None:
    """A patch in a configuration above the checkouts is in no clone, so it helps nobody."""
    case = siblings(a=crate("a", deps('b = "1"')), b=crate("b", version="1.0.0", keys="publish = false"))
    stack = Stack(case._replace(above='[patch.crates-io]\nb = { path = "../b" }\n'), tmp_path)
    assert stack.judged()["a"].verdict == "no"
    assert stack.disagreements() == []


def test_the_quick_ones_exist() -> None:
    """Each name of the quick run is that of a case."""
    names = {f"{family}/{name}" for family, collected in FAMILIES.items() for name in collected}
    assert names >= QUICK
    assert len(names) >= 150
