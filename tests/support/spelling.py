"""Manifests as text: the spellings that TOML has for one and the same table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from batuta_hooks.domain.dependency_entry import spell_key, spell_value

SPELLINGS = ("inline", "header", "dotted")

Entry = Mapping[str, Any] | str


def spell(section: Sequence[str], name: str, entry: Entry, spelling: str) -> str:
    """One dependency in a section of its own, in one of the `SPELLINGS`."""
    return spell_section(section, [(name, entry, spelling)])


def spell_section(section: Sequence[str], entries: Iterable[tuple[str, Entry, str]]) -> str:
    """A section with its entries, each in its own spelling; those with a header stand last."""
    path = ".".join(map(spell_key, section))
    lines, headers = [], []
    for name, entry, spelling in entries:
        key = spell_key(name)
        if isinstance(entry, str) or spelling == "inline" or not entry:
            lines.append(f"{key} = {spell_value(entry)}")
            continue
        inside = [f"{spell_key(part)} = {spell_value(value)}" for part, value in entry.items()]
        if spelling == "header":
            headers += [f"[{path}.{key}]", *inside]
        else:
            lines += [f"{key}.{line}" for line in inside]
    return "".join(f"{line}\n" for line in ([f"[{path}]", *lines] if lines else []) + headers)
