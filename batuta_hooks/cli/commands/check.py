"""Declares ``batuta-stack check``."""

from __future__ import annotations

from typing import Annotated

import typer

from batuta_hooks.cli.common import Common, with_common
from batuta_hooks.cli.formats import CheckFormat


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check")(with_common(_check))


def _check(
    common: Common,
    crates: Annotated[list[str] | None, typer.Argument(metavar="CRATE", help="The crates to report.")] = None,
    project: Annotated[str | None, typer.Option("--project", metavar="CRATE", help="One more crate to report.")] = None,
    source: Annotated[
        str, typer.Option("--source", metavar="SOURCE", help="worktree, index, or a revision such as HEAD.")
    ] = "worktree",
    format: Annotated[  # noqa: A002
        CheckFormat, typer.Option("--format", help="How to print the report.")
    ] = CheckFormat.TEXT,
    strict: Annotated[
        bool, typer.Option("--strict", help="Warnings fail too (1), and so does the undecided (3).")
    ] = False,
    verify_published: Annotated[
        bool,
        typer.Option(
            "--verify-published", help="Ask the registry now what is wrong with the published versions; tags too."
        ),
    ] = False,
    deep: Annotated[
        bool, typer.Option("--deep", help="Find out what users of each crate would get, where no lock file tells.")
    ] = False,
    what_if: Annotated[
        list[str] | None,
        typer.Option(
            "--what-if",
            metavar="NAME=VERSION",
            help="Judge as if this version, a lower one too, were published or chosen.",
        ),
    ] = None,
    shard: Annotated[
        str | None, typer.Option("--shard", metavar="K/N", help="Judge one part of the repositories, knowing all.")
    ] = None,
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Run git fetch in every repository first; judge tags too.")
    ] = False,
) -> int:
    """Judge every crate of every repository: would cargo publish it, would a clone build?"""
    from batuta_hooks.cli.check import Wishes, run_check

    names = [*(crates or ()), *([project] if project is not None else ())]
    return run_check(
        common, names, source, Wishes(format, strict, fetch, verify_published, deep, tuple(what_if or ()), shard)
    )
