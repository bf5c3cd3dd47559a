"""One ``git cat-file --batch`` for any number of objects."""

from __future__ import annotations

import time
from collections.abc import Mapping

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.git.command import TIMEOUT_S, Git, environment

#: Larger blobs are not read; crates.io takes no archive above 10 MB.
LARGEST_BLOB = 8 * 1024 * 1024


class Object(NamedTuple):
    """An object: its id, its kind (``blob``, ``tree``, ``commit``, ``tag``), and its content up to `LARGEST_BLOB`."""

    oid: str
    kind: str
    content: bytes


class Objects:
    """Reads objects of one repository by name, one question at a time; starts git at the first question.

    Args:
        folder: any folder in the repository; ``None`` for the current one.
        env: git's environment, see `batuta_hooks.git.command.environment`.

    Every question raises BatutaError where git cannot be run, ends early or gives no answer in time.
    """

    def __init__(self, folder: str | None = None, env: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        self._env = env
        self._git: Git | None = None
        self._pending = b""
        self._deadline = 0.0

    def start(self) -> Git:
        """Start git now, so that it is ready when the first question comes."""
        if self._git is None:
            env = environment() if self._env is None else self._env
            self._git = Git(["cat-file", "--batch"], self._folder, env, talks=True)
        return self._git

    def read(self, name: str) -> bytes | None:
        """The content of the object that a name (an object id, or ``REV:PATH``) stands for.

        ``None`` where there is none.  Content above `LARGEST_BLOB` is cut one byte behind it, so that callers see
        that there is more.
        """
        found = self.find(name)
        return None if found is None else found.content

    def peel(self, name: str) -> str | None:
        """The id of the commit that a name stands for, annotated tags peeled; ``None`` where it is no commit."""
        found = self.find(name)
        if found is not None and found.kind == "tag":
            found = self.find(f"{found.oid}^{{commit}}")
        return found.oid if found is not None and found.kind == "commit" else None

    def committed_at(self, name: str) -> int | None:
        """When the commit that a name stands for was made, in whole seconds since 1970; ``None`` where it is none."""
        commit = self.peel(name)
        found = self.find(commit) if commit else None
        header = found.content.partition(b"\n\n")[0] if found else b""
        for line in header.split(b"\n"):
            if line.startswith(b"committer "):
                words = line.rsplit(b" ", 2)
                return int(words[1]) if len(words) == 3 and words[1].isdigit() else None
        return None

    def find(self, name: str) -> Object | None:
        """The object that a name stands for; ``None`` where there is none."""
        if not name or "\n" in name or "\0" in name:
            return None
        try:
            return self._ask(name)
        except BatutaError:
            self._git, self._pending = None, b""  # it has ended, so the next question starts another
            raise

    def _ask(self, name: str) -> Object | None:
        self._deadline = time.monotonic() + TIMEOUT_S
        self.start().write(name.encode("utf-8", "surrogateescape") + b"\n")
        fields = self._line().rsplit(b" ", 2)
        if len(fields) != 3 or not fields[2].isdigit():
            return None  # "NAME missing", "NAME ambiguous"
        size = int(fields[2])
        content = self._take(min(size, LARGEST_BLOB + 1))
        self._skip(size - len(content) + 1)
        return Object(fields[0].decode("ascii"), fields[1].decode("ascii"), content)

    def close(self) -> None:
        """End git, if it was started."""
        if self._git is not None:
            self._git.end()
            self._git = None
            self._pending = b""

    def _more(self) -> bytes:
        git = self.start()
        part = git.read(self._deadline)
        if not part:
            raise git.failure()
        return part

    def _line(self) -> bytes:
        while b"\n" not in self._pending:
            self._pending += self._more()
        line, _, self._pending = self._pending.partition(b"\n")
        return line

    def _take(self, size: int) -> bytes:
        parts, missing = [self._pending[:size]], size - len(self._pending)
        self._pending = self._pending[size:]
        while missing > 0:
            part = self._more()
            parts.append(part[:missing])
            self._pending = part[missing:]
            missing -= len(part)
        return b"".join(parts)

    def _skip(self, size: int) -> None:
        while size > 0:
            if not self._pending:
                self._pending = self._more()
            skipped = min(size, len(self._pending))
            self._pending = self._pending[skipped:]
            size -= skipped
