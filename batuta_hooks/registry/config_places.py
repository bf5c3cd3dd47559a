"""Where cargo's home and its configuration files are, and whether nobody has configured anything at all.

A guard that asks what is published must know first which registry that is.  Where there is no file and no variable,
that is crates.io, and nothing has to be read, parsed or followed.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

CRATES_IO_INDEX = "sparse+https://index.crates.io/"
CRATES_IO_GIT_INDEX = "https://github.com/rust-lang/crates.io-index"

#: Variables of cargo's that configure nothing: its home, and what it tells the processes that it starts.
_HARMLESS = ("CARGO", "CARGO_HOME")


def is_unconfigured(folder: str, home: str, environment: Mapping[str, str]) -> bool:
    """Whether cargo, started in a folder, would work with its defaults alone.

    Args:
        folder: the absolute path of the working folder, links resolved.
        home: cargo's home.
    """
    if any(name.startswith("CARGO") and name not in _HARMLESS for name in environment):
        return False
    return not config_files(folder, home)


def cargo_home(environment: Mapping[str, str], folder: str) -> str:
    """The path of cargo's home: `CARGO_HOME`, relative to `folder`, or `.cargo` in the user's home.

    Returns:
        The path as cargo would spell it, whether it exists or not; empty where the user has no home.
    """
    home = environment.get("CARGO_HOME")
    if home:
        return os.path.join(folder, home)
    user = environment.get("HOME")
    if user is None:
        user = os.path.expanduser("~")  # without HOME that is the user database's
        return "" if user == "~" else os.path.join(user, ".cargo")
    return os.path.join(user, ".cargo")


def config_files(folder: str, home: str) -> list[str]:
    """The configuration files, the one that counts most first."""
    found, seen = [], []
    current = folder
    while True:
        here = os.path.join(current, ".cargo")
        try:
            seen.append(os.stat(here))
        except (OSError, ValueError):
            pass
        else:
            found += _file_in(here)
        above = os.path.dirname(current)
        if above == current:
            break
        current = above
    try:
        status = os.stat(home)
    except (OSError, ValueError):
        return found
    if not any(os.path.samestat(status, other) for other in seen):
        found += _file_in(home)
    return found


def _file_in(folder: str) -> list[str]:
    """The configuration file of a folder; the old name, without `.toml`, goes first, unless it cannot be opened."""
    old = os.path.join(folder, "config")
    if os.access(old, os.R_OK):
        return [old]
    new = f"{old}.toml"
    return [new] if os.path.exists(new) else []
