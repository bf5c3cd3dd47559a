"""Declares ``batuta-stack rollback``."""

from __future__ import annotations

from typing import Annotated

import typer

from batuta_hooks.cli.common import Common, with_common


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("rollback")(with_common(_rollback))


def _rollback(
    common: Common,
    identity: Annotated[str, typer.Argument(metavar="ID", help="The release, or the beginning of its identity.")],
    yank: Annotated[bool, typer.Option("--yank", help="Yank what was published, dependents first.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Make what was yanked usable again.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do it without a question.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> int:
    """Take a release back: tags and commits of what was not published, and with --yank the versions that were."""
    from batuta_hooks.cli.rollback import run_rollback

    return run_rollback(common, identity, yanks=yank, undoes=undo, yes=yes, is_json=json)
