"""What a tracked Cargo.lock means for publishing: cargo then resolves the whole workspace first, paths and all.

Without one it looks at the package alone.  So a lock file makes a member refusable for what another member needs, for a
path that a clone does not have, or for one whose crate has another version; and where cargo would have to change it,
the package beside it counts as dirty, which it refuses too (docs/cargo-rules.md).
"""

from __future__ import annotations

from itertools import pairwise

from batuta_hooks.checks.lock_files import find_stale
from batuta_hooks.checks.publishable_needs import clash_reason, patched_by_configuration
from batuta_hooks.domain.lock_layout import odd_line
from batuta_hooks.domain.lockfile import LockedPackage, LockFault
from batuta_hooks.domain.manifest import Dependency, Manifest
from batuta_hooks.domain.packaged import CRATES_IO_INDEXES, as_release
from batuta_hooks.domain.publishable import Reason
from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.domain.semver import Requirement, Version
from batuta_hooks.domain.shelf import MissingFeature, Need, bundle_of, expand
from batuta_hooks.domain.tree import is_outside, join
from batuta_hooks.domain.version_text import read_version
from batuta_hooks.domain.workspace import position_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from batuta_hooks.domain.facts import Facts
    from batuta_hooks.domain.locks import Lockfile
    from batuta_hooks.domain.release import IndexDependency, Release
    from batuta_hooks.domain.resolution import Resolution
    from batuta_hooks.domain.shelf import Shelf


_REGISTRIES = ("registry+", "sparse+")
_UNUSED_PATCH = b"[[patch.unused]]"


class Pins:
    """The packages and versions, of whatever registry, that a lock file holds."""

    def __init__(self, packages: Sequence[LockedPackage] = ()) -> None:
        self._packages = packages

    def __contains__(self, pin: object) -> bool:
        return any(one.source is not None and one[:2] == pin for one in self._packages)


class Locked(NamedTuple):
    """What a workspace's tracked lock file means.

    Attributes:
        is_there: whether there is one.
        pins: what it holds of registries.
        fault: why cargo cannot read it; ``None`` where it can.
        stale: why cargo would have to change it.
    """

    is_there: bool
    pins: Pins = Pins()
    fault: Reason | None = None
    stale: tuple[Reason, ...] = ()


def read_lock(facts: Facts, root: Manifest) -> Locked:
    """The lock file of a workspace's root, or of a package that stands alone."""
    path = join(root.folder, "Cargo.lock")
    lock = facts.lockfile(path)
    if lock is None:
        return Locked(is_there=False)
    if isinstance(lock, LockFault):
        fault = Reason(f"cargo cannot read the lock file: {lock}", "VA009", facts.repository, path, 1, is_own=False)
        return Locked(is_there=True, fault=fault)
    found = find_stale(facts._replace(judged=(root.path,)))
    text = facts.manifests.tree.read(path)
    messages = [*(one.message for one in found), *_rewritten(lock, text if isinstance(text, bytes) else b"")]
    if isinstance(text, bytes) and _UNUSED_PATCH in text and not root.patches and not patched_by_configuration(facts):
        messages.append("the lock file holds a patch that is nobody's here")
    stale = (f"{one}: cargo changes it, and then it is an uncommitted change" for one in messages)
    reasons = tuple(Reason(one, "VA009", facts.repository, path, 1, is_own=False) for one in stale)
    return Locked(is_there=True, pins=Pins(lock.packages), stale=reasons)


def _rewritten(lock: Lockfile, text: bytes) -> Iterator[str]:
    """Why cargo writes a lock file anew that fits its manifests: without `--locked` it wants every line as its own."""
    for package in lock.packages:
        if package.source is not None and package.source.startswith(_REGISTRIES) and not package.checksum:
            yield f"the lock file has no checksum of `{package.name}` {package.version}"
    places = [(one.name, read_version(one.version) or Version(0, 0, 0)) for one in lock.packages]
    if any(one > other for one, other in pairwise(places)):
        yield "the lock file does not have its packages in order"
    odd = odd_line(text)
    if odd is not None:
        yield f"the lock file's line {odd} does not stand as cargo writes it"


def members_of(facts: Facts, manifest: Manifest) -> list[Manifest]:
    """The manifests of the workspace that a package is of, the package alone where there is none."""
    root = facts.manifests.root_of(manifest)
    if not isinstance(root, Manifest):
        return [manifest]
    found = (facts.manifests.resolve(path) for path in facts.manifests.members(root))
    return [one for one in found if isinstance(one, Manifest)] or [manifest]


class LockedWorkspace:
    """The resolution of a whole workspace, its paths leading to what a clone has there.

    Args:
        shelf: what the registry offers; the workspace's own packages are put there.
        resolve: resolves needs over that shelf.
    """

    def __init__(self, facts: Facts, shelf: Shelf, resolve: Callable[[Sequence[tuple[Need, str]]], Resolution]) -> None:
        self._facts = facts
        self._shelf = shelf
        self._resolve = resolve
        self._put: set[str] = set()

    def reasons(self, members: Sequence[Manifest], *, is_stale: bool) -> list[Reason]:
        """Why cargo cannot resolve the workspace of these members.

        Args:
            is_stale: whether the lock file does not fit them; one that does is a resolution that cargo takes.
        """
        found: list[Reason] = []
        needs: list[tuple[Need, str]] = []
        by_label = {f"{member.name} {_version(member)}": member for member in members}
        patched = self._patched(members)
        for label, member in by_label.items():
            release = as_release(member, keeps_all=True)
            bundle = bundle_of(self._kept(member, release), self._home(member, patched, found), dev=True)
            wanted = expand(bundle, frozenset(bundle.features), default=True)
            if isinstance(wanted, MissingFeature):
                continue  # it stands in the manifest, and is said of it
            needs += [(need, label) for need in wanted]
        for patch in patched.values():
            self._local(patch, patch, members[0], found)
        if found or not is_stale:
            return list(dict.fromkeys(found))
        clash = self._resolve(needs).clash
        if clash is None:
            return []
        holder = by_label.get(clash.by)
        reason = clash_reason(self._facts, holder or members[0], clash._replace(by="") if holder else clash)
        return [reason._replace(message=f"{reason.message}; the lock file has cargo resolve the whole workspace")]

    def _kept(self, member: Manifest, release: Release) -> Release:
        """The release without what comes from git or from other registries, which nobody here can ask."""
        foreign = {
            one.name
            for one in member.dependencies
            if one.git is not None or (one.registry is not None and one.registry not in CRATES_IO_INDEXES)
        }
        return release._replace(dependencies=tuple(one for one in release.dependencies if one.name not in foreign))

    def _patched(self, members: Sequence[Manifest]) -> dict[str, Dependency]:
        root = self._facts.manifests.root_of(members[0])
        patches = root.patches if isinstance(root, Manifest) else members[0].patches
        return {one.dependency.package: one.dependency for one in patches if one.dependency.path is not None}

    def _home(
        self, member: Manifest, patched: dict[str, Dependency], found: list[Reason]
    ) -> Callable[[IndexDependency], str]:
        paths = {(one.name, one.kind, one.target): one for one in member.dependencies}
        kinds = {"normal": "dependencies", "dev": "dev-dependencies", "build": "build-dependencies"}

        def home(one: IndexDependency) -> str:
            dependency = paths[one.name, kinds[one.kind], one.target]
            if dependency.path is not None:
                return self._local(dependency, dependency, member, found)
            patch = patched.get(one.package)
            if patch is None or not self._fits(patch, one.requirement):
                return ""
            return self._local(patch, dependency, member, found)

        return home

    def _fits(self, patch: Dependency, requirement: str) -> bool:
        assert patch.path is not None
        end = self._facts.manifests.resolve(join(patch.folder, f"{patch.path}/Cargo.toml"))
        version = end.package.version if isinstance(end, Manifest) and end.package else None
        return version is not None and Requirement.parse(requirement).matches(Version.parse(version))

    def _local(self, end: Dependency, user: Dependency, member: Manifest, found: list[Reason]) -> str:
        """Put the package at the end of a path on the shelf, and what it needs by path in turn."""
        assert end.path is not None
        path = join(end.folder, f"{end.path}/Cargo.toml")
        home = f"{self._facts.repository}:{path}"
        if home in self._put:
            return home
        if self._facts.manifests.tree.in_submodule(path):
            return ""
        manifest = None if is_outside(path) else self._facts.manifests.resolve(path)
        if not isinstance(manifest, Manifest) or manifest.name != end.package:
            line = position_of(_text(self._facts, user, member), user.key)[0]
            message = f"a clone has no `{end.package}` at `{end.path}`, and the lock file has cargo look there"
            found.append(Reason(message, "", self._facts.repository, user.manifest_path, line, is_own=False))
            return ""
        self._put.add(home)
        inner = self._kept(manifest, as_release(manifest, keeps_all=True))
        bundle = bundle_of(inner, self._home(manifest, {}, found))
        self._shelf.add_local(home, _version(manifest), bundle)
        return home


def _text(facts: Facts, dependency: Dependency, member: Manifest) -> bytes:
    source = facts.manifests.load(dependency.manifest_path)
    return source.text if isinstance(source, Manifest) else member.text


def _version(manifest: Manifest) -> str:
    return (manifest.package.version if manifest.package else None) or "0.0.0"
