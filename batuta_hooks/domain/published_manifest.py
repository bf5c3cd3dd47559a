"""Whether a manifest means what a published one means: cargo rewrites it when it packages.

The published Cargo.toml has inheritance resolved, paths and versionless dev-dependencies left out, and all targets
written down (docs/cargo-rules.md).  So both are brought to what they say of the package, and that is compared; which
files there are is not the manifest's to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from batuta_hooks.domain.manifest import DEV, SECTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: What ``[package]`` says that matters to whoever uses the crate; files, version and where it may go are not among it.
_KEYS = (
    *("name", "authors", "description", "homepage", "documentation", "keywords", "categories", "license"),
    *("repository", "edition", "rust-version", "links", "default-run", "metadata", "default-target", "forced-target"),
    *("im-a-teapot", "proc-macro"),
)
#: Profiles and lints of a dependency count for nobody.
_TABLES = ("badges", "cargo-features")
_TARGETS = ("bin", "example", "test", "bench")
_INFERRED = frozenset({"name", "path"})
_SOURCE_KEYS = ("path", "git", "branch", "tag", "rev", "version", "package", "features", "default_features")


def differing_keys(here: Mapping[str, Any], published: Mapping[str, Any]) -> list[str]:
    """The keys in which two manifests differ in meaning, sorted; none for the version alone.

    Args:
        here: a manifest's table with what it inherits written out, see `batuta_hooks.domain.inheritance.merged_table`.
        published: that of a published archive, or another one such as `here`.
    """
    ours, theirs = _meaning(here), _meaning(published)
    keys = sorted({*ours, *theirs})
    different = [key for key in keys if ours.get(key) != theirs.get(key)]
    return sorted({*different, *_different_targets(here, published)})


def _meaning(table: Mapping[str, Any]) -> dict[str, Any]:
    package = table.get("package", table.get("project", {}))
    found: dict[str, Any] = {f"package.{key}": package[key] for key in _KEYS if package.get(key) not in (None, [], {})}
    found["package.edition"] = package.get("edition", "2015")
    found |= {key: table[key] for key in _TABLES if table.get(key)}
    dependencies = dict(_dependencies(table))
    stripped = {alias for alias in _stripped(table) if not any(alias == name for _, _, name in dependencies)}
    for (kind, target, name), entry in dependencies.items():
        place = f"target.{target}.{kind}" if target else kind
        found[f"{place}.{name}"] = entry
    for feature, enables in table.get("features", {}).items():
        found[f"features.{feature}"] = sorted(one for one in enables if _package_of(one) not in stripped)
    return found


def _sections(table: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    parts = [("", table), *table.get("target", {}).items()]
    for target, part in parts:
        for spelling, kind in SECTIONS.items():
            if part.get(spelling) and (spelling == kind or kind not in part):
                yield kind, _spelled(target), part[spelling]


def _dependencies(table: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str, str], Any]]:
    for kind, target, section in _sections(table):
        for alias, entry in section.items():
            if not _is_stripped(kind, entry):
                yield (kind, target, alias), _entry(alias, entry)


def _stripped(table: Mapping[str, Any]) -> Iterator[str]:
    for kind, _, section in _sections(table):
        yield from (alias for alias, entry in section.items() if _is_stripped(kind, entry))


def _is_stripped(kind: str, entry: Any) -> bool:
    return kind == DEV and isinstance(entry, Mapping) and "version" not in entry


def _entry(alias: str, entry: Any) -> dict[str, Any]:
    table = {"version": entry} if isinstance(entry, str) else entry
    rest = {key: value for key, value in table.items() if key not in _SOURCE_KEYS and value is not False}
    rest.pop("registry", None)  # a name here, an address there
    rest.pop("registry-index", None)
    has_defaults = table.get("default-features", table.get("default_features", True))
    rest.pop("default-features", None)
    return {
        **rest,
        "version": str(table.get("version", "*")).replace(" ", ""),
        "package": table.get("package", alias),
        "features": sorted(table.get("features", ())),
        "has default features": has_defaults,
    }


def _package_of(enabled: str) -> str:
    """The dependency that a feature's entry speaks of; empty for another feature."""
    if enabled.startswith("dep:"):
        return enabled.removeprefix("dep:")
    name, slash, _ = enabled.partition("/")
    return name.removesuffix("?") if slash else ""


def _spelled(target: str) -> str:
    return target.replace(" ", "").replace('"', "'")


def _different_targets(here: Mapping[str, Any], published: Mapping[str, Any]) -> Iterator[str]:
    package = here.get("package", here.get("project", {}))
    name = str(package.get("name", "")).replace("-", "_")
    if _target(here.get("lib", {}), name) != _target(published.get("lib", {}), name):
        yield "lib"
    for kind in _TARGETS:
        ours = {str(one.get("name")): _target(one, "") for one in here.get(kind, ())}
        theirs = {str(one.get("name")): _target(one, "") for one in published.get(kind, ())}
        # a target whose file is not packaged is left out by cargo; whether there is one is for the files to say
        for target in sorted(theirs):
            if ours.get(target, {}) != theirs[target]:
                yield f"{kind}.{target}"


def _target(table: Mapping[str, Any], usual_name: str) -> dict[str, Any]:
    """What a target says beside what cargo infers; where its file lies is the files' business."""
    spelled = {key.replace("_", "-"): value for key, value in table.items()}
    said = {key: value for key, value in spelled.items() if key not in _INFERRED and value is not None}
    if usual_name and spelled.get("name", usual_name) != usual_name:
        said["name"] = spelled["name"]
    return said
