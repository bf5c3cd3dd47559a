"""A repository: where it is, and its tracked files at a source."""

from __future__ import annotations

import os

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.git.command import Git, GitError, environment
from batuta_hooks.git.listing import Announced, list_commit, list_index, read_listing
from batuta_hooks.git.objects import Objects
from batuta_hooks.git.tree import GitTree

INDEX = "index"
WORKTREE = "worktree"
TAGS = "tags"

#: Variables by which the worktree is another one than that around the current folder.
_ELSEWHERE = ("GIT_DIR", "GIT_WORK_TREE")
_NO_WORKTREE = "must be run in a work tree"


class Repository:
    """The repository around a folder.  Questions to git start when it is made, so that git works while we import.

    Args:
        folder: any folder in the repository; ``None`` for the current one.
        source: ``index``, ``worktree``, ``""`` where only commits will be asked for, or `TAGS` where mostly tags will.
        sibling: whether it is another repository than the one a hook runs in, see
            `batuta_hooks.git.command.environment`.
        top: the worktree's top folder, where that is known already; empty where it is not.
        listing: what git lists of the index, where that is known already; ``None`` where it is not.
        is_at_top: whether the current folder is the worktree's top folder, as it is for the hooks of a commit; believed
            where that has a ``.git`` and no variable says otherwise.

    Raises:
        BatutaError: git cannot be run.
    """

    def __init__(
        self,
        folder: str | None = None,
        source: str = WORKTREE,
        *,
        sibling: bool = False,
        top: str = "",
        listing: bytes | None = None,
        is_at_top: bool = False,
    ) -> None:
        self.folder = folder
        #: what git is asked with, see `batuta_hooks.git.command.environment`
        self.env = environment(sibling=sibling)
        self._source = source
        # a commit is judged by the index, which does without the top folder unless something is found, and so are tags
        self._asked_top = self._ask_top() if source not in (INDEX, TAGS) and not top else None
        self._listing: Git | bytes | None = None
        if source in (INDEX, WORKTREE):
            self._listing = list_index(folder, self.env) if listing is None else listing
        #: what git lists of the index, once it was taken in
        self.listing: bytes | None = listing
        self._announced: Announced | None = None
        self._entries: dict[str, str] = {}
        is_known = is_at_top and os.path.lexists(".git") and not any(name in os.environ for name in _ELSEWHERE)
        self._top: str | None = os.getcwd() if is_known else top or None
        #: whether most files of the index can be read from the worktree, after a look at their ids
        self.has_checkout = is_known
        self.objects = Objects(folder, self.env)
        self._trees: dict[str, Git] = {}

    def _ask_top(self) -> Git:
        return Git(["rev-parse", "--show-toplevel"], self.folder, self.env)

    @property
    def top(self) -> str:
        """The absolute path of the worktree's top folder; empty where there is no worktree, as in a bare repository.

        Raises:
            BatutaError: there is no repository here.
        """
        if self._top is None:
            asked, self._asked_top = self._asked_top or self._ask_top(), None
            try:
                self._top = os.fsdecode(asked.collect()).removesuffix("\n")
            except GitError as error:
                if _NO_WORKTREE not in error.said:
                    self.close()
                    raise _no_repository(self.folder, error) from error
                self._top = ""
        return self._top

    def advance(self) -> None:
        """Take in what git has listed, and start to ask what that leaves open; `tree` does it where nobody has."""
        if self._listing is None:
            return
        asked, self._listing = self._listing, None
        try:
            listing = asked if isinstance(asked, bytes) else asked.collect()
        except GitError as error:
            self.close()
            raise _no_repository(self.folder, error) from error
        # git lists the index of a bare repository as well: there is none, so the list is empty
        if (self._source == WORKTREE or not listing) and not self.top:
            self.close()
            raise _no_worktree(self.folder)
        self.listing = listing
        self._entries = read_listing(listing)
        if self._source == INDEX:
            self._announced = Announced(self._entries, listing, self.folder, self.env)

    def tree(self) -> GitTree:
        """The tracked files at the index or in the worktree, as this repository was opened.

        Raises:
            BatutaError: there is no repository here, or it has no worktree.
        """
        self.advance()
        if self._announced is not None:
            checkout = self._top or "" if self.has_checkout else ""
            return GitTree(self._announced.leave_out(), self.objects, beside=checkout)
        return GitTree(self._entries, self.objects, self.top)

    def start_tree(self, oid: str) -> None:
        """Start listing the files of a commit, or of an annotated tag's, that `commit_tree` will be asked for."""
        self._trees[oid] = list_commit(oid, self.folder, self.env)

    def commit_tree(self, commit: str, tag: str = "") -> GitTree:
        """The files of a commit, by its full id; `start_tree` may have been given the id of a tag of it instead."""
        listing = self._trees.pop(tag or commit, None) or list_commit(commit, self.folder, self.env)
        return GitTree(read_listing(listing.collect()), self.objects)

    def commit(self, revision: str) -> str:
        """The id of the commit that a revision names.

        Raises:
            BatutaError: there is no such commit.
        """
        self.top  # noqa: B018  says "no repository" before git says something less clear
        found = self.objects.peel(revision)
        if found is None:
            raise BatutaError(
                f"`{revision}` names no commit here",
                mend="name a branch, a tag or a commit id that `git log` knows",
            )
        return found

    def branch(self) -> str:
        """The branch that is checked out, born or not; empty where HEAD is detached."""
        try:
            asked = Git(["symbolic-ref", "--quiet", "HEAD"], self.folder, self.env).collect()
        except GitError:
            return ""
        return os.fsdecode(asked).removesuffix("\n").removeprefix("refs/heads/")

    def is_partial(self) -> bool:
        """Whether it is a partial clone: objects that it lacks are at its remote."""
        try:
            Git(
                ["config", "--get-regexp", r"^(remote\..*\.promisor|extensions\.partialclone)$"], self.folder, self.env
            ).collect()
        except GitError:
            return False
        return True

    def close(self) -> None:
        """End what git is still doing for it."""
        for git in (self._asked_top, self._listing, *self._trees.values()):
            if isinstance(git, Git):
                git.end()
        self._trees.clear()
        self._asked_top = self._listing = None
        self.objects.close()


def _here() -> str:
    try:
        return os.getcwd()
    except OSError:
        return ""  # a folder that was removed while we are in it


def _no_worktree(folder: str | None) -> BatutaError:
    return BatutaError(
        "there is no worktree here: the repository is bare, or this is its git folder",
        where=folder or _here(),
        mend="name a commit: --source HEAD",
    )


def _no_repository(folder: str | None, error: GitError) -> BatutaError:
    where = folder or _here()
    if "not a git repository" in error.said:
        return BatutaError("there is no git repository here", where=where, mend="run it inside one, or `git init`")
    mend = "run `git status` there to see what git wants"
    if "dubious ownership" in error.said:
        _, quote, place = error.said.partition("'")
        mend = f"if you trust it: git config --global --add safe.directory {quote}{place}"
    return BatutaError(error.said or str(error), where=where, mend=mend)
