"""Declares ``batuta-stack merge-reports``."""

from __future__ import annotations

from typing import Annotated

import typer

from batuta_hooks.cli.common import Common, with_common
from batuta_hooks.cli.formats import CheckFormat


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("merge-reports")(with_common(_merge_reports))


def _merge_reports(
    common: Common,
    files: Annotated[list[str], typer.Argument(metavar="FILE", help="The JSON reports of all shards.")],
    format: Annotated[  # noqa: A002
        CheckFormat, typer.Option("--format", help="How to print the report.")
    ] = CheckFormat.TEXT,
    strict: Annotated[
        bool, typer.Option("--strict", help="Warnings fail too (1), and so does the undecided (3).")
    ] = False,
) -> int:
    """Make one report of those of `check --shard K/N --format json`, all of them, and exit as the whole check would."""
    from batuta_hooks.cli.check import Wishes
    from batuta_hooks.cli.merge_reports import run_merge_reports

    return run_merge_reports(common, files, Wishes(format, strict))
