"""``--help`` and ``--version`` of a guard."""

from __future__ import annotations

from batuta_hooks.guards.options import FILES, TAGS, USAGE, Options
from batuta_hooks.guards.say import write


def program_version() -> str:
    """The version of the installed distribution."""
    from importlib.metadata import version

    return version("batuta-hooks")


def show(name: str, purpose: str, options: Options, *, takes_tags: bool = False) -> None:
    """Print what was asked for.

    Args:
        takes_tags: whether the guard's operands are tags, not files.
    """
    usage = USAGE.format(guard=name, purpose=purpose, **(TAGS if takes_tags else FILES))
    write(f"{name} {program_version()}\n" if options.version else usage)
