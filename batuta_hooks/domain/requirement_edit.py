"""What a requirement becomes for a version: raised to it, in the spelling that stands there.

Each comparator keeps its operator, its white space and its precision, the numbers that it writes down. An upper bound
moves only where it has to, and then to the next number at the place that bounded before: `>=53.0, <54` for 54.0.0 is
`>=54.0, <55`. Nothing is loosened: a requirement that is above the version stays as it is.
"""

from __future__ import annotations

from functools import lru_cache

from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.domain.semver import MAX_NUMBER, Comparator, Requirement, Version

_WILDCARDS = ("*", "x", "X")
_UPPER = ("<", "<=")


class _Piece(NamedTuple):
    """A comparator and how it is spelled: what stands before its numbers, the numbers, and what stands behind."""

    before: str
    body: str
    after: str
    comparator: Comparator

    def spelled(self, body: str) -> str:
        return f"{self.before}{body}{self.after}"

    @property
    def text(self) -> str:
        return self.spelled(self.body)


def raised(text: str, version: Version, *, may_lower: bool = False) -> str:
    """The requirement that `text` becomes so that `version` is its lower end, as far as its precision can say it.

    A pre-release is written out in full, for nothing else matches it.

    Args:
        text: a requirement that cargo accepts.
        may_lower: whether a requirement above the version comes down to it.

    Returns:
        The text that matches `version`; `text` itself where that is above the version, or where no text of its form
        would match (`1.*` for a pre-release, `>1.2` for 1.2.0).

    Raises:
        InvalidRequirement: cargo does not accept `text`.
    """
    if Requirement.parse(text).is_bare_wildcard:
        return text
    is_above = floor(text) > version
    if is_above and not may_lower:
        return text
    changed = ",".join(_edited(_piece(part), version, is_above) for part in text.split(","))
    return changed if Requirement.parse(changed).matches(version) else text


@lru_cache(maxsize=4096)  # a stack spells a few hundred requirements, over and over
def floor(text: str) -> Version:
    """The lowest version that a requirement speaks of: 54.0.0 for `54.0`, `~54` and `>=54, <60`; 0.0.0 for `*`, `<3`.

    Raises:
        InvalidRequirement: cargo does not accept `text`.
    """
    lowest = Version(0, 0, 0)
    for one in Requirement.parse(text).comparators:
        if one.op in _UPPER:
            continue
        if one.op == ">" and not one.pre:
            lowest = max(lowest, _after(one))
        else:
            lowest = max(lowest, Version(one.major, one.minor or 0, one.patch or 0, one.pre))
    return lowest


def _after(one: Comparator) -> Version:
    if one.minor is None:
        return Version(one.major + 1, 0, 0)
    if one.patch is None:
        return Version(one.major, one.minor + 1, 0)
    return Version(one.major, one.minor, one.patch + 1)


def _piece(part: str) -> _Piece:
    """One comparator of a requirement that was accepted as a whole."""
    body = part.lstrip(" =<>~^")
    before, bare = part[: len(part) - len(body)], body.rstrip(" ")
    return _Piece(before, bare, body[len(bare) :], Requirement.parse(part).comparators[0])


def _edited(piece: _Piece, version: Version, is_above: bool) -> str:
    one = piece.comparator
    if one.op == ">" or (one.op in _UPPER and not is_above and _admits(piece.text, version)):
        return piece.text
    return piece.spelled(_bound(piece, version) if one.op == "<" else _numbers(piece, version))


def _admits(text: str, version: Version) -> bool:
    """Whether a comparator lets the version pass, a pre-release also where it is another comparator's to name it."""
    return Requirement.parse(f"{text}, >={version}").matches(version)


def _numbers(piece: _Piece, version: Version) -> str:
    """The version's numbers, as many as the comparator has, wildcards kept."""
    one = piece.comparator
    if (one.major, one.minor, one.patch, one.pre) == version[:4]:
        return piece.body
    written = piece.body.partition("+")[0].partition("-")[0].split(".")
    if version.pre and not any(part in _WILDCARDS for part in written):
        return str(version).partition("+")[0]
    return ".".join(
        part if part in _WILDCARDS else str(number) for part, number in zip(written, version[:3], strict=False)
    )


def _bound(piece: _Piece, version: Version) -> str:
    """The numbers of a `<` that admits the version: one more at the last place that was not zero, zeros behind it."""
    one = piece.comparator
    written = [number for number in (one.major, one.minor, one.patch) if number is not None]
    last = max((place for place, number in enumerate(written) if number), default=0)
    if version[:3][last] == MAX_NUMBER:
        return piece.body
    numbers = [*version[:last], version[:3][last] + 1, *[0] * (len(written) - last - 1)]
    return ".".join(map(str, numbers))
