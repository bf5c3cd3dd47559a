"""Declares ``batuta-stack explain``."""

from __future__ import annotations

from typing import Annotated

import typer

from batuta_hooks.cli.common import Common, with_common


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("explain")(with_common(_explain))


def _explain(
    common: Common,  # noqa: ARG001
    code: Annotated[str, typer.Argument(metavar="CODE", help="A finding's code, such as PD001.")] = "",
) -> int:
    """Say what a finding's code means, with an example and how to allow it."""
    from batuta_hooks.cli.explain import explanation

    print(explanation(code))
    return 0
