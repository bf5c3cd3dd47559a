"""The lane of lefthook: a script that its local configuration names.

lefthook leaves a job out of a push that brings no files, such as one of a tag whose commit the remote has; a script it
runs always, and hands git's lines on where `use_stdin` says so.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.stack.hooks_lanes import NAME
from batuta_hooks.stack.hooks_place import Place
from batuta_hooks.stack.hooks_script import EMPTY, OURS, bundled, read_script, version_in
from batuta_hooks.stack.hooks_steps import Remove, Step, Write

FILE = "lefthook-local.yml"
_FOLDERS = ("", ".config")
_NAMES = ("lefthook-local", ".lefthook-local")
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
    local = next(_local_files(place), None)
    if local is None:
        return [Write(file.path, content, is_executable=False)]
    with open(local, encoding="utf-8", errors="replace") as opened:
        if f"{NAME}:" in opened.read():
            return []
    lines = lefthook_lines(events).replace("\n", "\n    ").rstrip()
    raise BatutaError("it is yours, so nothing was added to it", where=local, mend=f"add to it:\n    {lines}")


def lefthook_file_steps(place: Place) -> Iterator[Step]:
    """Remove the local configuration where it is ours."""
    if read_script(os.path.join(place.top, FILE)).owner == OURS:
        yield Remove(os.path.join(place.top, FILE))


def _local_files(place: Place) -> Iterator[str]:
    for folder in _FOLDERS:
        for name in _NAMES:
            for ending in _ENDINGS:
                path = os.path.join(place.top, folder, name + ending)
                if read_script(path).owner != EMPTY:
                    yield path
