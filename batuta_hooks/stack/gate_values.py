"""Gates as values: what must hold before a release, and how it came out."""

from __future__ import annotations

from typing import NamedTuple

PASSED, FAILED, CACHED, SKIPPED, PENDING = "passed", "failed", "cached", "skipped", "pending"

#: The gates that run no command of the user's; they are judged from the plan and from git.
CLEAN, PATHS, PUBLISHABLE, TAG, VERSION = "git-clean", "no-paths", "publishable", "tag-free", "version-free"
LINT, TESTS, COVERAGE, AUDIT, SEMVER = "lint", "tests", "coverage", "audit", "semver"


class GateResult(NamedTuple):
    """How a gate came out.

    Attributes:
        state: a constant of this module.
        seconds: how long it took; of a cached one, how long it took then.
        detail: what there is to say, for people; of a failed one also how to mend it.
        crate: the crate that it is about alone; empty where it is about the whole repository.
        log: the file that holds what its command printed; empty where there is none.
        figure: the percent of covered lines, or how many warnings; ``None`` where nothing was counted.
    """

    name: str
    state: str
    seconds: float = 0.0
    detail: str = ""
    crate: str = ""
    log: str = ""
    figure: float | None = None


class Going(NamedTuple):
    """A crate that is to be released.

    Attributes:
        folder: its own, relative to the repository; empty for the top.
        step: what its version's step may change, ``major``, ``minor`` or ``patch``; empty where it has no release to be
            compared with, or no library.
    """

    folder: str
    step: str = ""


class CommandGate(NamedTuple):
    """A gate that runs a command.

    Attributes:
        command: for the shell, as the user configured it.
        folder: where it runs: the repository's top, or a crate's folder.
        rules: what its result is judged by, by the names of ``[quality]``.
    """

    name: str
    command: str
    timeout_s: float
    folder: str
    crate: str = ""
    rules: tuple[tuple[str, str], ...] = ()
