"""What a guard says: findings on standard output; warnings, errors and what stayed undecided on standard error."""

from __future__ import annotations

import os
import sys

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.guards.options import Options
from batuta_hooks.report.plain import printable, text_lines
from batuta_hooks.report.terminal import wants_color

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import TextIO

    from batuta_hooks.guards.judging import Verdict


def say(name: str, options: Options, verdict: Verdict) -> None:
    """Print a verdict in the format that the options ask for.

    Raises:
        BatutaError: standard output takes it not, as on a full disk.
    """
    for warning in verdict.warnings:
        complain(name, warning)
    if options.strict and verdict.unknown:
        from batuta_hooks.domain.questions import said_once

        for item in said_once(verdict.unknown):
            complain(name, f"undecided: {item.crate}: {item.why}")
    if options.format in ("json", "sarif"):
        document = _json if options.format == "json" else _sarif
        write(document(name, verdict) + "\n")
        return
    if options.format == "github":
        from batuta_hooks.report.github import github_lines

        lines = github_lines(verdict.findings)
    else:
        lines = text_lines(verdict.findings, color=wants_color(options.color))
    write("".join(f"{line}\n" for line in lines))


def _json(name: str, verdict: Verdict) -> str:
    from batuta_hooks.guards.about import program_version
    from batuta_hooks.report.json_report import guard_document

    checked = {"manifests": verdict.manifests, "refs": verdict.refs}
    said, undecided, data_age_s = verdict.findings, verdict.unknown, verdict.data_age_s
    return guard_document(name, program_version(), said, undecided, checked, data_age_s)


def _sarif(name: str, verdict: Verdict) -> str:
    from batuta_hooks.guards.about import program_version
    from batuta_hooks.report.code_pages import code_pages
    from batuta_hooks.report.sarif import sarif_document

    return sarif_document(name, program_version(), verdict.findings, verdict.unknown, code_pages())


def write(text: str) -> None:
    """Write to standard output; characters that its encoding lacks are escaped.

    Where it is closed, or whoever read it went away, nobody wants the text, and the exit code says the rest.

    Raises:
        BatutaError: it cannot be written.
    """
    if sys.stdout is None:
        return
    try:
        _put(sys.stdout, text)
    except BrokenPipeError:
        _silence(sys.stdout)
    except OSError as error:
        _silence(sys.stdout)
        raise BatutaError(f"the findings cannot be written to standard output: {error.strerror}") from error


def complain(name: str, text: str) -> None:
    """Write lines to standard error, behind the program's name; control characters are shown escaped."""
    if sys.stderr is None:
        return
    try:
        _put(sys.stderr, f"{name}: " + "\n".join(map(printable, text.split("\n"))) + "\n")
    except OSError:
        _silence(sys.stderr)


def _put(stream: TextIO, text: str) -> None:
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()


def _silence(stream: TextIO) -> None:
    """Let a stream that failed lead nowhere, so that the interpreter's last flush cannot fail either."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def internal_error(error: Exception) -> str:
    """What to say of a defect of this program: what happened, and where."""
    trace, place = error.__traceback__, ""
    while trace is not None:
        place = f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}"
        trace = trace.tb_next
    what = f"internal error: {type(error).__name__}: {error} ({place})"
    return f"{what}\n    this is a defect of batuta-hooks: please report it; to go on this once: git commit --no-verify"
