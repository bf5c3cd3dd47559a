"""Files of a cargo home and of cargo's configuration: read with bounds, never waited for."""

from __future__ import annotations

import os

from batuta_hooks.domain.record import NamedTuple

_KIND, _REGULAR, _FOLDER = 0o170000, 0o100000, 0o040000
_EFBIG, _EINVAL, _EISDIR = 27, 22, 21


class FileContent(NamedTuple):
    """What a file held, and when it was last written: seconds since 1970, UTC."""

    data: bytes
    modified_s: float


def read_file(path: str, max_bytes: int) -> FileContent:
    """Read a regular file; symbolic links are followed, a pipe or a device is not waited for.

    Raises:
        OSError: it is not there, cannot be read, is no regular file, or holds more than `max_bytes`.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except ValueError:  # a NUL in the path
        raise OSError(_EINVAL, "the path cannot exist", path) from None
    status = os.fstat(fd)
    if status.st_mode & _KIND != _REGULAR:  # of a folder no file object can be made
        os.close(fd)
        if status.st_mode & _KIND == _FOLDER:
            raise OSError(_EISDIR, "Is a directory", path)
        raise OSError(_EINVAL, "not a regular file", path)
    with os.fdopen(fd, "rb") as file:
        if status.st_size > max_bytes:
            raise OSError(_EFBIG, f"larger than {max_bytes >> 20} MiB", path)
        data = file.read(status.st_size)
    return FileContent(data, status.st_mtime)
