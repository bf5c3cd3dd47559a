"""Asking the guard, in this process or in one of its own."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

from batuta_hooks.guards.path_deps import main
from tests.support.process import run, unmeasured

GUARD = Path(sys.executable).parent / "batuta-path-deps"


class Answer(NamedTuple):
    """How the guard ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Standard output as the JSON document that it is, and nothing else."""
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def findings(self) -> list[tuple[str, str, str]]:
        """Code, severity and path of each finding of the JSON document."""
        return [(one["code"], one["severity"], one["path"]) for one in self.document["findings"]]


def ask(
    folder: Path,
    *arguments: str | Path,
    stdin: str = "",
    env: Mapping[str, str] | None = None,
    guard: Callable[[Sequence[str]], int] = main,
) -> Answer:
    """Run a guard in this process, in a folder, with further variables of the environment."""
    out, err = io.StringIO(), io.StringIO()
    given = io.TextIOWrapper(io.BytesIO(stdin.encode("utf-8", "surrogateescape")))
    surrounding = patch.dict(os.environ, env or {}), patch.object(sys, "stdin", given)
    with chdir(folder), surrounding[0], surrounding[1], redirect_stdout(out), redirect_stderr(err):
        code = guard([*map(str, arguments)])
    return Answer(code, out.getvalue(), err.getvalue())


def judge(
    folder: Path,
    *arguments: str | Path,
    stdin: str = "",
    env: Mapping[str, str] | None = None,
    guard: Callable[[Sequence[str]], int] = main,
) -> Answer:
    """Run a guard in this process for its JSON document; nothing is said on standard error."""
    answer = ask(folder, "--format", "json", *arguments, stdin=stdin, env=env, guard=guard)
    assert answer.err == "", answer.err
    assert answer.code in (0, 1, 3)
    return answer


def start(folder: Path, *arguments: str | Path, stdin: str = "", env: Mapping[str, str] | None = None) -> Answer:
    """Run the guard in a process of its own."""
    done = run([GUARD, *arguments], cwd=folder, stdin=stdin, env=unmeasured() | dict(env or {}), code=None)
    return Answer(done.returncode, done.stdout, done.stderr)
