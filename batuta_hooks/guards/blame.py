"""Whose fault a finding is: an error that rests on the registry or a sibling is one only where this change made it.

Outside events must not stop a commit: a yank, a release of somebody else's, a sibling that went ahead.  What the
finding names is compared with the commit before, as values, so that a moved or reformatted line is no change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from batuta_hooks.domain.facts import Facts
from batuta_hooks.domain.finding import ERROR, WARNING, Finding
from batuta_hooks.domain.manifest import Dependency, Key, Manifest
from batuta_hooks.domain.tree import is_outside, join
from batuta_hooks.domain.workspace import Manifests, position_of
from batuta_hooks.gather.repository import Repository

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

OTHERS = frozenset(
    {"VA001", "VA002", "VA003", "VA005", "VA006", "VA007", "VA008", "VA009", "VA011", "VA012"},
)
"""The codes whose findings rest on the registry or on a sibling."""


class Blame:
    """Compares what findings name with the commit before.

    Args:
        facts: about the judged tree.
        base: the revision to compare with, or what finds it; empty where there is none, so that all is new.
    """

    def __init__(self, repository: Repository, facts: Facts, base: str | Callable[[], str]) -> None:
        self._repository = repository
        self._facts = facts
        self._base = base
        self._loaded: list[Manifests | None] = []

    def weigh(self, found: list[Finding]) -> list[Finding]:
        """The findings, errors among them that were there before as warnings."""
        return [self._weigh(finding) for finding in found]

    def _weigh(self, finding: Finding) -> Finding:
        if finding.severity != ERROR or finding.code not in OTHERS or self._is_new(finding):
            return finding
        return finding._replace(severity=WARNING, message=f"{finding.message} (not by this change)")

    def _before(self) -> Manifests | None:
        if not self._loaded:
            base = self._base if isinstance(self._base, str) else self._base()
            commit = self._repository.objects.peel(base) if base else None
            self._loaded.append(Manifests(self._repository.commit_tree(commit)) if commit else None)
        return self._loaded[0]

    def _is_new(self, finding: Finding) -> bool:
        before = self._before()
        if before is None:
            return True
        if finding.path.rpartition("/")[2] == "Cargo.lock":
            return self._is_new_entry(before, finding)
        named = list(self._named(finding))
        return not named or any(self._has_changed(before, member, dependency) for member, dependency in named)

    def _is_new_entry(self, before: Manifests, finding: Finding) -> bool:
        now, then = self._facts.manifests.tree.read(finding.path), before.tree.read(finding.path)
        if not isinstance(now, bytes) or not isinstance(then, bytes):
            return True
        return _entry_at(now, finding.line) not in _entries(then)

    def _named(self, finding: Finding) -> Iterator[tuple[Manifest, Dependency]]:
        """The dependencies that a finding is about, with the manifests that use them."""
        stands_in = self._facts.manifests.load(finding.path)
        is_shared = not isinstance(stands_in, Manifest) or stands_in.workspace is not None
        for path in self._facts.judged if is_shared else (finding.path,):
            member = self._facts.manifests.resolve(path)
            if not isinstance(member, Manifest) or member.name != finding.crate:
                continue
            for dependency in member.dependencies:
                holder = self._facts.manifests.load(dependency.manifest_path)
                if dependency.package != finding.dependency or dependency.manifest_path != finding.path:
                    continue
                if isinstance(holder, Manifest) and position_of(holder.text, dependency.key)[0] == finding.line:
                    yield member, dependency

    def _has_changed(self, before: Manifests, member: Manifest, dependency: Dependency) -> bool:
        holder = self._facts.manifests.load(dependency.manifest_path)
        places = [(member.path, member.table, dependency.user_key)]
        if isinstance(holder, Manifest):
            places.append((holder.path, holder.table, dependency.key))
        return any(_value(table, key) != _value_in(before, path, key) for path, table, key in places) or (
            dependency.path is not None and self._has_moved(before, dependency)
        )

    def _has_moved(self, before: Manifests, dependency: Dependency) -> bool:
        """Whether the package at the end of a path inside the repository has another version than before."""
        path = join(dependency.folder, f"{dependency.path}/Cargo.toml")
        if is_outside(path):
            return False
        versions = []
        for manifests in (self._facts.manifests, before):
            found = manifests.resolve(path)
            versions.append(found.package.version if isinstance(found, Manifest) and found.package else None)
        return versions[0] != versions[1]


def _value(table: Mapping[str, Any], key: Key) -> Any:
    found: Any = table
    for part in key:
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _value_in(manifests: Manifests, path: str, key: Key) -> Any:
    manifest = manifests.load(path)
    return _value(manifest.table, key) if isinstance(manifest, Manifest) else None


def _entries(text: bytes) -> list[bytes]:
    """The parts of a lock file between empty lines, alike whatever ends its lines and wherever in it they stand."""
    return text.replace(b"\r\n", b"\n").rstrip(b"\n").split(b"\n\n")


def _entry_at(text: bytes, line: int) -> bytes:
    """The part of a lock file between empty lines that holds a line."""
    start = 0
    for entry in _entries(text):
        start += entry.count(b"\n") + 2
        if line < start:
            return entry
    return text
