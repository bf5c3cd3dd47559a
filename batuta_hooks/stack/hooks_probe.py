"""What a commit, a merge and a push really reach: tried in a throw-away repository with a throw-away remote.

Our scripts note that they were reached and stop git, as findings would; so it shows too whether git is stopped.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from typing import NamedTuple

from batuta_hooks.git.command import LOCAL_NAMES, Git, GitError
from batuta_hooks.stack.hooks_frameworks import GUARDS
from batuta_hooks.stack.hooks_lanes import Slot
from batuta_hooks.stack.hooks_place import EVENTS, Place
from batuta_hooks.stack.hooks_stage import set_stage

COMMIT, MERGE, BRANCH, TAG = "commit", "merge", "push of a branch", "push of a tag alone"

_TIMEOUT_S = 60.0
_DROPPED = ("BATUTA_", "GIT_", "PREK", "PRE_COMMIT")
_MANIFEST = '[package]\nname = "probe"\nversion = "{}"\n'
_WHO = {f"GIT_{who}_{what}": "probe@example.invalid" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


class Operation(NamedTuple):
    """Something that a person does with git.

    Attributes:
        name: what it is called.
        event: the hook that git runs for it.
        guards: those that are to judge it.
    """

    name: str
    event: str
    guards: tuple[str, ...]


OPERATIONS = (
    Operation(COMMIT, "pre-commit", GUARDS[:2]),
    Operation(MERGE, "pre-merge-commit", GUARDS[:2]),
    Operation(BRANCH, "pre-push", GUARDS[:2]),
    Operation(TAG, "pre-push", GUARDS),
)


class Reach(NamedTuple):
    """What one operation reached.

    Attributes:
        guards: the guards that were asked, or would have been.
        is_stopped: whether git then did not do it.
        said: the first line that a hook or git said; empty where nothing was said.
    """

    guards: tuple[str, ...]
    is_stopped: bool
    said: str


def probe(place: Place, slots: list[Slot]) -> dict[str, Reach]:
    """Try each operation with the hooks of a repository, which is not touched itself.

    Raises:
        BatutaError: git cannot be run.
        OSError: the throw-away repository cannot be made.
    """
    with tempfile.TemporaryDirectory(prefix="batuta-probe-") as folder:
        scratch = _Scratch(folder)
        scratch.make()
        set_stage(place, slots, folder, scratch.folder)
        tries: dict[str, Callable[[], bool]] = {
            COMMIT: scratch.commit,
            MERGE: scratch.merge,
            BRANCH: scratch.push_branch,
            TAG: scratch.push_tag,
        }
        return {operation.name: scratch.reach(operation, tries[operation.name]) for operation in OPERATIONS}


class _Scratch:
    """The throw-away repository: one manifest, a remote that has its commit, and a branch to be merged."""

    def __init__(self, folder: str) -> None:
        self.folder = os.path.join(folder, "probe")
        self.remote = os.path.join(folder, "remote.git")
        self.notes = os.path.join(folder, "notes")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_DROPPED)}
        for name in (*LOCAL_NAMES, "SKIP"):
            kept.pop(name, None)
        self.env = {
            **kept,
            **_WHO,
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "LC_ALL": "C",
            "NO_COLOR": "1",
            # what the frameworks keep about configurations that they have met is no business of this one
            "PRE_COMMIT_HOME": os.path.join(folder, "pre-commit"),
            "PREK_HOME": os.path.join(folder, "prek"),
            "BATUTA_PROBE": self.notes,
        }
        self.said = ""

    def make(self) -> None:
        """Lay it out, without hooks."""
        os.mkdir(self.folder)
        self.git("init", "--quiet", "--template=", "--initial-branch=main")
        self._write("0.1.0")
        self.git("commit", "--quiet", "--message", "one")
        self.git("init", "--quiet", "--bare", "--template=", self.remote)
        self.git("remote", "add", "origin", self.remote)
        self.git("push", "--quiet", "--set-upstream", "origin", "main")
        self.git("checkout", "--quiet", "-b", "side")
        self._write("0.2.0")
        self.git("commit", "--quiet", "--message", "two")
        self.git("tag", "v0.1.0", "main")
        self.git("checkout", "--quiet", "main")

    def _write(self, version: str) -> None:
        with open(os.path.join(self.folder, "Cargo.toml"), "w", encoding="utf-8") as file:
            file.write(_MANIFEST.format(version))
        self.git("add", "Cargo.toml")

    def git(self, *arguments: str) -> str:
        """Run git there.

        Raises:
            GitError: it failed.
        """
        return os.fsdecode(Git(arguments, self.folder, self.env).collect(_TIMEOUT_S)).strip()

    def _is_done(self, *arguments: str) -> bool:
        try:
            self.git(*arguments)
        except GitError as error:
            self.said = next((line for line in error.text.splitlines() if line.strip()), error.said)
            return False
        return True

    def commit(self) -> bool:
        """Commit a changed manifest; the manifest is as before then."""
        self._write("0.1.1")
        is_done = self._is_done("commit", "--quiet", "--message", "three")
        self.git("reset", "--quiet", "--hard", "origin/main")
        return is_done

    def merge(self) -> bool:
        """Merge a branch that changes the manifest."""
        is_done = self._is_done("merge", "--quiet", "--no-ff", "--no-edit", "side")
        self.git("reset", "--quiet", "--hard", "origin/main")
        return is_done

    def push_branch(self) -> bool:
        """Push a branch with a commit that the remote does not have."""
        self.git("checkout", "--quiet", "side")
        is_done = self._is_done("push", "--quiet", "origin", "side")
        self.git("checkout", "--quiet", "main")
        return is_done

    def push_tag(self) -> bool:
        """Push a tag whose commit the remote has."""
        return self._is_done("push", "--quiet", "origin", "v0.1.0")

    def reach(self, operation: Operation, attempt: Callable[[], bool]) -> Reach:
        """Do it, and read what was noted meanwhile."""
        if os.path.lexists(self.notes):
            os.unlink(self.notes)
        self.said = ""
        is_done = attempt()
        noted = self._noted()
        reached = tuple(guard for guard in operation.guards if guard in noted or _is_in_script(noted, operation))
        return Reach(reached, not is_done, self.said)

    def _noted(self) -> list[str]:
        try:
            with open(self.notes, encoding="utf-8", errors="replace") as file:
                return [word for line in file.read().splitlines() for word in (line, *line.split())]
        except FileNotFoundError:
            return []


def _is_in_script(noted: list[str], operation: Operation) -> bool:
    """Whether a script of ours for the event was reached, and at a push with the line of the ref that is pushed."""
    if not any(event in noted for event in EVENTS):
        return False
    pushed = {BRANCH: "refs/heads/side", TAG: "refs/tags/v0.1.0"}.get(operation.name)
    return operation.event in noted and (pushed is None or pushed in noted)
