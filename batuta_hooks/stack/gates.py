"""Runs the gates of a release: repositories side by side, each one's gates in order, and the line stops at a failure.

Before and after each command git has to be clean: a gate that changes files has tested something else than what will be
released.  What it changed is shown, and left where it is.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import NamedTuple

from batuta_hooks.domain.config import Config
from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.version_text import read_version
from batuta_hooks.git.command import LOCAL_NAMES, Git, environment
from batuta_hooks.stack.gate_cache import GateCache, Passed
from batuta_hooks.stack.gate_judges import command_gates, judge
from batuta_hooks.stack.gate_values import (
    CACHED,
    CLEAN,
    FAILED,
    PASSED,
    PATHS,
    PENDING,
    PUBLISHABLE,
    SKIPPED,
    TAG,
    VERSION,
    CommandGate,
    GateResult,
    Going,
)
from batuta_hooks.stack.own_folder import make_own_folder
from batuta_hooks.stack.plan_values import Plan, PlannedRelease
from batuta_hooks.stack.processes import Processes

_FROM_THE_PLAN = (PATHS, PUBLISHABLE, TAG, VERSION)
_MOST_SHOWN = 5
_MOST_READ = 64 << 20
_CLOCK_NS = 50_000_000  # the clock of file times is some milliseconds behind

Told = Callable[[str, GateResult], None]
"""Is called with a repository's path and each of its results, from several threads."""


class Gated(NamedTuple):
    """A repository whose crates are to be released.

    Attributes:
        path: relative to the workspace.
        folder: its checkout.
        crates: these crates, by name.
        wave: the first that one of them is in.
    """

    path: str
    folder: str
    crates: dict[str, Going]
    wave: int
    config: Config


def gated(plan: Plan, folders: Mapping[str, str], configs: Mapping[str, Config]) -> list[Gated]:
    """The repositories of a plan, in the order in which their gates begin."""
    found: dict[str, Gated] = {}
    for one in plan.releases:
        place = one.manifest_path.removesuffix("Cargo.toml").rstrip("/")
        has_library = os.path.exists(os.path.join(folders[one.repository], place, "src", "lib.rs"))
        fresh = Gated(one.repository, folders[one.repository], {}, one.wave or 0, configs[one.repository])
        known = found.setdefault(one.repository, fresh)
        known.crates[one.crate] = Going(place, _step(one) if has_library and not one.is_new else "")
    return sorted(found.values(), key=lambda one: (one.wave, one.path))


def _step(release: PlannedRelease) -> str:
    """What the step to a version may change, as cargo reads versions."""
    before, after = read_version(release.current), read_version(release.next)
    if before is None or after is None or before == after:
        return ""
    if before.bucket != after.bucket:
        return "major"
    return "patch" if before[:2] == after[:2] else "minor"


class Gates:
    """The gates of a plan.

    Args:
        repositories: see `gated`.
        own: the stack's own folder, for logs and results.
        uses_cache: whether a gate that passed before counts.
        known: gates that passed before, as somebody else found out; for a single repository.

    Attributes:
        repositories: in the order in which their gates begin.
    """

    def __init__(
        self,
        repositories: Sequence[Gated],
        own: str,
        *,
        uses_cache: bool = True,
        known: Iterable[GateResult] = (),
    ) -> None:
        self.repositories = repositories
        self._known = {(one.name, one.crate): one for one in known}
        self._own = own
        self._cache = GateCache(own)
        self._uses_cache = uses_cache
        self._stopped = Event()

    def pending(self) -> dict[str, list[GateResult]]:
        """How the gates stand without running any: pending, or passed before; nothing is written."""
        return {one.path: list(self.standing(one)) for one in self.repositories}

    def skipped(self) -> dict[str, list[GateResult]]:
        """The same for gates that are not to run."""
        return {
            one.path: [GateResult(gate.name, SKIPPED, crate=gate.crate) for gate in _commands(one)]
            for one in self.repositories
        }

    def standing(self, one: Gated) -> Iterable[GateResult]:
        """How a repository's gates stand before any of them is run."""
        yield from (GateResult(name, PENDING) for name in (CLEAN, *_FROM_THE_PLAN))
        may_be_cached = self._uses_cache and not self._cache.is_empty
        tree = tree_of(one.folder) if may_be_cached and not changed_files(one.folder) else ""
        for gate in _commands(one):
            passed = self._cache.get(self._key(one, tree, gate)) if tree else None
            if passed is not None:
                yield GateResult(gate.name, CACHED, passed.seconds, passed.detail, gate.crate)
            else:
                yield GateResult(gate.name, PENDING, crate=gate.crate)

    def run(self, jobs: int | None = None, told: Told = lambda _path, _result: None) -> dict[str, list[GateResult]]:
        """Run them; after the first failure those under way finish, and no other begins.

        Args:
            jobs: repositories at the same time; ``None`` for one a processor.

        Raises:
            BatutaError: git cannot be asked, or logs cannot be written.
        """
        workers = jobs or len(os.sched_getaffinity(0))
        with Processes() as processes, ThreadPoolExecutor(max_workers=workers) as threads:
            try:
                running = [threads.submit(self._gate, one, processes, told) for one in self.repositories]
                return {one.path: future.result() for one, future in zip(self.repositories, running, strict=True)}
            except BaseException:
                self._stopped.set()
                processes.end()
                raise

    def _gate(self, one: Gated, processes: Processes, told: Told) -> list[GateResult]:
        results: list[GateResult] = []

        def add(result: GateResult) -> bool:
            results.append(result)
            told(one.path, result)
            if result.state == FAILED:
                self._stopped.set()
            return result.state != FAILED

        if self._stopped.is_set():
            return list(self.standing(one))
        dirty = changed_files(one.folder)
        if not add(_clean(dirty)):
            return [*results, *list(self.standing(one))[1:]]
        for name in _FROM_THE_PLAN:
            add(GateResult(name, PASSED))
        tree = tree_of(one.folder)
        for gate in _commands(one):
            if self._stopped.is_set():
                results.append(GateResult(gate.name, PENDING, crate=gate.crate))
                continue
            add(self._passed_before(one, tree, gate) or self._run(one, tree, gate, processes))
        return results

    def _passed_before(self, one: Gated, tree: str, gate: CommandGate) -> GateResult | None:
        known = self._known.get((gate.name, gate.crate))
        if known is not None:
            return known
        passed = self._cache.get(self._key(one, tree, gate)) if self._uses_cache else None
        return passed and GateResult(gate.name, CACHED, passed.seconds, passed.detail, gate.crate)

    def _run(self, one: Gated, tree: str, gate: CommandGate, processes: Processes) -> GateResult:
        log = self._log(one, gate)
        env = {name: value for name, value in os.environ.items() if name not in LOCAL_NAMES}
        started, started_ns = time.monotonic(), time.time_ns() - _CLOCK_NS
        with open(log, "w+b") as file:
            ended = processes.run(["sh", "-c", gate.command], gate.folder, env, gate.timeout_s, file)
            file.seek(0)
            printed = file.read(_MOST_READ).decode("utf-8", "replace")
        seconds = round(time.monotonic() - started, 3)
        passed, detail, figure = judge(gate, ended, printed, one.config.quality, started_ns)
        changed = changed_files(one.folder)
        if changed:
            shown = f"it changed {_listed(changed)}, which is left as it is; git diff shows it"
            passed, detail = False, shown if passed else f"{detail}; {shown}"
        found = GateResult(gate.name, PASSED if passed else FAILED, seconds, detail, gate.crate, log, figure)
        self._keep(one, tree, gate, found)
        return found

    def _keep(self, one: Gated, tree: str, gate: CommandGate, found: GateResult) -> None:
        if found.state != PASSED:
            return
        about = {"gate": gate.name, "repository": one.path, "crate": gate.crate, "tree": tree, "figure": found.figure}
        self._cache.put(self._key(one, tree, gate), Passed(found.seconds, found.detail), about)

    def before(self, one: Gated) -> list[GateResult] | None:
        """A repository's results where no command has to be run for them; else ``None``.

        Raises:
            BatutaError: git cannot be asked.
        """
        dirty = changed_files(one.folder)
        if dirty:
            return [_clean(dirty), *list(self.standing(one))[1:]]
        known = self.known(one)
        if len(known) < len(_commands(one)):
            return None
        return [_clean(()), *(GateResult(name, PASSED) for name in _FROM_THE_PLAN), *known]

    def known(self, one: Gated) -> list[GateResult]:
        """The gates of a repository that passed before."""
        tree = tree_of(one.folder)
        return [found for gate in _commands(one) if (found := self._passed_before(one, tree, gate)) is not None]

    def take(
        self, one: Gated, results: Iterable[GateResult], logs: Iterable[bytes], toolchain: str
    ) -> list[GateResult]:
        """Take in what another machine found: logs go to their place, and what passed by the same toolchain is kept."""
        tree, gates = tree_of(one.folder), {(gate.name, gate.crate): gate for gate in _commands(one)}
        taken = []
        for result, log in zip(results, logs, strict=True):
            gate = gates.get((result.name, result.crate))
            found = result
            if gate is not None and log:
                found = result._replace(log=self._log(one, gate))
                with open(found.log, "wb") as file:
                    file.write(log)
            if gate is not None and toolchain == self._cache.toolchain(one.folder):
                self._keep(one, tree, gate, found)
            taken.append(found)
        return taken

    def _key(self, one: Gated, tree: str, gate: CommandGate) -> str:
        parts = {"name": gate.name, "command": gate.command, "crate": gate.crate, "rules": list(gate.rules)}
        return self._cache.key(one.folder, tree, parts)

    def _log(self, one: Gated, gate: CommandGate) -> str:
        try:
            folder = make_own_folder(self._own, "logs")
        except OSError as error:
            raise BatutaError(f"no logs can be written: {error.strerror}", where=self._own) from error
        place = os.path.basename(one.folder) if one.path == "." else one.path
        names = [part for part in (place, gate.crate, gate.name) if part]
        safe = "-".join("".join(sign if sign.isalnum() or sign in "._-" else "_" for sign in part) for part in names)
        return os.path.join(folder, f"{safe}.log")


def _commands(one: Gated) -> list[CommandGate]:
    return command_gates(one.config, one.folder, one.crates)


def _clean(dirty: Sequence[str]) -> GateResult:
    if not dirty:
        return GateResult(CLEAN, PASSED)
    return GateResult(CLEAN, FAILED, detail=f"not committed: {_listed(dirty)}: commit, ignore or remove it")


def changed_files(folder: str) -> list[str]:
    """What differs from HEAD in a checkout, untracked files included, sorted.

    Raises:
        BatutaError: git cannot be asked.
    """
    options = ["status", "--porcelain=v1", "--untracked-files=all", "--no-renames", "-z"]
    listed = os.fsdecode(Git(options, folder, environment(sibling=True)).collect())
    return sorted(record[3:] for record in listed.split("\0") if record)


def tree_of(folder: str) -> str:
    """The id of the tree that HEAD has in a checkout.

    Raises:
        BatutaError: git cannot be asked, or there is no commit.
    """
    asked = Git(["rev-parse", "--verify", "HEAD^{tree}"], folder, environment(sibling=True))
    return os.fsdecode(asked.collect()).strip()


def _listed(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _MOST_SHOWN} more" if len(paths) > _MOST_SHOWN else ""
    return f"{', '.join(paths[:_MOST_SHOWN])}{more}"


def failures(results: Mapping[str, Iterable[GateResult]]) -> list[tuple[str, GateResult]]:
    """The gates that failed, with their repositories."""
    return [(path, result) for path, found in results.items() for result in found if result.state == FAILED]


def of_crate(results: Iterable[GateResult], crate: str) -> list[GateResult]:
    """The gates that a crate has to pass: its repository's, and its own."""
    return [result for result in results if result.crate in ("", crate)]
