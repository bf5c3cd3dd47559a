"""Carries a release out, wave by wave: every step asks the world, acts, and asks again.

Repositories of a wave do not wait for each other.  After a failure its wave goes on with whatever does not need what
failed, and no later wave begins.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock
from typing import NamedTuple

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.stack.crates_io import Asking
from batuta_hooks.stack.journal import BEGIN, END, NOTE, OVER, Journal
from batuta_hooks.stack.plan_values import Plan, PlannedRelease
from batuta_hooks.stack.processes import Processes
from batuta_hooks.stack.release_cargo import Cargo
from batuta_hooks.stack.release_gather import Gathered
from batuta_hooks.stack.release_registry import Target
from batuta_hooks.stack.release_world import Registries, Repo
from batuta_hooks.stack.steps.commit import Commit
from batuta_hooks.stack.steps.publish import Index, Publish, Verify, Wanted
from batuta_hooks.stack.steps.push import PushBranch, PushTag, Tag
from batuta_hooks.stack.steps.request import Merge, Propose, PushRequest, Request, Unpropose
from batuta_hooks.stack.steps.site import Pace, Site
from batuta_hooks.stack.steps.step import Step, Undecided, Waiting
from batuta_hooks.stack.work_folder import work_folder

PLANNED, PREPARED, PUBLISHED, WAITING = "planned", "prepared", "published", "waiting"
UNKNOWN, TAGGED, DONE, FAILED, BLOCKED = "unknown", "tagged", "done", "failed", "blocked"

_MOST_REPOSITORIES = 16


class Outcome(NamedTuple):
    """How the release of a crate stands.

    Attributes:
        state: a constant of this module.
        why: what stopped it, a clause, or the crates that it waits for; empty where nothing did.
        mend: what to do about it.
        commit: the commit that it is released from, once there is one.
    """

    state: str = PLANNED
    why: str = ""
    mend: str = ""
    commit: str = ""


class Doing(NamedTuple):
    """A step as it begins or ends.

    Attributes:
        crate: empty for a step of a whole repository.
        state: ``begin``, ``end``, or ``note`` for a clause in `detail`.
        was_done: whether the world said that it was done before.
    """

    repository: str
    crate: str
    step: str
    state: str
    seconds: float = 0.0
    detail: str = ""
    was_done: bool = False


class Manner(NamedTuple):
    """How to release.

    Attributes:
        publishes: whether crates go to the registry; else the first wave's commits are made, and that is all.
        pushes: whether branches and tags go to the remote.
        verifies_build: whether cargo builds each package before it uploads it.
    """

    publishes: bool
    pushes: bool
    verifies_build: bool = True
    pace: Pace = Pace()
    jobs: int | None = None


Told = Callable[[Doing], None]
"""Is called with each step, from several threads."""


class Run:
    """A release that is carried out.

    Args:
        workspace: the stack's folder.

    Attributes:
        outcomes: of each crate of the plan, as far as they are known.
    """

    def __init__(
        self,
        plan: Plan,
        gathered: Gathered,
        asking: Asking,
        workspace: str,
        journal: Journal,
        manner: Manner,
        told: Told,
    ) -> None:
        self.outcomes = {one.crate: Outcome() for one in plan.releases}
        self._plan = plan
        self._gathered = gathered
        self._asking = asking
        self._workspace = workspace
        self._journal = journal
        self._manner = manner
        self._told = told
        self._lock = Lock()
        self._number = 0
        self._stopping = Event()

    def run(self) -> None:
        """Carry it out; how it went is in `outcomes`.

        Raises:
            BatutaError: there is no cargo, or no folder for it outside of any cargo configuration.
        """
        with work_folder() as work, Processes() as processes:
            self._cargo = Cargo(processes, work)
            self._cargo.require()
            try:
                for number, wave in enumerate(self._plan.waves, 1):
                    if not self._wave(number, wave):
                        break
                self._tidy()
            except BaseException:
                processes.end()
                self._block()
                raise
        self._block()
        self._journal.write(OVER, outcomes={crate: one._asdict() for crate, one in self.outcomes.items()})

    def _wave(self, number: int, wave: Sequence[str]) -> bool:
        """Whether the next wave may begin."""
        self._number = number
        by_repository: dict[str, list[PlannedRelease]] = {}
        for one in sorted((one for one in self._plan.releases if one.crate in wave), key=lambda one: not one.is_new):
            by_repository.setdefault(one.repository, []).append(one)
        workers = min(_MOST_REPOSITORIES, max(self._manner.jobs or 0, len(by_repository)))
        with ThreadPoolExecutor(max_workers=workers) as threads:
            running = [
                threads.submit(self._repository, number, path, releases) for path, releases in by_repository.items()
            ]
            try:
                for future in running:
                    future.result()
            except KeyboardInterrupt:
                self._stopping.set()
                detail = "interrupted: steps that have begun come to their end, no other begins; once more ends them"
                self._told(Doing("batuta-stack", "", "", NOTE, detail=detail))
                raise
        states = {self.outcomes[crate].state for crate in wave}
        return states <= {DONE} and self._manner.publishes

    def _tidy(self) -> None:
        """Delete what proposed the release, once all of it is done: till then its branches tell of the plan."""
        if any(one.state != DONE for one in self.outcomes.values()):
            return
        for own in self._plan.repositories:
            if own.by_request:
                try:
                    step = Unpropose(Repo(self._gathered.folders[own.path], own.remote), self._plan.id)
                    self._step(own.path, "", step)
                except (BatutaError, OSError) as error:  # it is released all the same
                    detail = f"a branch that proposed the release stays: {error}"
                    self._told(Doing(own.path, "", "", NOTE, detail=detail))

    def _repository(self, wave: int, path: str, releases: Sequence[PlannedRelease]) -> None:
        with Registries(self._asking) as registries:
            site = self._site(path, registries)
            with site.repo:
                self._released(wave, site, releases)

    def _released(self, wave: int, site: Site, releases: Sequence[PlannedRelease]) -> None:
        path, crates = site.own.path, [one.crate for one in releases]
        try:
            commit = self._commit(site, wave, crates)
        except (BatutaError, OSError) as error:
            self._stop(crates, error)
            return
        if not self._manner.publishes:
            return
        uploaded = []
        for release in releases:
            wanted = Wanted(site, release, commit, Target(site.repo.folder, release.registry))
            try:
                self._step(path, release.crate, Publish(wanted))
                self._set([release.crate], state=PUBLISHED)
                uploaded.append(wanted)
            except (BatutaError, OSError) as error:
                self._stop([release.crate], error)
        for wanted in uploaded:
            try:
                self._finish(site, wanted)
            except (BatutaError, OSError) as error:
                self._stop([wanted.release.crate], error)

    def _commit(self, site: Site, wave: int, crates: Sequence[str]) -> str:
        """Have the release commit made, and pushed or merged where that is wanted."""
        path = site.own.path
        if not site.own.by_request:
            commit = self._step(path, "", Commit(site, wave, crates))
            self._set(crates, state=PREPARED, commit=commit)
            if self._manner.pushes:
                self._step(path, "", PushBranch(site, commit))
            return commit
        request = Request(site, wave, crates)
        commit = self._step(path, "", Propose(request))
        self._set(crates, state=PREPARED, commit=commit)
        if self._manner.pushes:
            self._step(path, "", PushRequest(request))
        if self._manner.publishes:
            commit = self._step(path, "", Merge(request))
            self._set(crates, commit=commit)
        return commit

    def _finish(self, site: Site, wanted: Wanted) -> None:
        path, crate, tag = site.own.path, wanted.release.crate, wanted.release.tag
        self._step(path, crate, Index(wanted))
        self._step(path, crate, Verify(wanted))
        self._step(path, crate, Tag(site, tag, wanted.commit))
        self._set([crate], state=TAGGED)
        if self._manner.pushes:
            self._step(path, crate, PushTag(site, tag, wanted.commit))
        self._set([crate], state=DONE)

    def _step(self, path: str, crate: str, step: Step) -> str:
        """Have a step done; what the world says of it then."""
        about = {"wave": self._number, "repository": path, "crate": crate, "step": step.name}
        found = step.look()
        if found is not None:
            self._journal.write(END, **about, was_done=True, found=found)
            self._told(Doing(path, crate, step.name, END, was_done=True))
            return found
        if self._stopping.is_set():
            raise Waiting("the same command: it was interrupted")
        self._journal.write(BEGIN, **about)
        self._told(Doing(path, crate, step.name, BEGIN))
        started = time.monotonic()
        step.act()
        found = step.look()
        if found is None:
            raise Undecided(f"{step.name} is done, and the world does not show it", mend="run the same command again")
        seconds = round(time.monotonic() - started, 3)
        self._journal.write(END, **about, was_done=False, found=found, seconds=seconds)
        self._told(Doing(path, crate, step.name, END, seconds))
        return found

    def _site(self, path: str, registries: Registries) -> Site:
        own = next(one for one in self._plan.repositories if one.path == path)
        repo = Repo(self._gathered.folders[path], own.remote)

        def told(clause: str, crate: str = "") -> None:
            self._journal.write(NOTE, repository=path, crate=crate, detail=clause)
            self._told(Doing(path, crate, "", NOTE, detail=clause))

        manner = self._manner
        return Site(
            repo,
            self._plan,
            own,
            self._workspace,
            self._cargo,
            registries,
            manner.pace,
            told,
            manner.verifies_build,
            self._stopping,
        )

    def _set(self, crates: Iterable[str], **values: str) -> None:
        with self._lock:
            for crate in crates:
                self.outcomes[crate] = self.outcomes[crate]._replace(**values)

    def _stop(self, crates: Sequence[str], error: BatutaError | OSError) -> None:
        if isinstance(error, OSError):
            error = BatutaError(error.strerror or str(error), where=str(error.filename or ""))
        state = UNKNOWN if isinstance(error, Undecided) else WAITING if isinstance(error, Waiting) else FAILED
        where = f"{error.where}: " if error.where else ""
        self._set(crates, state=state, why=f"{where}{error.what}", mend=error.mend)

    def _block(self) -> None:
        """Say of crates that were not begun whether one that they need stopped."""
        stopped = {crate for crate, one in self.outcomes.items() if one.state in (FAILED, UNKNOWN, WAITING)}
        if not stopped:
            return
        lost = dict.fromkeys(stopped, "")
        for one in self._plan.releases:
            needs = {need.package for need in self._gathered.facts.crates[one.crate].needs}
            by = sorted(needs & {*lost})
            if self.outcomes[one.crate].state != PLANNED:
                continue
            if by and any(self.outcomes[crate].state != WAITING for crate in by):
                lost[one.crate] = ""
                self._set([one.crate], state=BLOCKED, why=", ".join(by))
            else:
                self._set([one.crate], state=WAITING, why=", ".join(sorted(stopped)))
