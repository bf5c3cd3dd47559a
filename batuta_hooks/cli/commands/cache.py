"""Declares ``batuta-stack cache`` and the commands below it."""

from __future__ import annotations

from typing import Annotated

import typer

from batuta_hooks.cli.common import Common, with_common
from batuta_hooks.cli.formats import Format

_File = Annotated[str, typer.Argument(metavar="FILE")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    below = typer.Typer(help="What is known of the registry's crates, on disk.", rich_markup_mode=None)
    below.callback()(with_common(_before_command))
    below.command("info")(with_common(_info))
    below.command("warm")(with_common(_warm))
    below.command("clear")(with_common(_clear))
    below.command("path")(with_common(_path))
    below.command("export")(with_common(_export))
    below.command("import")(with_common(_import))
    app.add_typer(below, name="cache")


def _before_command(common: Common) -> int:  # noqa: ARG001
    return 0


def _info(
    common: Common,
    format: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.TEXT,  # noqa: A002
) -> int:
    """Say what the cache holds: answers, their ages, their size, and how often it helped."""
    from batuta_hooks.cli.cache import run_info

    return run_info(common, as_json=format is Format.JSON)


def _warm(
    common: Common,
    crates: Annotated[
        list[str] | None, typer.Argument(metavar="CRATE[@VERSION]", help="Crates; none for the stack's.")
    ] = None,
    transitive: Annotated[
        bool, typer.Option("--transitive", help="What its lock files name and its users would get, too.")
    ] = False,
) -> int:
    """Ask the registry about crates, or about all that the stack names, so that nobody has to wait for it later."""
    from batuta_hooks.cli.cache import run_warm

    return run_warm(common, crates or (), transitive=transitive)


def _clear(common: Common) -> int:
    """Remove every answer from the cache, and what checks and guards remembered."""
    from batuta_hooks.cli.cache import run_clear

    return run_clear(common)


def _path(common: Common) -> int:  # noqa: ARG001
    """Print the folder of the cache."""
    from batuta_hooks.cli.cache import run_path

    return run_path()


def _export(common: Common, file: _File) -> int:
    """Write all that the cache holds into a file, for a machine without a network."""
    from batuta_hooks.cli.cache import run_export

    return run_export(common, file)


def _import(common: Common, file: _File) -> int:
    """Take what `cache export` wrote into the cache; any other file is refused."""
    from batuta_hooks.cli.cache import run_import

    return run_import(common, file)
