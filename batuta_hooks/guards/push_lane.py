"""A push: which refs go out, and the commits to judge for them, whatever is checked out."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.gather.repository import Repository
from batuta_hooks.git.pushed import MOST_BYTES, PushedRef, framework_stage, pushed_by_framework, read_pushed
from batuta_hooks.guards.options import Options

TYPE_CHECKING = False

if TYPE_CHECKING:
    from batuta_hooks.guards.judging import Check, Judging, Verdict


def pushed_refs(options: Options) -> list[PushedRef]:
    """The refs that are pushed: from git's lines on standard input, else from a framework's variables.

    Standard input is read only under ``--stage push``; frameworks leave it empty.

    Raises:
        BatutaError: see `git_lines`.
    """
    if options.stage != "push":
        return [pushed_by_framework(os.environ)]
    return git_lines() or ([pushed_by_framework(os.environ)] if is_pushed_by_framework() else [])


def is_pushed_by_framework() -> bool:
    """Whether pre-commit or prek runs this for a push."""
    return framework_stage(os.environ) == "push"


def git_lines() -> list[PushedRef]:
    """The refs that git's lines on standard input tell of.

    Raises:
        BatutaError: standard input is closed or a terminal, and no framework is at work that leaves it so; or it holds
            something else than git's lines.
    """
    if sys.stdin is not None and not sys.stdin.isatty():
        return read_pushed(sys.stdin.buffer.read(MOST_BYTES + 1))
    if is_pushed_by_framework():
        return []
    what = "is closed" if sys.stdin is None else "is a terminal"
    raise BatutaError(
        f"--stage push reads git's lines from standard input, which {what} here",
        mend="let git call it as a pre-push hook, or judge a revision: --source HEAD",
    )


def judge_pushed(
    options: Options,
    pushed: Sequence[PushedRef],
    load_check: Callable[[], Check],
    load_judging: Callable[[], type[Judging]],
) -> Verdict:
    """Judge the tip of each ref, or each commit that the push brings; deletions bring none.

    Raises:
        BatutaError: a pushed object is not here, or the configuration is wrong.
    """
    from batuta_hooks.guards.judging import Verdict

    if not pushed:
        return Verdict()
    repository = Repository(source="")
    try:
        repository.objects.start()
        repository.top  # noqa: B018  says "no repository" before git says something less clear
        judging = load_judging()(repository, load_check(), "push", options.refresh_s)
        remote_name = options.remote or os.environ.get("PRE_COMMIT_REMOTE_NAME", "")
        commits: dict[str, Callable[[], str]] = {}
        for ref in pushed:
            tip = _tip(ref, repository)
            if tip:
                known = repository.objects.peel(ref.remote) or ""
                base = _base(known, tip, remote_name)
                if options.every_commit:
                    from batuta_hooks.git.ranges import commits_between

                    commits.update(dict.fromkeys(commits_between(known, tip, remote_name), base))
                commits[tip] = base
        for commit, base in commits.items():
            judging.judge(repository.commit_tree(commit), (), commit, base)
        return judging.verdict(len(pushed))
    finally:
        repository.close()


def _tip(ref: PushedRef, repository: Repository) -> str | None:
    """The commit that a ref will name; ``None`` for a deletion, or a tag of a tree or blob, which holds no manifest."""
    if not ref.local:
        return None
    tip = repository.objects.peel(ref.local)
    if tip is None and repository.objects.find(ref.local) is None:
        raise BatutaError(
            f"`{ref.local}`, which is pushed, is not an object of this repository",
            mend="call it where the push starts, or judge a revision: --source HEAD",
        )
    return tip


def _base(known: str, tip: str, remote_name: str) -> Callable[[], str]:
    """What finds the commit to compare with: the remote's, or for a new ref the nearest that it is known to have."""

    def base() -> str:
        from batuta_hooks.git.ranges import nearest_known

        return known or nearest_known(tip, remote_name)

    return base
