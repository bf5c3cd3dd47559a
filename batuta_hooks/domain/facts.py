"""Facts: all that a check may know, gathered from the world by `batuta_hooks.gather`, judged by the checks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from batuta_hooks.domain.finding import Unknown
from batuta_hooks.domain.record import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from batuta_hooks.domain.workspace import Manifests  # whoever only looks a crate up does without


class Sibling(NamedTuple):
    """A crate found on disk at the end of a path that leaves the repository: its name and version as it stands."""

    name: str
    version: str | None


class Published(NamedTuple):
    """What the registry holds of a crate: its unyanked and its yanked versions; none at all for "no such crate"."""

    versions: tuple[str, ...]
    yanked: tuple[str, ...] = ()


def _not_asked(package: str) -> Published | Unknown:
    return Unknown(package, "the registry was not asked")


def _no_sibling(_folder: str) -> Sibling | None:
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
    """

    manifests: Manifests
    judged: Sequence[str]
    configs: Sequence[str] = ()
    published: Callable[[str], Published | Unknown] = _not_asked
    sibling: Callable[[str], Sibling | None] = _no_sibling
    was_readable: Callable[[str], bool] = _nowhere
    is_on_disk: Callable[[str], bool] = _nowhere

    def needs(self, path: str) -> bool:
        """Whether the repository depends on a manifest: its top one, a workspace's member, or one that was readable."""
        return path == "Cargo.toml" or self.was_readable(path) or self.manifests.is_member(path)
