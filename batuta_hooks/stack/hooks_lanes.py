"""By which way git, or the framework that git starts, is to reach a script of ours; and what lies on that way now."""

from __future__ import annotations

import os
from typing import NamedTuple

from batuta_hooks.git.command import GitError, git
from batuta_hooks.stack.hooks_place import EVENTS, Place
from batuta_hooks.stack.hooks_script import (
    BEFORE,
    EMPTY,
    HUSKY,
    LEFTHOOK,
    LEGACY,
    OTHER,
    OURS,
    PRE_COMMIT,
    PREK,
    Script,
    read_script,
)

#: The hooks folder itself; beside a framework's script; husky's own folder; a script of lefthook; git's configuration.
NATIVE, BESIDE, IN_HUSKY, IN_LEFTHOOK, CONFIGURED = "native", "legacy", "husky", "lefthook", "config"

NAME = "batuta"

#: Where the scripts lie that git's configuration names, in the repository's own folder.
OWN_FOLDER = ".batuta/hooks"


class Slot(NamedTuple):
    """One event of git in one repository.

    Attributes:
        event: ``pre-commit``, ``pre-merge-commit`` or ``pre-push``.
        first: what git runs for it.
        lane: the way for a script of ours, a constant of this module.
        target: what lies where that way wants ours to be.
    """

    event: str
    first: Script
    lane: str
    target: Script


def read_slots(place: Place) -> list[Slot]:
    """Look at every event of a repository."""
    return [read_slot(place, event) for event in EVENTS]


def read_slot(place: Place, event: str) -> Slot:
    """Look at one event of a repository."""
    first = read_script(os.path.join(place.folder, event))
    lane = CONFIGURED if place.has_config_hooks else _LANES.get(first.owner, NATIVE)
    path = path_of(place, event, lane)
    return Slot(event, first, lane, first if path == first.path else read_script(path))


_LANES = {PRE_COMMIT: BESIDE, PREK: BESIDE, HUSKY: IN_HUSKY, LEFTHOOK: IN_LEFTHOOK, EMPTY: NATIVE, OTHER: NATIVE}


def path_of(place: Place, event: str, lane: str) -> str:
    """Where a lane has its script."""
    return {
        NATIVE: os.path.join(place.folder, event),
        BESIDE: os.path.join(place.folder, event + LEGACY),
        IN_HUSKY: os.path.join(os.path.dirname(place.folder), event),
        IN_LEFTHOOK: os.path.join(place.top, ".lefthook-local", event, NAME),
        CONFIGURED: os.path.join(place.git_folder, OWN_FOLDER, event),
    }[lane]


def before_of(path: str) -> str:
    """Where the hook lies that was there before the script of ours at a path."""
    return path.removesuffix(LEGACY) + BEFORE


def folders_of(path: str, lane: str) -> tuple[str, ...]:
    """The folders that a lane's script was given, the innermost first."""
    folder = os.path.dirname(path)
    return (folder, os.path.dirname(folder)) if lane in (CONFIGURED, IN_LEFTHOOK) else ()


def all_ours(place: Place, event: str) -> list[tuple[str, Script]]:
    """Every script of ours for an event, with its lane, whether git reaches it or not."""
    lanes = [NATIVE, BESIDE, CONFIGURED]
    if os.path.basename(place.folder) == "_":
        lanes.append(IN_HUSKY)
    if not place.is_bare:
        lanes.append(IN_LEFTHOOK)
    found = [(lane, read_script(path_of(place, event, lane))) for lane in lanes]
    return [(lane, script) for lane, script in found if script.owner == OURS]


def hook_name(event: str) -> str:
    """What our hook for an event is called in git's configuration."""
    return f"{NAME}-{event}"


def hook_command(event: str) -> str:
    """The shell command for git's configuration: it finds the script in the repository's folder wherever that moves.

    git appends the hook's arguments, so that the script's path must come last.
    """
    script = f"{OWN_FOLDER}/{event}"
    gone = f"batuta-hooks: its {event} script is gone; write it anew: batuta-stack hooks install"
    return (
        f'f=${{GIT_DIR:-.git}}/{script}; [ -f "$f" ] || f=$(git rev-parse --git-common-dir)/{script}; '
        f'[ -f "$f" ] || {{ echo \'{gone}\' >&2; exit 0; }}; "$f"'
    )


def configured_command(place: Place, event: str) -> str:
    """The command that the repository's own configuration has for our hook; empty where it has none."""
    file = os.path.join(place.git_folder, "config")
    try:
        said = git(["config", "--file", file, "--null", "--get", f"hook.{hook_name(event)}.command"], sibling=True)
    except GitError as error:
        if error.status == 1:
            return ""
        raise
    return os.fsdecode(said).removesuffix("\0")
