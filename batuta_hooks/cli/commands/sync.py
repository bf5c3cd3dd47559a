"""Declares ``batuta-stack sync``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from batuta_hooks.cli.common import Common, with_common


class SyncFormat(StrEnum):
    """For people, for programs, or for `git apply`."""

    TEXT = "text"
    JSON = "json"
    PATCH = "patch"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("sync")(with_common(_sync))


def _sync(
    common: Common,
    crates: Annotated[list[str] | None, typer.Argument(metavar="CRATE", help="The crates to edit; none: all.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Edit all crates.")] = False,
    align: Annotated[
        list[str] | None, typer.Option("--align", metavar="NAME=REQ", help="Let all require this, and nothing else.")
    ] = None,
    allow_downgrade: Annotated[bool, typer.Option("--allow-downgrade", help="Lower requirements, too.")] = False,
    gradual: Annotated[bool, typer.Option("--gradual", help="One batch of repositories a run, leaves first.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the changes, write nothing.")] = False,
    check: Annotated[bool, typer.Option("--check", help="The same, and exit with 1 where there are some.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    no_commit: Annotated[bool, typer.Option("--no-commit", help="Edit the files, commit nothing.")] = False,
    branch: Annotated[str, typer.Option("--branch", metavar="NAME", help="The branch to commit on.")] = "",
    format: Annotated[SyncFormat, typer.Option("--format", help="How to print it.")] = SyncFormat.TEXT,  # noqa: A002
) -> int:
    """Let path dependencies become published versions, and requirements agree over the whole stack."""
    from batuta_hooks.cli.sync import Manner, run_sync

    manner = Manner(
        dry_run=dry_run, check=check, yes=yes, gradual=gradual, format=format.value, color=common.color or "auto"
    )
    names = () if all_ else tuple(crates or ())
    from batuta_hooks.stack.sync import read_alignments
    from batuta_hooks.stack.sync_values import Wish

    wish = Wish(names, read_alignments(align or ()), allow_downgrade, branch, not no_commit)
    return run_sync(common, wish, manner)
