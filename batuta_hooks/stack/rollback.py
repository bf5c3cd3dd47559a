"""Takes back what of a release was not published: its tags and its commits; and yanks what was, where that is wanted.

What there is to take back is asked of the world each time, so that a rollback that was killed goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.finding import Unknown
from batuta_hooks.git.command import GitError
from batuta_hooks.git.refs import TAGS
from batuta_hooks.stack.crates_io import Asking
from batuta_hooks.stack.journal import BEGIN, END, Journal
from batuta_hooks.stack.plan_values import Plan, PlannedRelease
from batuta_hooks.stack.processes import Processes
from batuta_hooks.stack.release import Prepared
from batuta_hooks.stack.release_cargo import Cargo
from batuta_hooks.stack.release_registry import Target
from batuta_hooks.stack.release_world import PROPOSED, Registries, Repo, Upload
from batuta_hooks.stack.steps.site import act, acting_environment, dated
from batuta_hooks.stack.work_folder import work_folder

DELETE_REMOTE_TAG, DELETE_TAG, DROP, REVERT = "delete-remote-tag", "delete-tag", "drop-commits", "revert-commits"
DELETE_REMOTE_BRANCH, DELETE_BRANCH = "delete-remote-branch", "delete-branch"
YANK, UNYANK = "yank", "unyank"


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
        return found

    def _repo(self, path: str) -> Repo:
        return Repo(self._gathered.folders[path], self._gathered.facts.repositories[path].release.remote)

    def _own_commits(self, path: str) -> list[tuple[str, int]]:
        """The release's commits of a repository with their waves, the newest first."""
        commits = self._repo(path).release_commits()
        return [(one.commit, one.begun.wave) for one in commits if one.begun.plan_hash == self._plan.plan_hash]

    def _tags(self, release: PlannedRelease) -> list[Action]:
        """The tags that this release made: those on one of its own commits."""
        repo = self._repo(release.repository)
        own = {commit for commit, _ in self._own_commits(release.repository)}
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
        commits = [commit for commit, wave in self._own_commits(path) if wave > last]
        if not commits:
            return []
        branch = next(one.branch for one in self._plan.repositories if one.path == path)
        there = repo.remote_branch(branch) if branch and self._has_remote(repo) else None
        is_pushed = there is not None and any(repo.contains(there, commit) for commit in commits)
        is_last = repo.commit_of("HEAD") == commits[0] and repo.commit_of(f"{commits[0]}~{len(commits)}") is not None
        in_a_row = is_last and repo.ask("rev-list", f"-n{len(commits)}", "HEAD").split() == commits
        if is_pushed or not in_a_row:
            why = f"{len(commits)} commits, by commits that revert them" + (", pushed" if is_pushed else "")
            return [Action(REVERT, path, "", " ".join(commits), why)]
        return [Action(DROP, path, "", " ".join(commits), f"{len(commits)} commits, which were never pushed")]

    def _has_remote(self, repo: Repo) -> bool:
        return repo.remote in repo.ask("remote").splitlines()

    def _yank(self, kind: str, release: PlannedRelease) -> Action:
        why = f"{release.crate} {release.next}" + (" is yanked" if kind == YANK else " can be used again")
        return Action(kind, release.repository, release.crate, release.next, why)

    def _do(self, action: Action, cargo: Cargo, number: int) -> None:
        repo, env = self._repo(action.repository), acting_environment()
        if action.kind == DELETE_REMOTE_TAG:
            ref = f"{TAGS}{action.target}"
            there = repo.remote_refs(ref)[ref]
            act(repo.folder, env, "push", "--quiet", f"--force-with-lease={ref}:{there}", "--", repo.remote, f":{ref}")
        elif action.kind == DELETE_REMOTE_BRANCH:
            ref = action.target
            there = repo.remote_refs(ref)[ref]
            act(repo.folder, env, "push", "--quiet", f"--force-with-lease={ref}:{there}", "--", repo.remote, f":{ref}")
        elif action.kind == DELETE_BRANCH:
            act(repo.folder, env, "update-ref", "-d", action.target)
        elif action.kind == DELETE_TAG:
            act(repo.folder, env, "tag", "--delete", "--", action.target)
        elif action.kind == DROP:
            commits = action.target.split(" ")
            act(repo.folder, env, "reset", "--quiet", "--keep", f"{commits[-1]}^")
        elif action.kind == REVERT:
            self._revert(repo, action.target.split(" "), env)
        else:
            self._ask_registry(action, cargo, number)

    def _revert(self, repo: Repo, commits: Sequence[str], env: dict[str, str]) -> None:
        for commit in commits:
            try:
                if repo.ask("diff-tree", "--no-commit-id", "--name-only", "-r", commit):
                    act(repo.folder, dated(env, repo.time_of(commit)), "revert", "--no-edit", commit)
                else:
                    text = f'Revert "{repo.ask("log", "-1", "--format=%s", commit)}"\n\nThis reverts commit {commit}.'
                    act(repo.folder, env, "commit", "--quiet", "--allow-empty", f"--message={text}")
            except GitError as error:
                mend = "git revert --abort, then revert by hand; the same command goes on with the rest"
                raise BatutaError(
                    f"{commit[:12]} cannot be reverted: {error.said}", where=repo.folder, mend=mend
                ) from error
        branch = next(one.branch for one in self._plan.repositories if self._gathered.folders[one.path] == repo.folder)
        there = repo.remote_branch(branch) if branch and self._has_remote(repo) else None
        if there is not None and repo.contains(there, commits[-1]):
            act(repo.folder, env, "push", "--quiet", "--", repo.remote, f"HEAD:refs/heads/{branch}")

    def _ask_registry(self, action: Action, cargo: Cargo, number: int) -> None:
        release = self._plan.release(action.crate)
        assert release is not None
        place = cargo.place(f"yank-{number}", self._gathered.folders[action.repository])
        options = ["yank", "--version", action.target, *(["--undo"] if action.kind == UNYANK else [])]
        options += ["--registry", release.registry]
        ended = cargo.run([*options, "--", action.crate], place)
        if ended.code:
            raise BatutaError(f"cargo {action.kind} of {action.crate} {action.target} was refused: {ended.said}")
