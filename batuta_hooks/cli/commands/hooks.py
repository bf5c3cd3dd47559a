"""Declares ``batuta-stack hooks`` and the commands below it."""

from __future__ import annotations

from typing import Annotated

import typer

from batuta_hooks.cli.common import Common, with_common
from batuta_hooks.cli.formats import Format

_All = Annotated[bool, typer.Option("--all", help="Every repository of the stack, not the one here alone.")]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
_Format = Annotated[Format, typer.Option("--format", help="How to print it.")]
_Shared = Annotated[
    bool, typer.Option("--shared", help="Write even where core.hooksPath leads all repositories to one folder.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    below = typer.Typer(help="The git hooks that run the guards.", rich_markup_mode=None)
    below.callback()(with_common(_before_command))
    below.command("install")(with_common(_install))
    below.command("uninstall")(with_common(_uninstall))
    below.command("doctor")(with_common(_doctor))
    app.add_typer(below, name="hooks")


def _before_command(common: Common) -> int:  # noqa: ARG001
    return 0


def _install(
    common: Common,
    every: _All = False,
    shared: _Shared = False,
    dry_run: _DryRun = False,
    format: _Format = Format.TEXT,  # noqa: A002
) -> int:
    """Have git run the guards, beside whatever hooks are there already."""
    from batuta_hooks.cli.hooks import run_install

    return run_install(common, every=every, shared=shared, dry_run=dry_run, as_json=format is Format.JSON)


def _uninstall(
    common: Common,
    every: _All = False,
    shared: _Shared = False,
    dry_run: _DryRun = False,
    format: _Format = Format.TEXT,  # noqa: A002
) -> int:
    """Take the guards' hooks out; every other hook is as it was before."""
    from batuta_hooks.cli.hooks import run_uninstall

    return run_uninstall(common, every=every, shared=shared, dry_run=dry_run, as_json=format is Format.JSON)


def _doctor(
    common: Common,
    every: _All = False,
    format: _Format = Format.TEXT,  # noqa: A002
) -> int:
    """Try what a commit, a merge and a push reach, in a throw-away repository, and say what is missed."""
    from batuta_hooks.cli.hooks_doctor import run_doctor

    return run_doctor(common, every=every, as_json=format is Format.JSON)
