"""Declares ``batuta-stack init``."""

from __future__ import annotations

from typing import Annotated

import typer

from batuta_hooks.cli.common import Common, with_common


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("init")(with_common(_init))


def _init(
    common: Common,
    baseline: Annotated[
        bool, typer.Option("--baseline", help="Write today's errors as exceptions, so that only new ones fail.")
    ] = False,
) -> int:
    """Write a commented batuta-stack.toml from what the repositories hold."""
    from batuta_hooks.cli.init import run_init

    return run_init(common, baseline=baseline)
