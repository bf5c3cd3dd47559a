"""Judging trees of one repository: what to look at, the facts, the check, and what the configuration makes of it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from batuta_hooks.domain.facts import Facts
from batuta_hooks.domain.finding import Finding, Unknown
from batuta_hooks.domain.manifest import Manifest
from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.domain.workspace import Manifests
from batuta_hooks.gather.manifests import Scope, gather_facts, named, whole
from batuta_hooks.gather.repository import Repository
from batuta_hooks.git.tree import GitTree

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from batuta_hooks.domain.config import Config
    from batuta_hooks.domain.facts import Origin, Published
    from batuta_hooks.domain.release import Release
    from batuta_hooks.domain.stack import StackCrate
    from batuta_hooks.domain.tag_facts import TagFacts
    from batuta_hooks.domain.workspace import Known
    from batuta_hooks.gather.known_manifests import KnownInTree, KnownManifests
    from batuta_hooks.gather.registry import Registry

#: Variables by which a configuration, or the repository, lies elsewhere than around the current folder.
_ELSEWHERE = ("BATUTA_STACK", "GIT_DIR", "GIT_WORK_TREE")

#: In a repository with so many manifests what they hold is remembered: fewer are read in the time that this takes.
_MANY = 300

Check = Callable[[Facts], Iterator[Finding | Unknown]]


class Verdict(NamedTuple):
    """What a guard found.

    Attributes:
        findings: by commit where commits were judged, then in the order of their places.
        unknown: questions left open.
        manifests: how many were judged.
        refs: how many pushed refs were looked at.
        warnings: what is odd about the configuration, a line each.
        data_age_s: the age of the oldest registry answer that was used; ``None`` where none was.
    """

    findings: Sequence[Finding] = ()
    unknown: Sequence[Unknown] = ()
    manifests: int = 0
    refs: int = 0
    warnings: Sequence[str] = ()
    data_age_s: int | None = None


class Judging:
    """Judges one tree after the other and gathers what is found.

    Args:
        repository: where the trees are from.
        check: what to ask of each tree.
        stage: ``commit``, ``push`` or ``manual``.
        refresh_s: seconds to wait at most for fresher registry answers, for all trees together.
    """

    #: whether the check can be asked in parts, of what has changed alone
    _is_in_parts = False

    def __init__(self, repository: Repository, check: Check, stage: str, refresh_s: float = 0.0) -> None:
        self._repository = repository
        self._check = check
        self._stage = stage
        self._findings: list[Finding] = []
        self._unknown: dict[Unknown, None] = {}
        self._warnings: dict[str, None] = {}
        self._manifests = 0
        self._refresh_s = refresh_s
        self._refreshed_at: int | None = None
        self._registry: Registry | None = None
        self._known_manifests: KnownManifests | None = None
        self._in_tree: KnownInTree | None = None
        #: the crates of the checkouts beside the repository, as far as the check looks at them
        self._beside: Callable[[], Sequence[StackCrate]] = tuple
        self._ttl_s: int | None = None
        self._ages: list[int] = []
        self._config: Config | None = None
        self._known: dict[str, Published | Unknown] = {}
        self._releases: dict[tuple[str, str], Release | Unknown | None] = {}

    def judge(
        self,
        tree: GitTree,
        files: Sequence[str] = (),
        commit: str = "",
        base: str | Callable[[], str] = "HEAD",
        tag: TagFacts | None = None,
    ) -> None:
        """Judge a tree, or a tag by it.

        Args:
            files: what changed, as `batuta_hooks.gather.manifests.named` reads it; none for everything.
            commit: the commit that it is the tree of, where it is one.
            base: what it is compared with, see `batuta_hooks.gather.manifests.gather_facts`.
            tag: the tag to judge, by the configuration's rules; no manifest is judged for itself then.

        Raises:
            BatutaError: a file that is not there, or a configuration that is wrong.
        """
        repository = self._repository
        manifests = Manifests(tree, self._remembered(tree))
        if tag is not None:
            scope = Scope((), ())
        else:
            scope = named(files, repository.top, tree, manifests) if files else whole(tree)
        config = self._config = self._configuration(manifests)
        if config is None:
            facts = self._facts(manifests, scope, base, commit)._replace(tag=tag)
            found = self._ask(facts, tree, commit)
        else:
            from batuta_hooks.guards.configured import settle, without_skipped

            self._ttl_s = config.ttl_s
            scope = without_skipped(scope, config)
            facts = self._facts(manifests, scope, base, commit)
            facts = facts._replace(policy=config.policy, tag=tag and tag._replace(rules=config.tags))
            found = settle(self._ask(facts, tree, commit), config, self._stage, repository)
        self._findings += self._weighed(found, facts, base)
        self._manifests += len(scope.manifests)

    def _facts(self, manifests: Manifests, scope: Scope, base: str | Callable[[], str], commit: str) -> Facts:
        return gather_facts(self._repository, manifests, scope, base, commit or "HEAD")._replace(
            published=self._published, release=self._release, rust_version=self._rust_version, origin=self._origin
        )

    def _weighed(self, found: list[Finding], _facts: Facts, _base: str | Callable[[], str]) -> list[Finding]:
        """What a guard makes of its findings at last."""
        return found

    def _remembered(self, tree: GitTree) -> Known | None:
        self._in_tree = None
        if len(tree.manifest_paths) < _MANY:
            return None
        from batuta_hooks.gather.known_manifests import KnownInTree
        from batuta_hooks.guards.remembering import known_manifests

        self._known_manifests = self._known_manifests or known_manifests()
        self._in_tree = KnownInTree(self._known_manifests, tree)
        return self._in_tree

    def _configuration(self, manifests: Manifests) -> Config | None:
        root = manifests.load("Cargo.toml")
        table, text = (root.table, root.text) if isinstance(root, Manifest) else ({}, b"")
        # git is asked for the top folder only where there may be something: that is another process
        if not (_has_own_table(table) or any(name in os.environ for name in _ELSEWHERE) or _is_stack_file_above()):
            return None
        from batuta_hooks.gather.configuration import read_configuration

        config, warnings = read_configuration(self._repository.top, table, root_text=text)
        self._warnings.update(dict.fromkeys(warnings))
        return config

    def _ask(self, facts: Facts, tree: GitTree, commit: str) -> list[Finding]:
        findings = set()
        if self._refresh_s:
            from batuta_hooks.guards.refreshing import refresh_for

            self._close()  # it remembers its answers
            self._releases.clear()
            with self._open_registry() as registry:
                self._refreshed_at = self._refreshed_at or int(time.time())
                self._refresh_s = refresh_for(facts, self._check, registry, self._refresh_s)
            self._known.clear()
        for said in self._said(facts, tree):
            if not isinstance(said, Finding):
                self._unknown[said] = None
            elif _rests_on_missing(said, tree) and self._repository.is_partial():
                self._unknown[Unknown(said.path, "a partial clone does not have this file")] = None
            else:
                findings.add(said._replace(commit=commit) if commit else said)
        return sorted(findings)

    def _said(self, facts: Facts, tree: GitTree) -> Iterable[Finding | Unknown]:
        """What the check says, or said of the same before."""
        if self._in_tree is None or self._refreshed_at is not None or len(facts.judged) < _MANY:
            return self._check(facts)
        from batuta_hooks.guards.remembering import said_by

        place = self._in_tree, self._opened(), self._beside()
        said = said_by(self._check, facts, tree, *place, is_in_parts=self._is_in_parts)
        if said.oldest is not None:
            self._ages.append(max(int(time.time()) - said.oldest, 0))
        return said.all

    def _published(self, package: str) -> Published | Unknown:
        known = self._known.get(package)
        if known is None:
            known = self._opened().published(package)
            if not isinstance(known, Unknown) and None not in (self._refreshed_at, known.checked_at):
                known = known._replace(is_of_this_run=known.checked_at >= self._refreshed_at)  # type: ignore[operator]
            self._known[package] = known
        return known

    def _release(self, package: str, version: str) -> Release | Unknown | None:
        if (package, version) not in self._releases:
            self._releases[package, version] = self._opened().release(package, version)
        return self._releases[package, version]

    def _rust_version(self, package: str, version: str) -> str | Unknown | None:
        return self._opened().rust_version(package, version)

    def _opened(self) -> Registry:
        if self._registry is None:
            self._registry = self._open_registry()
        return self._registry

    def _origin(self, package: str, version: str) -> Origin | Unknown:
        return self._opened().origin(package, version)

    def _open_registry(self) -> Registry:
        from batuta_hooks.gather.registry import Registry, find_place  # most runs ask nothing

        return Registry(find_place(os.getcwd()), ttl_s=self._ttl_s)

    def _close(self) -> None:
        if self._registry is not None:
            if self._registry.oldest_age_s is not None:
                self._ages.append(self._registry.oldest_age_s)
            if self._registry.fault:
                self._warnings[f"{self._registry.fault}; `batuta-stack cache warm` mends and fills it"] = None
            self._registry.close()
        self._registry = None

    def verdict(self, refs: int = 0) -> Verdict:
        """What was found in all trees; ``refs`` is how many pushed refs they stand for."""
        self._close()
        if self._known_manifests is not None:
            self._known_manifests.save()
        warnings, data_age_s = list(self._warnings), max(self._ages, default=None)
        return Verdict(self._findings, sorted(self._unknown), self._manifests, refs, warnings, data_age_s)


def _rests_on_missing(said: Finding, tree: GitTree) -> bool:
    """Whether a finding may be there only because files could not be read: about the file, or a tag of such a tree."""
    if said.code == "PD008":
        return said.path in tree.missing
    return bool(tree.missing) and said.code in ("TC002", "TC003", "TC004", "TC005")


def _has_own_table(table: Mapping[str, Any]) -> bool:
    metadata = [table.get(kind, {}).get("metadata") for kind in ("workspace", "package")]
    return any(isinstance(values, dict) and "batuta" in values for values in metadata)


def _is_stack_file_above() -> bool:
    """Whether there is a batuta-stack.toml in the current folder or above it, so perhaps one that counts."""
    folder, above = "", os.getcwd()
    while folder != above:
        folder, above = above, os.path.dirname(above)
        if os.path.lexists(os.path.join(folder, "batuta-stack.toml")):
            return True
    return False
