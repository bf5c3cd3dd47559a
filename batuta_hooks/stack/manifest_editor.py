"""Edits of a Cargo.toml that leave every line alone but those of the entry that changes.

A change is a span of characters replaced by others; no TOML writer is asked for the rest of the document, for the best
of them still moves tables about (tomlkit 0.15 does not give back the bytes of 5 of 188 real manifests).  What comes out
is read again: it must hold the values that it held, but for those that were to change.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from batuta_hooks.domain.dependency_entry import spell_value
from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.manifest import Key
from batuta_hooks.domain.toml_spans import STATEMENT, Assignment, assignments
from batuta_hooks.domain.toml_text import TomlFault, read_toml

#: What says where a dependency comes from, beside its version.
SOURCE_KEYS = ("path", "git", "branch", "tag", "rev")

_TO_COMMA = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*,[ \t]*")


class DependencyEdit(NamedTuple):
    """A change of one dependency.

    Attributes:
        key: its entry's path in the parsed manifest, as `Dependency.key` has it.
        requirement: what it shall require; ``None`` to leave that as it is.
        drops_source: whether its path, or its git repository with branch, tag and rev, goes.
    """

    key: Key
    requirement: str | None
    drops_source: bool = False


class _Splice(NamedTuple):
    start: int
    end: int
    text: str


def edit_dependencies(text: bytes, edits: Iterable[DependencyEdit]) -> bytes:
    """The manifest with some dependencies changed, everything else byte for byte as it was.

    A table that holds nothing but a version once its source is gone becomes the version alone, unless a comment
    stands in it.

    Raises:
        BatutaError: there is no such entry, or the manifest cannot be edited without touching something else.
    """
    edits = tuple(edits)
    document = _Document(text)
    wanted = copy.deepcopy(read_toml(text))
    for edit in edits:
        is_short = document.change(edit)
        _change_value(wanted, edit, is_short=is_short)
    return document.finished(wanted)


def set_version(text: bytes, key: Key, version: str) -> bytes:
    """The manifest with another version at ``key``: ``("package", "version")``, or the workspace's.

    Raises:
        BatutaError: no version is written there.
    """
    document = _Document(text)
    wanted = copy.deepcopy(read_toml(text))
    document.replace_string(key, version)
    _at(wanted, key[:-1])[key[-1]] = version
    return document.finished(wanted)


def _change_value(table: dict[str, Any], edit: DependencyEdit, *, is_short: bool) -> None:
    parent, name = _at(table, edit.key[:-1]), edit.key[-1]
    entry = parent[name]
    if isinstance(entry, str):
        parent[name] = entry if edit.requirement is None else edit.requirement
        return
    if edit.requirement is not None:
        entry["version"] = edit.requirement
    for key in SOURCE_KEYS if edit.drops_source else ():
        entry.pop(key, None)
    if is_short:
        parent[name] = entry["version"]


def _at(table: Any, path: Iterable[str | int]) -> Any:
    for part in path:
        table = table[part]
    return table


class _Document:
    """A manifest's text and the changes to be made to it."""

    def __init__(self, text: bytes) -> None:
        self._text = text.decode()
        self._found = assignments(self._text)
        self._by_path = {one.path: one for one in self._found}
        self._splices: list[_Splice] = []

    def change(self, edit: DependencyEdit) -> bool:
        """Note a change; whether the entry's table becomes its version alone."""
        entry = self._by_path.get(edit.key)
        members = [one for one in self._found if one.path[:-1] == edit.key]
        if not members:
            if entry is None or not self._is_string(entry):
                raise BatutaError(f"there is no dependency at `{'.'.join(map(str, edit.key))}` to be edited")
            if edit.requirement is not None:
                self._put(entry.value, entry.end, self._quoted(entry, edit.requirement))
            return False
        dropped = [one for one in members if edit.drops_source and one.path[-1] in SOURCE_KEYS]
        kept = [one for one in members if one not in dropped]
        short = self._short(entry, dropped, kept, edit.requirement) if entry else ""
        if entry and short:
            self._put(entry.value, entry.end, short)
            return True
        if edit.requirement is not None:
            dropped = self._require(edit.requirement, members, dropped)
        self._drop(dropped)
        return False

    def replace_string(self, key: Key, value: str) -> None:
        entry = self._by_path.get(key)
        if entry is None or not self._is_string(entry):
            raise BatutaError(f"no `{'.'.join(map(str, key))}` is written there")
        self._put(entry.value, entry.end, self._quoted(entry, value))

    def finished(self, wanted: Mapping[str, Any]) -> bytes:
        """The text with its changes.

        Raises:
            BatutaError: it does not hold the values that are wanted.
        """
        parts, at = [], 0
        for splice in sorted(self._splices):
            parts += [self._text[at : splice.start], splice.text]
            at = splice.end
        changed = "".join([*parts, self._text[at:]]).encode()
        try:
            is_as_wanted = _same(read_toml(changed), wanted)
        except TomlFault:
            is_as_wanted = False
        if not is_as_wanted:
            raise BatutaError("it cannot be edited without touching what shall stay", mend="edit it by hand")
        return changed

    def _put(self, start: int, end: int, text: str) -> None:
        if self._text[start:end] != text:
            self._splices.append(_Splice(start, end, text))

    def _is_string(self, one: Assignment) -> bool:
        return self._text[one.value : one.value + 1] in ('"', "'")

    def _quoted(self, beside: Assignment, value: str) -> str:
        """The value as a string, in the quotes that stand there."""
        quote = self._text[beside.value : beside.value + 1]
        is_literal = quote == "'" and "'" not in value and value.isprintable()
        return f"'{value}'" if is_literal else spell_value(value)

    def _short(
        self, entry: Assignment, dropped: Sequence[Assignment], kept: Sequence[Assignment], requirement: str | None
    ) -> str:
        """The version alone, where nothing else is left of an inline table; empty where more is, a comment included."""
        is_alone = all(one.path[-1] == "version" for one in kept)
        if not dropped or not is_alone or self._has_comment(entry, [*dropped, *kept]):
            return ""
        if requirement is not None:
            return self._quoted((*kept, *dropped)[0], requirement)
        return self._text[kept[0].value : kept[0].end] if kept else ""

    def _has_comment(self, entry: Assignment, members: Iterable[Assignment]) -> bool:
        at = entry.value
        for one in sorted(members, key=lambda one: one.start):
            if "#" in self._text[at : one.value]:
                return True
            at = one.end
        return "#" in self._text[at : entry.end]

    def _require(self, requirement: str, members: Sequence[Assignment], dropped: list[Assignment]) -> list[Assignment]:
        """Write the version; where there is none, in the place of what is dropped, else before all; what is left to
        drop.
        """
        version = next((one for one in members if one.path[-1] == "version"), None)
        if version is not None:
            self._put(version.value, version.end, self._quoted(version, requirement))
            return dropped
        first = dropped[0] if dropped else members[0]
        between = self._text[first.name_end : first.value]
        written = f"version{between}{self._quoted(first, requirement)}"
        if dropped:
            self._put(first.name, first.end, written)
            return dropped[1:]
        start = self._line_start(first.start)
        indent = self._text[start : first.start]
        is_first_on_line = not indent.strip(" \t\ufeff")
        comma = "" if first.container == STATEMENT else ","
        gap = self._newline(first.start) + indent.removeprefix("\ufeff") if is_first_on_line else " "
        self._put(first.start, first.start, f"{self._text[first.start : first.name]}{written}{comma}{gap}")
        return dropped

    def _drop(self, dropped: Sequence[Assignment]) -> None:
        for one in dropped:
            if one.container == STATEMENT:
                self._put(self._line_start(one.start), self._line_end(one.end), "")
        for container in {one.container for one in dropped} - {STATEMENT}:
            siblings = [one for one in self._found if one.container == container]
            for before, run, behind in _runs(siblings, dropped):
                self._drop_run(before, run, behind)

    def _drop_run(self, before: Assignment | None, run: Sequence[Assignment], behind: Assignment | None) -> None:
        """Drop neighbours in an inline table: with their lines, where they have them to themselves."""
        start, end = run[0].start, run[-1].end
        comma = _TO_COMMA.match(self._text, end)
        line, line_end = self._line_start(start), self._line_end(end)
        rest = self._text[comma.end() if comma else end : line_end].strip(" \t\r\n")
        if not self._text[line:start].strip(" \t") and (not rest or rest.startswith("#")):
            self._put(line, line_end, "")
        elif behind is not None and comma:
            self._put(start, comma.end(), "")
        elif before is not None and "#" not in self._text[before.end : start]:
            self._put(before.end, end, "")
        else:
            self._put(start, end, "")

    def _line_start(self, at: int) -> int:
        return self._text.rfind("\n", 0, at) + 1

    def _line_end(self, at: int) -> int:
        """Behind the line break of the line that ends at or after a place."""
        end = self._text.find("\n", at)
        return len(self._text) if end < 0 else end + 1

    def _newline(self, at: int) -> str:
        """The line break that the line at a place ends with, or the document's where it is the last."""
        end = self._text.find("\n", at)
        end = self._text.find("\n") if end < 0 else end
        return "\r\n" if end > 0 and self._text[end - 1] == "\r" else "\n"


def _runs(
    siblings: Sequence[Assignment], dropped: Sequence[Assignment]
) -> Iterator[tuple[Assignment | None, list[Assignment], Assignment | None]]:
    """The dropped among an inline table's assignments, neighbours together, with those that stay on either side."""
    before: Assignment | None = None
    run: list[Assignment] = []
    for one in siblings:
        if one in dropped:
            run.append(one)
            continue
        if run:
            yield before, run, one
        before, run = one, []
    if run:
        yield before, run, None


def _same(one: Any, other: Any) -> bool:
    """Whether two parsed values are equal, a float that is no number included."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return type(one) is type(other) and (one == other or (one != one and other != other))  # noqa: PLR0124
