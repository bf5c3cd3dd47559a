"""What the archive of a published version says: from which commit it was made, and of which files.

An archive is a gzipped tar file below one folder, `NAME-VERSION/`.  It is read from memory and never unpacked to disk.
It comes from whoever published it: its checksum proves that the registry has it so, and nothing more.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, NamedTuple

from batuta_hooks.domain.toml_text import TomlFault, read_toml
from batuta_hooks.registry.origin import FORM
from batuta_hooks.registry.tar_stream import MAX_UNPACKED_BYTES, TarFault, TarFile, read_tar

_MANIFEST, _ORIGINAL, _COMMIT = "Cargo.toml", "Cargo.toml.orig", ".cargo_vcs_info.json"
_MAX_TEXT_BYTES = 8 << 20
_MAX_PATH = 1024
_HEX = frozenset("0123456789abcdef")
_COMMIT_LENGTHS = (40, 64)


class ArchiveFault(NamedTuple):
    """An archive that is not what it should be, and why: a clause for a person."""

    why: str


class PackedFile(NamedTuple):
    """A file of an archive.

    Attributes:
        path: relative to the package's folder.
        size: in bytes.
        blob: what git calls its content, SHA-1 in hexadecimal, to be compared with a commit's tree.
    """

    path: str
    size: int
    blob: str


class ArchiveFacts(NamedTuple):
    """What is known of one published version's archive.

    Attributes:
        checksum: its SHA-256 in hexadecimal.
        commit: the commit that it was made from; empty where it does not say so.
        is_dirty: whether files differed from that commit.
        path_in_vcs: the package's folder in the repository, empty at its top.
        files: all of them, in the archive's order.
        manifest: the text of the published Cargo.toml.
        has_original: whether the manifest as written is there too, as Cargo.toml.orig.
        repository: `package.repository` of the manifest, empty where there is none.
    """

    checksum: str
    commit: str
    is_dirty: bool
    path_in_vcs: str
    files: tuple[PackedFile, ...]
    manifest: str
    has_original: bool
    repository: str


def read_archive(
    data: bytes, crate: str, version: str, checksum: str, max_unpacked_bytes: int = MAX_UNPACKED_BYTES
) -> ArchiveFacts | ArchiveFault:
    """The facts of an archive.

    Args:
        data: the archive's bytes.
        crate: the crate's name in its own letter case.
        checksum: what the index says that the bytes' SHA-256 is; they are not looked at otherwise.
    """
    if hashlib.sha256(data).hexdigest() != checksum:
        return ArchiveFault("its checksum is not the one that the index has")
    files: dict[str, PackedFile] = {}
    texts: dict[str, bytes] = {}
    try:
        for file in read_tar(data, max_unpacked_bytes):
            path = _inside(file.path, f"{crate}-{version}/")
            if path in files:
                return ArchiveFault(f"it holds {_shown(path)} twice")
            files[path], texts[path] = _digest(file, path, keep=path in (_MANIFEST, _COMMIT))
        manifest = texts[_MANIFEST].decode() if _MANIFEST in texts else None
    except TarFault as fault:
        return ArchiveFault(str(fault))
    except UnicodeDecodeError:
        manifest = None
    if manifest is None:
        return ArchiveFault("it holds no Cargo.toml that can be read")
    commit = _read_commit(texts.get(_COMMIT, b""))
    listed = tuple(files.values())
    return ArchiveFacts(checksum, *commit, listed, manifest, _ORIGINAL in files, _repository(manifest))


def encode_facts(facts: ArchiveFacts) -> bytes:
    """The facts as the cache keeps them."""
    table = facts._asdict() | {"form": FORM, "files": [list(file) for file in facts.files]}
    return json.dumps(table, separators=(",", ":")).encode()


def decode_facts(data: bytes) -> ArchiveFacts | None:
    """The facts that the cache kept; None for those of a version of this program that kept others."""
    try:
        table = json.loads(data)
        if table.pop("form") != FORM:
            return None
        files = tuple(PackedFile(*file) for file in table.pop("files"))
        return ArchiveFacts(files=files, **table)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _inside(path: str, prefix: str) -> str:
    """The path relative to the package's folder."""
    rest = path.removeprefix(prefix)
    if rest == path:
        raise TarFault(f"it holds {_shown(path)}, which is not below {prefix}")
    parts = rest.split("/")
    if "" in parts or ".." in parts or "." in parts or "\0" in rest or len(rest) > _MAX_PATH:
        raise TarFault(f"it holds {_shown(path)}, which is no path of a file")
    return rest


def _shown(path: str) -> str:
    return ascii(path[:80])


def _digest(file: TarFile, path: str, *, keep: bool) -> tuple[PackedFile, bytes]:
    if keep and file.size > _MAX_TEXT_BYTES:
        raise TarFault(f"its {path} is larger than {_MAX_TEXT_BYTES} bytes")
    blob = hashlib.sha1(b"blob %d\0" % file.size, usedforsecurity=False)
    kept = []
    for part in file.parts:
        blob.update(part)
        if keep:
            kept.append(part)
    return PackedFile(path, file.size, blob.hexdigest()), b"".join(kept)


def _read_commit(data: bytes) -> tuple[str, bool, str]:
    """Commit, dirtiness and path of `.cargo_vcs_info.json`; nothing where that is not as cargo writes it."""
    try:
        table: Any = json.loads(data)
        commit, is_dirty, path = table["git"]["sha1"], table["git"].get("dirty", False), table.get("path_in_vcs", "")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return "", False, ""
    is_commit = isinstance(commit, str) and len(commit) in _COMMIT_LENGTHS and set(commit) <= _HEX
    is_path = isinstance(path, str) and path.isprintable() and len(path) <= _MAX_PATH
    if not is_commit or not is_path or not isinstance(is_dirty, bool):
        return "", False, ""
    return commit, is_dirty, path


def _repository(manifest: str) -> str:
    try:
        package = read_toml(manifest.encode()).get("package")
    except TomlFault:
        return ""
    repository = package.get("repository") if isinstance(package, dict) else None
    return repository if isinstance(repository, str) and repository.isprintable() else ""
