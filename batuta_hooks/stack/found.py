"""What a stack's configuration can begin with: its layers, crates of one version, Makefiles' targets, forms of tags."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.manifest import DEV, Manifest
from batuta_hooks.domain.stack import StackCrate
from batuta_hooks.domain.tags import read_tag
from batuta_hooks.domain.workspace import Manifests
from batuta_hooks.gather.repository import WORKTREE
from batuta_hooks.git.command import environment
from batuta_hooks.git.refs import list_tags, read_tags
from batuta_hooks.git.tree import read_regular_file
from batuta_hooks.stack.checkouts import Workspace
from batuta_hooks.stack.judging import Judged, open_repository
from batuta_hooks.stack.layers import Need, waves_of

_MAKEFILES = ("GNUmakefile", "makefile", "Makefile")  # in the order in which make looks for them
_TARGETS = re.compile(r"^([A-Za-z0-9][\w.-]*(?:[ \t]+[A-Za-z0-9][\w.-]*)*)[ \t]*::?(?!=)", re.MULTILINE)
_MOST_BYTES = 1 << 20


class Found(NamedTuple):
    """What is there.

    Attributes:
        repositories: paths of the checkouts, relative to the workspace.
        layers: names of the crates that may be published, those first that need no other one.
        groups: by the name of a repository, the crates that inherit one version there.
        makefiles: how many repositories have a Makefile.
        targets: how many of those have a target, by its name.
        templates: in how many repositories a form of version tags is the most frequent one.
    """

    repositories: tuple[str, ...]
    layers: tuple[tuple[str, ...], ...] = ()
    groups: Mapping[str, tuple[str, ...]] = {}
    makefiles: int = 0
    targets: Mapping[str, int] = {}
    templates: Mapping[str, int] = {}


class _One(NamedTuple):
    crates: tuple[StackCrate, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()
    targets: frozenset[str] | None = None
    template: str = ""


def look_around(workspace: Workspace, *, jobs: int | None = None) -> Found:
    """Look at every repository; one that cannot be read adds nothing.

    Raises:
        BatutaError: git cannot be run.
    """
    with ThreadPoolExecutor(max_workers=jobs or len(os.sched_getaffinity(0))) as threads:
        seen = list(threads.map(lambda path: _look_at(workspace, path), workspace.repositories))
    crates = [crate for one in seen for crate in one.crates if crate.is_publishable]
    targets = [one.targets for one in seen if one.targets is not None]
    return Found(
        workspace.repositories,
        tuple(tuple(wave) for wave in waves_of({crate.name for crate in crates}, _needs(crates))) if crates else (),
        dict(_groups(workspace, seen)),
        len(targets),
        Counter(target for one in targets for target in one),
        Counter(one.template for one in seen if one.template),
    )


def _look_at(workspace: Workspace, path: str) -> _One:
    opened = open_repository(workspace, path, WORKTREE)
    if isinstance(opened, Judged):
        return _One()
    crates = tuple(opened.stack_crates())
    return _One(
        crates,
        tuple(_of_one_version(opened.facts.manifests, crates)),
        _targets(opened.folder),
        _template(opened.folder, frozenset(crate.name for crate in crates)),
    )


def _needs(crates: Iterable[StackCrate]) -> list[Need]:
    known = list(crates)
    names = {crate.name for crate in known}
    return [
        Need(crate.name, one.package, None, "", "", ())
        for crate in known
        for one in crate.dependencies
        if one.kind != DEV and one.package in names and one.package != crate.name
    ]


def _groups(workspace: Workspace, seen: Iterable[_One]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for path, one in zip(workspace.repositories, seen, strict=True):
        name = os.path.basename(os.path.normpath(os.path.join(workspace.folder, path)))
        for number, group in enumerate(one.groups, 1):
            yield name if number == 1 else f"{name}-{number}", group


def _of_one_version(manifests: Manifests, crates: Iterable[StackCrate]) -> Iterator[tuple[str, ...]]:
    """Crates that inherit their version from one workspace root, two or more, of those that may be published."""
    by_root: dict[str, list[str]] = {}
    for crate in crates:
        manifest = manifests.load(crate.manifest_path)
        resolved = manifests.resolve(crate.manifest_path)
        if not (crate.is_publishable and isinstance(manifest, Manifest) and isinstance(resolved, Manifest)):
            continue
        package = manifest.table.get("package", {})
        root = manifests.root_of(resolved)
        if isinstance(package.get("version"), Mapping) and isinstance(root, Manifest):
            by_root.setdefault(root.path, []).append(crate.name)
    yield from (tuple(sorted(names)) for names in by_root.values() if len(names) > 1)


def _targets(folder: str) -> frozenset[str] | None:
    for name in _MAKEFILES:
        try:
            content = read_regular_file(os.path.join(folder, name))
        except OSError:
            continue
        if isinstance(content, bytes):
            text = content[:_MOST_BYTES].decode("utf-8", "replace")
            return frozenset(target for match in _TARGETS.finditer(text) for target in match[1].split())
    return None


def _template(folder: str, known: frozenset[str]) -> str:
    try:
        names = read_tags(list_tags(folder, environment(sibling=True)))
    except BatutaError:
        return ""
    read = [tag for name in names if (tag := read_tag(name, known))]
    return Counter(tag.template for tag in read).most_common(1)[0][0] if read else ""
