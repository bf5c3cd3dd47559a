"""What crates.io does with an upload: the bytes of `PUT /api/v1/crates/new` → a line of the index, or a refusal; pure.

Its rules are `batuta_hooks.domain.crates_io`'s, and those about what it holds already.  Who uploads is not looked at.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from batuta_hooks.domain.crates_io import (
    MAX_UPLOAD_BYTES,
    Upload,
    UploadDependency,
    refusals,
)
from batuta_hooks.domain.semver import InvalidRequirement, InvalidVersion, Requirement, Version
from batuta_hooks.registry.archive import ArchiveFault, read_archive
from batuta_hooks.registry.licenses import is_license_expression

MAX_METADATA_BYTES = 1 << 20
_U32 = struct.Struct("<I")
_KINDS = ("normal", "dev", "build")
_CRATES_IO = ("https://github.com/rust-lang/crates.io-index", "sparse+https://index.crates.io/")


class Refused(ValueError):
    """An upload that is not taken, and why; `status` is that of the answer."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.status = status


class Accepted(NamedTuple):
    """An upload that is taken.

    Attributes:
        line: its line of the index, with the byte that ends it.
    """

    name: str
    version: str
    archive: bytes
    line: bytes


class Held(NamedTuple):
    """What a registry holds of a crate already: the name as it was first spelled, and its versions, yanked ones too."""

    name: str
    versions: tuple[str, ...]


def accept(
    body: bytes, held: Callable[[str], Held | None], *, published_at: str, own_indexes: Iterable[str] = _CRATES_IO
) -> Accepted:
    """Judge an upload.

    Args:
        body: what cargo sends: two lengths (32 bits, little-endian), each before its part: JSON, then the archive.
        held: gives what there is under a crate's name, whatever letter case and `-` or `_` it is asked with.
        published_at: the present time, `yyyy-mm-ddThh:mm:ssZ`.
        own_indexes: the URLs of indexes from which a dependency may come by name: they are this registry.

    Raises:
        Refused: crates.io would not take it.
    """
    metadata, archive = _parts(body)
    try:
        upload = _read(metadata, frozenset(own_indexes))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Refused(f"invalid upload request: {error}") from error
    try:
        version = Version.parse(upload.version)
    except InvalidVersion:
        raise Refused(f'"{upload.version}" is an invalid semver version') from None
    for refusal in refusals(upload, is_license_expression):
        raise Refused(refusal.reason)
    checksum = hashlib.sha256(archive).hexdigest()
    facts = read_archive(archive, upload.name, upload.version, checksum)
    if isinstance(facts, ArchiveFault):
        raise Refused(f"the archive cannot be read: {facts.why}")
    before = held(upload.name)
    if before is not None and before.name != upload.name:
        raise Refused(f"crate was previously named `{before.name}`")
    if before is not None and _has(before, version):
        raise Refused(f"crate version `{upload.version}` is already uploaded")
    for dependency in upload.dependencies:
        other = None if dependency.package == upload.name else held(dependency.package)
        if dependency.package != upload.name and (other is None or other.name != dependency.package):
            raise Refused(f"no known crate named `{dependency.package}`")
    line = _line(metadata, checksum, published_at, frozenset(own_indexes))
    return Accepted(upload.name, upload.version, archive, line)


def _has(held: Held, version: Version) -> bool:
    for text in held.versions:
        try:
            if Version.parse(text).precedence == version.precedence:
                return True
        except InvalidVersion:
            continue
    return False


def _parts(body: bytes) -> tuple[dict[str, Any], bytes]:
    data, rest = _part(body, MAX_METADATA_BYTES, "the metadata")
    archive, _ = _part(rest, MAX_UPLOAD_BYTES, "the archive")
    try:
        metadata = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Refused(f"invalid upload request: {error}") from error
    if not isinstance(metadata, dict):
        raise Refused("invalid upload request: the metadata are no object")
    return metadata, archive


def _part(data: bytes, most: int, what: str) -> tuple[bytes, bytes]:
    if len(data) < _U32.size:
        raise Refused(f"the length of {what} is missing")
    (length,) = _U32.unpack_from(data)
    if length > most:
        raise Refused(f"max upload size is: {most}", 413)
    if length > len(data) - _U32.size:
        raise Refused(f"{what} end before their length says")
    return data[_U32.size : _U32.size + length], data[_U32.size + length :]


def _read(metadata: Mapping[str, Any], own_indexes: frozenset[str]) -> Upload:
    fields = ("description", "license", "license_file", "homepage", "documentation", "repository")
    texts = {field.replace("_", "-"): value for field in fields if isinstance(value := metadata.get(field), str)}
    dependencies = []
    for one in metadata["deps"]:
        requirement = one["version_req"]
        try:
            Requirement.parse(requirement)
        except InvalidRequirement:
            raise ValueError(f'"{requirement}" is an invalid version requirement') from None
        if one.get("kind") not in (None, *_KINDS):
            raise ValueError(f"a dependency's kind is {one['kind']!r}")
        registry = one.get("registry") or ""
        alias = one.get("explicit_name_in_toml") or ""
        dependencies.append(
            UploadDependency(one["name"], alias, requirement, "" if registry in own_indexes else registry)
        )
    name, version = metadata["name"], metadata["vers"]
    if not isinstance(name, str) or not isinstance(version, str):
        raise TypeError("name and vers must be texts")
    keywords, categories = metadata.get("keywords") or [], metadata.get("categories") or []
    return Upload(name, version, texts, keywords, categories, metadata.get("features") or {}, dependencies)


def _line(metadata: Mapping[str, Any], checksum: str, published_at: str, own_indexes: frozenset[str]) -> bytes:
    features = metadata.get("features") or {}
    newer = {name: needs for name, needs in features.items() if any(_is_new(need) for need in needs)}
    line: dict[str, Any] = {
        "name": metadata["name"],
        "vers": metadata["vers"],
        "deps": [_dependency(one, own_indexes) for one in metadata["deps"]],
        "cksum": checksum,
        "features": {name: needs for name, needs in features.items() if name not in newer},
        "yanked": False,
    }
    if metadata.get("links"):
        line["links"] = metadata["links"]
    if newer:
        line |= {"features2": newer, "v": 2}
    if metadata.get("rust_version"):
        line["rust_version"] = metadata["rust_version"]
    line["pubtime"] = published_at
    return json.dumps(line, separators=(",", ":")).encode() + b"\n"


def _is_new(need: str) -> bool:
    """Whether a feature's value has a spelling that older cargos do not read."""
    return need.startswith("dep:") or "?/" in need


def _dependency(one: Mapping[str, Any], own_indexes: frozenset[str]) -> dict[str, Any]:
    alias, registry = one.get("explicit_name_in_toml"), one.get("registry")
    line = {
        "name": alias or one["name"],
        "req": str(Requirement.parse(one["version_req"])),
        "features": one.get("features") or [],
        "optional": bool(one.get("optional")),
        "default_features": bool(one.get("default_features", True)),
        "target": one.get("target"),
        "kind": one.get("kind") or "normal",
    }
    if registry and registry not in own_indexes:
        line["registry"] = registry
    return {**line, "package": one["name"]} if alias else line
