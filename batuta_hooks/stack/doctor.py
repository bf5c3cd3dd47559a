"""Whether all that this program builds on is there: git, cargo, the cache, the registry, the stack."""

from __future__ import annotations

import os
import platform
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from typing import NamedTuple

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.gather.configuration import FILE_NAME, find_stack_file
from batuta_hooks.gather.registry import find_place, told_offline
from batuta_hooks.git.command import OLDEST_GIT, Git
from batuta_hooks.registry.cache import Cache
from batuta_hooks.registry.cargo_config import read_cargo_config
from batuta_hooks.registry.entry import Miss
from batuta_hooks.registry.glance import cache_folder
from batuta_hooks.registry.outcomes import OFFLINE, UNKNOWN
from batuta_hooks.registry.refresh import Manners, Refresher
from batuta_hooks.stack.checkouts import MISSING, NO_REPOSITORY, UNREADABLE, Workspace, find_workspace, inspect
from batuta_hooks.stack.config_show import settings_of

GOOD, BAD, NOT_ASKED = "ok", "error", "skipped"

_CARGO_TIMEOUT_S = 20.0
_REGISTRY_TIMEOUT_S = 15.0

#: Asking for it tells the registry nothing about the stack.
_WELL_KNOWN_CRATE = "serde"


class Examined(NamedTuple):
    """One thing that was looked at.

    Attributes:
        state: ``ok``, ``error``, or ``skipped`` where it was not to be asked.
        detail: what was found, a clause.
        mend: what to do about it; empty where all is well.
    """

    name: str
    state: str
    detail: str
    mend: str = ""


def examine_all(
    given: str | None = None, *, offline: bool = False, environment: Mapping[str, str] = os.environ
) -> tuple[Examined, ...]:
    """Look at everything; whatever is wrong is a result.

    Args:
        given: the folder of the stack, if somebody named one.
        offline: whether no socket may be opened.
    """
    found = [Examined("batuta-hooks", GOOD, f"{version('batuta-hooks')}, Python {platform.python_version()}")]
    found += [_careful("git", _git), _careful("cargo", _cargo), _careful("cache", lambda: _cache(environment))]
    found.append(_careful("registry", lambda: _registry(given or ".", offline, environment)))
    try:
        workspace = find_workspace(given)
    except BatutaError as error:
        return (*found, Examined("stack", BAD, _sentence(error), error.mend))
    return (*found, *_stack(workspace))


def _careful(name: str, look: Callable[[], Examined]) -> Examined:
    try:
        return look()
    except BatutaError as error:
        return Examined(name, BAD, _sentence(error), error.mend)
    except (OSError, subprocess.SubprocessError) as error:
        return Examined(name, BAD, str(error))


def _sentence(error: BatutaError) -> str:
    return f"{error.where}: {error.what}" if error.where else error.what


def _git() -> Examined:
    said = Git(["--version"]).collect().decode(errors="replace").strip()
    number = said.split()[2] if len(said.split()) > 2 else said
    parts = [int(part) for part in number.split(".")[:2] if part.isdecimal()]
    if tuple(parts) < OLDEST_GIT:
        return Examined("git", BAD, f"{number} is too old", f"install git {'.'.join(map(str, OLDEST_GIT))} or newer")
    return Examined("git", GOOD, number)


def _cargo() -> Examined:
    mend = "install Rust, or put cargo on PATH: gates and releases run it, checks do not"
    try:
        done = subprocess.run(
            ["cargo", "--version"], capture_output=True, text=True, timeout=_CARGO_TIMEOUT_S, check=False
        )
    except FileNotFoundError:
        return Examined("cargo", BAD, "it is not installed", mend)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["it does not say why"]
        return Examined("cargo", BAD, f"it does not run: {lines[0]}", mend)
    return Examined("cargo", GOOD, done.stdout.strip().removeprefix("cargo "))


def _cache(environment: Mapping[str, str]) -> Examined:
    folder = cache_folder(environment)
    if isinstance(folder, Miss):
        return Examined("cache", BAD, folder.why, "set BATUTA_CACHE_DIR to a folder that can be written")
    place = folder
    while not os.path.lexists(place) and os.path.dirname(place) != place:
        place = os.path.dirname(place)
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        mend = "set BATUTA_CACHE_DIR to a folder that can be written"
        return Examined("cache", BAD, f"{folder} cannot be written: {error.strerror}", mend)
    return Examined("cache", GOOD, folder if place == folder else f"{folder}, which is not there yet")


def _registry(folder: str, offline: bool, environment: Mapping[str, str]) -> Examined:
    place = find_place(folder, environment)
    if place.why:
        return Examined("registry", BAD, place.why, "mend cargo's configuration: `cargo search` would fail as well")
    told = "--offline was given" if offline else place.offline or told_offline(environment)
    if told:
        return Examined("registry", NOT_ASKED, f"{place.url} was not asked: {told}")
    cache_place = cache_folder(environment)
    config = read_cargo_config(folder, environment)
    manners = Manners(deadline_s=_REGISTRY_TIMEOUT_S)
    with (
        Cache(cache_place) as cache,
        Refresher(config, cache, cache_place, manners, environment=environment) as refresher,
    ):
        asked = refresher.indexes([_WELL_KNOWN_CRATE], 0)
    (outcome,) = asked.outcomes
    if outcome.state in (UNKNOWN, OFFLINE):
        mend = "batuta-stack works with what the cache has until it answers again; see --offline"
        return Examined("registry", BAD, f"{place.url}: {outcome.why}", mend)
    return Examined("registry", GOOD, f"{place.url} answered within {asked.totals.seconds:.1f} s")


def _stack(workspace: Workspace) -> Iterator[Examined]:
    count = len(workspace.repositories)
    yield Examined("stack", GOOD, f"{workspace.folder}: {count} {'repository' if count == 1 else 'repositories'}")
    for path in workspace.repositories:
        checkout = inspect(workspace, path)
        if checkout.state in (MISSING, NO_REPOSITORY, UNREADABLE):
            mend = f"clone it, or correct [stack] repositories in {FILE_NAME}"
            yield Examined("repository", BAD, f"{path}: {checkout.error}", mend)
    yield _careful("configuration", lambda: _configuration(workspace))


def _configuration(workspace: Workspace) -> Examined:
    settings_of(workspace)
    file = find_stack_file(workspace.folder)
    return Examined("configuration", GOOD, file or f"no {FILE_NAME}: all values are defaults")
