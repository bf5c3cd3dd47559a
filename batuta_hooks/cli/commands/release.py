"""Declares ``batuta-stack release``."""

from __future__ import annotations

from typing import Annotated

import typer

from batuta_hooks.cli.common import Common, with_common
from batuta_hooks.cli.formats import ReleaseFormat


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("release")(with_common(_release))


def _release(
    common: Common,
    crates: Annotated[
        list[str] | None, typer.Argument(metavar="CRATE", help="The crates to release, with what they need.")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="All that changed; the same as naming none.")] = False,
    changed_only: Annotated[
        bool, typer.Option("--changed-only", help="Nothing but crates whose own content changed.")
    ] = False,
    bump: Annotated[
        list[str] | None,
        typer.Option(
            "--bump",
            metavar="LEVEL",
            help="patch, minor, major, rc, alpha, beta, release, auto or a version; for one crate: CRATE=LEVEL.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan, and do nothing.")] = False,
    rehearse: Annotated[
        bool, typer.Option("--rehearse", help="Carry the plan out against a registry on loopback, with real cargo.")
    ] = False,
    no_verify_build: Annotated[
        bool, typer.Option("--no-verify-build", help="Rehearse without building each package before its upload.")
    ] = False,
    consumer_build: Annotated[
        bool, typer.Option("--consumer-build", help="Rehearse with a build, not a check, of what uses each crate.")
    ] = False,
    publish: Annotated[bool, typer.Option("--publish", hidden=True)] = False,
    no_verify: Annotated[bool, typer.Option("--no-verify", help="Run no gates.")] = False,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Run gates again that passed before.")] = False,
    allow_behind: Annotated[
        bool, typer.Option("--allow-behind", help="Go on where a repository lacks commits of its upstream.")
    ] = False,
    format: Annotated[ReleaseFormat, typer.Option("--format", help="How to print it.")] = ReleaseFormat.TEXT,  # noqa: A002
) -> int:
    """Plan the release of crates over all repositories, and run the gates that they have to pass."""
    from batuta_hooks.cli.release import ReleaseOptions, run_release

    options = ReleaseOptions(
        crates=tuple(crates or ()),
        is_all=all_,
        changed_only=changed_only,
        bump=tuple(bump or ()),
        dry_run=dry_run,
        rehearse=rehearse,
        no_verify_build=no_verify_build,
        consumer_build=consumer_build,
        publish=publish,
        no_verify=no_verify,
        no_cache=no_cache,
        allow_behind=allow_behind,
        format_=format,
    )
    return run_release(common, options)
