"""What to judge, and the facts to judge it by: manifests of a tree, siblings on disk, the commit to compare with."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.facts import Facts
from batuta_hooks.domain.manifest import Manifest
from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.domain.stack import Stack, crates_in
from batuta_hooks.domain.tree import is_outside, join, starts_with
from batuta_hooks.domain.workspace import Manifests, inherits
from batuta_hooks.gather.repository import Repository
from batuta_hooks.git.tree import GitTree, is_config, is_manifest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from batuta_hooks.domain.facts import Sibling
    from batuta_hooks.domain.lockfile import LockFault
    from batuta_hooks.domain.locks import Lockfile
    from batuta_hooks.gather.siblings import Siblings


class Scope(NamedTuple):
    """The manifests and cargo configuration files to judge, by repository-relative path, sorted."""

    manifests: Sequence[str]
    configs: Sequence[str]


def whole(tree: GitTree) -> Scope:
    """Every tracked manifest and configuration file."""
    return Scope(tree.manifest_paths, tree.config_paths)


def named(files: Iterable[str], top: str, tree: GitTree, manifests: Manifests) -> Scope:
    """The manifests among ``files``, those in a folder among them, and every member that inherits from a workspace
    root among them.

    A root that drops a version breaks members that nobody touched.  Other files are ignored.

    Args:
        files: paths relative to the current folder, as a framework or a person gives them; relative to the
            repository where that has no worktree.
        top: the absolute path of the worktree's top folder; empty where there is none.

    Raises:
        BatutaError: a file does not exist or lies outside the repository.
    """
    listed: set[str] = set()
    configs: set[str] = set()
    for file in files:
        path = _tracked(file, top, tree)
        if path not in tree and path in tree.folders():
            listed.update(manifest for manifest in tree.manifest_paths if starts_with(manifest, path))
            configs.update(config for config in tree.config_paths if starts_with(config, path))
        elif is_manifest(path):
            listed.add(path)
        elif is_config(path):
            configs.add(path)
    roots = {path for path in listed if _is_root(manifests.load(path))}
    if roots:
        listed.update(path for path in tree.manifest_paths if _inherits_from(manifests, path, roots))
    return Scope(sorted(listed), sorted(configs))


def _tracked(file: str, top: str, tree: GitTree) -> str:
    """The file's path in the repository, links on the way followed; an untracked one of the worktree is taken in."""
    path = _relative(file, top)
    folder, slash, name = path.rpartition("/")
    folder = tree.resolve(folder) or folder
    path = f"{folder}/{name}" if slash and folder else name
    if path in tree or path in tree.folders():
        return path
    if not top or not os.path.lexists(f"{top}/{path}"):
        raise BatutaError(f"`{file}`: no such file", mend="name files that exist, or none to judge all manifests")
    if tree.reads_worktree and (is_manifest(path) or is_config(path)):
        tree.add(path)
    return path


def _relative(file: str, top: str) -> str:
    if not top:
        path = join("", file)
        if is_outside(path):
            raise _outside(file, top)
        return path
    top = top.rstrip("/")
    path = os.path.abspath(file)
    if not starts_with(path, top):  # git names the top folder without links
        path = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
    if not starts_with(path, top):
        raise _outside(file, top)
    return path[len(top) :].lstrip("/")


def _outside(file: str, top: str) -> BatutaError:
    return BatutaError(f"`{file}` lies outside this repository", where=top, mend="name files of one repository")


def _is_root(manifest: object) -> bool:
    return isinstance(manifest, Manifest) and manifest.workspace is not None


def _inherits_from(manifests: Manifests, path: str, roots: set[str]) -> bool:
    manifest = manifests.load(path)
    if not isinstance(manifest, Manifest) or not inherits(manifest):
        return False
    root = manifests.root_of(manifest)
    return isinstance(root, Manifest) and root.path in roots


def gather_facts(
    repository: Repository, manifests: Manifests, scope: Scope, base: str | Callable[[], str], commit: str = "HEAD"
) -> Facts:
    """Facts about one tree; the stack is what it holds itself.

    Args:
        base: the revision that the tree is compared with, empty for none; or a function that finds it, called where
            a check wants to know.
        commit: the commit that the tree is of, or on which it will stand.
    """
    return Facts(
        manifests=manifests,
        judged=scope.manifests,
        configs=scope.configs,
        sibling=_siblings_of(repository),
        was_readable=_readable_at(repository, base),
        is_on_disk=lambda path: bool(repository.top) and os.path.lexists(f"{repository.top}/{path}"),
        stack=Stack(lambda: crates_in(manifests, manifests.tree.manifest_paths)),
        committed_at=_committed_at(repository, commit),
        lockfile=_lockfiles_of(manifests),
    )


def _committed_at(repository: Repository, commit: str) -> Callable[[], int | None]:
    found: list[int | None] = []

    def committed_at() -> int | None:
        if not found:
            found.append(repository.objects.committed_at(commit))
        return found[0]

    return committed_at


def _siblings_of(repository: Repository) -> Callable[[str], Sibling | None]:
    found: list[Siblings] = []

    def sibling(folder: str) -> Sibling | None:
        if not found:
            from batuta_hooks.gather.siblings import Siblings  # most runs look at none

            found.append(Siblings(repository.top))
        return found[0](folder)

    return sibling


def _lockfiles_of(manifests: Manifests) -> Callable[[str], Lockfile | LockFault | None]:
    found: list[Callable[[str], Lockfile | LockFault | None]] = []

    def lockfile(path: str) -> Lockfile | LockFault | None:
        if not found:
            from batuta_hooks.domain.locks import lockfiles_of  # most guards look at none

            found.append(lockfiles_of(manifests.tree))
        return found[0](path)

    return lockfile


def _readable_at(repository: Repository, base: str | Callable[[], str]) -> Callable[[str], bool]:
    found: list[Manifests | None] = []

    def was_readable(path: str) -> bool:
        if not found:
            commit = repository.objects.peel(base if isinstance(base, str) else base())
            found.append(Manifests(repository.commit_tree(commit)) if commit else None)
        before = found[0]
        return before is not None and isinstance(before.resolve(path), Manifest)

    return was_readable
