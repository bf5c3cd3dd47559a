"""The type that cargo wants under each key of a Cargo.toml.

The tables below hold the keys that cargo 1.95 reads and what it accepts there; any other key only makes it warn. Names
whose spelling cargo checks while it reads (packages, features, profiles, registries) are checked here too.

Two accidents of cargo's reader are not followed, so that whoever comes after may rely on the types: it takes a date for
a table with one private key, and an array of just the right length for a table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from batuta_hooks.domain.manifest_schema_names import (
    base_name_fault,
    dotted,
    feature_name_fault,
    package_id_fault,
    package_name_fault,
    profile_name_fault,
    registry_name_fault,
    rust_version_fault,
    shown,
    version_fault,
)
from batuta_hooks.domain.record import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NIGHTLY = "requires a nightly cargo: "
"""How the reason of a fault begins that only a stable cargo finds."""

Key = tuple[str | int, ...]


class SchemaFault(NamedTuple):
    """One thing in a manifest for which cargo refuses to load it.

    Attributes:
        key: the path of keys and array positions from the top of the file to the value at fault; where a key is
            missing, to the table that lacks it.
        reason: one sentence in cargo's terms, no full stop, no line break.
    """

    key: Key
    reason: str


Faults = list[SchemaFault]
Check = Callable[[object, Key, Faults], None]


# What may stand under a key: how a sentence calls it, and for each of tomli's types that it may have, what is checked
# inside. A plain tuple, because guards import this.
Shape = tuple[str, Mapping[type, Check | None]]

_KINDS = {str: "a string", bool: "a boolean", int: "an integer", float: "a float", list: "an array", dict: "a table"}


def _shape(expected: str, kinds: Mapping[type, Check | None]) -> Shape:
    return expected, kinds


def _check(value: Any, shape: Shape, table: Key, name: str | int, faults: Faults) -> None:
    """Check what stands under `name` in `table`; the whole key is put together only where something needs it."""
    expected, kinds = shape
    try:
        inside = kinds[type(value)]
    except KeyError:
        key = (*table, name)
        found = _KINDS.get(type(value), "a date or time")
        faults.append(SchemaFault(key, f"`{dotted(key)}` must be {expected}, not {found}"))
    else:
        if inside is not None:
            inside(value, (*table, name), faults)


def _fields(shapes: Mapping[str, Shape], other: Shape | None = None) -> Check:
    """A table with keys of its own; unknown ones are ignored, or kept by cargo in the shape `other`."""

    def check(value: Any, key: Key, faults: Faults) -> None:
        for name, part in value.items():
            shape = shapes.get(name, other)
            if shape is not None:
                _check(part, shape, key, name, faults)

    return check


def _entries(shape: Shape, name_fault: Callable[[str], str] | None = None) -> Check:
    """A table whose keys are names."""

    def check(value: Any, key: Key, faults: Faults) -> None:
        for name, part in value.items():
            if name_fault is not None and (reason := name_fault(name)):
                faults.append(SchemaFault((*key, name), reason))
            _check(part, shape, key, name, faults)

    return check


def _items(shape: Shape) -> Check:
    def check(value: Any, key: Key, faults: Faults) -> None:
        for index, part in enumerate(value):
            _check(part, shape, key, index, faults)

    return check


def _spelled(fault: Callable[[str], str]) -> Check:
    def check(value: Any, key: Key, faults: Faults) -> None:
        if reason := fault(value):
            faults.append(SchemaFault(key, f"`{dotted(key)}`: {reason}"))

    return check


def _one_of(expected: str, *choices: str) -> Check:
    def check(value: Any, key: Key, faults: Faults) -> None:
        if value not in choices:
            faults.append(SchemaFault(key, f'`{dotted(key)}` must be {expected}, not "{shown(value)}"'))

    return check


def _within(least: int, greatest: int) -> Check:
    def check(value: Any, key: Key, faults: Faults) -> None:
        if not least <= value <= greatest:
            faults.append(SchemaFault(key, f"`{dotted(key)}` must be between {least} and {greatest}"))

    return check


def _free(value: Any, key: Key, faults: Faults) -> None:
    """A value of any type that cargo keeps: each integer in it must fit into 64 bits."""
    left = [value]
    while left:
        part = left.pop()
        if type(part) is dict:
            left += part.values()
        elif type(part) is list:
            left += part
        elif type(part) is int and not -(2**63) <= part < 2**63:
            faults.append(SchemaFault(key, f"an integer in `{dotted(key)}` does not fit into 64 bits"))
            return


class _AnyKind(dict[type, "Check | None"]):
    """The forms of a value that may have any."""

    def __missing__(self, kind: type) -> Check:
        return _free


def _inherits(value: Any, key: Key, faults: Faults) -> None:
    """`workspace = true`: what else stands beside it makes cargo warn."""
    if "workspace" not in value:
        faults.append(SchemaFault(key, f"`{dotted(key)}` is a table without `workspace = true`"))
    else:
        _check(value["workspace"], _TRUE, key, "workspace", faults)


def _is_true(value: Any, key: Key, faults: Faults) -> None:
    if not value:
        faults.append(SchemaFault(key, f"`{dotted(key)}` cannot be false"))


def _table(check: Check) -> Shape:
    return _shape("a table", {dict: check})


def _inheritable(shape: Shape) -> Shape:
    expected, kinds = shape
    return _shape(f"{expected} or `workspace = true`", {**kinds, dict: _inherits})


_TRUE = _shape("a boolean", {bool: _is_true})
_TEXT = _shape("a string", {str: None})
_FLAG = _shape("a boolean", {bool: None})
_TEXTS = _shape("an array of strings", {list: _items(_TEXT)})
_TEXT_OR_FLAG = _shape("a boolean or a string", {bool: None, str: None})
_TEXT_OR_TEXTS = _shape("a string or an array of strings", {str: None, list: _items(_TEXT)})
_FLAG_OR_TEXTS = _shape("a boolean or an array of strings", {bool: None, list: _items(_TEXT)})
_FREE = _shape("a value", _AnyKind())
_PACKAGE_NAME = _shape("a string", {str: _spelled(package_name_fault)})
_RUST_VERSION = _shape("a version as a string", {str: _spelled(rust_version_fault)})
_BADGES = _table(_entries(_table(_entries(_TEXT))))

# cargo trims the version in [package], but not the one in [workspace.package].
_TRIMMED_VERSION = _shape("a version as a string", {str: _spelled(lambda text: version_fault(text.strip()))})
_VERSION = _shape("a version as a string", {str: _spelled(version_fault)})

_INHERITED: dict[str, Shape] = {
    "authors": _TEXTS,
    "categories": _TEXTS,
    "description": _TEXT,
    "documentation": _TEXT,
    "edition": _TEXT,
    "exclude": _TEXTS,
    "homepage": _TEXT,
    "include": _TEXTS,
    "keywords": _TEXTS,
    "license": _TEXT,
    "license-file": _TEXT,
    "publish": _FLAG_OR_TEXTS,
    "readme": _TEXT_OR_FLAG,
    "repository": _TEXT,
    "rust-version": _RUST_VERSION,
}

_PACKAGE: dict[str, Shape] = {
    **{name: _inheritable(shape) for name, shape in _INHERITED.items()},
    "version": _inheritable(_TRIMMED_VERSION),
    "name": _PACKAGE_NAME,
    "build": _shape("a boolean, a string or an array", {bool: None, str: None, list: _items(_TEXT)}),
    "metabuild": _TEXT_OR_TEXTS,
    "metadata": _FREE,
    **dict.fromkeys(("default-run", "default-target", "forced-target", "links", "resolver", "workspace"), _TEXT),
    **dict.fromkeys(("autobenches", "autobins", "autoexamples", "autolib", "autotests", "im-a-teapot"), _FLAG),
}

_TARGET = _table(
    _fields(
        {
            **dict.fromkeys(("name", "path", "filename", "edition"), _TEXT),
            **dict.fromkeys(("test", "doctest", "bench", "doc", "doc-scrape-examples", "harness"), _FLAG),
            **dict.fromkeys(("proc-macro", "proc_macro"), _FLAG),
            **dict.fromkeys(("crate-type", "crate_type", "required-features"), _TEXTS),
        }
    )
)
_TARGETS = _shape("an array of tables", {list: _items(_TARGET)})

_MEMBER_KEYS: dict[str, Shape] = {
    **dict.fromkeys(("default-features", "default_features", "optional", "public"), _FLAG),
    "features": _TEXTS,
}
_DEPENDENCY_KEYS: dict[str, Shape] = {
    **_MEMBER_KEYS,
    **dict.fromkeys(("version", "path", "git", "branch", "tag", "rev", "registry-index", "target"), _TEXT),
    "registry": _shape("a string", {str: _spelled(registry_name_fault)}),
    "base": _shape("a string", {str: _spelled(base_name_fault)}),
    "package": _PACKAGE_NAME,
    "lib": _FLAG,
    "artifact": _TEXT_OR_TEXTS,
}


_DEPENDENCY = _fields(_DEPENDENCY_KEYS, _FREE)
_INHERITED_DEPENDENCY = _fields(_MEMBER_KEYS, _FREE)


def _inheritable_dependency(value: Any, key: Key, faults: Faults) -> None:
    """Beside a boolean `workspace` only the keys that add to the root's entry count; other ones are free."""
    workspace = value.get("workspace")
    if type(workspace) is not bool:
        _DEPENDENCY(value, key, faults)
        return
    _INHERITED_DEPENDENCY(value, key, faults)
    if not workspace:
        faults.append(SchemaFault((*key, "workspace"), f"`{dotted(key)}.workspace` cannot be false"))


_ENTRY = "a version requirement or a table"
_ROOT_DEPENDENCY = _shape(_ENTRY, {str: None, dict: _DEPENDENCY})
_ROOT_DEPENDENCIES = _table(_entries(_ROOT_DEPENDENCY, package_name_fault))
_DEPENDENCIES = _table(_entries(_shape(_ENTRY, {str: None, dict: _inheritable_dependency}), package_name_fault))
_SECTIONS: dict[str, Shape] = dict.fromkeys(
    ("dependencies", "dev-dependencies", "dev_dependencies", "build-dependencies", "build_dependencies"), _DEPENDENCIES
)

_LEVELS = '"forbid", "deny", "warn" or "allow"'
_LEVEL = _shape(_LEVELS, {str: _one_of(_LEVELS, "forbid", "deny", "warn", "allow")})
_LINT = _fields({"level": _LEVEL, "priority": _shape("an integer", {int: _within(-128, 127)})}, _FREE)


def _lint(value: Any, key: Key, faults: Faults) -> None:
    if "level" not in value:
        faults.append(SchemaFault(key, f"`{dotted(key)}` has no `level`"))
    _LINT(value, key, faults)


_LINT_TOOL = _table(_entries(_shape(f"{_LEVELS}, or a table", {**_LEVEL[1], dict: _lint})))


def _lints(value: Any, key: Key, faults: Faults) -> None:
    for tool, part in value.items():
        _check(part, _TRUE if tool == "workspace" else _LINT_TOOL, key, tool, faults)


# `trim-paths`, `rustflags` and `codegen-backend` are refused whatever they hold, and so is an override in an override.
_OPT_LEVELS = 'a number from 0 to 3, "s" or "z"'
_DEBUG_NAMES = ("none", "limited", "full", "line-tables-only", "line-directives-only")
_DEBUG_LEVELS = "a boolean, 0, 1, 2 or one of " + ", ".join(f'"{name}"' for name in _DEBUG_NAMES)
_OVERRIDE_KEYS: dict[str, Shape] = {
    "opt-level": _shape(_OPT_LEVELS, {int: _within(-(2**63), 2**63 - 1), str: _one_of(_OPT_LEVELS, "s", "z")}),
    "debug": _shape(_DEBUG_LEVELS, {bool: None, int: _within(0, 2), str: _one_of(_DEBUG_LEVELS, *_DEBUG_NAMES)}),
    "codegen-units": _shape("an integer", {int: _within(0, 2**32 - 1)}),
    **dict.fromkeys(("lto", "strip"), _TEXT_OR_FLAG),
    **dict.fromkeys(("debug-assertions", "rpath", "overflow-checks", "incremental", "hint-mostly-unused"), _FLAG),
    **dict.fromkeys(("split-debuginfo", "panic", "dir-name", "inherits"), _TEXT),
}
_OVERRIDE = _table(_fields(_OVERRIDE_KEYS))
_PROFILE = _table(
    _fields(
        {
            **_OVERRIDE_KEYS,
            "build-override": _OVERRIDE,
            "package": _table(_entries(_OVERRIDE, lambda spec: "" if spec == "*" else package_id_fault(spec))),
        }
    )
)

_WORKSPACE: dict[str, Shape] = {
    **dict.fromkeys(("members", "exclude", "default-members"), _TEXTS),
    "resolver": _TEXT,
    "metadata": _FREE,
    "package": _table(_fields({**_INHERITED, "version": _VERSION, "badges": _BADGES})),
    "dependencies": _ROOT_DEPENDENCIES,
    "lints": _table(_entries(_LINT_TOOL)),
}

_MANIFEST = _fields(
    {
        "cargo-features": _TEXTS,
        **dict.fromkeys(("package", "project"), _table(_fields(_PACKAGE))),
        "badges": _BADGES,
        "features": _table(_entries(_TEXTS, feature_name_fault)),
        "lib": _TARGET,
        **dict.fromkeys(("bin", "example", "test", "bench"), _TARGETS),
        **_SECTIONS,
        "target": _table(_entries(_table(_fields(_SECTIONS)))),
        "lints": _table(_lints),
        "hints": _table(_fields({"mostly-unused": _FREE})),
        "workspace": _table(_fields(_WORKSPACE)),
        "profile": _table(_entries(_PROFILE, profile_name_fault)),
        "patch": _table(_entries(_ROOT_DEPENDENCIES)),
        "replace": _table(_entries(_ROOT_DEPENDENCY)),
    }
)


def type_faults(table: dict[str, Any]) -> list[SchemaFault]:
    """The values of a parsed Cargo.toml whose type or spelling stops cargo before it looks at any rule."""
    faults: Faults = []
    _MANIFEST(table, (), faults)
    return faults
