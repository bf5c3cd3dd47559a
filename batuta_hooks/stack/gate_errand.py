"""The gates of a repository on another machine: what is sent there, what is done there, and what comes back.

That machine checks the commit out from the remote, in a folder of its own, and runs the same gates there; so a commit
that was not pushed fails.  Gates that passed before are not run again, wherever that was.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from typing import NamedTuple

from batuta_hooks.domain.config import Config, Gate, Quality
from batuta_hooks.git.command import Git, GitError, environment
from batuta_hooks.stack.gate_cache import GateCache
from batuta_hooks.stack.gate_values import CLEAN, FAILED, PENDING, GateResult, Going
from batuta_hooks.stack.gates import Gated, Gates, Told
from batuta_hooks.stack.work_folder import work_folder

_MOST_LOGGED = 4 << 20
_TIMEOUT_S = 900.0
_QUIET = ("-c", "core.hooksPath=/dev/null", "-c", "gc.auto=0")
_USER = re.compile(r"^(https?://)[^/@]*@")


class Errand(NamedTuple):
    """One repository's gates, as plain values.

    Attributes:
        path: of the repository in the stack.
        crates: those that are to be released, by name.
        quality, gates: what its configuration says of gates.
        url: of its remote, without a password.
        commit: what is to be checked out.
        known: the gates that passed before.
    """

    path: str
    crates: dict[str, Going]
    quality: Quality
    gates: tuple[Gate, ...]
    url: str
    commit: str
    known: tuple[GateResult, ...] = ()


class Found(NamedTuple):
    """What came of it.

    Attributes:
        results: of all its gates.
        logs: the end of what each printed.
        toolchain: what rustc said of itself there.
    """

    results: tuple[GateResult, ...]
    logs: tuple[bytes, ...]
    toolchain: str


def errand(one: Gated, remote: str, commit: str, known: Iterable[GateResult]) -> Errand:
    """The errand for a checkout here.

    Raises:
        BatutaError: it has no such remote.
    """
    asked = Git(["remote", "get-url", "--", remote], one.folder, environment(sibling=True))
    url = _USER.sub(r"\1", os.fsdecode(asked.collect()).removesuffix("\n"))
    if "://" not in url and not re.match(r"[^/]+:", url):
        url = os.path.abspath(os.path.join(one.folder, url))
    return Errand(one.path, one.crates, one.config.quality, one.config.gates, url, commit, tuple(known))


def run_errand(given: Errand) -> Found:
    """Run an errand, on whatever machine this is.

    Raises:
        BatutaError: there is no folder for it outside of any cargo configuration, or git cannot be run.
    """
    with work_folder() as work:
        folder = os.path.join(work, "checkout")
        try:
            _check_out(given, folder)
        except GitError as error:
            said = (error.said or error.what).replace(given.url, "the remote")
            detail = f"{given.commit[:12]} cannot be checked out from the remote: {said}: push it"
            return Found((GateResult(CLEAN, FAILED, detail=detail),), (b"",), "")
        own = os.path.join(work, "own")
        config = Config(quality=given.quality, gates=given.gates)
        gated = Gated(given.path, folder, given.crates, 0, config)
        gates = Gates([gated], own, uses_cache=False, known=given.known)
        results = [result for found in gates.run(1).values() for result in found]
        logs = tuple(_end_of(result.log) for result in results)
        toolchain = GateCache(own).toolchain(folder)
    return Found(tuple(result._replace(log="") for result in results), logs, toolchain)


def _check_out(given: Errand, folder: str) -> None:
    env = {**environment(sibling=True), "GIT_OPTIONAL_LOCKS": "1", "GIT_TERMINAL_PROMPT": "0"}
    Git([*_QUIET, "init", "--quiet", "--", folder], None, env).collect(_TIMEOUT_S)
    options = (*_QUIET, "fetch", "--quiet", "--no-tags")
    try:
        Git([*options, "--depth=1", "--", given.url, given.commit], folder, env).collect(_TIMEOUT_S)
    except GitError:  # a server that gives no commits by their names
        refs = "+refs/heads/*:refs/remotes/origin/*"
        Git([*options, "--", given.url, refs], folder, env).collect(_TIMEOUT_S)
    Git([*_QUIET, "checkout", "--quiet", "--detach", given.commit], folder, env).collect(_TIMEOUT_S)


def _end_of(path: str) -> bytes:
    if not path:
        return b""
    with open(path, "rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _MOST_LOGGED))
        return file.read()


def run_elsewhere(
    gates: Gates,
    places: Mapping[str, tuple[str, str]],
    executor: Executor,
    at_once: int,
    told: Told = lambda _path, _result: None,
) -> dict[str, list[GateResult]]:
    """Run gates by an executor, whose workers may be elsewhere; as `Gates.run` does.

    Args:
        places: remote and commit of each repository, by its path.
        at_once: how many repositories are given to it at a time.

    Raises:
        BatutaError: git cannot be asked, or logs cannot be written.
    """
    waiting, results = list(gates.repositories), dict[str, list[GateResult]]()
    running: dict[Future[Found], Gated] = {}
    is_stopped = False
    try:
        while waiting or running:
            while waiting and not is_stopped and len(running) < at_once:
                one = waiting.pop(0)
                found = gates.before(one)
                if found is None:
                    given = errand(one, *places[one.path], gates.known(one))
                    running[executor.submit(run_errand, given)] = one
                else:
                    is_stopped |= _tell(results, one, found, told)
            if is_stopped:
                results |= {one.path: list(gates.standing(one)) for one in waiting}
                waiting.clear()
            for future in wait(running, return_when=FIRST_COMPLETED).done if running else ():
                one = running.pop(future)
                is_stopped |= _tell(results, one, _came_back(gates, one, future), told)
    except BaseException:
        for future in running:
            future.cancel()
        raise
    return {one.path: results[one.path] for one in gates.repositories}


def _tell(results: dict[str, list[GateResult]], one: Gated, found: list[GateResult], told: Told) -> bool:
    """Note a repository's results; whether the line stops there."""
    results[one.path] = found
    for result in found:
        told(one.path, result)
    return any(result.state == FAILED for result in found)


def _came_back(gates: Gates, one: Gated, future: Future[Found]) -> list[GateResult]:
    error = future.exception()
    if error is not None:
        said = str(error).partition("\n")[0] or type(error).__name__
        failed = GateResult(CLEAN, FAILED, detail=f"whoever ran the gates elsewhere failed: {said}")
        return [failed, *list(gates.standing(one))[1:]]
    found = future.result()
    taken = gates.take(one, found.results, found.logs, found.toolchain)
    names = {(result.name, result.crate) for result in taken}
    rest = [result for result in gates.standing(one) if (result.name, result.crate) not in names]
    return [*taken, *(result for result in rest if result.state == PENDING)]
