"""How many commits HEAD has beyond each tag: all tags of a repository in one walk through its history."""

from __future__ import annotations

import os
from collections.abc import Iterator

from batuta_hooks.git.command import Git, GitError, environment

_NAME = "%(refname:strip=2)"
_COUNT = ("rev-list", "--count", "--left-right")
_MOST = 16


def commits_beyond(folder: str) -> dict[str, int | None]:
    """Each tag of a repository, and the number of HEAD's commits that it does not have.

    ``None`` where the tag is no ancestor of HEAD, as after history was rewritten: then no number says what happened
    since.  A tag of something else than a commit is left out, and a repository without commits has none.

    Raises:
        BatutaError: git cannot be run.
    """
    env = environment(sibling=True)
    listing = ["for-each-ref", f"--format={_NAME}%00%(ahead-behind:HEAD)", "refs/tags"]
    try:
        listed = Git(listing, folder, env).collect()
    except GitError:
        return dict(_one_by_one(folder, env))
    found: dict[str, int | None] = {}
    for line in listed.split(b"\n"):
        name, _, counts = line.partition(b"\0")
        ahead, _, behind = counts.partition(b" ")
        if ahead.isdigit() and behind.isdigit():
            found[os.fsdecode(name)] = int(behind) if ahead == b"0" else None
    return found


def _one_by_one(folder: str, env: dict[str, str]) -> Iterator[tuple[str, int | None]]:
    """The same for a git before 2.41, which cannot count for several refs at once: of the newest tags alone."""
    newest = ["for-each-ref", "--sort=-creatordate", f"--count={_MOST}", f"--format={_NAME}", "refs/tags"]
    for name in Git(newest, folder, env).collect().splitlines():
        tag = os.fsdecode(name)
        try:
            counts = Git(
                ["rev-list", "--count", "--left-right", f"refs/tags/{tag}...HEAD", "--"], folder, env
            ).collect()
            ahead, behind = counts.split()
        except (GitError, ValueError):
            continue
        yield tag, int(behind) if ahead == b"0" else None
