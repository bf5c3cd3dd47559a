"""A temporary folder in which cargo works for a release; what a killed one left is removed by the next."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from batuta_hooks.domain.errors import BatutaError

_PREFIX = "batuta-release-"


@contextmanager
def work_folder() -> Iterator[str]:
    """Make one outside of any cargo configuration, and remove it at the end.

    Raises:
        BatutaError: a configuration lies above the folder for temporary files.
    """
    _remove_left_over()
    folder = tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-")
    try:
        refuse_configuration_above(folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def refuse_configuration_above(folder: str) -> None:
    """Make sure that cargo reads no configuration in the folders above one.

    Raises:
        BatutaError: it would.
    """
    place = os.path.realpath(folder)
    while place != os.path.dirname(place):
        place = os.path.dirname(place)
        for name in ("config.toml", "config"):
            file = os.path.join(place, ".cargo", name)
            if os.path.lexists(file):
                mend = "set TMPDIR to a folder outside of it"
                raise BatutaError(f"cargo would read {file} in a temporary folder", mend=mend)


def _remove_left_over() -> None:
    place = tempfile.gettempdir()
    for name in os.listdir(place):
        process = name.removeprefix(_PREFIX).partition("-")[0]
        path = os.path.join(place, name)
        if name.startswith(_PREFIX) and process.isdecimal() and not os.path.exists(f"/proc/{process}"):
            with suppress(FileNotFoundError):  # another release may be removing it
                found = os.lstat(path)
                if found.st_uid == os.getuid() and stat.S_ISDIR(found.st_mode):
                    shutil.rmtree(path, ignore_errors=True)
