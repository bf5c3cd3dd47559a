"""Stacks of small crates over a registry on loopback: what our judge says of each, and what real cargo does."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from batuta_hooks.checks.publishable import Judge
from batuta_hooks.domain.facts import Facts, Published
from batuta_hooks.domain.locks import lockfiles_of
from batuta_hooks.domain.manifest import Manifest
from batuta_hooks.domain.publishable import AFTER, NEVER, NO, NOW, PUBLISHED, UNKNOWN, Publishable
from batuta_hooks.domain.release import Release
from batuta_hooks.domain.semver import Version
from batuta_hooks.domain.tree import Tree
from batuta_hooks.domain.workspace import Manifests
from batuta_hooks.registry.accepting import AcceptingRegistry
from batuta_hooks.registry.index import list_versions, release
from batuta_hooks.registry.licenses import is_license_expression
from batuta_hooks.registry.names import sparse_path
from tests.support.cargo import stub_sources
from tests.support.process import run
from tests.support.publishing import METADATA, publish
from tests.support.registry import index_line
from tests.support.repos import make_repo
from tests.support.trees import FolderTree, TextTree

_ALREADY = re.compile(r"already exists on|is already uploaded")
_NEVER = re.compile(r"`[^`]+` cannot be published|`package.publish` must be set")


class Case(NamedTuple):
    """A stack, and what its registry has.

    Attributes:
        repositories: the files of each, by its name and their path.
        lines: those of the registry's index.
        above: the text of a cargo configuration above the checkouts, where no clone is.
        undecided: the crates of which our judge may say that it does not know.
    """

    repositories: Mapping[str, Mapping[str, str]]
    lines: Sequence[bytes] = ()
    above: str = ""
    undecided: frozenset[str] = frozenset()


def crate(name: str, rest: str = "", *, version: str = "0.1.0", keys: str = METADATA) -> str:
    """A manifest that crates.io would take."""
    return f'[package]\nname = "{name}"\nversion = "{version}"\nedition = "2021"\n{keys}\n{rest}\n'


def line(name: str, version: str, *needs: object, **more: object) -> bytes:
    """A line of the index; each need is `name requirement`, or a dictionary that goes over a dependency's keys."""
    dependencies = []
    for need in needs:
        plain: dict[str, object] = {
            "features": [], "optional": False, "default_features": True, "target": None, "kind": "normal"
        }  # fmt: skip
        if isinstance(need, str):
            package, _, requirement = need.partition(" ")
            dependencies.append({**plain, "name": package, "req": requirement})
        else:
            assert isinstance(need, dict)
            dependencies.append({**plain, **need})
    return index_line(name, version, deps=dependencies, **more)


def index_files(lines: Sequence[bytes]) -> dict[str, bytes]:
    """The index files that hold the lines."""
    files: dict[str, bytes] = {}
    for one in lines:
        path = f"index/{sparse_path(json.loads(one)['name'])}"
        files[path] = files.get(path, b"") + one
    return files


def facts_over(trees: Mapping[str, Tree], registry: AcceptingRegistry) -> list[Facts]:
    """Facts about repositories by name, all of them knowing what the registry holds at this moment."""

    def published(package: str) -> Published:
        held = registry.held(package)
        if held is None or held.name != package:
            return Published((), is_of_this_run=True)
        listed = list_versions(registry.read(f"index/{sparse_path(package)}") or b"", package).listed
        return Published(
            tuple(one.version for one in listed if not one.yanked),
            tuple(one.version for one in listed if one.yanked),
            is_of_this_run=True,
        )

    def release_of(package: str, version: str) -> Release | None:
        return release(registry.read(f"index/{sparse_path(package)}") or b"", version, package)

    def spelled_as(package: str) -> str | None:
        held = registry.held(package)
        return held.name if held else None

    found = []
    for name, tree in trees.items():
        facts = Facts(Manifests(tree), tree.manifest_paths, repository=name, lockfile=lockfiles_of(tree))
        assert isinstance(tree, (FolderTree, TextTree))
        facts = facts._replace(tracked=tree)
        found.append(facts._replace(published=published, release=release_of, spelled_as=spelled_as))
    return found


def judged_without_disk(case: Case) -> dict[str, Publishable]:
    """What our judge says of every package of a case, by its name (that of its manifest, where it cannot be read)."""
    with AcceptingRegistry(index_files(case.lines).get) as registry:
        every = facts_over({name: TextTree(files) for name, files in case.repositories.items()}, registry)
        judge = Judge(every, is_license_expression)
        found = {}
        for facts in every:
            for path in facts.judged:
                manifest = facts.manifests.load(path)
                name = manifest.name if isinstance(manifest, Manifest) else f"{facts.repository}/{path}"
                if name:
                    found[name] = judge.publishable(facts, path)
        return found


class Stack:
    """A case laid out in a folder."""

    def __init__(self, case: Case, folder: Path) -> None:
        self.case = case
        self._folder = folder
        self._number = 0
        for name, files in case.repositories.items():
            repo = make_repo(folder / "stack" / name, files, commit=False)
            stub_sources(repo.path)
            repo.commit("first")
        if case.above:
            (folder / "stack" / ".cargo").mkdir()
            (folder / "stack" / ".cargo" / "config.toml").write_text(case.above, encoding="utf-8")
        self.crates = dict(self._crates())

    def _crates(self) -> Iterator[tuple[str, tuple[str, str]]]:
        """Repository and manifest of each package that our judge finds, by its name; the repository's if unreadable."""
        with self.registry() as registry:
            for facts in facts_over(self._trees(), registry):
                for path in facts.judged:
                    manifest = facts.manifests.load(path)
                    name = manifest.name if isinstance(manifest, Manifest) else f"{facts.repository}/{path}"
                    if name:
                        yield name, (facts.repository, path)

    def _trees(self) -> dict[str, Tree]:
        return {name: FolderTree(self._folder / "stack" / name) for name in self.case.repositories}

    def registry(self) -> AcceptingRegistry:
        """The registry as the case has it."""
        return AcceptingRegistry(index_files(self.case.lines).get)

    def judged(self) -> dict[str, Publishable]:
        """What our judge says of every crate."""
        with self.registry() as registry:
            every = facts_over(self._trees(), registry)
            judge = Judge(every, is_license_expression)
            by_name = {facts.repository: facts for facts in every}
            return {name: judge.publishable(by_name[place], path) for name, (place, path) in self.crates.items()}

    def publish(self, name: str, registry: AcceptingRegistry) -> str:
        """Let cargo publish a crate from a clean clone; empty if it was taken, else what was said."""
        place, path = self.crates[name]
        clone = self._clone(place)
        verdict = publish(clone, registry, self._home(registry), "--manifest-path", str(clone / path))
        return "" if verdict.accepted else verdict.said

    def publish_workspace(self, place: str, registry: AcceptingRegistry) -> str:
        """Let cargo publish a whole workspace; as `publish`."""
        verdict = publish(self._clone(place), registry, self._home(registry), "--workspace")
        return "" if verdict.accepted else verdict.said

    def _clone(self, place: str) -> Path:
        self._number += 1
        clone = self._folder / f"clone{self._number}" / place
        run(["git", "clone", "--quiet", self._folder / "stack" / place, clone])
        return clone

    def _home(self, registry: AcceptingRegistry) -> Path:
        home = self._folder / f"home-{registry.server_port}"
        home.mkdir(exist_ok=True)
        return home

    def real(self) -> dict[str, tuple[str, str]]:
        """What cargo makes of every crate: a verdict as ours, and what was said at first."""
        said = {}
        for name in self.crates:
            with self.registry() as registry:
                said[name] = self.publish(name, registry)
        for name, why in said.items():
            if _ALREADY.search(why):  # cargo looks no further, so: what would it say if it were not published?
                with AcceptingRegistry(index_files(self._lines_without(name)).get) as registry:
                    said[name] = why if not self.publish(name, registry) else f"published, and more is wrong: {why}"
        later = self._march([name for name, why in said.items() if why]) if any(said.values()) else set()
        return {name: (_verdict(why, is_later=name in later), why) for name, why in said.items()}

    def _lines_without(self, name: str) -> list[bytes]:
        """The registry's lines without the version that a crate has here."""
        place, path = self.crates[name]
        manifest = Manifests(FolderTree(self._folder / "stack" / place)).resolve(path)
        assert isinstance(manifest, Manifest)
        assert manifest.package is not None
        own = Version.parse(manifest.package.version or "0.0.0").precedence
        tables = [(one, json.loads(one)) for one in self.case.lines]
        return [one for one, table in tables if table["name"] != name or Version.parse(table["vers"]).precedence != own]

    def _march(self, refused: Sequence[str]) -> set[str]:
        """Those of the refused that are taken once all that can be published is."""
        taken: set[str] = set()
        with self.registry() as registry:
            for name in self.crates:
                if name not in refused:
                    self.publish(name, registry)
            pending = list(refused)
            while pending:
                fresh = [name for name in pending if not self.publish(name, registry)]
                if not fresh:
                    break
                taken.update(fresh)
                pending = [name for name in pending if name not in fresh]
        return taken

    def disagreements(self) -> list[str]:
        """Where our verdicts differ from what cargo does, a few lines each."""
        ours, theirs = self.judged(), self.real()
        found = []
        for name, (verdict, said) in theirs.items():
            mine = ours[name]
            if mine.verdict != verdict and not (mine.verdict == UNKNOWN and name in self.case.undecided):
                found.append(f"{name}: we say {mine.verdict} ({mine.why}), cargo: {verdict}\n{said.strip()}")
            elif mine.verdict == AFTER and (why := self._in_order(name, mine.after)):
                found.append(f"{name}: after {mine.after} it is refused: {why}")
        return found

    def workspace_disagreement(self, place: str) -> str:
        """Where our verdicts on a workspace and `cargo publish --workspace` differ; empty where they do not.

        It takes a workspace where every member that may be published is taken now or after other members.
        """
        ours = self.judged()
        members = {name for name, (where, _) in self.crates.items() if where == place}
        asked = {name: ours[name] for name in members if ours[name].verdict != NEVER}
        is_taken = all(one.verdict in (NOW, AFTER) and members >= set(one.after) for one in asked.values())
        with self.registry() as registry:
            said = self.publish_workspace(place, registry)
        if bool(said) != is_taken:
            return ""
        return f"we say {[(name, one.verdict, one.why) for name, one in asked.items()]}, cargo: {said or 'yes'}"

    def _in_order(self, name: str, after: Sequence[str]) -> str:
        with self.registry() as registry:
            for one in (*after, name):
                if why := self.publish(one, registry):
                    return f"{one}: {why}"
        return ""


def _verdict(said: str, *, is_later: bool) -> str:
    if not said:
        return NOW
    if is_later and not _ALREADY.search(said):
        return AFTER
    if said.startswith("published, and more"):
        return NO
    if _ALREADY.search(said):
        return PUBLISHED
    return NEVER if _NEVER.search(said) else NO
