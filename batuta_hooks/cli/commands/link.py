"""Declares ``batuta-stack link`` and ``batuta-stack unlink``."""

from __future__ import annotations

from typing import Annotated

import typer

from batuta_hooks.cli.common import Common, with_common


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("link")(with_common(_link))
    app.command("unlink")(with_common(_unlink))


def _link(
    common: Common,
    crates: Annotated[list[str] | None, typer.Argument(metavar="CRATE", help="The crates to link; none: all.")] = None,
    status: Annotated[bool, typer.Option("--status", help="Show what is linked, change nothing.")] = False,
) -> int:
    """Build against the siblings' checkouts, without a path in any manifest; where it can, with Cargo.lock as it is."""
    from batuta_hooks.cli.link import run_link, run_status

    return run_status(common, crates or ()) if status else run_link(common, crates or ())


def _unlink(common: Common) -> int:
    """Take out again what `link` wrote."""
    from batuta_hooks.cli.link import run_unlink

    return run_unlink(common)
