"""One line of a sparse index, read as JSON with the strictness of cargo's own reader.

Unknown keys are passed over, known ones must have cargo's types and spelling: cargo never offers a line in which one
has not.  Two of its rules are left out: that a feature's values must exist, and that no key is repeated.
Imported only where a line has to be read in full.
"""

from __future__ import annotations

import json

from batuta_hooks.domain.manifest_schema_names import platform_fault, rust_version
from batuta_hooks.domain.release import IndexDependency, Release
from batuta_hooks.domain.semver import InvalidRequirement, Requirement
from batuta_hooks.registry.index import NEWEST_SCHEMA, Listed, Refusal, is_publication_time, is_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_MAX_SCHEMA = 2**32 - 1
_MOST_REMEMBERED = 4096
_KINDS = ("dev", "build")


class _Damaged(ValueError):
    """A line is not what an index holds."""


def read_name(line: bytes) -> str:
    """The name of the crate that a line speaks of, as it is spelled; empty where it has none."""
    try:
        name = _parsed(line).get("name")
    except (ValueError, RecursionError):
        return ""
    return name if type(name) is str else ""


def read_listed(line: bytes, name: str) -> Listed | Refusal:
    """The version that a line of a crate's file lists, or why there is none; its other keys are not looked at."""
    table, version = _opened(line, name)
    if table is None:
        return version
    try:
        return _listed(table, version.version)
    except _Damaged:
        return version


def read_release(line: bytes, name: str) -> Release | Refusal:
    """The release that a line of a crate's file describes, or why there is none."""
    table, version = _opened(line, name)
    if table is None:
        return version
    try:
        listed = _listed(table, version.version)
        return listed if isinstance(listed, Refusal) else _release(table, listed)
    except _Damaged:
        return version


def _opened(line: bytes, name: str) -> tuple[dict[str, Any] | None, Refusal]:
    """The line's table, None if it has none for this crate; and what to say where it turns out to be of no use."""
    try:
        table = _parsed(line)
    except (ValueError, RecursionError):
        return None, Refusal("damaged")
    own, version = table.get("name"), table.get("vers")
    if type(own) is not str:
        return None, Refusal("damaged")
    if own.lower() != name.lower():
        return None, Refusal("foreign")
    if type(version) is not str or not is_version(version):
        return None, Refusal("damaged")
    return table, Refusal("damaged", version)


def _no_number(text: str) -> None:
    raise _Damaged(text)


_DECODER = json.JSONDecoder(parse_constant=_no_number)  # NaN and Infinity are no JSON


def _parsed(line: bytes) -> dict[str, Any]:
    text = line.decode()
    table = _DECODER.decode(text)
    if type(table) is not dict:
        raise _Damaged
    if "\\u" in text:  # half a surrogate pair is no text: it could not be printed
        json.dumps(table, ensure_ascii=False).encode()
    return table


def _listed(table: dict[str, Any], version: str) -> Listed | Refusal:
    schema = table.get("v")
    if schema is not None and (type(schema) is not int or not 0 <= schema <= _MAX_SCHEMA):
        raise _Damaged
    if schema is not None and schema > NEWEST_SCHEMA:
        return Refusal("newer", version)
    published_at = _optional(table, "pubtime", str)
    if published_at is not None and not is_publication_time(published_at):
        raise _Damaged
    return Listed(version, _optional(table, "yanked", bool) is True, published_at)


def _release(table: dict[str, Any], listed: Listed) -> Release:
    features = _features(table.get("features", {}))
    for feature, values in _features({} if table.get("features2") is None else table["features2"]).items():
        features[feature] = features.get(feature, ()) + values
    return Release(
        table["name"],
        listed.version,
        listed.yanked,
        _of(table.get("cksum"), str),
        tuple(_dependency(_of(entry, dict)) for entry in _of(table.get("deps"), list)),
        features,
        _optional(table, "links", str),
        _spelled(_optional(table, "rust_version", str), _is_rust_version),
        listed.published_at,
    )


def _dependency(entry: dict[str, Any]) -> IndexDependency:
    name, package, kind = _of(entry.get("name"), str), _optional(entry, "package", str), _optional(entry, "kind", str)
    return IndexDependency(
        name,
        name if package is None else package,
        _spelled(_of(entry.get("req"), str), _is_requirement),
        tuple(filter(None, _texts(entry.get("features", [])))),  # old crates have empty ones, which cargo drops too
        _of(entry.get("optional", False), bool),
        _of(entry.get("default_features", True), bool),
        _spelled(_optional(entry, "target", str), _is_platform),
        kind if kind in _KINDS else "normal",
        _optional(entry, "registry", str),
    )


def _of(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise _Damaged
    return value


def _optional(table: dict[str, Any], key: str, kind: type) -> Any:
    value = table.get(key)
    return None if value is None else _of(value, kind)


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(_of(text, str) for text in _of(value, list))


def _features(value: Any) -> dict[str, tuple[str, ...]]:
    return {feature: _texts(values) for feature, values in _of(value, dict).items()}


_known: dict[tuple[Callable[[str], bool], str], bool] = {}


def _spelled(text: Any, is_right: Callable[[str], bool]) -> Any:
    """The text, or None for None; the lines of a crate repeat a few hundred texts, so each is judged once."""
    if text is None:
        return None
    right = _known.get((is_right, text))
    if right is None:
        if len(_known) >= _MOST_REMEMBERED:
            _known.clear()
        right = _known[is_right, text] = is_right(text)
    if not right:
        raise _Damaged
    return text


def _is_requirement(text: str) -> bool:
    try:
        Requirement.parse(text)
    except InvalidRequirement:
        return False
    return True


def _is_platform(text: str) -> bool:
    return not platform_fault(text)


def _is_rust_version(text: str) -> bool:
    return rust_version(text) is not None
