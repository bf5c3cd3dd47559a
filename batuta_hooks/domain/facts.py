"""Facts: all that a check may know, gathered from the world by `batuta_hooks.gather`, judged by the checks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from batuta_hooks.domain.finding import Unknown
from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.domain.stack import Stack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from batuta_hooks.domain.lockfile import LockFault
    from batuta_hooks.domain.locks import Lockfile
    from batuta_hooks.domain.package_files import Tracked
    from batuta_hooks.domain.release import Release
    from batuta_hooks.domain.tag_facts import TagFacts
    from batuta_hooks.domain.workspace import Manifests  # whoever only looks a crate up does without


class Sibling(NamedTuple):
    """A crate found on disk at the end of a path that leaves the repository: its name and version as it stands."""

    name: str
    version: str | None


class Published(NamedTuple):
    """What the registry holds of a crate: its unyanked and its yanked versions; none at all for "no such crate".

    Attributes:
        checked_at: when the registry last said so, in whole seconds since 1970; ``None`` where nothing tells.
        is_of_this_run: whether it was asked by this very run, so that nobody knows better.
    """

    versions: tuple[str, ...]
    yanked: tuple[str, ...] = ()
    checked_at: int | None = None
    is_of_this_run: bool = False


class Policy(NamedTuple):
    """What the configuration says of versions.

    Attributes:
        versions: ``[versions]``: package name → version requirement that the stack keeps to.
        shared: ``[alignment] shared``: packages that the whole stack must need in compatible versions.
        exclusive: ``[features.exclusive]``: package name → groups of features that exclude each other.
    """

    versions: Mapping[str, str] = {}
    shared: tuple[str, ...] = ()
    exclusive: Mapping[str, tuple[tuple[str, ...], ...]] = {}


class Origin(NamedTuple):
    """From where a published version was made, as its archive tells.

    Attributes:
        commit: the id of the commit; empty where the archive does not say it.
        is_dirty: whether files differed from that commit.
        repository: ``package.repository`` of the published manifest; empty where there is none.
    """

    commit: str
    is_dirty: bool
    repository: str


def _not_asked(package: str) -> Published | Unknown:
    return Unknown(package, "the registry was not asked")


def _release_not_asked(package: str, _version: str) -> Release | Unknown | None:
    return Unknown(package, "the registry was not asked")


def _unborn() -> int | None:
    return None


def _nothing_planned(_package: str) -> Sequence[str]:
    return ()


def _no_archive(package: str, _version: str) -> Origin | Unknown:
    return Unknown(package, "its archive was not looked at")


def _no_lockfile(_path: str) -> Lockfile | LockFault | None:
    return None


def _no_sibling(_folder: str) -> Sibling | None:
    return None


def _not_spelled(_package: str) -> str | None:
    return None


def _nowhere(_path: str) -> bool:
    return False


class Facts(NamedTuple):
    """One repository at one source, and what is known around it.

    Attributes:
        manifests: the tracked manifests of the judged tree.
        judged: paths of the manifests to judge; others are only consulted.
        configs: paths of the cargo configuration files to judge.
        published: asks what the registry holds of a package; `Unknown` where that could not be learnt.
        sibling: asks for the crate at a path that leaves the repository, relative to its top folder.
        was_readable: asks whether a manifest could be loaded at the commit that the judged tree is compared with.
        is_on_disk: asks whether a repository-relative path exists in the worktree, tracked or not.
        release: asks for a version of a package, as the registry's index describes it; ``None`` where it lists none of
            that text.
        spelled_as: gives the name under which the registry has a crate that crates.io takes for the same as one of this
            name; ``None`` where it has none, or nothing is known.
        stack: the crates of the stack by name, those of this repository and of the checkouts beside it.
        repository: the path of this repository, as `stack` spells it.
        committed_at: gives the time of the judged commit, or of HEAD where the index or the worktree is judged, in
            whole seconds since 1970; ``None`` where there is none.
        planned: gives the versions of a package that a release under way is going to publish.
        policy: what the configuration says of versions.
        rust_version: asks which Rust a version of a package declares, empty for none; ``None`` where the index does not
            describe it. Where this is ``None`` itself, `release` tells it.
        origin: asks from which commit a published version of a package was made, its version spelled as published.
        tag: the tag that is judged, where one is.
        is_whole: whether every other repository of `stack` is judged too, so that a finding is said where it belongs.
        lockfile: asks for the tracked Cargo.lock at a path, or why cargo would not read it.
        tracked: every tracked file of the judged tree; ``None`` where that was not looked at.
        about: the packages whose dependencies the checks of versions look at in the judged manifests; ``None`` for all.
    """

    manifests: Manifests
    judged: Sequence[str]
    configs: Sequence[str] = ()
    published: Callable[[str], Published | Unknown] = _not_asked
    sibling: Callable[[str], Sibling | None] = _no_sibling
    was_readable: Callable[[str], bool] = _nowhere
    is_on_disk: Callable[[str], bool] = _nowhere
    release: Callable[[str, str], Release | Unknown | None] = _release_not_asked
    spelled_as: Callable[[str], str | None] = _not_spelled
    stack: Stack = Stack()
    repository: str = "."
    committed_at: Callable[[], int | None] = _unborn
    planned: Callable[[str], Sequence[str]] = _nothing_planned
    policy: Policy = Policy()
    rust_version: Callable[[str, str], str | Unknown | None] | None = None
    origin: Callable[[str, str], Origin | Unknown] = _no_archive
    tag: TagFacts | None = None
    is_whole: bool = False
    lockfile: Callable[[str], Lockfile | LockFault | None] = _no_lockfile
    tracked: Tracked | None = None
    about: Collection[str] | None = None

    def rust_of(self, package: str, version: str) -> str | Unknown | None:
        """The Rust that a version declares, empty for none; ``None`` where the index does not describe the version."""
        if self.rust_version is not None:
            return self.rust_version(package, version)
        release = self.release(package, version)
        return release if release is None or isinstance(release, Unknown) else release.rust_version or ""

    def needs(self, path: str) -> bool:
        """Whether the repository depends on a manifest: its top one, a workspace's member, or one that was readable."""
        return path == "Cargo.toml" or self.was_readable(path) or self.manifests.is_member(path)
