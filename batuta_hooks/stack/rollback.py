"""Takes back what of a release was not published: its tags and its commits; and yanks what was, where that is wanted.

What there is to take back is asked of the world each time, so that a rollback that was killed goes on.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.finding import Unknown
from batuta_hooks.git.command import LOG, GitError
from batuta_hooks.git.refs import TAGS
from batuta_hooks.stack.checkouts import git_folders
from batuta_hooks.stack.crates_io import Asking
from batuta_hooks.stack.journal import BEGIN, END, Journal, uploads_in
from batuta_hooks.stack.plan_values import Plan, PlannedRelease
from batuta_hooks.stack.processes import Processes
from batuta_hooks.stack.pushing import push_ref, why_refused
from batuta_hooks.stack.release import Prepared
from batuta_hooks.stack.release_cargo import Cargo
from batuta_hooks.stack.release_registry import Target
from batuta_hooks.stack.release_world import PROPOSED, Registries, ReleaseCommit, Repo, Upload
from batuta_hooks.stack.steps.commit import refuse_dirty, settle
from batuta_hooks.stack.steps.site import act, acting_environment, dated
from batuta_hooks.stack.work_folder import work_folder

DELETE_REMOTE_TAG, DELETE_TAG, DROP, REVERT = "delete-remote-tag", "delete-tag", "drop-commits", "revert-commits"
DELETE_REMOTE_BRANCH, DELETE_BRANCH = "delete-remote-branch", "delete-branch"
PUSH_REVERTS = "push-reverts"
YANK, UNYANK = "yank", "unyank"

_INDEX_LAG_S = 600.0  # for so long what was uploaded may not be in the index


class Action(NamedTuple):
    """One thing that is taken back.

    Attributes:
        kind: a constant of this module.
        crate: empty for a whole repository's commits.
        target: the tag, the commits separated by blanks, or the version.
        why: what it is about, for people.
    """

    kind: str
    repository: str
    crate: str
    target: str
    why: str


class Kept(NamedTuple):
    """What stays, and why: a clause."""

    crate: str
    why: str


class Rollback(NamedTuple):
    """What there is to take back, in its order."""

    actions: tuple[Action, ...]
    kept: tuple[Kept, ...]


Told = Callable[[Action], None]
"""Is called with each action, once it is done."""


class Roller:
    """Takes a release back.

    Args:
        prepared: the release, as `batuta_hooks.stack.release.prepare` finds it by its identity.
    """

    def __init__(self, prepared: Prepared, asking: Asking) -> None:
        self._plan: Plan = prepared.plan
        self._gathered = prepared.gathered
        self._registries = Registries(asking)
        self._journal = Journal(prepared.own, f"{prepared.plan.id}-rollback")
        self._uploads = uploads_in(prepared.own, prepared.plan.id)

    def plan(self, *, yanks: bool, undoes: bool) -> Rollback:
        """What there is to do now: for a release that went out in part, what did not; with `yanks` also what did.

        Raises:
            BatutaError: a registry or a remote cannot be asked.
        """
        uploads = {one.crate: self._upload(one) for one in self._plan.releases}
        if undoes:
            order = self._plan.releases
            wanted = [one for one in order if (found := uploads[one.crate]) is not None and found.yanked]
            return Rollback(tuple(self._yank(UNYANK, one) for one in wanted), ())
        actions, kept = [], []
        for one in reversed(self._plan.releases):
            found = uploads[one.crate]
            if found is None:
                actions += self._tags(one)
            elif yanks and not found.yanked:
                actions.append(self._yank(YANK, one))
            else:
                kept.append(Kept(one.crate, "it is yanked" if found.yanked else "it is published; --yank yanks it"))
        published = {crate for crate, found in uploads.items() if found is not None}
        for repository in reversed(self._plan.repositories):
            if repository.by_request:
                actions += self._branches(repository.path, published)
            else:
                actions += self._commits(repository.path, published)
        return Rollback(tuple(actions), tuple(kept))

    def carry_out(self, rollback: Rollback, told: Told) -> None:
        """Do it.

        Raises:
            BatutaError: git or cargo refuses; what was done stays done, and the same command goes on.
        """
        with work_folder() as work, Processes() as processes:
            cargo = Cargo(processes, work)
            self._work = work
            for number, action in enumerate(rollback.actions):
                self._journal.write(BEGIN, **{**action._asdict(), "step": action.kind})
                self._do(action, cargo, number)
                self._journal.write(END, **{**action._asdict(), "step": action.kind, "was_done": False})
                told(action)

    def _upload(self, release: PlannedRelease) -> Upload | None:
        target = Target(self._gathered.folders[release.repository], release.registry)
        found = self._registries.listed(target, release.crate, release.next)
        if isinstance(found, Unknown):
            raise BatutaError(f"whether {release.crate} {release.next} is published is not known: {found.why}")
        if found is None and time.time() - self._uploads.get(release.crate, 0.0) < _INDEX_LAG_S:
            what = f"{release.crate} {release.next} was uploaded a moment ago, and the index does not have it yet"
            raise BatutaError(what, mend="wait until it has, then run the same command again")
        return found

    def _repo(self, path: str) -> Repo:
        return Repo(self._gathered.folders[path], self._gathered.facts.repositories[path].release.remote)

    def _own_commits(self, path: str) -> list[ReleaseCommit]:
        """The release's commits of a repository, those that were reverted too, the newest first."""
        commits = self._repo(path).history().releases
        return [one for one in commits if one.begun.plan_hash == self._plan.plan_hash]

    def _tags(self, release: PlannedRelease) -> list[Action]:
        """The tags that this release made: those on one of its own commits."""
        repo = self._repo(release.repository)
        own = {one.commit for one in self._own_commits(release.repository)}
        found = []
        if self._has_remote(repo) and repo.remote_tag(release.tag) in own:
            why = f"the tag {release.tag} on {repo.remote}, of a version that is not published"
            found.append(Action(DELETE_REMOTE_TAG, release.repository, release.crate, release.tag, why))
        if repo.tag(release.tag) in own:
            why = f"the tag {release.tag} here, of a version that is not published"
            found.append(Action(DELETE_TAG, release.repository, release.crate, release.tag, why))
        return found

    def _last_wave(self, path: str, published: set[str]) -> int:
        """The last wave from whose commit in a repository something was published."""
        own = [one for one in self._plan.releases if one.repository == path and one.crate in published]
        return max((one.wave or 0 for one in own), default=0)

    def _branches(self, path: str, published: set[str]) -> list[Action]:
        """The branches here and on the remote that propose what was not published."""
        repo = self._repo(path)
        last, name = self._last_wave(path, published), f"refs/heads/{PROPOSED}{self._plan.id}-"
        refs = repo.ask("for-each-ref", "--format=%(refname)", f"{name}*").split()
        there = repo.remote_refs(f"{name}*") if self._has_remote(repo) else {}
        found = []
        for kind, listed, where in ((DELETE_REMOTE_BRANCH, there, f"on {repo.remote}"), (DELETE_BRANCH, refs, "here")):
            for ref in sorted(listed):
                wave = ref.removeprefix(name)
                if wave.isdecimal() and int(wave) > last:
                    short = ref.removeprefix("refs/heads/")
                    found.append(Action(kind, path, "", ref, f"the branch {short} {where}, which proposes the release"))
        return found

    def _commits(self, path: str, published: set[str]) -> list[Action]:
        """Its commits in a repository, but those that something was published from and those before them."""
        repo = self._repo(path)
        last = self._last_wave(path, published)
        own = [one for one in self._own_commits(path) if one.begun.wave > last]
        if not own:
            return []
        commits = [one.commit for one in own if not one.reverted_by]
        branch = self._branch(path)
        there = repo.remote_branch(branch) if branch and self._has_remote(repo) else None
        if not commits:
            left = [
                one
                for one in own
                if there and repo.contains(there, one.commit) and not repo.contains(there, one.reverted_by)
            ]
            why = f"the commits that take the release back, to {branch} of {repo.remote}"
            return [Action(PUSH_REVERTS, path, "", branch, why)] if left else []
        is_pushed = there is not None and any(repo.contains(there, commit) for commit in commits)
        is_last = repo.commit_of("HEAD") == commits[0] and repo.commit_of(f"{commits[0]}~{len(commits)}") is not None
        in_a_row = is_last and repo.ask("rev-list", f"-n{len(commits)}", "HEAD").split() == commits
        if is_pushed or not in_a_row:
            why = f"{_counted(commits)}, to be reverted by others" + (", which are pushed" if is_pushed else "")
            return [Action(REVERT, path, "", " ".join(commits), why)]
        return [Action(DROP, path, "", " ".join(commits), f"{_counted(commits)}, never pushed")]

    def _branch(self, path: str) -> str:
        return next(one.branch for one in self._plan.repositories if one.path == path)

    def _has_remote(self, repo: Repo) -> bool:
        return repo.remote in repo.ask("remote").splitlines()

    def _yank(self, kind: str, release: PlannedRelease) -> Action:
        why = f"{release.crate} {release.next}" + (" is yanked" if kind == YANK else " can be used again")
        return Action(kind, release.repository, release.crate, release.next, why)

    def _do(self, action: Action, cargo: Cargo, number: int) -> None:
        repo, env = self._repo(action.repository), acting_environment()
        if action.kind == DELETE_REMOTE_TAG:
            _delete_there(repo, f"{TAGS}{action.target}")
        elif action.kind == DELETE_REMOTE_BRANCH:
            _delete_there(repo, action.target)
        elif action.kind == DELETE_BRANCH:
            act(repo.folder, env, "update-ref", "-d", action.target)
        elif action.kind == DELETE_TAG:
            act(repo.folder, env, "tag", "--delete", "--", action.target)
        elif action.kind == DROP:
            # one at a time: what is left of one by a kill is known from the commit that it was
            for commit in action.target.split(" "):
                act(repo.folder, env, "reset", "--quiet", "--keep", f"{commit}^")
        elif action.kind == REVERT:
            for commit in action.target.split(" "):
                self._revert(repo, commit, env)
            self._push_reverts(repo, action.repository, action.target.split(" ")[-1])
        elif action.kind == PUSH_REVERTS:
            self._push_reverts(repo, action.repository, "")
        else:
            self._ask_registry(action, cargo, number)

    def _revert(self, repo: Repo, commit: str, env: Mapping[str, str]) -> None:
        """Revert a commit outside of the checkout, by one update of the branch, and bring the checkout up to that."""
        listed = repo.ask("diff-tree", "--no-commit-id", "--name-only", "-r", "-z", commit).split("\0")
        paths = [path for path in listed if path]
        refuse_dirty(repo, paths)
        place = os.path.join(self._work, "revert")
        tree, index = os.path.join(place, "tree"), os.path.join(place, "index")
        os.makedirs(tree)
        git_folder = os.path.realpath(git_folders(repo.folder)[0])
        local = {**env, "GIT_DIR": git_folder, "GIT_WORK_TREE": tree, "GIT_INDEX_FILE": index}
        local = dated(local, repo.time_of("HEAD"))
        try:
            act(tree, local, "read-tree", "HEAD")
            act(tree, local, "checkout-index", "--all", "--quiet")
            if paths:
                act(tree, local, "revert", "--no-edit", commit)
            else:
                text = f'Revert "{repo.ask(*LOG, "-1", "--format=%s", commit)}"\n\nThis reverts commit {commit}.'
                act(tree, local, "commit", "--quiet", "--allow-empty", f"--message={text}")
        except GitError as error:
            act(tree, local, "revert", "--quit")
            mend = f"git revert {commit[:12]} by hand, then run the same command again: it goes on with the rest"
            what = f"{commit[:12]} cannot be reverted: {error.said}"
            raise BatutaError(what, where=repo.folder, mend=mend) from error
        finally:
            shutil.rmtree(place)
        settle(repo)

    def _push_reverts(self, repo: Repo, path: str, commit: str) -> None:
        """Push the branch, where the remote has the commit; any commit of the release where none is given."""
        branch = self._branch(path)
        there = repo.remote_branch(branch) if branch and self._has_remote(repo) else None
        if there is None or (commit and not repo.contains(there, commit)):
            return
        try:
            push_ref(repo, f"HEAD:refs/heads/{branch}")
        except GitError as error:
            mend = f"bring {branch} together with what {repo.remote} has, then run the same command again"
            raise BatutaError(f"the push was refused: {why_refused(error)}", where=repo.folder, mend=mend) from error

    def _ask_registry(self, action: Action, cargo: Cargo, number: int) -> None:
        release = self._plan.release(action.crate)
        assert release is not None
        place = cargo.place(f"yank-{number}", self._gathered.folders[action.repository])
        options = ["yank", "--version", action.target, *(["--undo"] if action.kind == UNYANK else [])]
        options += ["--registry", release.registry]
        ended = cargo.run([*options, "--", action.crate], place)
        if ended.code:
            raise BatutaError(f"cargo {action.kind} of {action.crate} {action.target} was refused: {ended.said}")


def _counted(commits: Sequence[str]) -> str:
    return f"{len(commits)} commit{'s' * (len(commits) != 1)}"


def _delete_there(repo: Repo, ref: str) -> None:
    """Delete a ref of the remote, if it is what it is now."""
    there = repo.remote_refs(ref).get(ref)
    if there is not None:
        push_ref(repo, f":{ref}", f"--force-with-lease={ref}:{there}")
