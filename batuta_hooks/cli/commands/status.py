"""Declares ``batuta-stack status``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from batuta_hooks.cli.common import Common, with_common


class StatusFormat(StrEnum):
    """How to print the board."""

    TEXT = "text"
    JSON = "json"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("status")(with_common(_status))


def _status(
    common: Common,
    simple: Annotated[bool, typer.Option("--simple", help="One table.")] = False,
    format: Annotated[StatusFormat, typer.Option("--format", help="How to print it.")] = StatusFormat.TEXT,  # noqa: A002
) -> int:
    """Show the stack at a glance: versions, health, age of every figure, and what to do next."""
    from batuta_hooks.cli.status import Wish, run_status

    return run_status(common, Wish(format=format.value, simple=simple))
