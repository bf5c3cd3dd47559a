"""Declares ``batuta-stack config`` and the commands below it."""

from __future__ import annotations

from typing import Annotated

import typer

from batuta_hooks.cli.common import Common, with_common
from batuta_hooks.cli.formats import Format


def register(app: typer.Typer) -> None:
    """Add the commands."""
    below = typer.Typer(help="The configuration in batuta-stack.toml.", rich_markup_mode=None)
    below.callback()(with_common(_before_command))
    below.command("show")(with_common(_show))
    below.command("schema")(with_common(_schema))
    app.add_typer(below, name="config")


def _before_command(common: Common) -> int:  # noqa: ARG001
    return 0


def _show(
    common: Common,
    repository: Annotated[
        str, typer.Argument(metavar="REPOSITORY", help="One of the stack; none for the stack itself.")
    ] = "",
    format: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.TEXT,  # noqa: A002
) -> int:
    """Print every value that counts, and where it comes from."""
    from batuta_hooks.cli.config import run_show

    return run_show(common, repository, as_json=format is Format.JSON)


def _schema(common: Common) -> int:  # noqa: ARG001
    """Print the JSON Schema of batuta-stack.toml."""
    from batuta_hooks.cli.config import run_schema

    return run_schema()
