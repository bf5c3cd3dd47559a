"""What goes to the remote: the branch with the release commit, and each tag.  Nothing there is ever moved back."""

from __future__ import annotations

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.git.command import GitError
from batuta_hooks.git.refs import TAGS, is_ref_name
from batuta_hooks.stack.pushing import push_ref, why_refused
from batuta_hooks.stack.release_world import Repo
from batuta_hooks.stack.steps.site import Site, act, acting_environment, dated


def branch_of(site: Site) -> str:
    """The branch of the remote that the release commits are to be on.

    Raises:
        BatutaError: there is none.
    """
    branch = site.own.branch
    if not branch or not is_ref_name(branch):
        mend = "check a branch out, or name the one to push as [release] branch"
        raise BatutaError("there is no branch to push", where=site.repo.folder, mend=mend)
    return branch


def fetched(repo: Repo, branch: str) -> str | None:
    """The commit that a branch of the remote is at, which is here then too; ``None`` where there is no such branch.

    The branch that tracks it comes along, as after a push: one that was killed may have left it behind.

    Raises:
        BatutaError: the remote cannot be asked.
    """
    there = repo.remote_branch(branch)
    if there is not None and repo.commit_of(f"refs/remotes/{repo.remote}/{branch}") != there:
        options = ("fetch", "--quiet", "--no-tags", "--", repo.remote, f"refs/heads/{branch}")
        act(repo.folder, acting_environment(), *options)
    return there


def push(site: Site, commit: str, branch: str) -> None:
    """Push a commit to a branch, never by force.

    Raises:
        BatutaError: it was refused.
    """
    repo = site.repo
    try:
        push_ref(repo, f"{commit}:refs/heads/{branch}", pause=site.pause, told=site.told)
    except GitError as error:
        mend = f"look at what {repo.remote} has, bring it together with your branch, then run the same command again"
        raise BatutaError(f"the push was refused: {why_refused(error)}", where=repo.folder, mend=mend) from error


class PushBranch:
    """Pushes the branch, so that what is published can be found."""

    name = "push"

    def __init__(self, site: Site, commit: str) -> None:
        self._site = site
        self._commit = commit
        self._there: str | None = None

    def look(self) -> str | None:
        """The remote's commit, where the release commit is part of it."""
        repo = self._site.repo
        self._there = there = fetched(repo, branch_of(self._site))
        return there if there is not None and repo.contains(there, self._commit) else None

    def act(self) -> None:
        """Push; the user's hooks run."""
        push(self._site, self._ahead(), self._site.own.branch)

    def _ahead(self) -> str:
        """The release commit; HEAD where the remote had moved on and somebody merged that here."""
        repo, there, head = self._site.repo, self._there, self._site.repo.commit_of("HEAD")
        if there is None or head is None or repo.contains(self._commit, there):
            return self._commit
        return head if repo.contains(head, there) and repo.contains(head, self._commit) else self._commit


class Tag:
    """Makes the annotated tag here, signed where git is configured so."""

    name = "tag"

    def __init__(self, site: Site, tag: str, commit: str) -> None:
        self._site = site
        self._tag = tag
        self._commit = commit

    def look(self) -> str | None:
        """The tag's commit, where it is the right one."""
        if not is_ref_name(self._tag):
            raise BatutaError(f"`{self._tag}` is no name for a tag", where=self._site.repo.folder)
        return _right(self._site, self._tag, self._site.repo.tag(self._tag), self._commit, "here")

    def act(self) -> None:
        """Make it; its date is that of the commit, so that it is made alike each time."""
        repo = self._site.repo
        env = dated(acting_environment(), repo.time_of(self._commit))
        act(repo.folder, env, "tag", "--annotate", f"--message={self._tag}", "--", self._tag, self._commit)


class PushTag:
    """Pushes the tag."""

    name = "push-tag"

    def __init__(self, site: Site, tag: str, commit: str) -> None:
        self._site = site
        self._tag = tag
        self._commit = commit

    def look(self) -> str | None:
        """The remote's tag, where it is on the right commit."""
        repo = self._site.repo
        return _right(self._site, self._tag, repo.remote_tag(self._tag), self._commit, f"on {repo.remote}")

    def act(self) -> None:
        """Push; the user's hooks run."""
        repo, ref = self._site.repo, f"{TAGS}{self._tag}"
        try:
            push_ref(repo, f"{ref}:{ref}", "--atomic", pause=self._site.pause, told=self._site.told)
        except GitError as error:
            mend = f"see what {repo.remote} says, then run the same command again"
            raise BatutaError(f"the tag was refused: {why_refused(error)}", where=repo.folder, mend=mend) from error


def _right(site: Site, tag: str, there: str | None, commit: str, where: str) -> str | None:
    if there is None or there == commit:
        return there
    what = f"TC001: the tag {tag} is {where} already, on {there[:12]} and not on {commit[:12]}"
    mend = "tags of a release are never moved: find out who made it, and delete it there if it is wrong"
    raise BatutaError(what, where=site.repo.folder, mend=mend)
