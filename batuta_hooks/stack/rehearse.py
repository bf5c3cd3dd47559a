"""The dress rehearsal: a whole plan carried out by real cargo, against a registry on loopback that is thrown away.

Everything happens in one temporary folder: clones at the commits that the plan starts from, without siblings beside
them and outside of any cargo configuration; a cargo home of its own; one target folder.  So nothing that a checkout, an
untracked file or a patch above it hides is there.  What cargo refuses, it refuses now.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple, Self

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.registry.cargo_config import ConfigFault, read_cargo_config
from batuta_hooks.registry.glance import cache_folder
from batuta_hooks.registry.sources import CRATES_IO
from batuta_hooks.registry.upstream import RealUpstream, UpstreamFault
from batuta_hooks.stack.plan_values import Plan, PlannedRelease, RepositoryPlan
from batuta_hooks.stack.processes import Ended, Processes
from batuta_hooks.stack.rehearsal_clones import Clone, clone_at, edit_clone, tag_clone
from batuta_hooks.stack.rehearsal_registry import Rehearsed, rehearsal_environment
from batuta_hooks.stack.release_cargo import UPLOADED
from batuta_hooks.stack.release_gather import Gathered
from batuta_hooks.stack.work_folder import work_folder

CLONE, EDIT, PUBLISH, TAG, RESOLVE, CHECK, BUILD = "clone", "edit", "publish", "tag", "resolve", "check", "build"
_TIMEOUT_S = 3600.0


class Step(NamedTuple):
    """A step of the rehearsal.

    Attributes:
        crate: whose it is; empty for one of a whole repository.
        name: a constant of this module.
        said: the last lines of what was said, where it failed.
    """

    repository: str
    crate: str
    name: str
    passed: bool
    seconds: float
    said: str = ""


class Manner(NamedTuple):
    """How to rehearse.

    Attributes:
        verifies_build: whether cargo builds each package before it uploads it, as a publish does.
        builds_consumers: whether the fresh projects that use the crates are built, not only checked.
        makes_consumers: whether there are any.
        offline: whether nothing but what is cached and what cargo's home has may be used.
    """

    verifies_build: bool = True
    builds_consumers: bool = False
    makes_consumers: bool = True
    offline: bool = False


class Rehearsal(NamedTuple):
    """What came of it.

    Attributes:
        waiting: the crates that were not tried, for one that they need failed.
        seconds: how long all of it took.
    """

    steps: tuple[Step, ...]
    waiting: tuple[str, ...]
    seconds: float

    @property
    def failed(self) -> list[Step]:
        """The steps that failed."""
        return [step for step in self.steps if not step.passed]


Told = Callable[[Step], None]
"""Is called with each step once it is done."""


def rehearse(plan: Plan, gathered: Gathered, manner: Manner, told: Told = lambda _step: None) -> Rehearsal:
    """Rehearse a plan in which nothing is blocked.

    Raises:
        BatutaError: there is no cargo, or no folder for it outside of any cargo configuration.
    """
    started = time.monotonic()
    with work_folder() as folder:
        upstream = _upstream(gathered, plan, manner)
        try:
            with Rehearsed(upstream) as registry, Processes() as processes:
                stage = _Stage(plan, gathered, manner, told, folder, processes, registry)
                stage.play()
                return Rehearsal(tuple(stage.steps), tuple(stage.waiting), round(time.monotonic() - started, 3))
        finally:
            upstream.close()


def _upstream(gathered: Gathered, plan: Plan, manner: Manner) -> RealUpstream:
    first = next(iter(gathered.folders.values()))
    folder = gathered.folders[plan.releases[0].repository] if plan.releases else first
    config = read_cargo_config(folder)
    if isinstance(config, ConfigFault):
        raise BatutaError(f"cargo refuses its configuration: {config}")
    try:
        return RealUpstream(config, cache_folder(os.environ), offline=manner.offline)
    except UpstreamFault as fault:
        raise BatutaError(f"the registry cannot be read: {fault}") from fault


class _Stage:
    def __init__(
        self,
        plan: Plan,
        gathered: Gathered,
        manner: Manner,
        told: Told,
        folder: str,
        processes: Processes,
        registry: Rehearsed,
    ) -> None:
        self.steps: list[Step] = []
        self.waiting: list[str] = []
        self._plan = plan
        self._gathered = gathered
        self._manner = manner
        self._told = told
        self._folder = folder
        self._processes = processes
        self._env = rehearsal_environment(folder, registry, {one.registry for one in plan.releases})
        self._clones: dict[str, Clone] = {}
        self._lost: set[str] = set()
        self._cloning: dict[str, Future[None]] = {}

    def play(self) -> None:
        """Carry out the plan, wave by wave, then look at what a user gets."""
        waves: dict[str, int] = {}
        for one in self._plan.releases:
            waves[one.repository] = min(one.wave or 0, waves.get(one.repository, one.wave or 0))
        ordered = sorted(self._plan.repositories, key=lambda one: waves[one.path])
        with ThreadPoolExecutor(max_workers=len(os.sched_getaffinity(0))) as threads:
            # while cargo publishes one wave, the next ones' clones are made
            self._cloning = {one.path: threads.submit(self._clone, n, one) for n, one in enumerate(ordered)}
            for number, wave in enumerate(self._plan.waves, 1):
                self._play_wave(number, wave)
        for release in self._plan.releases:
            if self._manner.makes_consumers and release.crate not in self._lost:
                self._consume(release)

    def _clone(self, number: int, one: RepositoryPlan) -> None:
        with self._step(one.path, "", CLONE) as step:
            place = os.path.join(self._folder, "clones", str(number))
            self._clones[one.path] = clone_at(self._gathered.folders[one.path], one.head or "HEAD", place, one)
        if not step.passed:
            self._lost |= {release.crate for release in self._plan.releases if release.repository == one.path}

    def _play_wave(self, number: int, wave: Sequence[str]) -> None:
        for path in {release.repository for release in self._plan.releases if release.crate in wave}:
            self._cloning[path].result()
        ready = [release for name in wave if (release := self._ready(name)) is not None]
        for path in sorted({release.repository for release in ready}):
            own = [release.crate for release in ready if release.repository == path]
            with self._step(path, own[0] if len(own) == 1 else "", EDIT) as step:
                edit_clone(self._plan, self._clones[path], number, self._cargo)
            if not step.passed:
                self._lost |= set(own)
        for release in ready:
            if release.crate in self._lost:
                continue
            with self._step(release.repository, release.crate, PUBLISH) as step:
                self._publish(release)
            if not step.passed:
                self._lost.add(release.crate)
                continue
            with self._step(release.repository, release.crate, TAG) as step:
                tag_clone(self._clones[release.repository], release.tag)

    def _ready(self, name: str) -> PlannedRelease | None:
        """The release, unless a crate that it needs is lost: then so is it."""
        release = self._plan.release(name)
        assert release is not None
        if name in self._lost:
            return None
        needs = {need.package for need in self._gathered.facts.crates[name].needs}
        earlier = {one.crate for one in self._plan.releases if (one.wave or 0) < (release.wave or 0)}
        if self._lost & needs & earlier:
            self._lost.add(name)
            self.waiting.append(name)
            return None
        return release

    def _publish(self, release: PlannedRelease) -> None:
        clone = self._clones[release.repository]
        options = ["publish", "--package", release.crate]
        if not self._manner.verifies_build:
            options.append("--no-verify")
        if release.registry != CRATES_IO:
            options += ["--registry", release.registry]
        folder = os.path.join(clone.folder, os.path.dirname(release.manifest_path))
        self._cargo(options, folder, until=UPLOADED)

    def _consume(self, release: PlannedRelease) -> None:
        """Use a crate as a stranger would: in a fresh project, by its version alone."""
        folder = os.path.join(self._folder, "consumers", release.crate)
        os.makedirs(os.path.join(folder, "src"))
        registry = "" if release.registry == CRATES_IO else f', registry = "{release.registry}"'
        lines = (
            '[package]\nname = "consumer-of-a-release"\nversion = "0.0.0"\nedition = "2021"\npublish = false\n\n'
            f'[dependencies]\n{release.crate} = {{ version = "={release.next}"{registry} }}\n\n[workspace]\n'
        )
        for name, text in (("Cargo.toml", lines), (os.path.join("src", "lib.rs"), "")):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(text)
        with self._step(release.repository, release.crate, RESOLVE) as step:
            self._cargo(["generate-lockfile"], folder)
        if step.passed:
            verb = BUILD if self._manner.builds_consumers else CHECK
            with self._step(release.repository, release.crate, verb):
                self._cargo([verb, "--quiet"], folder)

    def _cargo(self, options: Sequence[str], folder: str, *, until: bytes = b"") -> None:
        ended: Ended = self._processes.run(["cargo", *options], folder, self._env, _TIMEOUT_S, until=until)
        if ended.code:
            raise BatutaError(ended.said or f"cargo ended with exit code {ended.code}")

    def _step(self, repository: str, crate: str, name: str) -> _Timed:
        return _Timed(self, repository, crate, name)

    def add(self, step: Step) -> None:
        """Take note of a step, and tell of it."""
        self.steps.append(step)
        self._told(step)


class _Timed:
    """A step under way: what stops it is its result."""

    def __init__(self, stage: _Stage, repository: str, crate: str, name: str) -> None:
        self._stage = stage
        self._about = repository, crate, name
        self._started = time.monotonic()
        self.passed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        said = str(error) if isinstance(error, BatutaError) else ""
        self.passed = error is None
        if error is None or isinstance(error, BatutaError):
            self._stage.add(Step(*self._about, self.passed, round(time.monotonic() - self._started, 3), said))
        return isinstance(error, BatutaError)
