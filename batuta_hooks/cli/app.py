"""``batuta-stack``: the command that a person types.  Parses, calls one function of `batuta_hooks.stack`, renders."""

from __future__ import annotations

import gc
import io
import os
import sys
from collections.abc import Sequence
from typing import Annotated, cast

import typer

from batuta_hooks.cli.commands import (
    cache,
    check,
    config,
    doctor,
    explain,
    hooks,
    init,
    link,
    merge_reports,
    metrics,
    release,
    rollback,
    status,
    sync,
)
from batuta_hooks.cli.common import Common, with_common
from batuta_hooks.domain.errors import BatutaError

NAME = "batuta-stack"

_OBJECTS_TO_COLLECT = 200_000

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


check.register(app)
explain.register(app)
init.register(app)
cache.register(app)
config.register(app)
doctor.register(app)
hooks.register(app)
release.register(app)
metrics.register(app)
rollback.register(app)
status.register(app)
sync.register(app)
link.register(app)
merge_reports.register(app)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; what stops it is a sentence on standard error.

    Args:
        argv: arguments without the program's name; ``None`` for those of the process.
    """
    _open_closed_streams()
    gc.set_threshold(_OBJECTS_TO_COLLECT)  # else a large stack spends a quarter of its time on looking for circles
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _run(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
    except BatutaError as error:
        return _say(str(error), error.exit_code)
    except BrokenPipeError:
        _lead_nowhere()
        return 2
    except KeyboardInterrupt as interrupt:
        from batuta_hooks.cli.ending import ended_code

        return ended_code(interrupt)
    except OSError as error:
        if not error.filename and _is_nowhere():
            return _say(str(BatutaError("the current folder is not there any more", mend="cd to one that is")), 2)
        _flush_or_lead_nowhere()
        where = f"{error.filename}: " if error.filename else ""
        return _say(f"{where}{error.strerror or error}", 2)
    return code


def _flush_or_lead_nowhere() -> None:
    """Let go what cannot be written to standard output: the interpreter's last flush has an exit code of its own."""
    try:
        sys.stdout.flush()
    except OSError:
        _lead_nowhere()


def _lead_nowhere() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _is_nowhere() -> bool:
    try:
        os.getcwd()
    except FileNotFoundError:
        return True
    return False


def _open_closed_streams() -> None:
    """Let a stream that is closed (``>&-``) lead nowhere: nobody wants the text, and a file must not get its number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)  # the lowest number that is free, so its own
            setattr(sys, name, os.fdopen(nowhere, "w" if number else "r", encoding="utf-8"))


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
