"""The tracked files of a repository: index, worktree or commit, as a `batuta_hooks.domain.tree.Tree`."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence

from batuta_hooks.domain.tree import ReadFault, starts_with
from batuta_hooks.git.listing import Entry, read_entry, submodule_paths
from batuta_hooks.git.objects import LARGEST_BLOB, Objects

_MOST_LINKS = 40  # as Linux counts before it says ELOOP
_SHA1_DIGITS = 40
_LONGEST_PATH = 4096  # bytes, as Linux opens them
_CONFIGS = ("/.cargo/config.toml", "/.cargo/config")

_IS_FOLDER = ReadFault("Is a directory (os error 21)")
_NOT_THERE = "No such file or directory (os error 2)"
_EMBEDDED = ReadFault("it lies in a repository of its own, which .gitmodules does not name: a clone has nothing there")


def is_manifest(path: str) -> bool:
    """Whether a repository-relative path is a manifest's."""
    return path.endswith("Cargo.toml") and path[-11:] in ("Cargo.toml", "/Cargo.toml")


def is_config(path: str) -> bool:
    """Whether a repository-relative path is one of cargo's configuration files."""
    return path.endswith((".cargo/config.toml", ".cargo/config")) and f"/{path}".endswith(_CONFIGS)


class GitTree:
    """Tracked files by path, read from git's objects or, where ``top`` is given, from the worktree there.

    Args:
        entries: what `batuta_hooks.git.listing.read_listing` returned, by path relative to the top folder.
        objects: the reader of this repository's objects.
        top: the worktree's top folder to read files from; ``None`` to read blobs alone.
        beside: a folder whose files are likely to hold the same bytes as the blobs; such a one is read in the blob's
            place, after a look at its id, and git need not be asked. Empty for none.

    Attributes:
        missing: the files whose object this repository does not have, as in a partial clone, once they were read.
    """

    def __init__(self, entries: dict[str, str], objects: Objects, top: str | None = None, beside: str = "") -> None:
        self._entries = entries
        self._objects = objects
        self._top = top
        self._beside = beside
        special = {path: words for path, words in entries.items() if "0000 " in words[:9]}
        self._links = {path for path, words in special.items() if "120000" in words[:9]}
        self._nested = {path for path, words in special.items() if "160000" in words[:9]}
        self._declared: frozenset[str] | None = None
        self._folders: frozenset[str] | None = None
        self._without_links: frozenset[str] | None = None
        self._manifests: list[str] | None = None
        self._ids: dict[str, str] = {}
        self.missing: set[str] = set()

    def __contains__(self, path: str) -> bool:
        return path in self._entries

    @property
    def reads_worktree(self) -> bool:
        """Whether files are read from the worktree."""
        return self._top is not None

    @property
    def paths(self) -> Collection[str]:
        """Every tracked path: files, symbolic links and submodules."""
        return self._entries.keys()

    @property
    def links(self) -> Collection[str]:
        """The symbolic links among them."""
        return self._links

    @property
    def nested(self) -> Collection[str]:
        """The other repositories among them, submodules or not."""
        return self._nested

    def oid(self, path: str) -> str | None:
        """The id of the object that is tracked at a path, links not followed; ``None`` where nothing is."""
        words = self._entries.get(path)
        return None if words is None else read_entry(words).oid

    def held_oid(self, path: str) -> str:
        """The id of the blob whose bytes `read` would give; empty where there is none, or a link leads there.

        A file of the worktree is read for it, once.
        """
        if path not in self._ids:
            self._ids[path] = self._id(path)
        return self._ids[path]

    def _id(self, path: str) -> str:
        words = self._entries.get(path)
        if words is None or (self._links and self.resolve(path) != path):
            return ""
        entry = read_entry(words)
        if entry.mode == "160000":
            return ""
        if self._top is None or not entry.in_worktree:
            return "" if entry.unmerged else entry.oid
        content = self._read_file(path)
        return blob_id(content, max(len(entry.oid), _SHA1_DIGITS)) if isinstance(content, bytes) else ""

    @property
    def manifest_paths(self) -> Sequence[str]:
        """Every tracked ``Cargo.toml``, sorted."""
        if self._manifests is None:
            self._manifests = sorted(filter(is_manifest, self._entries))
        return self._manifests

    @property
    def config_paths(self) -> Sequence[str]:
        """Every tracked ``.cargo/config.toml`` and ``.cargo/config``, sorted."""
        return sorted(filter(is_config, self._entries))

    def add(self, path: str) -> None:
        """Take in a file of the worktree that is not tracked yet: it is judged as it will be once it is."""
        self._entries[path] = "? 100644 - 0"
        self._ids.pop(path, None)
        self._folders = self._without_links = self._manifests = None

    def folders(self) -> frozenset[str]:
        """Every folder that holds a tracked file, however deep, submodules and links to folders among them; the top
        is the empty string.
        """
        if self._folders is None:
            real = self._real_folders()
            self._folders = real.union(link for link in sorted(self._links) if self.resolve(link) in real)
        return self._folders

    def _real_folders(self) -> frozenset[str]:
        if self._without_links is None:
            found = {"", *self._nested}
            for path in self._entries:
                folder = path.rpartition("/")[0]
                while folder not in found:
                    found.add(folder)
                    folder = folder.rpartition("/")[0]
            self._without_links = frozenset(found)
        return self._without_links

    def in_submodule(self, path: str) -> bool:
        """Whether the path is a submodule's folder or lies below one: a recursive clone has it."""
        place = self.resolve(path) if self._nested else None
        return place is not None and self._nested_above(place) in self._submodules()

    def in_nested(self, path: str) -> bool:
        """Whether the path is another repository's folder or lies below one, a submodule or not."""
        place = self.resolve(path) if self._nested else None
        return place is not None and self._nested_above(place) is not None

    def _nested_above(self, place: str) -> str | None:
        return next((nested for nested in self._nested if starts_with(place, nested)), None)

    def _submodules(self) -> frozenset[str]:
        """The other repositories in this one that a clone can get: `git add` of a folder with a ``.git`` names none."""
        if self._declared is None:
            text = self.read(".gitmodules")
            named = submodule_paths(text) if isinstance(text, bytes) else ()
            # what cannot be read does not tell, and what is not there names none
            self._declared = frozenset(
                self._nested if isinstance(text, ReadFault) else self._nested.intersection(named)
            )
        return self._declared

    def resolve(self, path: str) -> str | None:
        """The path with its symbolic links followed; ``None`` where they leave the repository or make a loop."""
        place, _ = self._follow(path)
        return place if isinstance(place, str) else None

    def read(self, path: str) -> bytes | ReadFault | None:
        """The bytes of a tracked file, symbolic links followed inside the repository; ``None`` if it is not there."""
        while True:
            place, is_link = self._follow(path)
            if isinstance(place, ReadFault):
                return place
            content = self._read_file(place)
            if content is None and place in self._links:
                continue  # the worktree has a link there, which is known now
            if content is None and is_link and not self.in_submodule(place):
                return ReadFault(f"a symbolic link to `{place}`: {_NOT_THERE}")
            return content

    def _follow(self, path: str) -> tuple[str | ReadFault, bool]:
        """The path with its symbolic links followed as the system does it, and whether its end is a link."""
        is_link = False
        if not self._links or len(path) > _LONGEST_PATH:
            return path, is_link
        pending, place, hops = path.split("/")[::-1], "", 0
        while pending:
            part = pending.pop()
            if part in ("", ".", ".."):
                if place not in self._real_folders():
                    return "/".join((place, part, *reversed(pending))), is_link  # of a file: not there
                if part == "..":
                    if not place:
                        return ReadFault("a symbolic link leads out of the repository"), True
                    place = place.rpartition("/")[0]
                continue
            above, place = place, f"{place}/{part}" if place else part
            written = self._read_link(place) if place in self._links else None
            if written is None:
                continue
            hops += 1
            refusal = _refusal(written, hops)
            if refusal is not None:
                return refusal, True
            is_link = is_link or not pending
            place = above
            pending.extend(reversed(written.split("/")))
        return place, is_link

    def _read_link(self, path: str) -> str | None:
        """Where a link leads; ``None`` where the worktree has something else in its place."""
        entry = read_entry(self._entries[path])
        if self._top is None or not entry.in_worktree:
            return self._held(entry)
        place = f"{self._top}/{path}"
        try:
            return os.readlink(place)
        except OSError:
            held = self._held(entry)
            if held is not None and read_regular_file(place) == os.fsencode(held):
                return held  # checked out as a file, where links cannot be made (core.symlinks)
        self._links.discard(path)
        return None

    def _held(self, entry: Entry) -> str | None:
        content = self._objects.read(entry.oid)
        return None if content is None else os.fsdecode(content)

    def _read_file(self, path: str) -> bytes | ReadFault | None:
        if path not in self._entries:
            if path in self._real_folders():
                return _IS_FOLDER
            nested = self._nested_above(path)
            return None if nested is None or nested in self._submodules() else _EMBEDDED
        entry = read_entry(self._entries[path])
        if entry.mode == "160000":
            return _IS_FOLDER
        if self._top is not None and entry.in_worktree:
            place = f"{self._top}/{path}"
            content = read_regular_file(place, follow=False)
            if isinstance(content, ReadFault) and os.path.islink(place):
                self._links.add(path)
                return None
            return content
        if entry.unmerged:
            return ReadFault("it is unmerged in the index: resolve the conflict and `git add` it")
        if self._beside:
            found = read_regular_file(f"{self._beside}/{path}", follow=False)
            if isinstance(found, bytes) and blob_id(found, len(entry.oid)) == entry.oid:
                return found
        content = self._objects.read(entry.oid)
        if content is None:
            self.missing.add(path)
            return ReadFault(f"object {entry.oid} is not in this repository")
        return _bounded(content)


def _refusal(target: str, hops: int) -> ReadFault | None:
    """Why a link is not followed, after so many others."""
    if hops > _MOST_LINKS:
        return ReadFault("Too many levels of symbolic links (os error 40)")
    if target.startswith("/"):
        return ReadFault(f"a symbolic link leads out of the repository, to `{target}`")
    if len(target) > _LONGEST_PATH:
        return ReadFault("File name too long (os error 36)")
    return None


def blob_id(content: bytes, digits: int) -> str:
    """The id that git gives a blob, by how many digits the repository's ids have."""
    if digits == _SHA1_DIGITS:
        try:
            from _sha1 import sha1 as digest  # type: ignore[import-not-found]  # hashlib starts OpenSSL
        except ImportError:
            from hashlib import sha1 as digest
    else:
        from hashlib import sha256 as digest
    return str(digest(b"blob %d\0%s" % (len(content), content)).hexdigest())


def _bounded(content: bytes) -> bytes | ReadFault:
    if len(content) > LARGEST_BLOB:
        return ReadFault(f"larger than {LARGEST_BLOB >> 20} MiB")
    return content


def read_regular_file(path: str, *, follow: bool = True) -> bytes | ReadFault | None:
    """A regular file's bytes from disk; never waits on a pipe, never reads without bound.  ``None``: not there.

    Args:
        follow: whether a symbolic link at the end of the path is followed; if not, it is a fault.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None  # a ValueError is a NUL that a manifest writes into a path
    except OSError as error:
        return ReadFault(f"{error.strerror} (os error {error.errno})")
    try:
        kind = os.fstat(fd).st_mode & 0o170000
        if kind != 0o100000:
            return _IS_FOLDER if kind == 0o040000 else ReadFault("it is not a regular file")
        parts, missing = [], LARGEST_BLOB + 1
        while missing > 0 and (part := os.read(fd, min(missing, 1 << 20))):
            parts.append(part)
            missing -= len(part)
        return _bounded(b"".join(parts))
    except OSError as error:
        return ReadFault(f"{error.strerror} (os error {error.errno})")
    finally:
        os.close(fd)
