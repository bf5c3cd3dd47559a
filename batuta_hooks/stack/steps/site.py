"""A repository in which a release is at work."""

from __future__ import annotations

import os
from threading import Event
from typing import NamedTuple, Protocol

from batuta_hooks.git.command import Git, environment
from batuta_hooks.stack.plan_values import Plan, RepositoryPlan
from batuta_hooks.stack.release_cargo import Cargo
from batuta_hooks.stack.release_world import Registries, Repo
from batuta_hooks.stack.steps.step import Waiting

HOOKS_TIMEOUT_S = 3600.0

#: What `environment` sets for questions, and no hook of the user's expects.
_FOR_QUESTIONS = ("GIT_OPTIONAL_LOCKS", "GIT_NO_LAZY_FETCH", "GIT_NO_REPLACE_OBJECTS", "LC_ALL")


class Told(Protocol):
    """Tells something, a clause; called from several threads."""

    def __call__(self, clause: str, crate: str = "") -> None:
        """Tell it of a crate, or of the whole repository."""


class Pace(NamedTuple):
    """How long a release waits.

    Attributes:
        index_s: for a version to be in the index, and for a registry that does not answer.
        first_s: before it asks a second time; each time after that it waits longer.
        most_s: the longest of these.
    """

    index_s: float = 600.0
    first_s: float = 0.2
    most_s: float = 10.0


class Site(NamedTuple):
    """What the steps of one repository share.

    Attributes:
        plan: the whole plan.
        own: its part for this repository.
        workspace: the folder of the stack.
        verifies_build: whether cargo builds each package before it uploads it.
        stopping: is set once nothing more is to begin; who waits for anything is woken by it.
    """

    repo: Repo
    plan: Plan
    own: RepositoryPlan
    workspace: str
    cargo: Cargo
    registries: Registries
    pace: Pace
    told: Told
    verifies_build: bool = True
    stopping: Event = Event()

    def pause(self, seconds: float) -> None:
        """Wait.

        Raises:
            Waiting: the release was interrupted meanwhile.
        """
        if self.stopping.wait(seconds):
            raise Waiting("the same command: it was interrupted")


def acting_environment() -> dict[str, str]:
    """The environment of a git that changes something: the user's own, but for what names another repository."""
    kept = {name: value for name, value in environment(sibling=True).items() if name not in _FOR_QUESTIONS}
    if "LC_ALL" in os.environ:
        kept["LC_ALL"] = os.environ["LC_ALL"]
    return {**kept, "GIT_TERMINAL_PROMPT": "0"}


def dated(env: dict[str, str], seconds: int) -> dict[str, str]:
    """The environment with the dates of what is made fixed, so that it is made alike each time."""
    date = f"{seconds} +0000"
    return {**env, "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}


def act(folder: str, env: dict[str, str], *arguments: str) -> str:
    """Run a git that changes something.

    Raises:
        GitError: git, or a hook of the user's, refuses.
    """
    return os.fsdecode(Git(arguments, folder, env).collect(HOOKS_TIMEOUT_S)).removesuffix("\n")
