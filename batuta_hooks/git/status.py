"""``git status``: a checkout's branch, whether it is clean, and how far it is from its upstream."""

from __future__ import annotations

import os
from typing import NamedTuple

from batuta_hooks.git.command import Git, environment


class Status(NamedTuple):
    """How a checkout stands.

    Attributes:
        head: the id of the commit checked out; ``None`` where there is none yet.
        branch: the branch checked out; ``None`` where HEAD is detached.
        upstream: the tracking ref of the branch's upstream; ``None`` where it has none.
        ahead, behind: commits that only the branch, or only its upstream, has; ``None`` where they cannot be compared.
        dirty: whether anything differs from HEAD, untracked files included and ignored ones left out.
        unmerged: whether the index holds conflicts.
    """

    head: str | None
    branch: str | None
    upstream: str | None
    ahead: int | None
    behind: int | None
    dirty: bool
    unmerged: bool


def start_status(folder: str) -> Git:
    """Start asking for the status of the repository whose top is ``folder``; the answer is for `read_status`.

    A folder without a repository of its own fails, whatever repository lies around it.
    """
    env = environment(sibling=True)
    env["GIT_CEILING_DIRECTORIES"] = os.path.dirname(os.path.realpath(folder))
    arguments = ["status", "--porcelain=v2", "--branch", "--ahead-behind", "--untracked-files=normal", "--no-renames"]
    return Git([*arguments, "-z"], folder, env)


def read_status(answer: bytes) -> Status:
    """Read ``git status --porcelain=v2 --branch -z``, as `git-status(1)` describes it."""
    headers: dict[str, str] = {}
    kinds = set()
    records = iter(answer.split(b"\0"))
    for record in records:
        kind, _, rest = record.partition(b" ")
        if kind == b"#":
            name, _, value = os.fsdecode(rest).partition(" ")
            headers[name] = value
        elif kind:
            kinds.add(kind)
            if kind == b"2":
                next(records, None)  # the path that it was renamed from
    ahead, behind = _counts(headers.get("branch.ab", ""))
    head, branch = headers.get("branch.oid"), headers.get("branch.head")
    return Status(
        head=None if head == "(initial)" else head,
        branch=None if branch == "(detached)" else branch,
        upstream=headers.get("branch.upstream"),
        ahead=ahead,
        behind=behind,
        dirty=bool(kinds),
        unmerged=b"u" in kinds,
    )


def _counts(written: str) -> tuple[int | None, int | None]:
    ahead, _, behind = written.partition(" ")
    if ahead[1:].isdecimal() and behind[1:].isdecimal():
        return int(ahead[1:]), int(behind[1:])
    return None, None


def changed_paths(folder: str) -> list[str]:
    """The tracked files of the repository at ``folder`` that differ from HEAD, in the index or in the worktree."""
    arguments = ["status", "--porcelain=v2", "--untracked-files=no", "--no-renames", "-z"]
    answer = Git(arguments, folder, environment(sibling=True)).collect()
    # ordinary entries have eight words before the path, unmerged ones ten; without renames there are no others
    words = {b"1": 8, b"u": 10}
    return [
        os.fsdecode(record.split(b" ", words[record[:1]])[-1]) for record in answer.split(b"\0") if record[:1] in words
    ]
