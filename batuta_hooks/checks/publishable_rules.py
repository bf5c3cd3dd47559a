"""What makes a manifest unpublishable by itself: what cargo finds in it, and what crates.io refuses of it."""

from __future__ import annotations

from batuta_hooks.checks.path_deps import REFUSED
from batuta_hooks.domain.crates_io import refusals
from batuta_hooks.domain.finding import Finding
from batuta_hooks.domain.manifest import Dependency, Manifest
from batuta_hooks.domain.packaged import as_upload
from batuta_hooks.domain.publishable import Reason
from batuta_hooks.domain.tree import is_outside, join
from batuta_hooks.domain.workspace import ManifestFault, Manifests, position_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from batuta_hooks.domain.facts import Facts

_SAME_AS_OURS = {"PD005", "PD006"}


class Workspaces:
    """Asks whether cargo can load the whole workspace around a manifest; each one is looked at once."""

    def __init__(self, manifests: Manifests, repository: str) -> None:
        self._manifests = manifests
        self._repository = repository
        self._faults: dict[str, Reason | None] = {}

    def refusal(self, manifest: Manifest) -> Reason | None:
        """Why cargo cannot load the workspace around a manifest: it loads every member before it looks at one."""
        root = self._manifests.root_of(manifest)
        if root is None:
            return None
        if isinstance(root, ManifestFault):
            return unreadable(root, self._repository)
        if manifest.path != root.path and manifest.path not in self._manifests.members(root):
            message = f"the workspace of {root.path} neither lists nor excludes it"
            return Reason(message, "", self._repository, manifest.path, 1)
        return self._fault_in(root)

    def _fault_in(self, root: Manifest) -> Reason | None:
        if root.path not in self._faults:
            self._faults[root.path] = self._first_fault(root)
        return self._faults[root.path]

    def _first_fault(self, root: Manifest) -> Reason | None:
        names: dict[str, str] = {}
        for path in dict.fromkeys((root.path, *self._manifests.members(root))):
            member = self._manifests.resolve(path)
            if isinstance(member, ManifestFault):
                return unreadable(member, self._repository)
            if member is not None and member.package is not None and names.setdefault(member.name, path) != path:
                message = (
                    f"{names[member.name]} is a package `{member.name}` of this workspace too: cargo loads neither"
                )
                return Reason(message, "", self._repository, path, position_of(member.text, _name_of(member))[0])
            for dependency in member.dependencies if member is not None else ():
                if dependency.path is not None and self._is_missing(dependency):
                    line = position_of(self._text(dependency, root), dependency.key)[0]
                    message = f"a clone has no `{dependency.package}` at `{dependency.path}`, so cargo loads no member"
                    return Reason(message, "", self._repository, dependency.manifest_path, line)
        return None

    def _is_missing(self, dependency: Dependency) -> bool:
        """Whether a path leads to nothing that a clone has: cargo looks there for more members of the workspace."""
        folder = join(dependency.folder, dependency.path or "")
        if self._manifests.tree.in_submodule(folder):
            return False
        return is_outside(folder) or bool(self._manifests.absence(join(folder, "Cargo.toml")))

    def _text(self, dependency: Dependency, root: Manifest) -> bytes:
        source = self._manifests.load(dependency.manifest_path)
        return source.text if isinstance(source, Manifest) else root.text


def _name_of(manifest: Manifest) -> tuple[str, ...]:
    return manifest.package_key, "name"


def unreadable(fault: ManifestFault, repository: str) -> Reason:
    """The reason that cargo cannot load a manifest."""
    return Reason(f"cargo cannot read this manifest: {fault.reason}", "PD008", repository, fault.path, fault.line)


def refused_by_findings(said: Iterable[object], repository: str) -> list[Reason]:
    """The reasons among what the checks of a manifest say."""
    found = sorted(one for one in said if isinstance(one, Finding) and one.code in REFUSED)
    return [Reason(one.message, one.code, repository, one.path, one.line) for one in found]


def refused_by_crates_io(
    facts: Facts, manifest: Manifest, is_license: Callable[[str], bool], told: Iterable[Reason]
) -> Iterator[Reason]:
    """The reasons for which crates.io would refuse the upload of a resolved manifest.

    Args:
        told: reasons that are known already; what they say of a dependency is not said again.
    """
    root = facts.manifests.root_of(manifest) if manifest.inherited_keys else None
    upload = as_upload(manifest, root if isinstance(root, Manifest) else None)
    is_told = any(one.code in _SAME_AS_OURS for one in told)
    for refusal in refusals(upload, is_license):
        head = refusal.key[0]
        if head == "dependencies" and is_told and len(refusal.key) > 1:
            continue
        path, line = _place(manifest, refusal.key, root if isinstance(root, Manifest) else None)
        yield Reason(f"{refusal.reason}, so crates.io refuses it", "", facts.repository, path, line)


def _place(manifest: Manifest, key: tuple[str, ...], root: Manifest | None) -> tuple[str, int]:
    """The line of a key of `[package]`, of a section or of a dependency; that of `[package]` where there is none."""
    head = key[0]
    if head == "dependencies" and len(key) > 1:
        for dependency in manifest.dependencies:
            if dependency.package == key[1]:
                return manifest.path, position_of(manifest.text, dependency.user_key)[0]
    if head in manifest.table:
        return manifest.path, position_of(manifest.text, (head,))[0]
    package = manifest.table.get(manifest.package_key, {})
    if head in manifest.inherited_keys and root is not None and root.path != manifest.path:
        return root.path, position_of(root.text, ("workspace", "package", head))[0]
    place = (manifest.package_key, head) if head in package else (manifest.package_key,)
    return manifest.path, position_of(manifest.text, place)[0]
