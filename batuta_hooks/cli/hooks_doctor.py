"""``batuta-stack hooks doctor``: a table a repository, or JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from typing import Any

from batuta_hooks.cli.common import Common
from batuta_hooks.cli.hooks import timestamp
from batuta_hooks.report.plain import printable
from batuta_hooks.report.terminal import wants_color
from batuta_hooks.stack.check import report_time
from batuta_hooks.stack.hooks_doctor import Diagnosis, Line, diagnose

_RED, _GREEN, _YELLOW = "31", "32", "33"


def run_doctor(common: Common, *, every: bool, as_json: bool) -> int:
    """Try the hooks, print what they reach, and return the exit code: 1 where something is missed."""
    found = diagnose(common.workspace, every=every, jobs=common.jobs)
    if as_json:
        print(json.dumps(_document(found)))
    else:
        color = wants_color(common.color or "auto")
        for one in found:
            if not (common.quiet and one.is_well):
                print("\n".join(_text(one, color=color, as_patch=every)))
        if not common.quiet:
            well = sum(one.is_well for one in found)
            print(f"nothing is missed in {well} of {len(found)} {'repository' if len(found) == 1 else 'repositories'}")
    return 0 if all(one.is_well for one in found) else 1


def _text(one: Diagnosis, *, color: bool, as_patch: bool) -> Iterator[str]:
    where = f"  (hooks in {printable(_near(one.place.folder))})" if one.place else ""
    yield f"{printable(one.path)}{where}"
    if one.error is not None:
        yield f"    {printable(one.error)}"
    if one.lines:
        yield f"    {'':<20} {'git runs':<15} {'which asks'}"
    for line in one.lines:
        yield f"    {line.operation:<20} {line.runs:<15} {_asked(line, color=color)}"
        if line.missed and line.why:
            yield f"    {'':<36} {printable(line.why)}"
    if one.programs:
        yield f"    not on PATH: {', '.join(one.programs)}"
    if one.advice is not None:
        yield from (f"    mend: {command}" for command in one.advice.commands)
        if one.advice.patch and as_patch:
            yield "    or, for everybody who uses the framework, with `git apply`:"
            yield one.advice.patch.rstrip("\n")
        elif one.advice.lines:
            yield "    or, for everybody who uses the framework, add to its configuration:"
            yield from (f"        {printable(line)}" for line in one.advice.lines.splitlines())
    yield ""


def _asked(line: Line, *, color: bool) -> str:
    said = []
    if line.reached:
        said.append((_GREEN, ", ".join(_short(guard) for guard in line.reached)))
    if line.is_unknown:
        said.append((_YELLOW, "not known: a script of your own names batuta, and is not run here"))
    if line.missed:
        what = "missed: " if line.is_heeded or not line.reached else "not heeded: "
        said.append((_RED, what + ", ".join(_short(guard) for guard in line.missed)))
    return "; ".join(f"\x1b[{code}m{text}\x1b[0m" if color else text for code, text in said)


def _short(guard: str) -> str:
    return guard.removeprefix("batuta-")


def _near(path: str) -> str:
    near = os.path.relpath(path)
    return path if near.startswith("..") else near


def _document(found: Sequence[Diagnosis]) -> dict[str, Any]:
    return {
        "schema": "batuta.hooks/1",
        "timestamp": timestamp(report_time()),
        "action": "doctor",
        "repositories": [
            {
                "path": one.path,
                "error": one.error,
                "is_well": one.is_well,
                "hooks_folder": one.place.folder if one.place else None,
                "hooks_path": one.place.hooks_path if one.place else None,
                "git_version": ".".join(map(str, one.place.git_version)) if one.place else None,
                "operations": [line._asdict() for line in one.lines],
                "not_on_path": one.programs,
                "mend": one.advice._asdict() if one.advice else None,
            }
            for one in found
        ],
    }
