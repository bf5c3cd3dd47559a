"""PD004: ``[patch]``, ``[replace]`` and ``paths`` by path, in manifests and in tracked cargo configuration.

Publishing drops them silently, so only the registry counts then; a clone needs the folder that they name.
Sources: the Cargo Book, "Overriding Dependencies"; docs/cargo-rules.md.
"""

from __future__ import annotations

from batuta_hooks.checks.path_ends import PathEnd, folder_end, leaving
from batuta_hooks.domain.dependency_schema import patch_faults
from batuta_hooks.domain.facts import Facts
from batuta_hooks.domain.finding import ERROR, NOTE, WARNING, Finding, Unknown
from batuta_hooks.domain.manifest import Key, Manifest, Patch, parent_folder, read_patches
from batuta_hooks.domain.manifest_schema_types import type_faults
from batuta_hooks.domain.semver import Requirement, Version
from batuta_hooks.domain.toml_text import TomlFault, read_toml
from batuta_hooks.domain.tree import ReadFault, is_outside, join, starts_with
from batuta_hooks.domain.workspace import ManifestFault, position_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

_CRATES_IO = ("crates-io", "https://github.com/rust-lang/crates.io-index")


def find_manifest_patches(facts: Facts, manifest: Manifest) -> Iterator[Finding | Unknown]:
    """Judge the patches by path of one manifest; those of a member that is no root have no effect and are notes."""
    users = _patched_by(facts, manifest)
    for patch in manifest.patches:
        if patch.dependency.path is not None:
            yield from _judge(facts, patch, manifest.text, users)


def _patched_by(facts: Facts, manifest: Manifest) -> tuple[str, ...] | None:
    """The manifests whose dependencies a manifest's patches reach; ``None`` for a member, whose patches are ignored."""
    if manifest.workspace:
        return facts.manifests.members(manifest)
    root = facts.manifests.root_of(manifest)
    is_member = isinstance(root, Manifest) and manifest.path in facts.manifests.members(root)
    return None if is_member else (manifest.path,)


def find_config_patches(facts: Facts, path: str) -> Iterator[Finding | Unknown]:
    """Judge ``[patch]`` and ``paths`` of a tracked cargo configuration; they start from the folder above ``.cargo``."""
    text = facts.manifests.tree.read(path)
    if text is None:
        return
    folder = parent_folder(parent_folder(path))
    users = tuple(user for user in facts.manifests.tree.manifest_paths if starts_with(user, folder))
    reason, line, column, table = _read_config(text)
    if reason:
        is_needed = any(isinstance(facts.manifests.load(user), Manifest) for user in users)
        message = f"cargo cannot read this configuration: {reason}"
        severity = ERROR if is_needed else WARNING
        yield Finding(path, line, column, "PD008", severity, message, "mend the configuration here")
        return
    assert isinstance(text, bytes)
    for patch in read_patches({"patch": table.get("patch", {})}, path):
        if patch.dependency.path is not None:
            moved = patch._replace(dependency=patch.dependency._replace(folder=folder))
            yield from _judge(facts, moved, text, users)
    for number, written in enumerate(table.get("paths", ())):
        what = f"`paths` overrides dependencies by `{written}`"
        yield _finding(path, text, ("paths", number), _override_trouble(facts, folder, written), what, "")


def _read_config(text: bytes | ReadFault) -> tuple[str, int, int, Mapping[str, Any]]:
    """The table of a configuration, or why cargo refuses it, and where."""
    if isinstance(text, ReadFault):
        return text.reason, 1, 1, {}
    try:
        table = read_toml(text)
    except TomlFault as fault:
        return fault.reason, fault.line or 1, fault.column or 1, {}
    paths, patch = table.get("paths", []), {"patch": table.get("patch", {})}
    if not isinstance(paths, list) or not all(isinstance(written, str) for written in paths):
        return "`paths` is an array of strings", *position_of(text, ("paths",)), {}
    for wrong in type_faults(patch) or patch_faults(patch):
        return wrong.reason, *position_of(text, wrong.key), {}
    return "", 1, 1, table


def _override_trouble(facts: Facts, folder: str, written: str) -> str:
    """Why a clone cannot use a folder of ``paths``, which must hold a package or have some below it; else empty."""
    place = join(folder, written)
    if is_outside(place):
        return leaving(written)
    tree = facts.manifests.tree
    if tree.in_submodule(place) or any(starts_with(path, place) for path in tree.manifest_paths):
        return ""
    return f"`{written}` holds no tracked Cargo.toml"


def _judge(facts: Facts, patch: Patch, text: bytes, users: tuple[str, ...] | None) -> Iterator[Finding | Unknown]:
    """``users`` are the manifests whose dependencies the patch reaches; ``None`` where cargo ignores it."""
    dependency = patch.dependency
    assert dependency.path is not None
    what = f"[{patch.table}] puts `{dependency.path}` in the place of `{dependency.package}`"
    if users is None:
        line, column = position_of(text, dependency.key)
        message = f"{what}, but cargo ignores it outside the workspace root"
        fix = "move it to the workspace root, or drop it"
        yield Finding(dependency.manifest_path, line, column, "PD004", NOTE, message, fix, "", dependency.package)
        return
    end = folder_end(facts, join(dependency.folder, dependency.path), dependency.path, dependency.package)
    hidden = None
    if not end.trouble and _is_crates_io(patch.source):
        for verdict in _hidden_requirements(facts, end, dependency.package, users):
            if isinstance(verdict, Unknown):
                yield verdict
            else:
                hidden = verdict
    yield _finding(dependency.manifest_path, text, dependency.key, end.trouble, what, dependency.package, hidden)


def _is_crates_io(source: str) -> bool:
    # cargo compares git URLs without their case, a last slash and `.git`
    return source.lower().rstrip("/").removesuffix(".git") in _CRATES_IO


def _finding(
    path: str, text: bytes, key: Key, trouble: str, what: str, package: str, hidden: str | None = None
) -> Finding:
    line, column = position_of(text, key)
    message, severity, fix = f"{what}: publishing ignores it, only the registry counts then", NOTE, ""
    if trouble:
        message, severity = f"{what}: {trouble}, so a clone does not build", ERROR
        fix = "keep it in a .cargo/config.toml outside the repository, or drop it"
    elif hidden is not None:
        message, severity = f"{what} and hides that no registry satisfies {hidden}", ERROR
        fix = f"publish `{package}` first, or require a version that is published"
    return Finding(path, line, column, "PD004", severity, message, fix, "", package)


def _hidden_requirements(facts: Facts, end: PathEnd, package: str, users: tuple[str, ...]) -> Iterator[Unknown | str]:
    """Requirements of crates that may be published which the patch satisfies and the registry does not."""
    for user in users:
        manifest = facts.manifests.resolve(user)
        if manifest is None or isinstance(manifest, ManifestFault):
            continue
        if manifest.package is None or not manifest.package.is_publishable:
            continue
        for dependency in manifest.dependencies:
            is_patched = dependency.path is None and dependency.git is None and dependency.registry is None
            if dependency.package != package or dependency.requirement is None or not is_patched:
                continue
            wanted = Requirement.parse(dependency.requirement)
            if end.version is not None and not wanted.matches(Version.parse(end.version)):
                continue
            published = facts.published(package)
            if isinstance(published, Unknown):
                yield Unknown(package, f"does a patch hide that a version is missing? {published.why}")
                return
            if not any(wanted.matches(Version.parse(version)) for version in published.versions):
                yield f"`{package} {dependency.requirement}` of `{manifest.name}`"
