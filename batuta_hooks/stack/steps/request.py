"""Releases by pull request: the release commit is proposed on a branch of its own, and published once it is merged.

However it is merged, it is recognised in the first-parent history of the branch that it was proposed to: as an ancestor
(a merge commit, or a fast-forward), by its trailers (a rebase), by what it writes, or by the versions in the manifests
(a squash, changed in review perhaps).  The first commit there with the change is the one that is published and tagged.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.finding import Unknown
from batuta_hooks.domain.toml_text import TomlFault, read_toml
from batuta_hooks.git.command import LOG
from batuta_hooks.stack.checkouts import git_folders
from batuta_hooks.stack.release_registry import Target
from batuta_hooks.stack.release_trailers import read_message
from batuta_hooks.stack.release_world import PROPOSED, Repo, Upload
from batuta_hooks.stack.steps.commit import Commit
from batuta_hooks.stack.steps.push import branch_of, fetched, push
from batuta_hooks.stack.steps.site import Site, act, acting_environment
from batuta_hooks.stack.steps.step import Undecided, Waiting

_GITHUB = re.compile(r"(?:https://|ssh://git@|git@)github\.com[:/]([\w.-]+/[\w.-]+?)(?:\.git)?/?")


class Request:
    """The release commit of a wave in one repository, from its proposal to its merge.

    Args:
        crates: those of the wave that this repository has.

    Attributes:
        branch: the branch that proposes it, named after the plan and the wave.
    """

    def __init__(self, site: Site, wave: int, crates: Iterable[str]) -> None:
        self.site = site
        self.branch = f"{PROPOSED}{site.plan.id}-{wave}"
        self.commit = Commit(site, wave, crates)
        self._wave = wave
        self._releases = [one for one in site.plan.releases if one.crate in self.commit.crates]

    def target(self) -> str:
        """The commit that the branch of the remote is at which it is proposed to.

        Raises:
            BatutaError: there is no such branch, or the remote cannot be asked.
        """
        branch = branch_of(self.site)
        there = fetched(self.site.repo, branch)
        if there is None:
            repo = self.site.repo
            raise BatutaError(f"{repo.remote} has no branch {branch} to merge into", where=repo.folder, mend="push it")
        return there

    def proposed(self) -> str | None:
        """The release commit: the remote's own before the one here, for it may have been amended there."""
        repo, plan_hash = self.site.repo, self.site.plan.plan_hash
        starts = (self.target(), fetched(repo, self.branch), repo.commit_of(f"refs/heads/{self.branch}"))
        begun = [one for start in starts if start for one in repo.release_commits(start)]
        own = [one for one in begun if one.begun.plan_hash == plan_hash]
        exact = [one.commit for one in own if one.begun.wave == self._wave]
        earlier = [one.commit for one in own if one.begun.wave < self._wave and not self.commit.writing()]
        return next(iter([*exact, *earlier]), None)

    def merged(self) -> str | None:
        """The commit of the target's branch that has the change; ``None`` while there is none.

        Raises:
            BatutaError: the versions there are not those of the plan.
        """
        repo, target, proposed = self.site.repo, self.target(), self.proposed()
        if proposed is None:
            return self._as_it_is(target)
        base = repo.ask("merge-base", f"{proposed}^", target)
        was_there = self._has_versions(base)
        for commit in repo.ask("rev-list", "--first-parent", "--reverse", f"{base}..{target}", "--").split():
            if self._has_change(commit, proposed, was_there=was_there):
                if not self._has_versions(commit):
                    what = f"{self.branch} was merged as {commit[:12]}, and its manifests name other versions"
                    raise BatutaError(what, where=repo.folder, mend="release what is there: batuta-stack release")
                return commit
        return None

    def _as_it_is(self, target: str) -> str | None:
        """Where there is nothing to propose: the commit of what is published, else what the branch is at."""
        repo = self.site.repo
        for one in self._releases:
            found = self.site.registries.upload(Target(repo.folder, one.registry), one.crate, one.next)
            if isinstance(found, Unknown):
                raise Undecided(f"whether {one.crate} {one.next} is published is not known: {found.why}")
            commit = found.facts.commit if isinstance(found, Upload) and not isinstance(found.facts, Unknown) else ""
            if commit and repo.contains(target, commit) and self._has_versions(commit):
                return commit
        is_all = not self.commit.writing() and repo.contains(target, "HEAD") and self._has_versions(target)
        return target if is_all else None

    def _has_change(self, commit: str, proposed: str, *, was_there: bool) -> bool:
        repo = self.site.repo
        if repo.contains(commit, proposed):
            return True
        told, own = (read_message(repo.ask(*LOG, "-1", "--format=%B", one, "--")) for one in (commit, proposed))
        if told is not None and own is not None and (told.plan_hash, told.wave) == (own.plan_hash, own.wave):
            return True
        paths = repo.changed_by(proposed)
        if paths and all(repo.read(f"{commit}:{path}") == repo.read(f"{proposed}:{path}") for path in paths):
            return True
        return not was_there and self._has_versions(commit)

    def _has_versions(self, commit: str) -> bool:
        """Whether the manifests of a commit name the versions of the plan."""
        return all(self._version(commit, one.version_at.path, one.version_at.key) == one.next for one in self._releases)

    def _version(self, commit: str, path: str, key: Iterable[object]) -> object:
        try:
            value: object = read_toml(self.site.repo.read(f"{commit}:{path}") or b"")
        except TomlFault:
            return None
        for part in key:
            value = value.get(part) if isinstance(value, dict) else None
        return value

    def make(self) -> None:
        """Make the release commit on its branch; what is checked out stays as it is.

        Raises:
            BatutaError: the checkout and the remote's branch went different ways, or the commit is refused.
        """
        repo, target = self.site.repo, self.target()
        head = repo.commit_of("HEAD") or target
        if not repo.contains(target, head) and not repo.contains(head, target):
            mend = f"bring them together: git pull --rebase {repo.remote} {branch_of(self.site)}"
            raise BatutaError(
                f"HEAD and {branch_of(self.site)} of {repo.remote} went different ways", where=repo.folder, mend=mend
            )
        base = target if repo.contains(target, head) else head
        number = self.site.plan.repositories.index(self.site.own)
        place = self.site.cargo.place(f"propose-{self._wave}-{number}", repo.folder)
        try:
            self._make(place, base)
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def _make(self, place: str, base: str) -> None:
        """A HEAD of its own beside the repository's refs and objects, as a linked worktree has: no branch moves."""
        tree, own = os.path.join(place, "tree"), os.path.join(place, "git")
        os.makedirs(own)
        with open(os.path.join(own, "HEAD"), "w", encoding="ascii") as file:
            file.write(f"{base}\n")
        common = os.path.realpath(git_folders(self.site.repo.folder)[1])
        local = {"GIT_DIR": own, "GIT_COMMON_DIR": common, "GIT_WORK_TREE": tree}
        self.commit.make(tree, base, local)
        with open(os.path.join(own, "HEAD"), encoding="ascii") as file:
            made = file.read().strip()
        act(self.site.repo.folder, acting_environment(), "update-ref", f"refs/heads/{self.branch}", made)

    def how_to_open(self) -> str:
        """What to do for it to be merged."""
        repo, target = self.site.repo, branch_of(self.site)
        found = _GITHUB.fullmatch(repo.ask("remote", "get-url", repo.remote))
        opening = f"gh pr create --head {self.branch} --base {target} --fill"
        if found:
            opening += f", or https://github.com/{found[1]}/compare/{target}...{self.branch}?expand=1"
        return f"open the request: {opening}\nonce it is merged, by whatever way, run the same command again"


class Propose:
    """Makes the release commit on a branch that is named after the plan."""

    name = "commit"

    def __init__(self, request: Request) -> None:
        self._request = request

    def look(self) -> str | None:
        """The commit that it was merged as, else the one that proposes it."""
        return self._request.merged() or self._request.proposed()

    def act(self) -> None:
        """Make it."""
        self._request.make()


class PushRequest:
    """Pushes the branch that proposes the release commit."""

    name = "push"

    def __init__(self, request: Request) -> None:
        self._request = request

    def look(self) -> str | None:
        """The commit that it was merged as, else what the remote's branch is at."""
        merged = self._request.merged()
        if merged is not None:
            return merged
        repo = self._request.site.repo
        there, proposed = fetched(repo, self._request.branch), self._request.proposed()
        return there if there and proposed and repo.contains(there, proposed) else None

    def act(self) -> None:
        """Push; the user's hooks run."""
        proposed = self._request.proposed()
        if proposed is not None:
            push(self._request.site, proposed, self._request.branch)


class Merge:
    """Waits for nobody: it is merged, or the release goes on another time."""

    name = "merge"

    def __init__(self, request: Request) -> None:
        self._request = request

    def look(self) -> str | None:
        """The commit that it was merged as."""
        return self._request.merged()

    def act(self) -> None:
        """Say what has to be done.

        Raises:
            Waiting: always.
        """
        target = branch_of(self._request.site)
        raise Waiting(f"the merge of {self._request.branch} into {target}", mend=self._request.how_to_open())


class Unpropose:
    """Deletes the branches here that proposed a release which is at its end; those on the remote are its own matter."""

    name = "tidy"

    def __init__(self, repo: Repo, identity: str) -> None:
        self._repo = repo
        self._pattern = f"refs/heads/{PROPOSED}{identity}-*"

    def look(self) -> str | None:
        """That there are none, but for one that is checked out somewhere."""
        return None if self._branches() else "no branch"

    def act(self) -> None:
        """Delete them."""
        for ref, commit in self._branches():
            act(self._repo.folder, acting_environment(), "update-ref", "-d", ref, commit)

    def _branches(self) -> list[tuple[str, str]]:
        form = "--format=%(refname) %(objectname) %(worktreepath)"
        listed = (line.split(" ", 2) for line in self._repo.ask("for-each-ref", form, self._pattern).splitlines())
        return [(ref, commit) for ref, commit, worktree in listed if not worktree]
