"""``--help`` and ``--version`` of a guard."""

from __future__ import annotations

from batuta_hooks.guards.options import USAGE, Options
from batuta_hooks.guards.say import write


def program_version() -> str:
    """The version of the installed distribution."""
    from importlib.metadata import version

    return version("batuta-hooks")


def show(name: str, purpose: str, options: Options) -> None:
    """Print what was asked for."""
    write(f"{name} {program_version()}\n" if options.version else USAGE.format(guard=name, purpose=purpose))
