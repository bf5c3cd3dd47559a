"""Our judge and real cargo on one repository, package by package: where do they differ?"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from batuta_hooks.checks.path_deps import find
from batuta_hooks.domain.facts import Facts
from batuta_hooks.domain.finding import Finding, Unknown
from batuta_hooks.domain.manifest import Manifest
from batuta_hooks.domain.tree import parent_folders
from batuta_hooks.domain.workspace import Manifests
from tests.support import cargo
from tests.support.reading import Reading

#: Real data that is too large for the repository; tests over it are skipped where it is absent.
REAL_DATA = Path(os.environ.get("BATUTA_REAL_DATA") or Path(__file__).parents[3] / "shared" / "data")

#: What cargo says of the shape of a workspace, or of a registry that only configuration knows: no manifest's fault.
SHAPE = re.compile(
    r"believes it's in a workspace when it's not|is a member of the wrong workspace|multiple workspace roots found"
    r"|two packages named|is not hierarchically below|is listed in default-members|wasn't a root"
    r"|has overflowed its stack"  # a member that names itself as its root
    r"|which is not configured with \[workspace\]|registry index was not found in any configuration"
)
_MANIFEST = re.compile(r"manifest at `([^`]+)`|workspace at `([^`]+)`")
_PLACE = re.compile(r"--> (\S+):\d+:\d+")  # from the folder that cargo ran in
_DEPENDENCY = re.compile(r"failed to load manifest for dependency `([^`]+)`")


def needs_data(name: str) -> pytest.MarkDecorator:
    """Skip a test where a folder of the real data is absent."""
    return pytest.mark.skipif(not (REAL_DATA / name).is_dir(), reason=f"{REAL_DATA / name} is absent")


class Agreement(NamedTuple):
    """Both verdicts on a repository.

    Attributes:
        manifests: how many were judged.
        packages: how many of them cargo loads.
        publishable: how many of those it may publish.
        refused: the folders of publishable packages that lack a version somewhere: cargo will not package them.
        faulty: the folders of packages that cargo loads and in which it or the reading finds an error.
        shape: how many manifests cargo refuses for the shape of their workspace.
        counts: our findings by code, those of manifests that cargo does not load too.
        disagreements: each in a few lines.
    """

    manifests: int
    packages: int
    publishable: int
    refused: set[str]
    faulty: set[str]
    shape: int
    counts: Counter[str]
    disagreements: list[str]


def compare(top: Path, facts: Facts, *, threads: int = 2) -> Agreement:
    """Ask both about every manifest of a repository whose sources are laid out.

    Args:
        facts: about that folder; every manifest is judged.
    """
    said = {path: list(find(facts._replace(judged=(path,), configs=()))) for path in facts.judged}
    with ThreadPoolExecutor(threads) as pool:
        workspaces, refusals = _load_all(top, facts, pool)
        missing = dict(pair for pairs in pool.map(_missing_of_all, workspaces.values()) for pair in pairs)
    packages = {manifest: package for loaded in workspaces.values() for manifest, package in loaded.packages.items()}
    reading = Reading(top, packages, facts.manifests.tree.in_submodule)
    disagreements, faulty = list(_unexplained(top, refusals, said)), set()
    for loaded in workspaces.values():
        disagreements += _memberships(top, facts.manifests, loaded)
        for manifest, package in loaded.packages.items():
            path = os.path.relpath(manifest, top)
            if package["publish"] != [] and manifest not in missing:
                continue
            theirs = reading.findings(package, loaded.root) | missing.get(manifest, set())
            ours = {(one.code, one.dependency) for one in said.get(path, []) if isinstance(one, Finding)}
            disputed = {pair for pair in ours ^ theirs if pair[0] != "PD004" and reading.is_decided(package, *pair)}
            disagreements += _differences(top, path, ours, disputed)
            if theirs:
                faulty.add(os.path.dirname(path))
            asked = reading.never_published(package, loaded.root)
            if not asked <= {one.crate for one in said.get(path, []) if isinstance(one, Unknown)}:
                disagreements.append(
                    f"{path}: nothing is said of {asked}, required by version and never published here"
                )
    refused = {os.path.relpath(manifest.parent, top) for manifest, found in missing.items() if found}
    publishable = sum(package["publish"] != [] for package in packages.values())
    shape = sum(bool(SHAPE.search(why)) for why in refusals.values())
    codes = Counter(one.code for all_said in said.values() for one in all_said if isinstance(one, Finding))
    return Agreement(len(facts.judged), len(packages), publishable, refused, faulty, shape, codes, disagreements)


def _load_all(top: Path, facts: Facts, pool: ThreadPoolExecutor) -> tuple[dict[Path, cargo.Loaded], dict[str, str]]:
    """Each workspace that cargo loads, by its root's folder, and why it loads no workspace around other manifests.

    Roots are asked first: each answers for all its members.
    """
    roots = [path for path in facts.judged if "workspace" in _table(top / path)]
    workspaces: dict[Path, cargo.Loaded] = {}
    refusals: dict[str, str] = {}
    known: set[Path] = set()
    for group in (roots, [path for path in facts.judged if path not in roots]):
        asked = [path for path in group if top / path not in known]
        for path, answer in zip(asked, pool.map(cargo.workspace, [top / path for path in asked]), strict=True):
            if isinstance(answer, str):
                refusals[path] = answer
            else:
                workspaces.setdefault(answer.root, answer)
                known |= answer.packages.keys()
    return workspaces, refusals


def _table(manifest: Path) -> dict[str, object]:
    try:
        return cargo.read(manifest)
    except ValueError:
        return {}


def _missing_of_all(loaded: cargo.Loaded) -> list[tuple[Path, set[tuple[str, str]]]]:
    codes = {"path": "PD001", "git": "PD002"}
    found = []
    for manifest, package in loaded.packages.items():
        if package["publish"] == []:
            continue
        try:
            missing = cargo.missing_versions(manifest, loaded.root)
        except cargo.Refused as refused:
            if not SHAPE.search(str(refused)):
                raise
            continue  # a root that cargo loads for its members, and refuses to begin with
        found.append((manifest, {(codes[source], name) for source, name in missing}))
    return found


def _differences(top: Path, path: str, ours: set[tuple[str, str]], disputed: set[tuple[str, str]]) -> Iterator[str]:
    for code, dependency in sorted(disputed):
        who = "we alone say" if (code, dependency) in ours else "cargo alone says"
        yield f"{top.name}/{path}: {who} {code} {dependency}\n{_excerpt(top / path, dependency)}"


def _memberships(top: Path, manifests: Manifests, loaded: cargo.Loaded) -> Iterator[str]:
    """Where we and cargo see another workspace: another root of a package, or other members of a root."""
    theirs = {os.path.relpath(manifest, top) for manifest in loaded.packages}
    folder = os.path.relpath(loaded.root, top)
    for path in theirs:
        manifest = manifests.load(path)
        assert isinstance(manifest, Manifest), path
        root = manifests.root_of(manifest)
        ours = "nothing" if root is None else os.path.dirname(root.path) or "."
        if ours != folder and not (root is None and folder == (manifest.folder or ".")):
            yield f"{top.name}/{path}: we say that {ours} is its root, cargo says {folder}"
    root = manifests.load(os.path.normpath(os.path.join(folder, "Cargo.toml")))
    if not isinstance(root, Manifest) or manifests.root_of(root) is not root:
        return  # a package alone, or a root that excludes itself
    members = set(manifests.members(root))
    if theirs != members:
        yield f"{top.name}: of the members of {folder} we alone say {members - theirs}, cargo alone {theirs - members}"


def _excerpt(manifest: Path, dependency: str) -> str:
    lines = manifest.read_text(encoding="utf-8").splitlines()
    return "\n".join(f"    {line}" for line in lines if dependency and dependency in line)


def _unexplained(top: Path, refusals: dict[str, str], said: dict[str, list[Finding | Unknown]]) -> Iterator[str]:
    """Manifests that cargo does not load, though nothing that we say explains it."""
    findings = [one for all_said in said.values() for one in all_said if isinstance(one, Finding)]
    for path, why in refusals.items():
        named = {os.path.relpath(name, top) for pair in _MANIFEST.findall(why) for name in pair if name}
        named |= {os.path.normpath(os.path.join(os.path.dirname(path), place)) for place in _PLACE.findall(why)}
        # where a manifest on the way up is broken, cargo finds another root from below than from above
        named |= {os.path.join(above, "Cargo.toml") for name in named for above in parent_folders(name)}
        dependencies = set(_DEPENDENCY.findall(why))
        explained = any(
            (one.code == "PD008" and one.path in named | {path})
            or (one.code == "PD003" and one.dependency in dependencies)
            or (one.code == "PD003" and not one.dependency and "No such file or directory" in why)
            # of two paths, one leads out of the repository, from where it might come back
            or (one.code == "PD003" and one.path in named | {path} and "has different source paths" in why)
            for one in findings
        )
        if not explained and not SHAPE.search(why):
            yield f"{top.name}/{path}: cargo does not load it, and nothing that we say explains it\n{why}"
