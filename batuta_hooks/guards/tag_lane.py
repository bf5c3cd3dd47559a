"""Which tags are judged: those of a push, those that a person names, or those at HEAD."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.tags import may_hold_version
from batuta_hooks.gather.repository import INDEX, WORKTREE, Repository
from batuta_hooks.gather.repository import TAGS as TAGS_ALONE
from batuta_hooks.git.command import GitError
from batuta_hooks.git.pushed import PushedRef, pushed_by_framework
from batuta_hooks.git.refs import TAGS, list_tags, read_tags
from batuta_hooks.guards.options import Options
from batuta_hooks.guards.push_lane import git_lines, is_pushed_by_framework

TYPE_CHECKING = False

if TYPE_CHECKING:
    from batuta_hooks.guards.judging import Check, Verdict

#: Of so many refs the files are listed before they are asked for.
_FORESEEN = 2


def judge_tags(options: Options, load_check: Callable[[], Check]) -> Verdict:
    """Judge the tags that the options, standard input and a framework's variables ask for.

    Raises:
        BatutaError: an object or a revision is not here, or the configuration is wrong.
    """
    options = _as_git_calls(options)
    is_push = options.stage == "push"
    pushed = git_lines() if is_push else []
    is_told = not pushed and is_pushed_by_framework() and options.stage in ("", "push")
    if is_push and not is_told and not any(ref.remote_ref.startswith(TAGS) for ref in pushed):
        from batuta_hooks.guards.judging import Verdict

        return Verdict(refs=len(pushed))
    repository = Repository(source=TAGS_ALONE)
    listing = list_tags(None, repository.env)
    try:
        repository.objects.start()
        for ref in pushed[:_FORESEEN]:
            if ref.local and ref.remote_ref.startswith(TAGS) and may_hold_version(ref.remote_ref):
                repository.start_tree(ref.local)
        # git is at work while these are imported
        from batuta_hooks.gather.tags import TagsOf, with_tags
        from batuta_hooks.guards.judging import Judging

        stage = "push" if is_push or is_told else options.stage or "manual"
        judging = Judging(repository, load_check(), stage, options.refresh_s)
        if is_told:
            refs = with_tags(repository, pushed_by_framework(os.environ))
        else:
            refs = pushed or _wanted(options, repository)
        for tag in TagsOf(repository, refs, lambda: read_tags(listing)):
            judging.judge(tag.tree, (), tag.commit, "", tag.facts)
        return judging.verdict(len(refs))
    except GitError:
        repository.top  # noqa: B018  where there is no repository it says so more clearly
        raise
    finally:
        listing.end()
        repository.close()


def _as_git_calls(options: Options) -> Options:
    """The options as a script of ours writes them, where git's own two arguments came as operands.

    They are a remote's name and address; for a push to an address git writes it twice, and no tag is called so.
    """
    if len(options.files) != 2 or options.stage or sys.stdin is None or sys.stdin.isatty():
        return options
    from batuta_hooks.git.command import environment
    from batuta_hooks.git.refs import is_ref_name, remote_names

    name, url = options.files
    is_address = name == url and not is_ref_name(name.removeprefix(TAGS))
    if is_address or name in remote_names(None, environment()):
        return options._replace(stage="push", remote=name, url=url, files=())
    return options


def _wanted(options: Options, repository: Repository) -> list[PushedRef]:
    """The tags that operands name; those of HEAD where there are none."""
    from batuta_hooks.gather.tags import named_tags, tags_of_commit

    if options.source in (INDEX, WORKTREE):
        raise BatutaError(f"--source {options.source}: a tag names a commit", mend="name a revision, such as HEAD")
    revision = options.source or "HEAD"
    if options.files:
        return named_tags(repository, options.files, revision)
    return tags_of_commit(repository, revision)
