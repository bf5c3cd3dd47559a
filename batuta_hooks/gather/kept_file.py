"""A file of one's own in the cache folder: whoever else could have written it is not believed.

It is worth no error: what cannot be read counts as empty, and what cannot be written is not.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_REGULAR, _KIND, _WRITABLE_BY_OTHERS = 0o100000, 0o170000, 0o022


def read_kept(file: str, most_bytes: int) -> bytes:
    """A file's bytes; none of one that others could have written, or that holds more than `most_bytes`."""
    try:
        with open(file, "rb", opener=_plain) as stream:
            status = os.fstat(stream.fileno())
            is_own = status.st_uid == os.geteuid() and not status.st_mode & _WRITABLE_BY_OTHERS
            if status.st_mode & _KIND != _REGULAR or not is_own or status.st_size > most_bytes:
                return b""
            return stream.read(most_bytes)
    except (OSError, ValueError):
        return b""


def append_kept(file: str, content: bytes) -> None:
    """Append to a file that is there, in one write, so that processes at work at the same time do not mix theirs."""
    try:
        fd = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return
    try:
        os.write(fd, content)
    except OSError:
        return
    finally:
        os.close(fd)


def replace_kept(file: str, parts: Iterable[bytes]) -> None:
    """Put a file that nobody else can write in the place of what is there, whole at once."""
    place = f"{file}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(file), mode=0o700, exist_ok=True)
        with open(place, "wb", opener=_private) as stream:
            stream.writelines(parts)
        os.replace(place, file)
    except OSError:
        try:
            os.unlink(place)
        except OSError:
            return


def _plain(path: str, flags: int) -> int:
    """Opens neither what a link leads to nor, for ever, a pipe."""
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOFOLLOW)


def _private(path: str, flags: int) -> int:
    """Writes through no link that somebody laid there."""
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)
