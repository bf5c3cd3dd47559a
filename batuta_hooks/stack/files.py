"""Writing files whole: a reader finds the old content or the new one, never a part."""

from __future__ import annotations

import os
import tempfile


def create(path: str, content: bytes) -> None:
    """Write a file that is not there yet.

    Raises:
        FileExistsError: it is.
    """
    with open(path, "xb") as file:
        file.write(content)


def replace(path: str, content: bytes) -> None:
    """Replace a file's content, its permissions kept; of a symbolic link, the file that it leads to."""
    target = os.path.realpath(path)
    mode = os.stat(target).st_mode & 0o7777
    handle, name = tempfile.mkstemp(prefix=".batuta-", dir=os.path.dirname(target))
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, mode)
        os.replace(name, target)
    except BaseException:
        os.unlink(name)
        raise
