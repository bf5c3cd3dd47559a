"""Today's errors as exceptions, so that a stack can adopt the guards at once and hear of new errors alone."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from batuta_hooks.domain.config import Allow, read_config
from batuta_hooks.domain.config_keys import Layer
from batuta_hooks.domain.dependency_entry import spell_value
from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.finding import ERROR, Finding
from batuta_hooks.domain.toml_text import TomlFault, read_toml
from batuta_hooks.gather.configuration import FILE_NAME, find_stack_file
from batuta_hooks.stack.checkouts import Workspace
from batuta_hooks.stack.files import create, replace
from batuta_hooks.stack.found import look_around
from batuta_hooks.stack.judging import configured_at
from batuta_hooks.stack.template import template
from batuta_hooks.stack.verdict import Report


class Written(NamedTuple):
    """A configuration file that was made or extended, and how many exceptions went into it."""

    path: str
    is_new: bool
    exceptions: int


def write_template(workspace: Workspace, *, jobs: int | None = None) -> Written:
    """Write a commented batuta-stack.toml into the meta-checkout, from what is found in its repositories.

    Args:
        jobs: repositories to look at the same time; ``None`` for one a processor.

    Raises:
        BatutaError: there is one already.
    """
    path = os.path.join(workspace.folder, FILE_NAME)
    if os.path.lexists(path):
        raise BatutaError(
            "it exists already",
            where=path,
            mend="edit it; `batuta-stack init --baseline` adds today's errors to it as exceptions",
        )
    create(path, template(look_around(workspace, jobs=jobs)).encode())
    return Written(path, True, 0)


def write_baseline(workspace: Workspace, report: Report, today: date) -> list[Written]:
    """Add an exception for each error of a report to the configuration file that counts for its repository.

    A file that is not there yet is made from the template; of one that is there every byte is kept.

    Raises:
        BatutaError: a file cannot be extended.
    """
    entries: dict[str, dict[Allow, None]] = {os.path.join(workspace.folder, FILE_NAME): {}}
    for placed in report.findings:
        if placed.finding.severity == ERROR and _can_be_named(placed.finding):
            counting = find_stack_file(configured_at(workspace, placed.repository))
            path = counting or os.path.join(workspace.folder, FILE_NAME)
            entries.setdefault(path, {})[_exception(placed.finding, today)] = None
    written = [_extend(path, list(found), workspace, today) for path, found in entries.items()]
    return [one for one in written if one.is_new or one.exceptions]


def _can_be_named(finding: Finding) -> bool:
    try:
        finding.path.encode()
    except UnicodeEncodeError:  # a path that is not UTF-8 cannot stand in TOML
        return bool(finding.crate)
    return True


def _exception(finding: Finding, today: date) -> Allow:
    # without a crate the exception would cover the whole stack, so it is tied to the file
    path = "" if finding.crate else _literally(finding.path)
    return Allow(finding.code, f"baseline of {today}", finding.crate, finding.dependency, path)


def _literally(path: str) -> str:
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in path)


def _extend(path: str, entries: list[Allow], workspace: Workspace, today: date) -> Written:
    is_new = not os.path.lexists(path)
    before = template(look_around(workspace)).encode() if is_new else _read(path)
    newline = "\r\n" if b"\r\n" in before else "\n"
    gap = "" if not before or before.endswith(b"\n") else newline
    added = f"{gap}{newline}{_spelled(entries, today, newline)}" if entries else ""
    content = before + added.encode()
    if entries:
        _check(path, content)
    if is_new:
        create(path, content)
    elif entries:
        replace(path, content)
    return Written(path, is_new, len(entries))


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _spelled(entries: Iterable[Allow], today: date, newline: str) -> str:
    lines = [f"# The errors of {today}, so that only new ones count: mend one, then drop its entry."]
    for entry in entries:
        lines.append("[[allow]]")
        for key in ("code", "crate", "dependency", "path", "reason"):
            value = getattr(entry, key)
            if value:
                lines.append(f"{key} = {spell_value(value)}")
        lines.append("")
    return newline.join(lines)


def _check(path: str, content: bytes) -> None:
    """Whether the file still means what it meant: ``allow = [...]`` in one line cannot be extended by tables."""
    try:
        read_config([Layer(read_toml(content), path, content)])
    except TomlFault as fault:
        raise BatutaError(
            f"exceptions cannot be added: {fault.reason}",
            where=path,
            mend="write the exceptions that are there as [[allow]] tables, not as `allow = [...]`",
        ) from fault
