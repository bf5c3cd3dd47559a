"""Our verdict on publishing and real cargo's, with a registry that judges as crates.io does: they are the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.checks.publishable_cases import FAMILIES
from tests.support.publish_stacks import Case, Stack

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
    "locks/pins a yanked one",
}


def every_case() -> Iterator[object]:
    """Each collected case by its name; those that are not for the quick run are slow."""
    for family, cases in FAMILIES.items():
        for name, case in cases.items():
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


def test_the_quick_ones_exist() -> None:
    """Each name of the quick run is that of a case."""
    names = {f"{family}/{name}" for family, cases in FAMILIES.items() for name in cases}
    assert names >= QUICK
    assert len(names) >= 150
