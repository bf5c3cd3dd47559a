"""The lane of lefthook: a script that its local configuration names.

lefthook leaves a job out of a push that brings no files, such as one of a tag whose commit the remote has; a script it
runs always, and hands git's lines on where `use_stdin` says so.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.stack.hooks_frameworks import GUARDS, note, read_document
from batuta_hooks.stack.hooks_lanes import NAME, OWN_FOLDER
from batuta_hooks.stack.hooks_place import EVENTS, Place
from batuta_hooks.stack.hooks_script import EMPTY, OURS, bundled, read_script, version_in
from batuta_hooks.stack.hooks_steps import Remove, Step, Write

FILE = "lefthook-local.yml"
_FOLDERS = ("", ".config")
_NAMES = ("lefthook-local", ".lefthook-local")
_MAIN_NAMES = ("lefthook", ".lefthook")
_ENDINGS = (".yml", ".yaml", ".toml", ".json", ".jsonc")


def lefthook_lines(events: Iterable[str]) -> str:
    """What lefthook's configuration must say, as YAML."""
    block = "{}:\n  scripts:\n    {}:\n      runner: sh\n      use_stdin: true\n"
    return "\n".join(block.format(event, NAME) for event in events)


def lefthook_steps(place: Place, events: list[str]) -> list[Step]:
    """Name our scripts in a local configuration of our own; in somebody's own, they must be there already.

    Raises:
        BatutaError: there is a local configuration that does not name them, with the lines that it needs.
    """
    file = read_script(os.path.join(place.top, FILE))
    version = version_in(bundled(events[0]))
    content = f"# batuta-hooks: managed {version}\n{lefthook_lines(events)}".encode()
    if file.owner == OURS:
        return [] if file.content == content else [Write(file.path, content, is_executable=False)]
    local = next(_files(place, _NAMES), None)
    if local is None:
        # or `git add --all` would commit it, and the next checkout take it away
        return [Write(file.path, content, is_executable=False), *_excluding(place, version)]
    with open(local, encoding="utf-8", errors="replace") as opened:
        if f"{NAME}:" in opened.read():
            return []
    lines = lefthook_lines(events).replace("\n", "\n    ").rstrip()
    raise BatutaError("it is yours, so nothing was added to it", where=local, mend=f"add to it:\n    {lines}")


def lefthook_file_steps(place: Place) -> Iterator[Step]:
    """Remove the local configuration where it is ours, and what keeps it out of commits."""
    if read_script(os.path.join(place.top, FILE)).owner != OURS:
        return
    yield Remove(os.path.join(place.top, FILE))
    exclude = read_script(_exclude_of(place))
    kept = _BLOCK.sub(b"", exclude.content)
    if kept != exclude.content:
        yield Write(exclude.path, kept, is_executable=False) if kept else Remove(exclude.path)


def _excluding(place: Place, version: str) -> Iterator[Step]:
    exclude = read_script(_exclude_of(place))
    if not _BLOCK.search(exclude.content):
        gap = b"" if exclude.content.endswith(b"\n") or not exclude.content else b"\n"
        block = f"# batuta-hooks: managed {version}\n/{FILE}\n/.lefthook-local/\n".encode()
        yield Write(exclude.path, exclude.content + gap + block, is_executable=False)


def _exclude_of(place: Place) -> str:
    return os.path.join(place.git_folder, "info", "exclude")


_BLOCK = re.compile(rb"^# batuta-hooks: managed \S+\n/lefthook-local\.yml\n/\.lefthook-local/\n", re.MULTILINE)


def lefthook_configs(place: Place) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The main and the local configuration as far as they are read, each with a name under which lefthook finds it."""
    for names, name in ((_MAIN_NAMES, "lefthook.yml"), (_NAMES, FILE)):
        path = next(_files(place, names), None)
        document = read_document(path) if path is not None else None
        if document is not None:
            yield name, document


def reduced_lefthook(document: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration with what names our guards or scripts alone; in place of what runs a guard it is noted."""
    reduced: dict[str, Any] = {}
    for key, value in document.items():
        if key in EVENTS and isinstance(value, dict):
            reduced[key] = {name: _ours(part) for name, part in value.items() if name in _PARTS}
            reduced[key] |= {name: part for name, part in value.items() if name in _OF_EVENTS}
        elif key in _OF_ALL:
            reduced[key] = value
    return reduced


_PARTS = ("jobs", "commands", "scripts")
_OF_EVENTS = ("skip", "only", "parallel", "piped", "exclude_tags", "files")
_OF_ALL = ("source_dir", "source_dir_local", "assert_lefthook_installed", "min_version", "no_tty", "output")


def _ours(part: Any) -> Any:
    """Of a list or table of jobs those that are ours."""
    if isinstance(part, list):
        return [job for job in map(_noting, part) if job is not None]
    if isinstance(part, dict):
        jobs = {name: _noting(job, name) for name, job in part.items()}
        return {name: job for name, job in jobs.items() if job is not None}
    return None


def _noting(job: Any, name: str = "") -> Any:
    """A job of ours as it stands where it runs our script, noting the guards that it runs itself; else ``None``."""
    if not isinstance(job, dict):
        return None
    if NAME in (name, job.get("script")):
        return job
    run = str(job.get("run", ""))
    is_script = any(f"{folder}/pre-" in run for folder in (OWN_FOLDER, "batuta-hooks/hooks"))
    guards = [guard for guard in GUARDS if is_script or guard in run]
    return {**job, "run": note(guards)} if guards else None


def _files(place: Place, names: Iterable[str]) -> Iterator[str]:
    for folder in _FOLDERS:
        for name in names:
            for ending in _ENDINGS:
                path = os.path.join(place.top, folder, name + ending)
                if read_script(path).owner != EMPTY:
                    yield path
