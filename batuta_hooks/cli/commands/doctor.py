"""Declares ``batuta-stack doctor``."""

from __future__ import annotations

from typing import Annotated

import typer

from batuta_hooks.cli.common import Common, with_common
from batuta_hooks.cli.formats import Format


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(with_common(_doctor))


def _doctor(
    common: Common,
    format: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.TEXT,  # noqa: A002
) -> int:
    """Say what is installed and reachable: git, cargo, the cache, the registry, the stack."""
    from batuta_hooks.cli.doctor import run_doctor

    return run_doctor(common, as_json=format is Format.JSON)
