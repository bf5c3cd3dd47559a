"""Declares ``batuta-stack metrics``."""

from __future__ import annotations

from typing import Annotated

import typer

from batuta_hooks.cli.common import Common, with_common
from batuta_hooks.cli.formats import MetricsFormat


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("metrics")(with_common(_metrics))


def _metrics(
    common: Common,
    days: Annotated[int, typer.Option("--days", min=1, metavar="N", help="How far to look back.")] = 30,
    format: Annotated[MetricsFormat, typer.Option("--format", help="How to print it.")] = MetricsFormat.TEXT,  # noqa: A002
) -> int:
    """Say how releases went: durations, gates that failed, waiting, and what to improve."""
    from batuta_hooks.cli.metrics import run_metrics

    return run_metrics(common, days, format)
