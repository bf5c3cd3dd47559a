"""The one error that a person is meant to read."""

from __future__ import annotations


class BatutaError(Exception):
    """Something from outside stops the program; printed as a sentence, never as a traceback.

    Args:
        what: what went wrong, a clause without a full stop.
        where: the file, command or repository it happened in; empty if there is none.
        mend: what the reader can do about it; empty if nothing is known.
        exit_code: the process's exit code; 2 is usage, configuration or internal.
    """

    def __init__(self, what: str, *, where: str = "", mend: str = "", exit_code: int = 2) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.mend = mend
        self.exit_code = exit_code

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}\n    {self.mend}" if self.mend else text
