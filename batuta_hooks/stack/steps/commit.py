"""The release commit: prepared outside of the checkout, and made by one update of the branch.

A kill before that update leaves nothing but a temporary folder.  One after it leaves index and files behind the branch:
that is recognised, for they hold what the commit before it holds, and brought up to it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.git.command import GitError
from batuta_hooks.git.objects import LARGEST_BLOB
from batuta_hooks.stack.checkouts import git_folders
from batuta_hooks.stack.plan_edits import Writing, writing
from batuta_hooks.stack.rehearsal_clones import write_files
from batuta_hooks.stack.release_trailers import message
from batuta_hooks.stack.release_world import History, Repo
from batuta_hooks.stack.steps.site import Site, act, acting_environment, dated


class Commit:
    """Edits a wave's manifests and lock files, and commits them.

    Args:
        crates: those of the wave that this repository has.
    """

    name = "commit"

    def __init__(self, site: Site, wave: int, crates: Iterable[str]) -> None:
        self._site = site
        self._wave = wave
        self.crates = tuple(crates)

    def look(self) -> str | None:
        """The commit, where there is one and the checkout is at it."""
        history = self._site.repo.history()
        commit = self.find(history)
        return commit if commit is not None and not behind(self._site.repo, history) else None

    def find(self, history: History) -> str | None:
        """The release's commit of this wave in the history of what is checked out; one of an earlier wave where this
        one edits nothing more.
        """
        commits = [one for one in history.standing if one.begun.plan_hash == self._site.plan.plan_hash]
        exact = [one.commit for one in commits if one.begun.wave == self._wave]
        earlier = [one.commit for one in commits if one.begun.wave < self._wave and not self.writing()]
        return next(iter([*exact, *earlier]), None)

    def writing(self) -> Writing:
        """What is written with the wave."""
        return writing(self._site.plan, self._site.own.path, self._wave)

    def act(self) -> None:
        """Make the commit, unless it is there, and bring the checkout up to it."""
        history = self._site.repo.history()
        if self.find(history) is None:
            number = self._site.plan.repositories.index(self._site.own)
            place = self._site.cargo.place(f"edit-{self._wave}-{number}", self._site.repo.folder)
            try:
                self._commit(history.head, os.path.join(place, "tree"), os.path.join(place, "index"))
            finally:
                shutil.rmtree(place, ignore_errors=True)
        settle(self._site.repo)

    def _commit(self, head: str, tree: str, index: str) -> None:
        repo = self._site.repo
        if not head:
            raise BatutaError("there is no commit to release from", where=repo.folder)
        git_folder = os.path.realpath(git_folders(repo.folder)[0])
        self.make(tree, head, {"GIT_DIR": git_folder, "GIT_WORK_TREE": tree, "GIT_INDEX_FILE": index})

    def make(self, tree: str, head: str, local: Mapping[str, str]) -> None:
        """Make the commit in a folder of its own.

        Args:
            tree: the folder, which is made.
            head: the commit before.
            local: the variables that tell git of the folder, and which HEAD is to move.

        Raises:
            BatutaError: a manifest cannot be edited, a lock file cannot follow, or git or a hook refuses.
        """
        repo = self._site.repo
        written = self.writing()
        os.makedirs(tree)
        env = {**acting_environment(), **local, "BATUTA_STACK": self._site.workspace}
        # in one go, and whole, whatever part of the repository is checked out here
        act(tree, env, "read-tree", "-m", "-u", "--no-sparse-checkout", "--no-recurse-submodules", head)
        paths = write_files(tree, written)
        if written.relocks:
            paths += self._bring_locks_along(tree, env)
        if paths:
            act(tree, env, "--literal-pathspecs", "add", "--force", "--", *paths)
            self._refuse_dirty(tree, env, head, paths)
        text = message(self._site.plan, self._wave, self.crates)
        env = dated(env, repo.time_of(head))
        try:
            act(tree, env, "commit", "--quiet", "--allow-empty", f"--message={text}")
        except GitError as error:
            said = "\n    ".join(error.text.splitlines()[-12:])
            raise BatutaError(f"the release commit was refused: {said or error.what}", where=repo.folder) from error

    def _refuse_dirty(self, tree: str, env: dict[str, str], head: str, paths: list[str]) -> None:
        """Refuse to write over what is not committed, in those of these files that change indeed."""
        try:
            refuse_dirty(self._site.repo, paths)
        except BatutaError:
            changed = act(tree, env, "diff-index", "--cached", "--name-only", "-z", head).split("\0")
            refuse_dirty(self._site.repo, [path for path in changed if path])

    def _bring_locks_along(self, tree: str, env: dict[str, str]) -> list[str]:
        """Have cargo bring them up to their manifests; the paths of these files."""
        found = []
        listed = act(tree, env, "ls-files", "-z", "--", "Cargo.lock", "*/Cargo.lock").split("\0")
        for lock in filter(None, listed):
            folder = os.path.join(tree, os.path.dirname(lock))
            if not os.path.exists(os.path.join(folder, "Cargo.toml")):
                continue
            ended = self._site.cargo.run(["update", "--quiet", "--workspace"], folder)
            if ended.code:
                where = os.path.join(self._site.repo.folder, lock)
                raise BatutaError(f"the lock file cannot follow its manifests: {ended.said}", where=where)
            found.append(lock)
        return found


def refuse_dirty(repo: Repo, paths: list[str]) -> None:
    """Refuse to write over what is not committed.

    Raises:
        BatutaError: one of these files has changes of the user's.
    """
    if not paths:
        return
    said = repo.ask("--literal-pathspecs", "status", "--porcelain", "--untracked-files=all", "-z", "--", *paths)
    if said.strip("\0"):
        mend = "commit or remove what is there, then run the same command again"
        raise BatutaError(f"{paths[0]} has changes that are not committed", where=repo.folder, mend=mend)


def behind(repo: Repo, history: History) -> list[str]:
    """The files that a release commit at HEAD changed, or the commit that takes one back, and that index or checkout
    hold as they were before it.
    """
    if not history.head or not any(history.head in (one.commit, one.reverted_by) for one in history.releases):
        return []
    paths = repo.changed_by(history.head)
    revisions = (f"{history.head}^", history.head, ":0")
    blobs = repo.read_all(f"{revision}:{path}" for path in paths for revision in revisions)
    return [path for path in paths if _is_old(repo, path, *(blobs[f"{revision}:{path}"] for revision in revisions))]


def settle(repo: Repo) -> list[str]:
    """Bring index and checkout up to a release commit at HEAD, or its revert, after a kill too; the files behind it."""
    paths = behind(repo, repo.history())
    if paths:
        act(repo.folder, acting_environment(), "--literal-pathspecs", "checkout", "--quiet", "HEAD", "--", *paths)
    return paths


def _is_old(repo: Repo, path: str, before: bytes | None, after: bytes | None, staged: bytes | None) -> bool:
    """Whether a file or its index entry is what a release's edit was begun from, or the edit cut short."""
    try:
        with open(os.path.join(repo.folder, path), "rb") as file:
            now: bytes | None = file.read(LARGEST_BLOB + 1)
    except OSError:
        now = None
    if staged == after and now == after:
        return False
    is_cut = now is None or (after is not None and after.startswith(now))
    return staged in (before, after, None) and (now == before or is_cut)
