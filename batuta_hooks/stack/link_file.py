"""The marked lines that `link` writes into cargo's configuration above the checkouts, and takes out again.

Whatever else stands in the file is kept byte for byte, and comes back exactly as it was.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from batuta_hooks.domain.dependency_entry import spell_key, spell_value
from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.toml_text import TomlFault, read_toml

_MARK = "batuta-stack link"
_FIRST = f"# >>> {_MARK}: `batuta-stack unlink` takes these lines out again"
_BREAK = ", and the line break before them"
_LAST = f"# <<< {_MARK}"
_BOM = b"\xef\xbb\xbf"
_BLOCK = re.compile(
    rb"(?P<before>\n)?(?:^|(?<=\xef\xbb\xbf))# >>> "
    + _MARK.encode()
    + rb"[^\n]*?(?P<break>, and the line break before them)?\n.*?^# <<< "
    + _MARK.encode()
    + rb"\n",
    re.DOTALL | re.MULTILINE,
)


class Links(NamedTuple):
    """What is linked.

    Attributes:
        paths: folders of crates that stand in for their published versions, relative to the folder above `.cargo`.
        patches: package name → folder, for those that only a patch can link.
    """

    paths: tuple[str, ...] = ()
    patches: Mapping[str, str] = {}

    @property
    def is_empty(self) -> bool:
        """Whether nothing is linked."""
        return not self.paths and not self.patches


def with_links(text: bytes, links: Links) -> bytes:
    """A configuration with these links and none of older ones.

    Raises:
        BatutaError: it cannot be read, or has `paths` or patches of its own, beside which there can be no others.
    """
    bare = without_links(text)
    table = _read(bare)
    for name, is_needed, there in (
        ("paths", links.paths, "paths" in table),
        ("[patch.crates-io]", links.patches, "crates-io" in table.get("patch", {})),
    ):
        if is_needed and there:
            raise BatutaError(f"it has {name} of its own", mend="take that out, or link those crates there by hand")
    mark = _BOM if bare.startswith(_BOM) else b""
    body = bare.removeprefix(_BOM)
    head = _block([f"paths = {spell_value(list(links.paths))}"], "") if links.paths else ""
    tail = ""
    if links.patches:
        lacks_break = bool(body) and not body.endswith(b"\n")
        lines = [f"{spell_key(name)} = {{ path = {spell_value(folder)} }}" for name, folder in links.patches.items()]
        tail = ("\n" if lacks_break else "") + _block(["[patch.crates-io]", *lines], _BREAK if lacks_break else "")
    linked = mark + head.encode() + body + tail.encode()
    if read_links(linked) != links or without_links(linked) != bare:
        raise BatutaError("the links cannot be written beside what is there", mend="move that to another file")
    return linked


def without_links(text: bytes) -> bytes:
    """The configuration as it was before anything was linked."""
    return _BLOCK.sub(lambda found: b"" if found["break"] else found["before"] or b"", text)


def read_links(text: bytes) -> Links:
    """The links in a configuration that `link` has written.

    Raises:
        BatutaError: cargo cannot read it.
    """
    if without_links(text) == text:
        return Links()
    table, own = _read(text), _read(without_links(text))
    paths = () if "paths" in own else tuple(table.get("paths", ()))
    patches = table.get("patch", {}).get("crates-io", {})
    kept = own.get("patch", {}).get("crates-io", {})
    return Links(paths, {name: entry["path"] for name, entry in patches.items() if name not in kept})


def _block(lines: Sequence[str], more: str) -> str:
    return "\n".join([f"{_FIRST}{more}", *lines, _LAST]) + "\n"


def _read(text: bytes) -> dict[str, Any]:
    try:
        return read_toml(text)
    except TomlFault as fault:
        raise BatutaError(f"cargo cannot read it: line {fault.line}: {fault.reason}") from fault
