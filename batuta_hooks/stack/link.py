"""Local development without path dependencies: siblings stand in for their published versions.

cargo reads `.cargo/config.toml` in every folder above the one that it works in.  One above all checkouts can be
committed in none of them, and no manifest says anything of it.  `paths` keeps every Cargo.lock as it is, as long as
the sibling requires what the locked version requires; else only a patch links it, which drops the crate's source and
checksum from the lock (tried with cargo 1.95, docs/cargo-rules.md).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.facts import Facts
from batuta_hooks.domain.finding import Unknown
from batuta_hooks.domain.lockfile import LockedPackage, LockFault, read_lockfile
from batuta_hooks.domain.manifest import Dependency, Manifest
from batuta_hooks.domain.semver import InvalidRequirement, InvalidVersion, Requirement, Version
from batuta_hooks.domain.stack import StackCrate
from batuta_hooks.domain.tree import join, starts_with
from batuta_hooks.git.command import GitError
from batuta_hooks.git.commit import tracked
from batuta_hooks.stack.checkouts import Workspace
from batuta_hooks.stack.crates_io import Asking
from batuta_hooks.stack.files import create, replace
from batuta_hooks.stack.judging import folder_of, judged_paths
from batuta_hooks.stack.link_file import Links, read_links, with_links, without_links
from batuta_hooks.stack.link_needs import checkout_needs, published_needs
from batuta_hooks.stack.opening import StackView, open_stack
from batuta_hooks.stack.sync_rounds import root_of

PATHS, PATCH = "paths", "patch"


class Linked(NamedTuple):
    """One crate and whether it is, or can be, linked.

    Attributes:
        folder: of its checkout's crate, relative to the workspace.
        how: ``paths`` or ``patch``; empty where it is not linked.
        why: why only by a patch, or why not at all, a clause; empty for ``paths``.
    """

    crate: str
    version: str
    folder: str
    how: str
    why: str = ""


class _User(NamedTuple):
    """A workspace of the stack that uses crates of other repositories: its lock and what its crates require."""

    repository: str
    shown: str
    locked: Mapping[str, Sequence[LockedPackage]]
    dependencies: Sequence[tuple[str, Dependency]]
    facts: Facts


def config_path(workspace: Workspace) -> str:
    """The configuration file above the checkouts; the spelling of old where that alone is there."""
    folder = os.path.join(workspace.folder, ".cargo")
    old = os.path.join(folder, "config")
    new = os.path.join(folder, "config.toml")
    return old if os.path.isfile(old) and not os.path.lexists(new) else new


def links_there(workspace: Workspace) -> Links:
    """What is linked.

    Raises:
        BatutaError: the configuration cannot be read.
    """
    path = config_path(workspace)
    try:
        return read_links(_read(path) or b"")
    except BatutaError as error:
        raise BatutaError(error.what, where=path, mend=error.mend) from error


def survey(
    workspace: Workspace, crates: Sequence[str], asking: Asking, *, jobs: int | None = None
) -> tuple[list[Linked], tuple[str, ...]]:
    """Which crates can be linked and how, and notes for the user.

    Args:
        crates: their names; none for all that another repository of the stack uses.

    Raises:
        BatutaError: a crate is not known, or there is no folder above the checkouts.
    """
    if workspace.repositories == (".",):
        raise BatutaError(
            "there is one repository alone here, and links stand above the checkouts",
            where=workspace.folder,
            mend="run it in the folder that holds the repositories, or name that: --workspace PATH",
        )
    with open_stack(workspace, asking, lambda _one: (), crates=crates, jobs=jobs) as view:
        users = list(_users(view))
        every = _crates(view)
        chosen = [one for one in every if one[0].is_publishable and (not crates or one[0].name in crates)]
        judged = [_judge(crate, manifest, users, workspace) for crate, manifest in chosen]
        found = [one for one in judged if one is not None]
        by_folder = {one.folder: one for one in found}
        return [_beside_neighbours(one, by_folder, [crate for crate, _ in every]) for one in found], view.notes


def _crates(view: StackView) -> list[tuple[StackCrate, Manifest]]:
    """The stack's crates with their manifests; of several with one name the one that stands for it."""
    found = []
    for one, facts in zip(view.opened, view.facts, strict=True):
        for crate in one.stack_crates():
            manifest = facts.manifests.resolve(crate.manifest_path)
            if isinstance(manifest, Manifest) and facts.stack.crate(crate.name) == crate:
                found.append((crate, manifest))
    return found


def link(workspace: Workspace, found: Iterable[Linked]) -> Links:
    """Write the links, in place of older ones.

    Raises:
        BatutaError: the file is tracked by git, or holds what cannot stand beside links.
    """
    found = list(found)
    links = Links(
        tuple(one.folder for one in found if one.how == PATHS),
        {one.crate: one.folder for one in found if one.how == PATCH},
    )
    path = config_path(workspace)
    _refuse_tracked(workspace, path)
    before = _read(path)
    try:
        after = with_links(before or b"", links)
    except BatutaError as error:
        raise BatutaError(error.what, where=path, mend=error.mend) from error
    _write(path, before, after)
    return links


def unlink(workspace: Workspace) -> bool:
    """Take the links out; whether there were any."""
    path = config_path(workspace)
    before = _read(path)
    if before is None or without_links(before) == before:
        return False
    _write(path, before, without_links(before))
    return True


def _write(path: str, before: bytes | None, after: bytes) -> None:
    if before is None and after:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        create(path, after)
    elif before is not None and not after:  # nothing but links stood there
        os.unlink(path)
        if not os.listdir(os.path.dirname(path)):
            os.rmdir(os.path.dirname(path))
    elif before is not None and before != after:
        replace(path, after)


def _refuse_tracked(workspace: Workspace, path: str) -> None:
    try:
        is_tracked = bool(tracked(workspace.folder, [os.path.relpath(path, workspace.folder)]))
    except GitError:
        return  # no repository is around it
    if is_tracked:
        raise BatutaError(
            "git tracks this file, so links in it would be committed",
            where=path,
            mend="move what it says to the file in CARGO_HOME, or link from a folder further up",
        )


def _users(view: StackView) -> Iterator[_User]:
    for one, facts in zip(view.opened, view.facts, strict=True):
        roots: dict[str, list[tuple[str, Dependency]]] = {}
        for path in judged_paths(facts.judged, one.config):
            manifest = facts.manifests.resolve(path)
            if isinstance(manifest, Manifest) and manifest.package:
                found = roots.setdefault(root_of(facts, path), [])
                found += [(manifest.name, dependency) for dependency in manifest.dependencies]
        for root, dependencies in roots.items():
            locked: dict[str, list[LockedPackage]] = {}
            for package in _locked(os.path.join(one.folder, root, "Cargo.lock")):
                if package.is_from_crates_io:
                    locked.setdefault(package.name, []).append(package)
            shown = join(one.checkout.path, root) or "."
            yield _User(one.checkout.path, shown, locked, dependencies, facts)


def _judge(crate: StackCrate, manifest: Manifest, users: Iterable[_User], workspace: Workspace) -> Linked | None:
    """How a crate is linked; ``None`` where no other repository uses it."""
    folder = join(crate.repository, os.path.dirname(crate.manifest_path)) or "."
    linked = Linked(crate.name, crate.version or "", folder, PATHS)
    mine = [user for user in users if user.repository != crate.repository and _uses(user, crate)]
    if not mine:
        return None
    if folder.startswith("..") or folder_of(workspace, folder) == workspace.folder:
        return linked._replace(how="", why=f"its checkout does not lie below {workspace.folder}")
    try:
        version = Version.parse(crate.version or "")
    except InvalidVersion:
        return linked._replace(how="", why="its checkout has no version")
    for user in mine:
        why = _refusal(user, crate, version)
        if why:
            return linked._replace(how="", why=why)
    for user in mine:
        why = _needs_patch(user, crate, manifest)
        if why:
            return linked._replace(how=PATCH, why=why)
    return linked


def _uses(user: _User, crate: StackCrate) -> bool:
    return crate.name in user.locked or any(one.package == crate.name for _, one in user.dependencies)


def _refusal(user: _User, crate: StackCrate, version: Version) -> str:
    """Why a checkout cannot stand in for anything that a workspace requires, a clause; empty where it can."""
    required = [(name, text, _admits(text, version)) for name, text in _requirements(user, crate)]
    if required and not any(is_met for _, _, is_met in required):
        name, text, _ = required[0]
        return f"`{name}` in {user.shown} requires `{text}`, its checkout stands at {version}"
    locked = user.locked.get(crate.name, ())
    if locked and version.bucket not in [Version.parse(one.version).bucket for one in locked]:
        versions = ", ".join(one.version for one in locked)
        return f"{user.shown}/Cargo.lock holds it at {versions}, its checkout stands at {version}"
    return ""


def _requirements(user: _User, crate: StackCrate) -> Iterator[tuple[str, str]]:
    for name, dependency in user.dependencies:
        if dependency.package == crate.name and dependency.requirement is not None and dependency.path is None:
            yield name, dependency.requirement


def _admits(requirement: str, version: Version) -> bool:
    try:
        return Requirement.parse(requirement).matches(version)
    except InvalidRequirement:
        return False


def _needs_patch(user: _User, crate: StackCrate, manifest: Manifest) -> str:
    """Why `paths` would change what a workspace resolves to, a clause; empty where it would not."""
    locked = user.locked.get(crate.name, ())
    if len(locked) > 1:
        return f"{user.shown}/Cargo.lock holds it in {len(locked)} versions, and `paths` would stand in for all"
    for one in locked:
        release = user.facts.release(crate.name, one.version)
        if release is None or isinstance(release, Unknown):
            return f"what its locked version {one.version} depends on is not known"
        differing = {needed.package for needed in published_needs(release) ^ checkout_needs(manifest)}
        if differing:
            return f"its dependencies differ from those of {one.version} in {', '.join(sorted(differing))}"
    return ""


def _beside_neighbours(one: Linked, found: Mapping[str, Linked], crates: Sequence[StackCrate]) -> Linked:
    """A crate whose folder holds others is linked by a patch where those must not be: `paths` takes all in a folder."""
    if one.how != PATHS:
        return one
    for crate in crates:
        folder = join(crate.repository, os.path.dirname(crate.manifest_path))
        inside = folder != one.folder and starts_with(folder, one.folder)
        other = found.get(folder)
        if inside and other is not None and other.how != PATHS:
            why = f"`paths` would link `{crate.name}` in its folder too: {other.why}"
            return one._replace(how=PATCH, why=why)
    return one


def _locked(path: str) -> list[LockedPackage]:
    try:
        return read_lockfile(_read(path) or b"")
    except LockFault:
        return []


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
