"""What a workspace member takes from its root: values, dependencies and lints, and why cargo would refuse that.

Rules of the Cargo Book, "Inheriting a dependency from a workspace" and "The `package` table", and of cargo's behaviour
where the book is silent (docs/cargo-rules.md).
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping

from batuta_hooks.domain.manifest import SECTIONS, Dependency, Key, Manifest, read_package
from batuta_hooks.domain.manifest_schema import manifest_faults
from batuta_hooks.domain.tree import join

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

#: The files that stand for ``workspace.package.readme`` where the root does not say it.
README_FILES = ("README.md", "README.txt", "README")


def inherit(manifest: Manifest, root: Manifest) -> Manifest:
    """The member with every inherited value in its place; `inheritance_faults` must have found none."""
    assert root.workspace is not None
    shared = root.workspace.dependencies
    package = read_package(manifest.table[manifest.package_key], root.workspace.package)
    dependencies = tuple(_inherit_dependency(d, shared[d.name]) if d.inherited else d for d in manifest.dependencies)
    return manifest._replace(package=package, dependencies=dependencies)


def without_inherited(manifest: Manifest) -> Manifest:
    """The member with what it writes itself alone: its root cannot be read."""
    assert manifest.package is not None
    package = manifest.package._replace(is_version_unknown="version" in manifest.inherited_keys)
    return manifest._replace(package=package, dependencies=tuple(d for d in manifest.dependencies if not d.inherited))


def _inherit_dependency(member: Dependency, root: Dependency) -> Dependency:
    return root._replace(
        kind=member.kind, target=member.target, user_key=member.key, inherited=True, member_entry=member.entry
    )


def inheritance_faults(manifest: Manifest, root: Manifest | None, readme: str) -> Iterator[tuple[Key, str]]:
    """Why cargo refuses what a member inherits: each reason with the member's key that it is about.

    Args:
        root: the workspace root that cargo finds; ``None`` or one without ``[workspace]`` is none.
        readme: the default readme file beside the root's manifest; empty where there is none.
    """
    workspace = root.workspace if root else None
    if root is None or workspace is None:
        yield from _orphaned(manifest)
        return
    faults = [
        *_missing_values(manifest, workspace.package, readme),
        *_missing_dependencies(manifest, workspace.dependencies),
    ]
    if manifest.inherits_lints and not workspace.has_lints:
        faults.append((("lints", "workspace"), "error inheriting `lints`: `workspace.lints` was not defined"))
    yield from faults
    if not faults and root.path != manifest.path:
        merged = merged_table(manifest, root, readme)
        yield from _default_features_faults(manifest, workspace.dependencies, merged)
        yield from ((fault.key, fault.reason) for fault in manifest_faults(merged))


def inherited_part(manifest: Manifest, root: Manifest, readme: str) -> str:
    """All of a root and of its place that `inheritance_faults` looks at for a manifest, as text."""
    workspace = root.workspace
    if workspace is None:
        return ""
    values = {key: workspace.package.get(key) for key in manifest.inherited_keys}
    names = [one.name for one in manifest.dependencies if one.inherited]
    entries = {name: workspace.dependencies[name].entry if name in workspace.dependencies else None for name in names}
    lints = root.table["workspace"].get("lints") if manifest.inherits_lints else None
    return repr((manifest.path, root.path, readme, workspace.has_lints, values, entries, lints))


def _orphaned(manifest: Manifest) -> Iterator[tuple[Key, str]]:
    why = "failed to find a workspace root"
    for key in manifest.inherited_keys:
        yield (manifest.package_key, key), f"error inheriting `{key}`: {why}"
    if manifest.inherits_lints:
        yield ("lints", "workspace"), f"error inheriting `lints`: {why}"
    for dependency in manifest.dependencies:
        if dependency.inherited:
            yield dependency.key, f"error inheriting `{dependency.name}`: {why}"


def _missing_values(manifest: Manifest, shared: Mapping[str, Any], readme: str) -> Iterator[tuple[Key, str]]:
    for key in manifest.inherited_keys:
        value = shared.get(key)
        if key == "readme":  # absent means the default file, `false` means none
            value = readme or None if value is None else value or None
        if value is None:
            reason = f"error inheriting `{key}`: `workspace.package.{key}` was not defined"
            yield (manifest.package_key, key), reason


def _missing_dependencies(manifest: Manifest, shared: Mapping[str, Dependency]) -> Iterator[tuple[Key, str]]:
    for dependency in manifest.dependencies:
        if dependency.inherited and dependency.name not in shared:
            reason = f"`dependency.{dependency.name}` was not found in `workspace.dependencies`"
            yield dependency.key, f"error inheriting `{dependency.name}`: {reason}"


def _default_features_faults(
    manifest: Manifest, shared: Mapping[str, Dependency], merged: Mapping[str, Any]
) -> Iterator[tuple[Key, str]]:
    if merged[manifest.package_key].get("edition") != "2024":
        return
    for dependency in manifest.dependencies:
        if not dependency.inherited or _default_features(dependency.entry) is not False:
            continue
        if _default_features(shared[dependency.name].entry) is not False:
            reason = "`default-features = false` cannot override workspace's `default-features`"
            yield dependency.key, f"error inheriting `{dependency.name}`: {reason}"


def _default_features(entry: Any) -> bool | None:
    written = None if isinstance(entry, str) else entry.get("default-features", entry.get("default_features"))
    return written if isinstance(written, bool) else None


def merged_table(manifest: Manifest, root: Manifest, readme: str = "") -> dict[str, Any]:
    """The member's table as cargo sees it, with what it inherits written out; `inheritance_faults` has found none."""
    assert root.workspace is not None
    merged = dict(manifest.table)
    package = dict(merged[manifest.package_key])
    for key in manifest.inherited_keys:
        package[key] = root.workspace.package.get(key, readme)
    merged[manifest.package_key] = package
    merged.update(_merge_sections(manifest.table, manifest, root))
    if "target" in merged:
        merged["target"] = {
            name: {**platform, **dict(_merge_sections(platform, manifest, root))}
            for name, platform in merged["target"].items()
        }
    if manifest.inherits_lints:
        merged["lints"] = root.table["workspace"]["lints"]
    return merged


def _merge_sections(table: Mapping[str, Any], manifest: Manifest, root: Manifest) -> Iterator[tuple[str, Any]]:
    for spelling in SECTIONS:
        if spelling in table:
            section = table[spelling].items()
            yield spelling, {name: _merge_entry(name, entry, manifest, root) for name, entry in section}


def _merge_entry(name: str, entry: Any, manifest: Manifest, root: Manifest) -> Any:
    assert root.workspace is not None
    inherited = root.workspace.dependencies.get(name)
    if isinstance(entry, str) or entry.get("workspace") is not True or inherited is None:
        return entry
    shared = inherited.entry
    merged = {"version": shared} if isinstance(shared, str) else dict(shared)
    if "path" in merged and not merged["path"].startswith("/"):
        here = posixpath.join("/", manifest.folder)
        merged["path"] = posixpath.relpath(posixpath.join("/", join(root.folder, merged["path"])), here)
    if features := [*merged.get("features", ()), *entry.get("features", ())]:
        merged["features"] = features
    if "optional" in entry:
        merged["optional"] = entry["optional"]
    return merged
