"""What a check said of each manifest of a large repository, so that after a change little has to be asked again.

One file for each repository: a line that names the program, a line for the repository as a whole, a line for each
manifest.  It is replaced as a whole, so that what guards at work at the same time find out is never mixed.  It is worth
no error: what cannot be read, written or understood counts as nothing.
"""

from __future__ import annotations

import json
import os
from binascii import crc32
from collections.abc import Mapping, Sequence

from batuta_hooks.domain.finding import Finding, Unknown
from batuta_hooks.domain.manifest import BUILD, DEV, NORMAL
from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.gather.kept_file import read_kept, replace_kept

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MOST_BYTES = 1 << 27
_END = b",\n"
_KINDS = {"n": NORMAL, "d": DEV, "b": BUILD}
_LETTERS = {kind: letter for letter, kind in _KINDS.items()}

Said = Finding | Unknown


class Row(NamedTuple):
    """What is known of one manifest.

    Attributes:
        oid: the id of its blob.
        name: of its package; empty where it has none or cannot be read, and then nothing follows.
        version: as `batuta_hooks.domain.stack.StackCrate` has it, like the following.
        is_publishable, is_bound: whether it is bound for crates.io.
        packages, kinds, requirements: of its dependencies, in the order written.
        stranger: the repository of the registry's crate of its name, where that is another project's.
        asked: the crates that were asked about for `own`.
        own: what is said of it whatever others need.
        asked_shared: the crates that were asked about for `shared`.
        shared: what is said of single dependencies because of what others need.
    """

    oid: str
    name: str = ""
    version: str | None = None
    is_publishable: bool = False
    is_bound: bool = False
    packages: Sequence[str] = ()
    kinds: Sequence[str] = ()
    requirements: Sequence[str | None] = ()
    stranger: str = ""
    asked: Sequence[str] = ()
    own: Sequence[Said] = ()
    asked_shared: Sequence[str] = ()
    shared: Sequence[Said] = ()


class KnownParts:
    """The rows of a repository, and what is said of it as a whole.

    Args:
        file: where they are kept.
        version: of the program.

    Attributes:
        whole: what is said of the repository as a whole, as JSON has it; empty where nothing is known.
        rows: by the place of their manifest among the judged ones.
    """

    def __init__(self, file: str, version: str) -> None:
        self._file = file
        self._head = f"parts 1 {os.geteuid()} {version}"
        self._lines: list[bytes] = []
        self.whole: Mapping[str, Any] = {}
        self.rows: list[Row] = []

    def load(self, key: str, count: int) -> bool:
        """Read what is known under a key; whether there is something.

        Args:
            key: names all that it rests on but the manifests.
            count: how many of these there are.
        """
        head, _, rest = read_kept(self._file, _MOST_BYTES).partition(b"\n")
        if head != self._headline(key, rest):
            return False
        whole, *self._lines = rest.split(_END)
        if len(self._lines) != count:
            return False
        self.whole = json.loads(whole)
        return True

    def read(self) -> list[Row]:
        """The rows; `load` must have found some."""
        if not self.rows:
            self.rows = [_row(one) for one in json.loads(b"[%s]" % _END.join(self._lines))]
        return self.rows

    def save(self, key: str, whole: Mapping[str, Any], rows: Sequence[Row], changed: set[int] | None = None) -> None:
        """Keep rows in the place of what was known.

        Args:
            changed: the places of those that are not as they were loaded; ``None`` for all.
        """
        if not self._file:
            return
        places = range(len(rows)) if changed is None else changed
        lines = self._lines if changed is not None else [b""] * len(rows)
        for place in places:
            lines[place] = _text(_fields(rows[place]))
        rest = _END.join([_text(whole), *lines])
        if len(rest) < _MOST_BYTES:
            replace_kept(self._file, (self._headline(key, rest), b"\n", rest))

    def _headline(self, key: str, rest: bytes) -> bytes:
        return f"{self._head} {key} {crc32(rest):08x}".encode()


def _text(value: object) -> bytes:
    return json.dumps(value, allow_nan=False, separators=(",", ":")).encode()


def _fields(row: Row) -> Sequence[object]:
    """A row in less room: of most manifests the crates that were asked about are those that they name."""
    if not row.name:
        return (row.oid,)
    named, asked = {row.name, *row.packages}, set(row.asked)
    spared, more = sorted(named - asked), sorted(asked - named)
    letters = "".join(_LETTERS[one] for one in row.kinds)
    flags = row.is_publishable + 2 * row.is_bound
    needs = row.packages, letters, row.requirements
    crate = row.name, row.version, flags, *needs, row.stranger
    return row.oid, *crate, spared, more, row.own, row.asked_shared, row.shared


def _row(fields: Sequence[Any]) -> Row:
    if len(fields) == 1:
        return Row(fields[0])
    oid, name, version, flags, packages, letters, requirements, stranger, *rest = fields
    spared, more, own, asked_shared, shared = rest
    asked = [one for one in (name, *packages) if one not in spared] + more if spared or more else (name, *packages)
    kinds = [_KINDS[one] for one in letters]
    return Row(
        oid, name, version, flags % 2 == 1, flags > 1, packages, kinds, requirements, stranger, asked, said(own),
        asked_shared, said(shared),
    )  # fmt: skip


def said(rows: Sequence[Sequence[Any]]) -> list[Said]:
    """Findings and open questions as JSON has them."""
    return [Finding(*one) if len(one) > 2 else Unknown(*one) for one in rows]
