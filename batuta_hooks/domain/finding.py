"""What a check says: a code, a severity, a place, a sentence and the mend."""

from __future__ import annotations

from batuta_hooks.domain.record import NamedTuple

ERROR = "error"
WARNING = "warning"
NOTE = "note"
OFF = "off"

SEVERITIES = (ERROR, WARNING, NOTE)


class Finding(NamedTuple):
    """One thing that is wrong at one place.

    Attributes:
        path: the file, relative to the repository's top folder, as git names it (undecodable bytes as surrogates).
        line: 1-based line in the judged text.
        code: a code of docs/codes.md, such as ``PD001``.
        column: 1-based column in characters.
        severity: ``error``, ``warning`` or ``note``.
        message: one sentence, no full stop, no line break.
        fix: how to mend it; the exact line to write where there is one.
        crate: name of the package that the finding is about; empty where it has none.
        dependency: the dependency's package name (never its alias); empty where it has none.
        commit: the commit it was found in, where commits were judged; else empty.
        ref: the ref that it is about, such as ``refs/tags/v1.0.0``; empty where it is about none.
    """

    path: str
    line: int
    column: int
    code: str
    severity: str
    message: str
    fix: str = ""
    crate: str = ""
    dependency: str = ""
    commit: str = ""
    ref: str = ""


class Unknown(NamedTuple):
    """A question that could not be answered: about which crate, and why not.  Never the same as "no"."""

    crate: str
    why: str
