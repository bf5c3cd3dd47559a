"""What git tracks, listed: the index, a commit, and which of the index's files a commit would hold."""

from __future__ import annotations

import os
from collections.abc import Mapping

from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.git.command import Git

#: Ids of the empty blob and of the empty tree, which git knows without having them: SHA-1, then SHA-256.
_EMPTY = (
    (b"e69de29bb2d1d6434b8b29ae775ad8c2e48c5391", "4b825dc642cb6eb9a060e54bf8d69288fbee4904"),
    (
        b"473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813",
        "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
    ),
)
_MOST_NAMED = 100  # paths that one command line is given
_LIST_HELD = ("diff-index", "--cached", "--ita-invisible-in-index", "--name-only", "--no-relative", "-z")


class Entry(NamedTuple):
    """A tracked path: git's mode (``100644``, ``120000`` for a link, ``160000`` for a submodule) and object id."""

    mode: str
    oid: str
    unmerged: bool = False
    in_worktree: bool = True


def read_listing(listing: bytes) -> dict[str, str]:
    """What git lists, by path: of ``ls-files -stz`` ``TAG MODE OID STAGE``, of ``ls-tree -rz`` ``MODE TYPE OID``.

    The words are left as they are, for a repository has many files, and few of them are asked for.
    """
    entries = {}
    for record in os.fsdecode(listing).split("\0"):
        words, tab, path = record.partition("\t")
        if tab:
            entries[path] = words
    return entries


def read_entry(words: str) -> Entry:
    """Read the words that `read_listing` leaves."""
    fields = words.split()
    if len(fields) == 4:
        tag, mode, oid, stage = fields
        return Entry(mode, oid, unmerged=stage != "0", in_worktree=tag != "S")
    mode, _, oid = fields
    return Entry(mode, oid)


def submodule_paths(text: bytes) -> list[str]:
    """The folders that a ``.gitmodules`` names, read as git reads its configuration, but for continued lines."""
    paths = []
    for line in text.splitlines():
        key, equals, value = line.partition(b"=")
        if equals and key.split(b"]")[-1].strip().lower() == b"path":
            paths.append(os.fsdecode(_config_value(value.strip())).rstrip("/"))
    return paths


def _config_value(written: bytes) -> bytes:
    """A value of git's configuration without quotes, escapes and comment (`git-config(1)`)."""
    value, is_quoted, signs = bytearray(), False, iter(written)
    for sign in signs:
        if sign == ord("\\"):
            following = next(signs, 0)
            value.append({ord("n"): 10, ord("t"): 9, ord("b"): 8}.get(following, following))
        elif sign == ord('"'):
            is_quoted = not is_quoted
        elif sign in b"#;" and not is_quoted:
            return bytes(value).rstrip()
        else:
            value.append(sign)
    return bytes(value)


def list_index(folder: str | None, env: Mapping[str, str]) -> Git:
    """Start listing the index; its output is for `read_listing`.  Paths are relative to the top folder."""
    return Git(["ls-files", "-s", "-t", "-z", "--full-name", "--", ":/"], folder, env)


def list_commit(commit: str, folder: str | None, env: Mapping[str, str]) -> Git:
    """Start listing a commit's tree; ``commit`` is a full object id."""
    return Git(["ls-tree", "-r", "-z", "--full-tree", commit], folder, env)


class Announced:
    """Finds out what ``git add --intent-to-add`` only announced: a commit will not hold it.

    Announced files look empty.  Git is asked only where one is a manifest or configuration, or is alone in a folder
    beside which there is no manifest: a folder of a workspace, perhaps, that a clone would not have.

    Args:
        entries: what `read_listing` made of ``listing``.
    """

    def __init__(self, entries: dict[str, str], listing: bytes, folder: str | None, env: Mapping[str, str]) -> None:
        self._entries = entries
        self._suspects: list[str] = []
        self._held: Git | None = None
        for blob, tree in _EMPTY:
            if blob in listing:
                self._suspects = _suspects(entries, os.fsdecode(blob))
                if any(_matters(path, entries) for path in self._suspects):
                    few = len(self._suspects) <= _MOST_NAMED
                    named = [f":(top,literal){path}" for path in self._suspects] if few else [":/"]
                    self._held = Git([*_LIST_HELD, tree, "--", *named], folder, env)

    def leave_out(self) -> dict[str, str]:
        """The entries without what was only announced."""
        if self._held is not None:
            held = set(os.fsdecode(self._held.collect()).split("\0"))
            self._held = None
            for path in self._suspects:
                if path not in held:
                    del self._entries[path]
        return self._entries


def _is_judged(path: str) -> bool:
    return path.endswith((".toml", "/config"))


def _suspects(entries: Mapping[str, str], oid: str) -> list[str]:
    filled, empty = set(), []
    for path, words in entries.items():
        if oid in words:
            empty.append(path)
        else:
            filled.add(path.rpartition("/")[0])
    return [path for path in empty if _is_judged(path) or path.rpartition("/")[0] not in filled]


def _matters(path: str, entries: Mapping[str, str]) -> bool:
    if _is_judged(path):
        return True
    above, slash, _ = path.rpartition("/")[0].rpartition("/")
    return f"{above}{slash}Cargo.toml" not in entries
