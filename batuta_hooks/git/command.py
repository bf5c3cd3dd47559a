"""Git's command line: the only way this program asks git a question.

Processes are started by `os.posix_spawn`, for importing `subprocess` costs half of a bare interpreter's start.
Answers are bytes, ``-z`` wherever git offers it.
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Mapping, Sequence

from batuta_hooks.domain.errors import BatutaError

TIMEOUT_S = 60.0
OLDEST_GIT = (2, 30)

_MOST_SAID = 1 << 16  # bytes of standard error that are kept
_INSTALL = f"install git {'.'.join(map(str, OLDEST_GIT))} or newer and put it first on PATH"
_ASK_VERSION = ("--version",)

#: Names that tie a git process to one repository (``git rev-parse --local-env-vars``): a sibling gets none of them.
LOCAL_NAMES = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_CONFIG",
        "GIT_CONFIG_COUNT",
        "GIT_CONFIG_PARAMETERS",
        "GIT_DIR",
        "GIT_GRAFT_FILE",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_INTERNAL_SUPER_PREFIX",
        "GIT_NAMESPACE",
        "GIT_NO_REPLACE_OBJECTS",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_REFERENCE_BACKEND",
        "GIT_REPLACE_REF_BASE",
        "GIT_SHALLOW_FILE",
        "GIT_WORK_TREE",
    }
)

#: How a user's shell reads pathspecs: ``:/`` would mean a file of that name, or nothing at all.
_PATHSPEC_NAMES = frozenset(
    {"GIT_GLOB_PATHSPECS", "GIT_ICASE_PATHSPECS", "GIT_LITERAL_PATHSPECS", "GIT_NOGLOB_PATHSPECS"}
)

#: English, no locks, no network on behalf of a partial clone, and objects as a clone gets them: without replacements.
_FIXED = {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_NO_REPLACE_OBJECTS": "1"}


#: ``git log`` for programs: as the users' own configuration cannot change it (``log.showSignature`` adds lines to it).
LOG = ("log", "--no-show-signature", "--encoding=UTF-8")


class GitError(BatutaError):
    """Git refused or failed.

    Attributes:
        status: its exit code; negative for the signal that ended it, ``None`` where it gave no answer in time.
        said: what it said of the reason, one line; empty where it said nothing.
        text: all that it, and what it ran, said on standard error.
    """

    def __init__(
        self, arguments: Sequence[str], status: int | None, said: str, *, where: str = "", text: str = ""
    ) -> None:
        if status is None:
            what = "gave no answer in time"
        elif status < 0:
            what = f"was ended by signal {-status}"
        else:
            what = f"failed with exit code {status}"
        super().__init__(f"`git {' '.join(arguments)}` {what}: {said or 'it said nothing'}", where=where)
        self.status = status
        self.said = said
        self.text = text


def environment(*, sibling: bool = False) -> dict[str, str]:
    """The environment for a git process.

    The own repository keeps what git exported to the hook, ``GIT_INDEX_FILE`` above all (``commit -a`` and
    ``commit PATH`` judge a temporary index); a sibling repository gets none of the local names, or git would
    answer for the wrong one.
    """
    dropped = _PATHSPEC_NAMES | LOCAL_NAMES if sibling else _PATHSPEC_NAMES
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    if sibling:
        kept = {n: value for n, value in kept.items() if not n.startswith(("GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_"))}
    return {**kept, **_FIXED}


class Git:
    """A git process under way.  Start it, do something else, then collect what it printed.

    Args:
        arguments: what follows ``git``; operands from outside come after ``--``.
        folder: the folder to run in; ``None`` for the current one.
        env: its environment, see `environment`.
        talks: whether standard input is a pipe to write to; else it is empty.

    Raises:
        BatutaError: there is no git to run.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        folder: str | None = None,
        env: Mapping[str, str] | None = None,
        *,
        talks: bool = False,
    ) -> None:
        self.arguments = tuple(arguments)
        self.folder = folder
        self._status: int | None = None
        self._said = b""
        argv = ["git", *(("-C", folder) if folder is not None else ()), *arguments]
        ends: list[int] = []
        try:
            ends += os.pipe()
            ends += os.pipe()
            ends += os.pipe() if talks else (os.open(os.devnull, os.O_RDONLY), -1)
            self._output, output, self._errors, errors, given, self._input = ends
            # in this order, lest one of these is overwritten where this process began with 0, 1 or 2 closed
            wiring = [(os.POSIX_SPAWN_DUP2, fd, number) for number, fd in enumerate((given, output, errors))]
            self._pid = os.posix_spawnp("git", argv, environment() if env is None else env, file_actions=wiring)
        except OSError as error:
            for fd in ends:
                if fd >= 0:
                    os.close(fd)
            mend = _INSTALL if isinstance(error, (FileNotFoundError, PermissionError)) else ""
            raise BatutaError(f"git cannot be run: {error.strerror}", mend=mend) from error
        for fd in (given, output, errors):
            os.close(fd)
        self._ready = select.poll()
        self._ready.register(self._output, select.POLLIN)
        self._ready.register(self._errors, select.POLLIN)

    def _close(self) -> None:
        for fd in (self._output, self._errors, self._input):
            if fd >= 0:
                os.close(fd)
        self._output = self._errors = self._input = -1

    def write(self, text: bytes) -> None:
        """Write to its standard input.

        Raises:
            BatutaError: it has ended.
        """
        try:
            while text:
                text = text[os.write(self._input, text) :]
        except BrokenPipeError:
            raise self.failure() from None

    def read(self, deadline: float) -> bytes:
        """The next part of its standard output; empty at the end.

        Args:
            deadline: when to give up, by `time.monotonic`.

        Raises:
            GitError: it gave no answer in time; it is ended then.
        """
        while True:
            if self._wait(deadline):
                return os.read(self._output, 1 << 16)

    def _wait(self, deadline: float) -> bool:
        """Wait until something can be read; take in what is said on standard error, and tell if there is output."""
        has_output = False
        events = self._ready.poll(max(0.0, deadline - time.monotonic()) * 1000)
        for fd, _ in events:
            if fd == self._output:
                has_output = True
                continue
            part = os.read(fd, 1 << 16)
            if part:
                self._said += part[: _MOST_SAID - len(self._said)]
            else:
                self._ready.unregister(fd)
                os.close(fd)
                self._errors = -1
        if not events:
            self.kill()
            raise GitError(self.arguments, None, "it was ended", where=self.folder or "")
        return has_output

    def collect(self, timeout_s: float = TIMEOUT_S) -> bytes:
        """Wait for the end and return standard output.

        Raises:
            BatutaError: it ended with another exit code than 0, or not within ``timeout_s`` seconds.
        """
        deadline = time.monotonic() + timeout_s
        parts = []
        while part := self.read(deadline):
            parts.append(part)
        self._listen(deadline)
        if self.end() != 0:
            raise self.failure()
        return b"".join(parts)

    def _listen(self, deadline: float) -> None:
        """Take in standard error to its end."""
        if self._output >= 0:
            self._ready.unregister(self._output)
            os.close(self._output)
            self._output = -1
        while self._errors >= 0:
            self._wait(deadline)

    def failure(self) -> BatutaError:
        """Why it ended: a `GitError`, or that this git is too old for what it was asked."""
        if self._status is None:
            self._listen(time.monotonic() + TIMEOUT_S)
        status = self.end()
        if self.arguments != _ASK_VERSION and self._said:  # a git that does not know what it is asked says so
            version = _version()
            if version < OLDEST_GIT:
                number = ".".join(map(str, version))
                return BatutaError(f"this is git {number}, which is too old", mend=_INSTALL)
        text = self._said.decode("utf-8", "surrogateescape")
        return GitError(self.arguments, status, _reason(text), where=self.folder or "", text=text)

    def end(self) -> int:
        """Close the pipes, wait for the process and return its exit code (negative for a signal)."""
        if self._status is None:
            self._close()
            try:
                self._status = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
            except ChildProcessError:
                # whoever started us ignores SIGCHLD, so the exit code is lost; git does not fail without a word
                self._status = 128 if b"fatal: " in self._said else 0
        return self._status

    def kill(self) -> None:
        """End the process now."""
        if self._status is None:
            try:
                os.kill(self._pid, 9)
            except ProcessLookupError:
                return  # it ended already, see `end`
            self.end()


def _version() -> tuple[int, ...]:
    """The version of git on PATH, its first two numbers; `OLDEST_GIT` where it does not tell."""
    try:
        words = Git(_ASK_VERSION).collect().split()
        return tuple(int(number) for number in words[2].split(b".")[:2])
    except (BatutaError, IndexError, ValueError):
        return OLDEST_GIT


def _reason(said: str) -> str:
    lines = [line for line in said.splitlines() if line.strip()]
    for line in lines:
        if line.startswith(("fatal: ", "error: ")):
            return line.partition(": ")[2]
    return lines[-1].strip() if lines else ""


def git(arguments: Sequence[str], folder: str | None = None, *, sibling: bool = False) -> bytes:
    """Run git to its end and return what it printed; see `Git` and `environment`."""
    return Git(arguments, folder, environment(sibling=sibling)).collect()
