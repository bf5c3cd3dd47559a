"""Which parsed Cargo.toml files cargo refuses to load, and why.

The judge is `cargo metadata --no-deps` of stable cargo 1.95: what it loads has no fault here. Decided from this one
file's table: source files are taken to exist, and what a workspace root elsewhere would add is not asked for. Left out
as well are the rules that cargo applies later, when it resolves, compiles or packages: a binary with a crate type or
`proc-macro`, a custom profile without `inherits`, the spelling of keywords, categories, licences and `publish`, the
globs of `include` and `exclude`, requirements of unused workspace dependencies, features that another package lacks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from batuta_hooks.domain.dependency_schema import patch_faults, section_faults
from batuta_hooks.domain.manifest_schema_names import glob_fault, platform_fault, rust_version, shown
from batuta_hooks.domain.manifest_schema_profiles import profile_faults
from batuta_hooks.domain.manifest_schema_types import NIGHTLY, Key, SchemaFault, type_faults
from batuta_hooks.domain.record import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["NIGHTLY", "SchemaFault", "manifest_faults"]

# The editions, each with the minor version of the first Rust release that knows it.
_EDITIONS = {"2015": 0, "2018": 31, "2021": 56, "2024": 85}
_FUTURE = "future"
_RESOLVERS = ("1", "2", "3")

_STABLE_FEATURES = frozenset(
    (
        *("test-dummy-stable", "alternative-registries", "edition", "rename-dependency", "profile-overrides"),
        *("default-run", "named-profiles", "resolver", "strip", "rust-version", "edition2021"),
        *("workspace-inheritance", "edition2024"),
    )
)
_UNSTABLE_FEATURES = frozenset(
    (
        *("test-dummy-unstable", "metabuild", "public-dependency", "per-package-target", "codegen-backend"),
        *("different-binary-name", "profile-rustflags", "trim-paths", "open-namespaces", "path-bases"),
        *("unstable-editions", "multiple-build-scripts", "panic-immediate-abort"),
    )
)
_UNSTABLE_PACKAGE_KEYS = {
    "metabuild": "metabuild",
    "im-a-teapot": "test-dummy-unstable",
    "default-target": "per-package-target",
    "forced-target": "per-package-target",
}
_UNSTABLE_PACKAGE_FORMS = {"name": "open-namespaces", "build": "multiple-build-scripts"}
_PACKAGE_SECTIONS = (
    *("badges", "features", "lib", "bin", "example", "test", "bench", "target", "lints", "hints"),
    *("dependencies", "dev-dependencies", "dev_dependencies", "build-dependencies", "build_dependencies"),
)
_TARGET_KINDS = {
    "bin": ("binary", "autobins"),
    "example": ("example", "autoexamples"),
    "test": ("test", "autotests"),
    "bench": ("benchmark", "autobenches"),
}
_BUILD_FOLDERS = ("deps", "examples", "build", "incremental")
_LINT_TOOLS = ("cargo", "clippy", "rust", "rustdoc")


class _Package(NamedTuple):
    """A manifest that has a package.

    Attributes:
        table: the whole manifest.
        name: `package`, or `project` where it is written in the old way.
        keys: that table.
        edition: inherited where this file is the root; `None` where another file decides.
    """

    table: Mapping[str, Any]
    name: str
    keys: Mapping[str, Any]
    edition: str | None

    @property
    def is_2024(self) -> bool:
        """Whether the edition is certainly 2024 or later, where spellings with an underscore are gone."""
        return self.edition in ("2024", _FUTURE)


def manifest_faults(table: dict[str, Any]) -> Iterator[SchemaFault]:
    """Everything in a Cargo.toml for which cargo refuses to load it, as far as the file alone decides.

    Values of a wrong type are told first and alone; where there is none, every value has the type that cargo wants.
    Reasons that begin with `NIGHTLY` hold for a stable cargo only.

    Args:
        table: what tomli returned.
    """
    if faults := type_faults(table):
        yield from faults
        return
    yield from _cargo_feature_faults(table.get("cargo-features", []))
    name = "package" if "package" in table else "project"
    if name in table:
        keys = table[name]
        package = _Package(table, name, keys, _effective(table, keys, "edition", "2015"))
        yield from _package_faults(package)
        yield from _targets_faults(package)
        for platform in table.get("target", ()):
            if fault := platform_fault(platform):
                yield SchemaFault(("target", platform), fault)
        yield from section_faults(table, package.is_2024)
        yield from _package_lint_faults(table)
    else:
        yield from _virtual_faults(table)
    if "workspace" in table:
        yield from _workspace_faults(table["workspace"])
    for profile, settings in table.get("profile", {}).items():
        yield from profile_faults(profile, settings)
    yield from patch_faults(table)


def _effective(table: Mapping[str, Any], keys: Mapping[str, Any], name: str, default: Any) -> Any:
    """A package key's value, inherited where this file is the root; `None` where another file decides."""
    value = keys.get(name, default)
    if type(value) is dict:
        return table.get("workspace", {}).get("package", {}).get(name)
    return value


def _cargo_feature_faults(names: list[str]) -> Iterator[SchemaFault]:
    seen = set()
    for index, name in enumerate(names):
        key = ("cargo-features", index)
        if name in _UNSTABLE_FEATURES:
            yield SchemaFault(key, f"{NIGHTLY}the cargo feature `{name}`")
        elif name == "publish-lockfile":
            yield SchemaFault(key, f"the cargo feature `{name}` has been removed")
        elif name not in _STABLE_FEATURES:
            yield SchemaFault(key, f"unknown cargo feature `{shown(name)}` in `cargo-features`")
        elif name in seen:
            yield SchemaFault(key, f"the cargo feature `{name}` has already been activated")
        seen.add(name)


def _virtual_faults(table: Mapping[str, Any]) -> Iterator[SchemaFault]:
    if "workspace" not in table:
        yield SchemaFault((), "manifest is missing either a `[package]` or a `[workspace]`")
        return
    for section in _PACKAGE_SECTIONS:
        if section in table:
            yield SchemaFault((section,), f"a virtual manifest cannot have a `{section}` section")


def _package_faults(package: _Package) -> Iterator[SchemaFault]:
    table, name, keys, _ = package
    if "name" not in keys:
        yield SchemaFault((name,), f"missing field `{name}.name`")
    for other in ("package", "project"):
        if "cargo-features" in table.get(other, {}):
            why = "`cargo-features` should be set at the top of the file, before any table"
            yield SchemaFault((other, "cargo-features"), why)
    if package.is_2024 and "project" in table:
        yield SchemaFault(("project",), "`[project]` is not supported as of the 2024 edition: use `[package]`")
    if keys.get("build") == "":
        yield SchemaFault((name, "build"), f"`{name}.build` names no file")
    if "links" in keys and keys.get("build") is False:
        yield SchemaFault((name, "links"), f"`{name}.links` needs a build script, and `{name}.build` is false")
    if "version" not in keys and _effective(table, keys, "publish", None) not in (None, False, []):
        yield SchemaFault((name, "publish"), f"`{name}.publish` requires `{name}.version`")
    yield from _edition_faults(package)
    yield from _root_faults(package)
    yield from _unstable_package_faults(name, keys)


def _unstable_package_faults(name: str, keys: Mapping[str, Any]) -> Iterator[SchemaFault]:
    used = [key for key in _UNSTABLE_PACKAGE_KEYS if key in keys]
    if "::" in keys.get("name", ""):
        used.append("name")
    if type(keys.get("build")) is list:
        used.append("build")
    for key in used:
        feature = _UNSTABLE_PACKAGE_KEYS.get(key) or _UNSTABLE_PACKAGE_FORMS[key]
        yield SchemaFault((name, key), f"{NIGHTLY}`{name}.{key}` as written is the cargo feature `{feature}`")


def _edition_faults(package: _Package) -> Iterator[SchemaFault]:
    table, name, keys, edition = package
    if edition is None:
        return
    key: Key = ("workspace", "package", "edition") if type(keys.get("edition")) is dict else (name, "edition")
    if edition == _FUTURE:
        yield SchemaFault(key, f"{NIGHTLY}edition `{edition}` is the cargo feature `unstable-editions`")
    if fault := _edition_fault(edition):
        yield SchemaFault(key, fault)
    least = _EDITIONS.get(edition, 0)
    release = rust_version(_effective(table, keys, "rust-version", None) or "1.99")
    if least and release and (release[0] != 1 or (*release, 0)[1] < least):
        why = f"`{name}.rust-version` is incompatible with edition {edition}, which needs 1.{least}"
        yield SchemaFault((name, "rust-version"), why)


def _edition_fault(edition: str) -> str:
    if edition in _EDITIONS or edition == _FUTURE:
        return ""
    return f'unknown `edition` "{shown(edition)}": cargo 1.95 knows 2015, 2018, 2021 and 2024'


def _root_faults(package: _Package) -> Iterator[SchemaFault]:
    table, name, keys, _ = package
    if "workspace" in keys and "workspace" in table:
        yield SchemaFault((name, "workspace"), f"cannot configure both `{name}.workspace` and `[workspace]`")
    if "resolver" in keys:
        if "resolver" in table.get("workspace", {}):
            why = "cannot specify `resolver` in both `[workspace]` and `[package]`"
            yield SchemaFault((name, "resolver"), why)
        yield from _resolver_faults(keys["resolver"], (name, "resolver"))


def _resolver_faults(resolver: str, key: Key) -> Iterator[SchemaFault]:
    if resolver not in _RESOLVERS:
        yield SchemaFault(key, f'`resolver` cannot be `{shown(resolver)}`: valid options are "1", "2" and "3"')


def _workspace_faults(workspace: Mapping[str, Any]) -> Iterator[SchemaFault]:
    if "resolver" in workspace:
        yield from _resolver_faults(workspace["resolver"], ("workspace", "resolver"))
    for name, entry in workspace.get("dependencies", {}).items():
        for word in ("optional", "public"):
            if type(entry) is dict and entry.get(word):
                why = f"`{shown(name)}` is {word}, but workspace dependencies cannot be {word}"
                yield SchemaFault(("workspace", "dependencies", name, word), why)
    yield from _lint_faults(workspace.get("lints", {}), ("workspace", "lints"))
    for name in ("members", "default-members"):
        for index, glob in enumerate(workspace.get(name, ())):
            if fault := glob_fault(glob):
                yield SchemaFault(("workspace", name, index), f"`workspace.{name}`: {fault}")


def _targets_faults(package: _Package) -> Iterator[SchemaFault]:
    table, name, keys, _ = package
    if "lib" in table:
        yield from _library_faults(table["lib"], package.is_2024)
    named: dict[str, set[str]] = {kind: set() for kind in _TARGET_KINDS}
    for kind, (human, _) in _TARGET_KINDS.items():
        for index, target in enumerate(table.get(kind, ())):
            called = target.get("name")
            if called is None:
                yield SchemaFault((kind, index), f"{human} target `{kind}.name` is required")
                continue
            if called in named[kind]:
                yield SchemaFault((kind, index, "name"), f"duplicate {human} name `{shown(called)}`")
            named[kind].add(called)
            yield from _target_faults(target, (kind, index), human, package.is_2024)
    closed = [kind for kind in _TARGET_KINDS if _is_closed(package, kind)]
    run = keys.get("default-run")
    if run is not None and "bin" in closed and run not in named["bin"]:
        yield SchemaFault((name, "default-run"), f"default-run target `{shown(run)}` not found")
    if keys.get("autolib") is False and "lib" not in table and len(closed) == len(named) and not any(named.values()):
        yield SchemaFault((), "no targets specified in the manifest")


def _is_closed(package: _Package, kind: str) -> bool:
    """Whether cargo looks for no other target of this kind than those in the manifest."""
    looks: bool = package.keys.get(_TARGET_KINDS[kind][1], not (kind in package.table and package.edition == "2015"))
    return not looks


def _library_faults(lib: Mapping[str, Any], is_2024: bool) -> Iterator[SchemaFault]:
    if "-" in lib.get("name", ""):
        yield SchemaFault(("lib", "name"), f"library target names cannot contain hyphens: `{shown(lib['name'])}`")
    spelled = "crate-type" if "crate-type" in lib else "crate_type"
    types = lib.get(spelled, ())
    if "dylib" in types and "cdylib" in types:
        yield SchemaFault(("lib", spelled), "a library cannot have both crate types `dylib` and `cdylib`")
    elif "proc-macro" in types and len(types) > 1:
        yield SchemaFault(("lib", spelled), "cannot mix the `proc-macro` crate type with others")
    yield from _target_faults(lib, ("lib",), "library", is_2024)


def _target_faults(target: Mapping[str, Any], key: Key, human: str, is_2024: bool) -> Iterator[SchemaFault]:
    """The rules for targets of all kinds, with what sets binaries apart."""
    is_binary = human == "binary"
    name = target.get("name", "lib")
    if not name.strip():
        yield SchemaFault((*key, "name"), f"{human} target names cannot be empty")
    elif is_binary and name in _BUILD_FOLDERS:
        yield SchemaFault(
            (*key, "name"), f"the binary target name `{name}` is forbidden: cargo builds in such a folder"
        )
    if is_binary and "filename" in target:
        why = f"{NIGHTLY}`filename` of a binary is the cargo feature `different-binary-name`"
        yield SchemaFault((*key, "filename"), why)
    if "edition" in target and (fault := _edition_fault(target["edition"])):
        yield SchemaFault((*key, "edition"), fault)
    for new in ("crate-type", "proc-macro") if is_2024 else ():
        old = new.replace("-", "_")
        # a binary that has a crate type or is a macro is refused for that, and only when it is built
        if old in target and not (is_binary and target.get(new, target[old])):
            yield SchemaFault((*key, old), f"`{old}` is unsupported as of the 2024 edition: use `{new}`")


def _package_lint_faults(table: Mapping[str, Any]) -> Iterator[SchemaFault]:
    lints, place = table.get("lints", {}), ("lints",)
    if "workspace" not in lints:
        yield from _lint_faults(lints, place)
        yield from _check_cfg_faults(lints, place)
        return
    if len(lints) > 1:
        yield SchemaFault(place, "cannot override `workspace.lints` in `lints`")
    yield from _check_cfg_faults(table.get("workspace", {}).get("lints", {}), ("workspace", "lints"))


def _lint_faults(lints: Mapping[str, Any], key: Key) -> Iterator[SchemaFault]:
    for tool in _LINT_TOOLS:
        for name in lints.get(tool, ()):
            if "::" in name:
                yield SchemaFault((*key, tool, name), f"`lints.{tool}.{shown(name)}` is not a valid lint name")


def _check_cfg_faults(lints: Mapping[str, Any], key: Key) -> Iterator[SchemaFault]:
    config = lints.get("rust", {}).get("unexpected_cfgs")
    check = config.get("check-cfg", []) if type(config) is dict else []
    if type(check) is not list or any(type(part) is not str for part in check):
        place = (*key, "rust", "unexpected_cfgs", "check-cfg")
        yield SchemaFault(place, "`lints.rust.unexpected_cfgs.check-cfg` must be a list of strings")
