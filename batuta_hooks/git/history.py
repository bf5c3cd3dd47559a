"""The commits since a release, walked in this process; git is asked where dulwich cannot read a repository.

Dulwich reads no SHA-256 and no reftable repositories.  Both say the same: commits in whose first parent's place a file
of the crate changed, merges left out, each before its parents.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from batuta_hooks.git.command import LOG, Git, GitError, environment

MOST_COMMITS = 1000
"""More are not told."""


class Commit(NamedTuple):
    """A commit that changed a crate.

    Attributes:
        message: all of it, its first line the subject.
        time: when it was committed, in seconds since 1970.
    """

    oid: str
    time: int
    message: str

    @property
    def subject(self) -> str:
        """The first line."""
        return self.message.lstrip("\n").partition("\n")[0].strip()


def commits_since(folder: str, old: str, new: str, paths: Sequence[str] = ()) -> tuple[Commit, ...] | None:
    """The commits after `old` up to `new` that changed something at or below `paths`.

    Args:
        folder: the repository's top folder.
        old, new: full ids of commits.
        paths: relative to the top folder; none for everything.

    Returns:
        None where `new` does not descend from `old`: history was rewritten, or is not all here.

    Raises:
        BatutaError: git cannot be run, or fails.
    """
    found = _by_dulwich(folder, old, new, paths)
    if isinstance(found, _Unreadable):
        found = by_git(folder, old, new, paths)
    return found


class _Unreadable:
    """Dulwich cannot read the repository."""


def _by_dulwich(folder: str, old: str, new: str, paths: Sequence[str]) -> tuple[Commit, ...] | _Unreadable | None:
    from dulwich.errors import NotGitRepository, ObjectFormatException
    from dulwich.graph import can_fast_forward
    from dulwich.objects import ObjectID
    from dulwich.repo import Repo, UnsupportedExtension, UnsupportedVersion
    from dulwich.walk import ORDER_TOPO

    start, end = ObjectID(old.encode()), ObjectID(new.encode())
    try:
        with Repo(folder) as repo:
            if not can_fast_forward(repo, start, end):
                return None
            wanted = [os.fsencode(path) for path in paths if path] if all(paths) else []
            walker = repo.get_walker(
                include=[end], exclude=[start], paths=wanted or None, max_entries=MOST_COMMITS, order=ORDER_TOPO
            )
            commits = [entry.commit for entry in walker if len(entry.commit.parents) < 2]
            return _cleaned(
                Commit(commit.id.decode(), commit.commit_time, commit.message.decode("utf-8", "replace"))
                for commit in commits
            )
    except (
        *(NotGitRepository, ObjectFormatException, UnsupportedExtension, UnsupportedVersion),
        *(KeyError, ValueError, NotImplementedError, AssertionError, OSError),
    ):
        return _Unreadable()


def by_git(folder: str, old: str, new: str, paths: Sequence[str] = ()) -> tuple[Commit, ...] | None:
    """As `commits_since`, by git alone."""
    env = environment(sibling=True)
    try:
        Git(["merge-base", "--is-ancestor", old, new], folder, env).collect()
    except GitError as error:
        if error.status in (1, 128):  # 128: it does not have one of them
            return None
        raise
    named = [f":(top,literal){path}" for path in paths if path] if all(paths) else []
    options = [
        *LOG,
        "-z",
        "--topo-order",
        "--no-merges",
        "--full-history",
        f"--max-count={MOST_COMMITS}",
        "--format=%H%n%ct%n%B",
    ]
    listed = Git([*options, f"{old}..{new}", "--", *named], folder, env).collect()
    return _cleaned(_read(listed))


def _read(listed: bytes) -> Iterator[Commit]:
    for record in listed.decode("utf-8", "replace").split("\0"):
        oid, _, rest = record.partition("\n")
        time, _, message = rest.partition("\n")
        if oid:
            yield Commit(oid, int(time), message.rstrip("\n") + "\n")


def _cleaned(commits: Iterator[Commit]) -> tuple[Commit, ...]:
    return tuple(commit._replace(message=commit.message.rstrip("\n") + "\n") for commit in commits)
