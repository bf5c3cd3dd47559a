"""git-cliff, where it is installed: it writes the section of a version by its own configuration (git-cliff.org).

It is run as a process, without a shell and without a network.  The section's date is that of the plan: what git-cliff
knows is taken as JSON, dated, and given back to it to be written.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from typing import Any, NamedTuple

from batuta_hooks.domain.tags import render_tag
from batuta_hooks.git.command import LOCAL_NAMES
from batuta_hooks.report.plain import printable

_PROGRAM = "git-cliff"
_CONFIGURATIONS = ("cliff.toml", ".cliff.toml", os.path.join(".config", "cliff.toml"))
_TIMEOUT_S = 60.0
_MOST_BYTES = 1 << 20
_DAY_S = 86400


class Span(NamedTuple):
    """Which commits a section is about.

    Attributes:
        tag: the version's, as it will be.
        template: how the tags of the crate are spelled, where others here have tags of their own; else empty.
        crate: its name.
        folders: the folders whose commits count; none for all.
    """

    tag: str
    template: str = ""
    crate: str = ""
    folders: tuple[str, ...] = ()


class Cliff:
    """Asks git-cliff.

    Attributes:
        is_there: whether it is installed.
    """

    def __init__(self) -> None:
        self._program = shutil.which(_PROGRAM)
        self.is_there = self._program is not None

    def is_configured(self, folder: str) -> bool:
        """Whether a repository has a configuration for it."""
        return any(os.path.isfile(os.path.join(folder, name)) for name in _CONFIGURATIONS)

    def section(self, folder: str, span: Span, date: str) -> tuple[str, ...] | str:
        """The lines of a version's section, its heading among them; why there are none, a clause.

        Args:
            folder: the repository's checkout.
            date: of the section, ``yyyy-mm-dd``.
        """
        options = ["--unreleased", f"--tag={span.tag}"]
        if span.template:
            before, _, after = render_tag(span.template, span.crate, "\0").partition("\0")
            options.append(f"--tag-pattern=^{re.escape(before)}[0-9].*{re.escape(after)}$")
        options += [f"--include-path={one}/**" for one in span.folders if one]
        context = self._run(folder, ["--offline", *options, "--context"])
        dated = None if context.said else _dated(context.text, date)
        if dated is not None:
            written = self._run(folder, ["--offline", "--strip=all", "--from-context=-"], dated)
        else:  # one that knows no context dates it itself
            written = self._run(folder, [*options, "--strip=all"])
        lines = tuple(printable(line) for line in written.text.strip("\n").splitlines())
        if written.said or not any(line.strip() for line in lines):
            return written.said or "it printed nothing"
        return lines

    def _run(self, folder: str, options: list[str], given: str = "") -> _Printed:
        env = {name: value for name, value in os.environ.items() if name not in LOCAL_NAMES}
        try:
            ended = subprocess.run(
                [self._program or _PROGRAM, *options],
                cwd=folder,
                env=env,
                input=given.encode(),
                capture_output=True,
                timeout=_TIMEOUT_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return _Printed("", str(error))
        if ended.returncode or len(ended.stdout) > _MOST_BYTES:
            said = ended.stderr.decode("utf-8", "replace").strip().splitlines()
            return _Printed("", printable(said[-1]) if said else f"exit code {ended.returncode}")
        return _Printed(ended.stdout.decode("utf-8", "replace"), "")


class _Printed(NamedTuple):
    """What was printed, and why it counts for nothing; empty where it does."""

    text: str
    said: str


def _dated(text: str, date: str) -> str | None:
    """What git-cliff knows of the releases, the first of them dated; ``None`` for what is no such JSON."""
    from datetime import UTC, datetime

    time = int(datetime.fromisoformat(date).replace(tzinfo=UTC).timestamp())
    try:
        releases: Any = json.loads(text)
        first = releases[0]
        first["timestamp"] = time
        if (first.get("statistics") or {}).get("days_passed_since_last_release") is not None:
            before = (first.get("previous") or {}).get("timestamp") or time
            first["statistics"]["days_passed_since_last_release"] = max(0, (time - before) // _DAY_S)
        return json.dumps(releases)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
