"""The options that every command knows, accepted before and after the command's name."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

import typer


class Color(StrEnum):
    """When to colour what is printed."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Common(NamedTuple):
    """The common options as given; ``None`` where one was not.

    Attributes:
        workspace: the folder that holds the stack's repositories.
        color: when to colour.
        quiet: print findings alone.
        verbose: print what is usually left out.
        offline: open no socket.
        as_of: the time as of which the registry is looked at.
        jobs: repositories to work on at the same time.
    """

    workspace: str | None = None
    color: Color | None = None
    quiet: bool | None = None
    verbose: bool | None = None
    offline: bool | None = None
    as_of: str | None = None
    jobs: int | None = None

    def over(self, before: Common) -> Common:
        """These options, with what was given before the command where they leave something open."""
        return before._replace(**{name: value for name, value in self._asdict().items() if value not in (None, False)})


_TYPES: dict[str, Any] = {
    "workspace": Annotated[
        str | None, typer.Option("--workspace", metavar="PATH", help="The folder that holds the repositories.")
    ],
    "color": Annotated[Color | None, typer.Option("--color", help="When to colour; NO_COLOR is honoured.")],
    "quiet": Annotated[bool | None, typer.Option("--quiet", "-q", help="Print findings alone.")],
    "verbose": Annotated[bool | None, typer.Option("--verbose", "-v", help="Print more.")],
    "offline": Annotated[bool | None, typer.Option("--offline", help="Open no socket.")],
    "as_of": Annotated[
        str | None, typer.Option("--as-of", metavar="TIME", help="The registry as it was then: an ISO date or time.")
    ],
    "jobs": Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, max=512, metavar="N", help="Repositories at the same time.")
    ],
}


def _parameters() -> list[inspect.Parameter]:
    kind = inspect.Parameter.KEYWORD_ONLY
    return [inspect.Parameter(name, kind, default=None, annotation=type_) for name, type_ in _TYPES.items()]


Run = Callable[[], int]
"""What a command line asks for, parsed and ready: runs it and returns the exit code."""


def with_common(function: Callable[..., int]) -> Callable[..., Run]:
    """Give a command the common options; the function gets them united, as its first argument.

    The command only parses: what it returns is to be run outside of typer, which has its own mind about exceptions.
    """

    def command(ctx: typer.Context, **given: Any) -> Run:
        own = Common(**{name: given.pop(name) for name in Common._fields})
        ctx.obj = own.over(ctx.obj) if isinstance(ctx.obj, Common) else own
        return functools.partial(function, ctx.obj, **given)

    written = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    context = inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    named = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in written]
    parameters = [context, *named, *_parameters()]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    command.__name__ = function.__name__
    command.__doc__ = function.__doc__
    return command
