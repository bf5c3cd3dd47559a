"""What was measured of a crate, when, and of which tree; nothing here is ever made up."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from batuta_hooks.domain.coverage import InvalidCoverage, Lines, Measured, read_coverage
from batuta_hooks.git.command import git
from batuta_hooks.git.tree import read_regular_file
from batuta_hooks.stack.checkouts import Checkout, git_folders

_FOLDERS = ("", "target/coverage", "target/llvm-cov", "target/tarpaulin", "target", "coverage")
_NAMES = ("lcov.info", "cobertura.xml", "coverage.json", "tarpaulin-report.json", "llvm-cov.json", "coverage.lcov")

_LONGEST_ENTRY = 4096

#: Where coverage tools, and the Makefiles that call them, leave their files.
PLACES = tuple(os.path.join(folder, name) for folder in _FOLDERS for name in _NAMES)


class Coverage(NamedTuple):
    """Covered lines.

    Attributes:
        percent: 100 times the covered lines over all that can be covered.
        age_s: seconds since it was measured.
        tree_is_current: whether the checkout is still as it was then.
        source: the file that says so, relative to the repository, or the gate.
        is_of_crate: whether it is about the crate alone; else it is about its whole repository.
    """

    percent: float
    age_s: int
    tree_is_current: bool
    source: str
    is_of_crate: bool


class Found(NamedTuple):
    """The newest readable coverage file of a repository: its path there, what it says, and since when it is there."""

    path: str
    measured: Measured
    written_ns: int


def coverage_in(folder: str, checkout: Checkout, crates: Iterable[str], now: datetime) -> dict[str, Coverage]:
    """The coverage of each crate of a repository, by the crate's folder, as the newest coverage file there has it.

    A file that tells of source files tells of each crate by itself; any other of all of them together.

    Args:
        folder: the absolute path of the checkout.
        crates: the folders of its crates, relative to it; empty for the top folder.

    Raises:
        BatutaError: git cannot be run.
    """
    found = newest_file(folder)
    if found is None:
        return {}
    age_s = max(int(now.timestamp() - found.written_ns / 1e9), 0)
    is_current = _is_current(folder, checkout, found)
    folders = list(crates)
    apart = _by_crate(folder, folders, found.measured.files)
    percents = {crate: lines.percent for crate, lines in apart.items()} or dict.fromkeys(
        folders, found.measured.percent
    )
    return {
        crate: Coverage(percent, age_s, is_current, found.path, bool(apart))
        for crate, percent in percents.items()
        if percent is not None
    }


def newest_file(folder: str) -> Found | None:
    """The coverage file in a checkout that was written last, of those that can be read."""
    written = []
    for place in PLACES:
        try:
            written.append((os.stat(os.path.join(folder, place)).st_mtime_ns, place))
        except OSError:
            continue
    for written_ns, place in sorted(written, reverse=True):
        content = read_regular_file(os.path.join(folder, place))
        if isinstance(content, bytes):
            try:
                return Found(place, read_coverage(content), written_ns)
            except InvalidCoverage:
                continue  # another tool's file may bear that name
    return None


def _by_crate(folder: str, crates: list[str], files: Mapping[str, Lines]) -> dict[str, Lines]:
    """The lines of each crate; nothing where the files' paths do not lead here, as after a run elsewhere."""
    lines: dict[str, list[Lines]] = {}
    # the deepest folder first, so that a root package does not get its members' files
    ordered = sorted(crates, key=lambda crate: -len(crate))
    for path, found in files.items():
        inside = os.path.relpath(os.path.join(folder, path), folder)
        if inside.startswith(".."):
            return {}
        owner = next((crate for crate in ordered if not crate or inside.startswith(f"{crate}/")), None)
        if owner is not None:
            lines.setdefault(owner, []).append(found)
    return {
        crate: Lines(sum(one.covered for one in parts), sum(one.coverable for one in parts))
        for crate, parts in lines.items()
    }


def _is_current(folder: str, checkout: Checkout, found: Found) -> bool:
    """Whether HEAD has not moved since a file was written, and nothing that differs from HEAD was changed since."""
    if checkout.status is None or not _head_stood_still(folder, found.written_ns):
        return False
    if not checkout.status.dirty:
        return True
    listing = git(["status", "--porcelain", "-z", "--untracked-files=normal", "--no-renames"], folder, sibling=True)
    changed = [os.fsdecode(record[3:]) for record in listing.split(b"\0") if record]
    return all(path in PLACES or _changed_ns(os.path.join(folder, path)) <= found.written_ns for path in changed)


def _head_stood_still(folder: str, since_ns: int) -> bool:
    """Whether the reflog's last entry is older; a second that both share is decided by the log's own time."""
    log = os.path.join(git_folders(folder)[0], "logs", "HEAD")
    try:
        moved_ns = os.stat(log).st_mtime_ns
        with open(log, "rb") as file:
            file.seek(max(os.path.getsize(log) - _LONGEST_ENTRY, 0))
            last = file.read().rstrip(b"\n").rpartition(b"\n")[2]
        said_s = int(last.partition(b"\t")[0].split()[-2])
    except (OSError, ValueError, IndexError):
        return False
    # a log that was copied or pruned is younger than what it tells of
    return said_s < since_ns // 10**9 or moved_ns <= since_ns


def _changed_ns(path: str) -> int:
    """When a file was changed; of one that was removed, when its folder was."""
    while True:
        try:
            return os.lstat(path).st_mtime_ns
        except OSError:
            path = os.path.dirname(path)
