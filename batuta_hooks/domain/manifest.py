"""Cargo.toml as values: packages, dependencies, workspaces and patches, with the way back to the line.

The shapes follow the Cargo Book's manifest chapter; inheritance from a workspace root is in `workspace`.
Tables given to `read_manifest` have passed `manifest_schema`, so types are as cargo wants them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from batuta_hooks.domain.record import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NORMAL = "dependencies"
DEV = "dev-dependencies"
BUILD = "build-dependencies"

#: Every spelling of a dependency section, with the kind it means.
SECTIONS = {
    "dependencies": NORMAL,
    "dev-dependencies": DEV,
    "dev_dependencies": DEV,
    "build-dependencies": BUILD,
    "build_dependencies": BUILD,
}

#: The keys of ``[package]`` that may say ``workspace = true``.
INHERITABLE = (
    *("version", "authors", "description", "homepage", "documentation", "readme", "keywords", "categories"),
    *("license", "license-file", "repository", "publish", "edition", "rust-version", "include", "exclude"),
)

Key = tuple[str | int, ...]


class Dependency(NamedTuple):
    """One entry of a dependency section, of ``[workspace.dependencies]`` or of ``[patch]``.

    Attributes:
        name: the key it is written under (the alias, where it is renamed).
        package: the package's name on the registry.
        kind: ``dependencies``, ``dev-dependencies`` or ``build-dependencies``.
        target: the ``cfg(…)`` or triple of its ``[target.…]`` table, else ``None``.
        requirement: the version requirement as written; ``None`` where there is none.
        path: the path as written; ``None`` where there is none.
        folder: the repository-relative folder that ``path`` starts from.
        manifest_path, key: where the values stand: for an inherited dependency, in the workspace root.
        user_key: the key in the manifest that uses the dependency (equal to ``key`` unless inherited).
        entry: the TOML value as written, a string or a table.
        inherited: whether it says ``workspace = true``.
        member_entry: what the member writes beside that; ``None`` where nothing is inherited.
    """

    name: str
    package: str
    kind: str
    target: str | None
    requirement: str | None
    path: str | None
    git: str | None
    registry: str | None
    folder: str
    manifest_path: str
    key: Key
    user_key: Key
    entry: Any
    inherited: bool = False
    member_entry: Any = None


class Package(NamedTuple):
    """The ``[package]`` table's facts, inheritance resolved where a root was at hand.

    Attributes:
        version: as written; ``None`` where the key is absent, which cargo reads as 0.0.0 and never publishes.
        publish: ``None`` for anywhere, else the registries it may go to; empty for never.
        workspace: ``package.workspace``, the path to the root, as written.
        is_version_unknown: whether the version is that of a workspace root that cannot be read.
    """

    name: str
    version: str | None
    publish: tuple[str, ...] | None
    workspace: str | None
    is_version_unknown: bool = False

    @property
    def is_publishable(self) -> bool:
        """Whether cargo would publish it anywhere: it needs a version key and a registry that it may go to."""
        return self.publish != () and (self.version is not None or self.is_version_unknown)

    @property
    def is_bound_for_crates_io(self) -> bool:
        """Whether crates.io is among the registries that it may go to."""
        return self.is_publishable and (self.publish is None or "crates-io" in self.publish)


class Workspace(NamedTuple):
    """The ``[workspace]`` table's facts; paths and globs as written, relative to the root's folder."""

    members: tuple[str, ...]
    exclude: tuple[str, ...]
    default_members: tuple[str, ...]
    has_members_key: bool
    dependencies: Mapping[str, Dependency]
    package: Mapping[str, Any]
    has_lints: bool


class Patch(NamedTuple):
    """A ``[patch.SOURCE]`` or ``[replace]`` entry: which source it stands in for, and with what."""

    table: str
    source: str
    dependency: Dependency


class Manifest(NamedTuple):
    """One Cargo.toml.

    Attributes:
        path: repository-relative, ``/``-separated, ending in ``Cargo.toml``.
        folder: its folder; empty at the repository's top.
        package: ``None`` for a virtual manifest.
        dependencies: in the order written, sections first, ``[target.…]`` tables after them.
        table: the parsed TOML as it stands.
        source: the bytes it was parsed from, or what gives them.
    """

    path: str
    folder: str
    package: Package | None
    dependencies: tuple[Dependency, ...]
    workspace: Workspace | None
    patches: tuple[Patch, ...]
    table: Mapping[str, Any]
    source: bytes | Callable[[], bytes]

    @property
    def text(self) -> bytes:
        """The bytes it was parsed from, kept so that a finding can be given its line."""
        return self.source if isinstance(self.source, bytes) else self.source()

    @property
    def name(self) -> str:
        """The package's name; empty for a virtual manifest."""
        return self.package.name if self.package else ""

    @property
    def package_key(self) -> str:
        """The key of the package's table: ``project`` is the spelling of old."""
        return "package" if "package" in self.table else "project"

    @property
    def inherited_keys(self) -> list[str]:
        """The keys of ``[package]`` that say ``workspace = true``."""
        package = self.table.get(self.package_key, {})
        return [key for key in INHERITABLE if isinstance(package.get(key), dict)]

    @property
    def inherits_lints(self) -> bool:
        """Whether ``[lints]`` says ``workspace = true``."""
        return self.table.get("lints", {}).get("workspace") is True


def parent_folder(path: str) -> str:
    """The folder of a repository-relative path; empty at the top."""
    return path.rpartition("/")[0]


def read_dependency(
    name: str, entry: Any, *, kind: str, target: str | None, manifest_path: str, key: Key
) -> Dependency:
    """Turn one TOML entry into a `Dependency`; a bare string is a requirement."""
    folder = parent_folder(manifest_path)
    # fields by their places: a large repository has a hundred thousand of these
    if isinstance(entry, str):
        none = None
        return Dependency(
            *(name, name, kind, target, entry, none, none, none, folder, manifest_path, key, key, entry, False, none)
        )
    value = entry.get
    return Dependency(
        name,
        value("package", name),
        kind,
        target,
        value("version"),
        value("path"),
        value("git"),
        value("registry", value("registry-index")),
        folder,
        manifest_path,
        key,
        key,
        entry,
        value("workspace") is True,
        None,
    )


def _read_sections(table: Mapping[str, Any], prefix: Key, target: str | None, path: str) -> Iterator[Dependency]:
    for spelling, kind in SECTIONS.items():
        section = table.get(spelling)
        if not section:
            continue
        if spelling != kind and kind in table:
            continue  # cargo ignores the old spelling where both stand, and warns
        for name, entry in section.items():
            yield read_dependency(
                name, entry, kind=kind, target=target, manifest_path=path, key=(*prefix, spelling, name)
            )


def read_dependencies(table: Mapping[str, Any], path: str) -> Iterator[Dependency]:
    """Every dependency that a manifest's table writes down, inherited ones still unresolved."""
    yield from _read_sections(table, (), None, path)
    for target, platform in table.get("target", {}).items():
        yield from _read_sections(platform, ("target", target), target, path)


def read_patches(table: Mapping[str, Any], path: str) -> Iterator[Patch]:
    """Every ``[patch]`` and ``[replace]`` entry of a manifest's or a cargo configuration's table."""
    for source, entries in table.get("patch", {}).items():
        for name, entry in entries.items():
            key = ("patch", source, name)
            dependency = read_dependency(name, entry, kind="", target=None, manifest_path=path, key=key)
            yield Patch("patch", source, dependency)
    for spec, entry in table.get("replace", {}).items():
        dependency = read_dependency(spec, entry, kind="", target=None, manifest_path=path, key=("replace", spec))
        yield Patch("replace", "crates-io", dependency._replace(package=_package_of_spec(spec)))


def _package_of_spec(spec: str) -> str:
    # a package id specification: `name:1.2.3`, `name@1.2.3` or `url#name:1.2.3`
    return spec.rpartition("#")[2].replace("@", ":").partition(":")[0]


def _read_publish(value: Any) -> tuple[str, ...] | None:
    if value is None or value is True:
        return None
    return () if value is False else tuple(value)


def read_package(table: Mapping[str, Any], inheritable: Mapping[str, Any]) -> Package:
    """The package's facts, with ``KEY.workspace = true`` looked up in ``[workspace.package]``."""

    def value(key: str) -> Any:
        written = table.get(key)
        return inheritable.get(key) if isinstance(written, dict) else written

    return Package(table["name"], value("version"), _read_publish(value("publish")), table.get("workspace"))


def _read_workspace(table: Mapping[str, Any], path: str) -> Workspace:
    dependencies = {
        name: read_dependency(
            name, entry, kind=NORMAL, target=None, manifest_path=path, key=("workspace", "dependencies", name)
        )
        for name, entry in table.get("dependencies", {}).items()
    }
    return Workspace(
        members=tuple(table.get("members", ())),
        exclude=tuple(table.get("exclude", ())),
        default_members=tuple(table.get("default-members", ())),
        has_members_key="members" in table,
        dependencies=dependencies,
        package=table.get("package", {}),
        has_lints="lints" in table,
    )


def read_manifest(path: str, table: Mapping[str, Any], text: bytes | Callable[[], bytes]) -> Manifest:
    """Turn a parsed and schema-checked Cargo.toml into a `Manifest`; inherited values stay unresolved."""
    package = table.get("package", table.get("project"))
    workspace = table.get("workspace")
    return Manifest(
        path,
        parent_folder(path),
        None if package is None else read_package(package, {}),
        tuple(read_dependencies(table, path)),
        None if workspace is None else _read_workspace(workspace, path),
        tuple(read_patches(table, path)),
        table,
        text,
    )
