"""Declares ``batuta-stack status``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from batuta_hooks.cli.common import Common, with_common


class StatusFormat(StrEnum):
    """How to print the board."""

    TEXT = "text"
    JSON = "json"
    MERMAID = "mermaid"
    DOT = "dot"
    HTML = "html"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("status")(with_common(_status))


def _status(
    common: Common,
    simple: Annotated[bool, typer.Option("--simple", help="One table.")] = False,
    tree: Annotated[bool, typer.Option("--tree", help="What needs what, as a tree.")] = False,
    invert: Annotated[bool, typer.Option("--invert", help="With --tree: dependents below each crate.")] = False,
    depth: Annotated[
        int | None, typer.Option("--depth", min=0, metavar="N", help="With --tree: so many levels below the roots.")
    ] = None,
    layer: Annotated[
        str | None, typer.Option("--layer", metavar="NAME", help="With --tree: the crates of a layer as roots.")
    ] = None,
    outdated: Annotated[
        bool, typer.Option("--outdated", help="Only what lags behind crates.io, and the requirements that keep it so.")
    ] = False,
    fetch: Annotated[bool, typer.Option("--fetch", help="Run git fetch in every repository first.")] = False,
    watch: Annotated[
        float | None, typer.Option("--watch", min=1, metavar="SECONDS", help="Look again, every so many seconds.")
    ] = None,
    format: Annotated[StatusFormat, typer.Option("--format", help="How to print it.")] = StatusFormat.TEXT,  # noqa: A002
) -> int:
    """Show the stack at a glance: versions, health, age of every figure, and what to do next."""
    from batuta_hooks.cli.status import Tree, Wish, run_status

    wants_tree = tree or invert or depth is not None or layer is not None
    shown = Tree(invert, depth, layer) if wants_tree else None
    return run_status(common, Wish(format.value, simple, shown, outdated, fetch, watch))
