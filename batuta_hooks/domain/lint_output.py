"""Warnings and errors in what a lint command printed: cargo's words for people, or its JSON messages."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_SUMMARY = re.compile(r"generated (\d{1,9}) warnings?\b(?: \((\d{1,9}) duplicates?\b)?")
_FAILED = re.compile(r"due to (?:(\d{1,9}) previous errors?|(?:1 )?previous error)")


class Lint(NamedTuple):
    """How many warnings and errors a run printed."""

    warnings: int
    errors: int


def read_lint(text: str) -> Lint:
    """Count them.

    cargo sums up what it prints a target, `generated 3 warnings (1 duplicate)`; where it did not come to that, the
    lines that begin with `warning:` or `error:` count.
    """
    lines = _ANSI.sub("", text).splitlines()
    in_json = [level for level in map(_level, lines) if level]
    if in_json:
        return Lint(in_json.count("warning"), in_json.count("error"))
    summed = [match for line in lines if line.startswith("warning: ") and (match := _SUMMARY.search(line))]
    if summed:
        warnings = sum(max(0, int(match[1]) - int(match[2] or 0)) for match in summed)
    else:
        warnings = sum(line.startswith(("warning: ", "warning[")) for line in lines)
    failed = [match for line in lines if line.startswith("error: ") and (match := _FAILED.search(line))]
    if failed:
        return Lint(warnings, sum(int(match[1] or 1) for match in failed))
    return Lint(warnings, sum(line.startswith(("error: ", "error[")) for line in lines))


def _level(line: str) -> str:
    """The level of one of cargo's JSON messages; empty for anything else, and for the sentence that sums up."""
    if not line.startswith("{") or '"compiler-message"' not in line:
        return ""
    try:
        message = json.loads(line)["message"]
        level, said = message["level"], message["message"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    is_sum = isinstance(said, str) and (said.startswith("aborting due to") or " emitted" in said)
    return level if isinstance(level, str) and not is_sum else ""
