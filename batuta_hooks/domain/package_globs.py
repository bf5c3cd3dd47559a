"""The globs of ``package.include`` and ``package.exclude``, as cargo reads them.

They look like lines of a .gitignore, and differ from what git makes of these: ``{a,b}`` is a choice, a path that a glob
matches itself is decided by that glob whatever is said of the folders above it, and a glob that cannot be read is an
error.  Found out from cargo 1.95 (docs/cargo-rules.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from batuta_hooks.domain.record import NamedTuple

_ANYTHING_BEFORE, _ANYTHING_BELOW, _ANYTHING_BETWEEN = r"(?:.*/)?", r"/.*", r"(?:/|/.*/)"
_IN_A_NAME, _ONE_SIGN = r"[^/]*", r"[^/]"


class InvalidGlob(ValueError):
    """Cargo refuses a glob; the message is its reason."""


class _Rule(NamedTuple):
    pattern: re.Pattern[str]
    chooses: bool
    folders_only: bool


class Globs:
    """Some globs, in order: the last one that matches a path decides about it.

    Args:
        written: the entries as the manifest has them; empty ones and comments count for nothing.

    Raises:
        InvalidGlob: cargo cannot read one of them.
    """

    def __init__(self, written: Iterable[str]) -> None:
        self._rules = [rule for rule in map(_rule, written) if rule is not None][::-1]

    def chooses(self, path: str) -> bool:
        """Whether a file is chosen: by itself, else by the nearest folder above it that a glob has something to say of.

        Args:
            path: relative to the package's folder.
        """
        is_folder = False
        while True:
            for rule in self._rules:
                if (is_folder or not rule.folders_only) and rule.pattern.fullmatch(path):
                    return rule.chooses
            if not path:
                return False
            path, is_folder = path.rpartition("/")[0], True


def _rule(written: str) -> _Rule | None:
    line = written if written.endswith("\\ ") else written.rstrip()
    if not line or line.startswith("#"):
        return None
    chooses, is_anchored = True, False
    if line.startswith(("\\!", "\\#")):
        line = line[1:]
    else:
        chooses = not line.startswith("!")
        line = line if chooses else line[1:]
        is_anchored = line.startswith("/")
        line = line[1:] if is_anchored else line
    folders_only = line.endswith("/")
    line = line[:-1].removesuffix("\\") if folders_only else line
    if not is_anchored and "/" not in line and line != "**":
        line = f"**/{line}"
    if line.endswith("/**"):
        line += "/*"
    return _Rule(re.compile(_Reader(line).read(), re.DOTALL), chooses, folders_only)


class _Reader:
    """Turns one glob into a regular expression."""

    def __init__(self, glob: str) -> None:
        self._glob = glob
        self._at = 0

    def read(self) -> str:
        parts = self._sequence(inside=False)
        if self._at < len(self._glob):
            raise self._fault("unopened alternate group; missing '{' (maybe escape '}' with '[}]'?)")
        return parts

    def _sequence(self, *, inside: bool) -> str:
        """Up to the end, or inside of braces up to a comma or a closing one."""
        parts: list[str] = []
        while self._at < len(self._glob):
            sign = self._glob[self._at]
            if sign == "}" or (inside and sign == ","):
                break
            parts.append(self._part(sign, is_first=not parts))
        return "".join(parts)

    def _part(self, sign: str, *, is_first: bool) -> str:
        if sign == "*":
            return self._stars(is_first=is_first)
        if sign == "/" and self._glob.startswith("/**", self._at):
            return self._folders()
        self._at += 1
        if sign == "?":
            return _ONE_SIGN
        if sign == "[":
            return self._class()
        if sign == "{":
            return self._choice()
        if sign == "\\":
            if self._at == len(self._glob):
                raise self._fault("dangling '\\'")
            sign = self._glob[self._at]
            self._at += 1
        return re.escape(sign)

    def _stars(self, *, is_first: bool) -> str:
        start = self._at
        while self._at < len(self._glob) and self._glob[self._at] == "*":
            self._at += 1
        if is_first and self._at == start + 2 and self._glob[self._at : self._at + 1] in ("", "/"):
            if self._at == len(self._glob):
                return ".*"
            self._at += 1
            while self._glob.startswith("**/", self._at):
                self._at += 3
            return ".*" if start == 0 and self._at == len(self._glob) else _ANYTHING_BEFORE
        return _IN_A_NAME

    def _folders(self) -> str:
        """A slash with two stars behind it: folders in between, all that lies below, or no more than a slash."""
        end = self._at
        while self._glob.startswith("/**", end) and self._glob[end + 3 : end + 4] in ("", "/"):
            end += 3
        if end == self._at:
            self._at += 1
            return "/"
        self._at = end
        if end == len(self._glob):
            return _ANYTHING_BELOW
        self._at += 1
        return _ANYTHING_BETWEEN

    def _class(self) -> str:
        start = self._at
        is_negated = self._glob[self._at : self._at + 1] in ("!", "^")
        first = start + is_negated
        end = self._glob.find("]", first + 1)
        if end < 0:
            return re.escape("[")  # never closed: a sign like any other
        self._at = end + 1
        ranges: list[str] = []
        inside = self._glob[first:end]
        at = 0
        while at < len(inside):
            if inside[at + 1 : at + 2] == "-" and at + 2 < len(inside):
                low, high = inside[at], inside[at + 2]
                if low > high:
                    raise self._fault(f"invalid range; '{low}' > '{high}'")
                ranges.append(f"{re.escape(low)}-{re.escape(high)}")
                at += 3
            else:
                ranges.append(re.escape(inside[at]))
                at += 1
        return f"[{'^' if is_negated else ''}{''.join(ranges)}]"

    def _choice(self) -> str:
        choices: list[str] = []
        while True:
            choices.append(self._sequence(inside=True))
            if self._at == len(self._glob):
                raise self._fault("unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)")
            self._at += 1
            if self._glob[self._at - 1] == "}":
                break
        filled = [choice for choice in choices if choice]
        return f"(?:{'|'.join(filled)})" if filled else ""

    def _fault(self, reason: str) -> InvalidGlob:
        return InvalidGlob(f"error parsing glob '{self._glob}': {reason}")
