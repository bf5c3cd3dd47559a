"""Declares ``batuta-stack release``."""

from __future__ import annotations

import re
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from batuta_hooks.cli.common import Common, with_common
from batuta_hooks.cli.formats import ReleaseFormat

_IDENTITY = re.compile(r"[0-9a-f]{4,64}")


class _Command(TyperCommand):
    """Takes `--resume=ID` for `--resume ID`: its value may be left out."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the command line."""
        given = [part for one in args for part in (one.split("=", 1) if one.startswith("--resume=") else [one])]
        return super().parse_args(ctx, given)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("release", cls=_Command)(with_common(_release))


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
    publish: Annotated[
        bool, typer.Option("--publish", help="Publish: gates, commits, uploads, tags and pushes, wave by wave.")
    ] = False,
    push: Annotated[
        bool | None,
        typer.Option("--push/--no-push", help="Push branches and tags; the default with --publish."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the release that is under way; with its ID: with that one.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Release without a question.")] = False,
    notify: Annotated[
        str,
        typer.Option("--notify", metavar="COMMAND", help="Gets the JSON document on standard input, however it ended."),
    ] = "",
    index_timeout: Annotated[
        float, typer.Option("--index-timeout", min=1, metavar="SECONDS", help="How long to wait for the index.")
    ] = 600.0,
    no_verify: Annotated[bool, typer.Option("--no-verify", help="Run no gates.")] = False,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Run gates again that passed before.")] = False,
    executor: Annotated[
        str, typer.Option("--executor", metavar="dask:ADDRESS", help="Run the gates on a Dask cluster.")
    ] = "",
    allow_behind: Annotated[
        bool, typer.Option("--allow-behind", help="Go on where a repository lacks commits of its upstream.")
    ] = False,
    format: Annotated[ReleaseFormat, typer.Option("--format", help="How to print it.")] = ReleaseFormat.TEXT,  # noqa: A002
) -> int:
    """Release crates over all repositories: plan, gates, and with --publish commits, uploads and tags, wave by wave."""
    from batuta_hooks.cli.release import ReleaseOptions, run_release

    named = list(crates or ())
    identity = named.pop() if resume and named and _IDENTITY.fullmatch(named[-1]) else ""
    options = ReleaseOptions(
        crates=tuple(named),
        is_all=all_,
        changed_only=changed_only,
        bump=tuple(bump or ()),
        dry_run=dry_run,
        rehearse=rehearse,
        no_verify_build=no_verify_build,
        consumer_build=consumer_build,
        publish=publish,
        push=push,
        resume=identity if resume else None,
        yes=yes,
        notify=notify,
        index_timeout=index_timeout,
        no_verify=no_verify,
        no_cache=no_cache,
        executor=executor,
        allow_behind=allow_behind,
        format_=format,
    )
    return run_release(common, options)
