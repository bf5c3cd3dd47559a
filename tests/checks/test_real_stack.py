"""The manifests of the real stack, 32 repositories: every error is cargo's, every lost path is lost for cargo too."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from batuta_hooks.checks.path_deps import find
from batuta_hooks.domain.facts import Facts
from batuta_hooks.domain.finding import ERROR, Finding
from batuta_hooks.domain.manifest import Dependency, Manifest
from batuta_hooks.domain.workspace import Manifests
from batuta_hooks.gather.manifests import gather_facts, whole
from batuta_hooks.gather.repository import Repository
from tests.support import cargo
from tests.support.agreement import REAL_DATA, Agreement, compare, needs_data
from tests.support.repos import make_repo, package

pytestmark = [pytest.mark.cargo, pytest.mark.slow, needs_data("paiml")]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of git repositories, one commit each, with stub sources beside the manifests."""
    folder = tmp_path_factory.mktemp("stack")
    for source in sorted((REAL_DATA / "paiml").iterdir()):
        top = folder / source.name
        shutil.copytree(source, top, ignore=shutil.ignore_patterns("tags.json"), copy_function=shutil.copyfile)
        for place in (top, *(path for path in top.rglob("*") if path.is_dir())):
            place.chmod(0o755)
        cargo.stub_sources(top)
        make_repo(top)
    return folder


@pytest.fixture(scope="module")
def facts(stack: Path) -> dict[str, Facts]:
    """Facts about each repository, as `batuta-stack check` gathers them, by the repository's name."""
    return {top.name: gather(top) for top in sorted(stack.iterdir())}


def gather(top: Path) -> Facts:
    """Facts about the worktree of a repository."""
    repository = Repository(str(top), sibling=True)
    tree = repository.tree()
    return gather_facts(repository, Manifests(tree), whole(tree), "HEAD")


def found(facts: Facts) -> set[Finding]:
    """All that the check finds in one repository."""
    return {one for one in find(facts) if isinstance(one, Finding)}


def test_errors_are_those_of_cargo(stack: Path, facts: dict[str, Facts]) -> None:
    """Of each package that cargo loads our errors are cargo's, and no manifest that it reads is called unreadable."""
    agreements: dict[str, Agreement] = {name: compare(stack / name, about) for name, about in facts.items()}
    assert "\n\n".join(one for agreement in agreements.values() for one in agreement.disagreements) == ""
    counts = sum((agreement.counts for agreement in agreements.values()), Counter[str]())
    assert sum(agreement.manifests for agreement in agreements.values()) == 188
    assert counts == {"PD001": 6, "PD003": 14, "PD004": 1, "PD008": 2}


def test_lost_paths_are_lost_for_cargo(stack: Path, facts: dict[str, Facts], tmp_path: Path) -> None:
    """In a clone that stands alone cargo finds nothing at the end of any path of PD003 and of PD004's errors."""
    kept = []
    for name, about in facts.items():
        make_repo(tmp_path / name, commit=False).git("pull", "--quiet", str(stack / name))
        for finding in found(about):
            if finding.code == "PD003" or (finding.code == "PD004" and finding.severity == ERROR):
                dependency = named_by(about, finding)
                if is_found(tmp_path / name, dependency):
                    kept.append(f"{name}/{finding.path}:{finding.line} {finding.message}")
        shutil.rmtree(tmp_path / name)
    assert not kept


def named_by(facts: Facts, finding: Finding) -> Dependency:
    """The entry with a path that a finding is about."""
    return next(
        one
        for one in entries(facts.manifests, finding.path)
        if one.package == finding.dependency and one.path is not None and f"`{one.path}`" in finding.message
    )


def entries(manifests: Manifests, path: str) -> Iterator[Dependency]:
    """Every dependency and patch that a manifest writes."""
    manifest = manifests.load(path)
    assert isinstance(manifest, Manifest)
    yield from manifest.dependencies
    yield from (patch.dependency for patch in manifest.patches)
    if manifest.workspace:
        yield from manifest.workspace.dependencies.values()


def is_found(clone: Path, dependency: Dependency) -> bool:
    """Whether cargo finds the package at the end of a path, asked of a package that has no other dependency."""
    manifest = clone / dependency.folder / "Cargo.toml"
    asking = f'[dependencies]\nx = {{ path = "{dependency.path}", package = "{dependency.package}" }}\n'
    asking += '[lib]\npath = "asking.rs"\n[workspace]\n'
    manifest.with_name("asking.rs").touch()
    before = manifest.read_bytes()
    manifest.write_text(package("asking", asking), encoding="utf-8")
    answer = cargo.resolve(manifest)
    manifest.write_bytes(before)
    assert answer.accepted or "No such file or directory" in answer.said or "no matching package" in answer.said
    return answer.accepted
