"""Cargo.lock as values: which packages are locked, and where each comes from.

Versions 1 to 4 of the format are read, those that cargo 1.95 reads; the first two bear no number and differ in where
checksums stand.  The rules are those of cargo's own reader (docs/cargo-rules.md); whether the file fits its manifests
is not looked at.
"""

from __future__ import annotations

from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.domain.toml_text import MAX_BYTES, TomlFault, read_toml
from batuta_hooks.domain.version_text import read_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

CRATES_IO = ("registry+https://github.com/rust-lang/crates.io-index", "sparse+https://index.crates.io/")
"""How the source of a package from crates.io is spelled, by cargo's git and its sparse protocol."""

NEWEST = 4
"""The newest version of the format that is read."""

_MOST_PACKAGES = 1 << 16
_packages: dict[LockedPackage, LockedPackage] = {}
"""One for all that are equal: the lock files of a stack hold much the same."""
_MAX_U32 = 2**32 - 1
_CHECKSUM = "checksum "
_HEADS = (["version = 3"], [f"version = {NEWEST}"])
_BEGINNINGS = ('name = "', 'version = "', 'source = "', 'checksum = "')


class LockFault(ValueError):
    """A Cargo.lock that cargo would not read; the message is a clause that says why."""


class LockedPackage(NamedTuple):
    """A package that a Cargo.lock names.

    Attributes:
        source: where it comes from, as it stands there; ``None`` for one in a folder, such as a member.
        checksum: of its archive; ``None`` where there is none.
        dependencies: the packages that it needs, as they stand there: a name, with version and source where it takes
            them to tell packages apart.
    """

    name: str
    version: str
    source: str | None
    checksum: str | None
    dependencies: tuple[str, ...]

    def __hash__(self) -> int:
        """By name and version alone: what they need is long, and tells few apart."""
        return hash(self[:2])

    @property
    def names_needed(self) -> list[str]:
        """The names of the packages that it needs."""
        return [entry.partition(" ")[0] for entry in self.dependencies]

    @property
    def is_from_crates_io(self) -> bool:
        """Whether crates.io is its source."""
        return self.source in CRATES_IO


def read_lockfile(data: bytes) -> list[LockedPackage]:
    """The packages of a Cargo.lock, in its order.

    Raises:
        LockFault: it is no TOML, of a newer format, has a value of the wrong type or a package twice.
    """
    packages = read_plain(data)
    if packages is None:
        packages = _read_any(data)
    seen = set()
    for package in packages:
        if package[:3] in seen:
            raise LockFault(f"it names package `{package.name}` twice")
        seen.add(package[:3])
    return packages


def read_plain(data: bytes) -> list[LockedPackage] | None:
    """The packages of a file that is written as cargo writes it, in a fifth of the time; ``None`` for any other.

    Nothing is accepted but the lines that cargo itself writes, in its order, and values that need no escape.
    """
    if not data.isascii() or b"\\" in data or len(data) > MAX_BYTES:
        return None
    text = data.decode()
    head, *blocks = text.split("\n[[package]]\n")
    lines = [line for line in head.split("\n") if line and not line.startswith("#")]
    if lines not in _HEADS or len(blocks) > _MOST_PACKAGES or not text.replace("\n", "").isprintable():
        return None
    packages = []
    for block in blocks:
        package = _plain_package(block.rstrip("\n").split("\n"))
        if package is None:
            return None
        packages.append(package)
    return packages


def _plain_package(lines: list[str]) -> LockedPackage | None:
    lines.reverse()
    values: list[str | None] = []
    for begins in _BEGINNINGS:
        line = lines[-1] if lines else ""
        if not line.startswith(begins):
            values.append(None)
            continue
        value = line[len(begins) : -1]
        if line[-1] != '"' or '"' in value or len(line) <= len(begins):
            return None
        values.append(value)
        lines.pop()
    name, version, source, checksum = values
    needed = _plain_needs(lines) if lines else ()
    if name is None or version is None or needed is None or (source is not None and read_version(version) is None):
        return None
    return _only(LockedPackage(name, version, source, None if checksum == "<none>" else checksum, needed))


def _plain_needs(lines: list[str]) -> tuple[str, ...] | None:
    """The dependencies that lines list, the first one last."""
    if len(lines) < 2 or lines[-1] != "dependencies = [" or lines[0] != "]":
        return None
    needed = []
    for line in reversed(lines[1:-1]):
        value = line[2:-2]
        if line[:2] != ' "' or line[-2:] != '",' or '"' in value or len(line) < 4:
            return None
        needed.append(value)
    return tuple(needed)


def _read_any(data: bytes) -> list[LockedPackage]:
    try:
        table = read_toml(data)
    except TomlFault as fault:
        raise LockFault(f"line {fault.line}: {fault.reason}") from None
    version = table.get("version")
    if version is not None and (type(version) is not int or not 0 <= version <= _MAX_U32):
        raise LockFault("its `version` is no number")
    if version not in (None, 3, NEWEST):
        raise LockFault(f"it has version {version}, which cargo 1.95 does not understand")
    checksums = _table(table, "metadata")
    for key in checksums:
        _text(checksums, key)
    return [_read_package(entry, checksums) for entry in _entries(table)]


def _entries(table: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if "root" in table:
        yield _table(table, "root")
    packages = table.get("package", [])
    if not isinstance(packages, list) or len(packages) > _MOST_PACKAGES:
        raise LockFault("its `package` is no list of tables, or too long")
    for entry in packages:
        if not isinstance(entry, dict):
            raise LockFault("its `package` is no list of tables")
        yield entry


def _read_package(entry: Mapping[str, Any], checksums: Mapping[str, Any]) -> LockedPackage:
    name, version = _text(entry, "name"), _text(entry, "version")
    if name is None or version is None:
        raise LockFault("it has a package without name or version")
    source, checksum = _text(entry, "source"), _text(entry, "checksum")
    if source is not None and read_version(version) is None:
        raise LockFault(f"package `{name}` has version {version[:80]!r}, which is none")
    if checksum is None and source is not None:  # where the first version of the format has it
        checksum = _text(checksums, f"{_CHECKSUM}{name} {version} ({source})")
    needed = entry.get("dependencies", [])
    if not isinstance(needed, list) or not all(isinstance(one, str) for one in needed):
        raise LockFault(f"the `dependencies` of `{name}` are no list of texts")
    return _only(LockedPackage(name, version, source, None if checksum == "<none>" else checksum, tuple(needed)))


def _only(package: LockedPackage) -> LockedPackage:
    """The one package that stands for all equal ones."""
    if len(_packages) > _MOST_PACKAGES:
        _packages.clear()
    return _packages.setdefault(package, package)


def _table(table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = table.get(key, {})
    if not isinstance(found, dict):
        raise LockFault(f"its `{key}` is no table")
    return found


def _text(table: Mapping[str, Any], key: str) -> str | None:
    found = table.get(key)
    if found is not None and not isinstance(found, str):
        raise LockFault(f"its `{key[:80]}` is no text")
    return found
