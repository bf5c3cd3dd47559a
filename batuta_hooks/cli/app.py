"""``batuta-stack``: the command that a person types.  Parses, calls one function of `batuta_hooks.stack`, renders."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, cast

import typer

from batuta_hooks.cli.common import Common, with_common
from batuta_hooks.domain.errors import BatutaError

NAME = "batuta-stack"

#: Typer's error for a wrong command line, of which it exports but one heir; click's own in versions that use click.
_UsageError = cast("type[Exception]", typer.BadParameter.__mro__[1])

app = typer.Typer(
    name=NAME,
    help="Guards a stack of Rust crates over many git repositories.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Format(StrEnum):
    """How to print a report."""

    TEXT = "text"
    JSON = "json"


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"{NAME} {version('batuta-hooks')}")
        raise typer.Exit


@app.callback()
@with_common
def _before_command(
    common: Common,  # noqa: ARG001
    version: Annotated[  # noqa: ARG001
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> int:
    return 0


@app.command("check")
@with_common
def _check(
    common: Common,
    crates: Annotated[list[str] | None, typer.Argument(metavar="CRATE", help="The crates to report.")] = None,
    project: Annotated[str | None, typer.Option("--project", metavar="CRATE", help="One more crate to report.")] = None,
    source: Annotated[
        str, typer.Option("--source", metavar="SOURCE", help="worktree, index, or a revision such as HEAD.")
    ] = "worktree",
    format: Annotated[Format, typer.Option("--format", help="How to print the report.")] = Format.TEXT,  # noqa: A002
    strict: Annotated[
        bool, typer.Option("--strict", help="Warnings fail too (1), and so does the undecided (3).")
    ] = False,
) -> int:
    """Judge every crate of every repository: would cargo publish it, would a clone build?"""
    from batuta_hooks.cli.check import run_check

    names = [*(crates or ()), *([project] if project is not None else ())]
    return run_check(common, names, source, as_json=format is Format.JSON, strict=strict)


@app.command("explain")
@with_common
def _explain(
    common: Common,  # noqa: ARG001
    code: Annotated[str, typer.Argument(metavar="CODE", help="A finding's code, such as PD001.")] = "",
) -> int:
    """Say what a finding's code means, with an example and how to allow it."""
    from batuta_hooks.cli.explain import explanation

    print(explanation(code))
    return 0


@app.command("init")
@with_common
def _init(
    common: Common,
    baseline: Annotated[
        bool, typer.Option("--baseline", help="Write today's errors as exceptions, so that only new ones fail.")
    ] = False,
) -> int:
    """Write a commented batuta-stack.toml."""
    from batuta_hooks.cli.init import run_init

    return run_init(common, baseline=baseline)


cache_app = typer.Typer(help="What is known of the registry's crates, on disk.", rich_markup_mode=None)
app.add_typer(cache_app, name="cache")


@cache_app.callback()
@with_common
def _before_cache_command(common: Common) -> int:  # noqa: ARG001
    return 0


@cache_app.command("info")
@with_common
def _cache_info(
    common: Common,
    format: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.TEXT,  # noqa: A002
) -> int:
    """Say what the cache holds: answers, their ages, their size, and how often it helped."""
    from batuta_hooks.cli.cache import run_info

    return run_info(common, as_json=format is Format.JSON)


@cache_app.command("warm")
@with_common
def _cache_warm(
    common: Common,
    crates: Annotated[list[str] | None, typer.Argument(metavar="CRATE", help="Crates; none for the stack's.")] = None,
    transitive: Annotated[
        bool, typer.Option("--transitive", help="All that the stack's Cargo.lock files name, too.")
    ] = False,
) -> int:
    """Ask the registry about crates, or about all that the stack names, so that nobody has to wait for it later."""
    from batuta_hooks.cli.cache import run_warm

    return run_warm(common, crates or (), transitive=transitive)


@cache_app.command("clear")
@with_common
def _cache_clear(common: Common) -> int:
    """Remove every answer from the cache."""
    from batuta_hooks.cli.cache import run_clear

    return run_clear(common)


@cache_app.command("path")
@with_common
def _cache_path(common: Common) -> int:  # noqa: ARG001
    """Print the folder of the cache."""
    from batuta_hooks.cli.cache import run_path

    return run_path()


_File = Annotated[str, typer.Argument(metavar="FILE")]


@cache_app.command("export")
@with_common
def _cache_export(common: Common, file: _File) -> int:
    """Write all that the cache holds into a file, for a machine without a network."""
    from batuta_hooks.cli.cache import run_export

    return run_export(common, file)


@cache_app.command("import")
@with_common
def _cache_import(common: Common, file: _File) -> int:
    """Take what `cache export` wrote into the cache; any other file is refused."""
    from batuta_hooks.cli.cache import run_import

    return run_import(common, file)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; what stops it is a sentence on standard error.

    Args:
        argv: arguments without the program's name; ``None`` for those of the process.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _run(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
    except BatutaError as error:
        return _say(str(error), error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # so that the interpreter's last flush cannot fail either
        return 2
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        return _say(f"{error.filename or NAME}: {error.strerror or error}", 2)
    return code


def _run(argv: list[str]) -> int:
    command = typer.main.get_command(app)
    try:
        run = command.main(argv or ["--help"], prog_name=NAME, standalone_mode=False)
    except _UsageError as error:
        raise _wrong_usage(error, argv) from error
    if not argv:
        return 2
    return run() if callable(run) else int(run or 0)  # a number where the help or the version was printed


def _wrong_usage(error: Exception, argv: Sequence[str]) -> BatutaError:
    """Typer's error in this program's words; how it names what was probably meant differs from version to version."""
    said = str(getattr(error, "format_message", error.__str__)()).replace("Value error, ", "")
    said, _, near = said.partition(" (Possible options: ")
    said, _, meant = said.partition(" Did you mean ")
    near = near.rstrip(")") or meant.rstrip("?").replace("'", "")
    mend = f"did you mean {near.partition(', ')[0]}?"
    if not near:
        mend = f"{' '.join([NAME, *_commands_in(argv)])} --help says what there is"
    return BatutaError(f"{said[:1].lower()}{said[1:].rstrip('.')}", mend=mend)


def _commands_in(argv: Sequence[str]) -> list[str]:
    """The command that a command line names, and the one below it, if there is one."""
    groups = {str(group.name): group.typer_instance for group in app.registered_groups}
    below = next((group for name, group in groups.items() if group and name in argv), None)
    top = [*(command.name for command in app.registered_commands), *groups]
    inner = [command.name for command in below.registered_commands] if below else []
    return [name for names in (top, inner) for name in [name for name in names if name in argv][:1] if name]


def _say(text: str, code: int) -> int:
    from batuta_hooks.report.plain import printable

    print(f"{NAME}: " + "\n".join(printable(line) for line in text.split("\n")), file=sys.stderr)
    return code
