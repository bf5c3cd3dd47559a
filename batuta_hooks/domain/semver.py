"""Versions and version requirements as cargo reads them.

The judge is the Rust crate `semver` 1.0, which cargo and crates.io share: the texts accepted, the order of versions,
what a requirement matches and how both are printed are the crate's. PEP 440 and npm ranges are other languages.
"""

from __future__ import annotations

from batuta_hooks.domain.record import NamedTuple

MAX_COMPARATORS = 32
"""A requirement with more comparators is refused (semver crate)."""

MAX_NUMBER = 2**64 - 1
"""The greatest major, minor or patch number: they are unsigned 64-bit integers."""

_PreKey = tuple[tuple[int, int, str], ...]

# A place in the row of all versions by precedence, comparable with any other place: (major, minor, patch) is before the
# pre-releases of that release, (major, minor, patch, key) is on a version, (major, minor, patch, key, 0) just after it.
_Place = tuple[int | _PreKey, ...]

_START: _Place = (0, 0, 0)
_END: _Place = (MAX_NUMBER + 1, 0, 0)
_RELEASED: _PreKey = ((2, 0, ""),)
_PARTS = ("major", "minor", "patch")
_OPERATORS = ("", "=", ">", ">=", "<", "<=", "~", "^")
_WILDCARDS = ("*", "x", "X")
_SHOWN_CHARACTERS = 80


class _Refused(ValueError):
    """`text` is the text that was refused, `reason` says what is wrong with it."""

    _wanted = ""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(text, reason)
        self.text = text
        self.reason = reason

    def __str__(self) -> str:
        return f"{_shown(self.text)} is not a {self._wanted}: {self.reason}"


class InvalidVersion(_Refused):
    """A text that cargo does not accept as a version: `text` is that text, `reason` says what is wrong with it."""

    _wanted = "version"


class InvalidRequirement(_Refused):
    """A text that cargo does not accept as a requirement: `text` is that text, `reason` says what is wrong with it."""

    _wanted = "version requirement"


class Version(NamedTuple):
    """A version, such as `1.4.0-rc.2+build.5`.

    `pre` and `build` hold the text after `-` and `+`, empty where there is none. Building one by hand checks nothing;
    `parse` does.

    `==` and `hash` see all five parts. `<`, `>` and sorting are total and agree with `==`: precedence as SemVer 2
    defines it, then build metadata as the semver crate orders it. Versions that differ in build metadata alone are one
    version for crates.io, which refuses the second: to ask whether a version is already published, compare
    `precedence`. It is also the fast sort key: `sorted(versions, key=lambda version: version.precedence)`.
    """

    major: int
    minor: int
    patch: int
    pre: str = ""
    build: str = ""

    @classmethod
    def parse(cls, text: str) -> Version:
        """The version that `text` spells.

        Raises:
            InvalidVersion: where the semver crate refuses the text: not three numbers, a leading zero, a number above
                2^64 - 1, an empty or ill-spelled identifier, white space anywhere.
        """
        try:
            core, pre, build = _cut(text)
            parts = core.split(".", 3)
            if len(parts) != 3:
                raise ValueError(f"it needs major.minor.patch, not {_shown(core)}" if text else "it is empty")
            major, minor, patch = map(_number, parts, _PARTS)
        except ValueError as error:
            raise InvalidVersion(text, str(error)) from None
        return cls(major, minor, patch, pre, build)

    def __str__(self) -> str:
        pre = f"-{self.pre}" if self.pre else ""
        build = f"+{self.build}" if self.build else ""
        return f"{self.major}.{self.minor}.{self.patch}{pre}{build}"

    @property
    def precedence(self) -> tuple[int, int, int, _PreKey]:
        """A sort key: SemVer 2's precedence, equal for versions that differ in build metadata alone."""
        return (self.major, self.minor, self.patch, _pre_key(self.pre) if self.pre else _RELEASED)

    @property
    def bucket(self) -> tuple[int, ...]:
        """The numbers up to the first that is not zero: `(1,)`, `(0, 3)`, `(0, 0, 7)`; `(0, 0, 0)` where all are zero.

        cargo's resolver keeps at most one version of a package from one source in each bucket.
        """
        if self.major:
            return (self.major,)
        return (0, self.minor) if self.minor else (0, 0, self.patch)

    def __lt__(self, other: tuple[object, ...]) -> bool:
        # The order of plain tuples would put "rc.10" before "rc.9", and a release before its candidates.
        if not isinstance(other, Version):
            raise TypeError(f"a Version has no order beside a {type(other).__name__}")
        mine, theirs = self[:3], other[:3]
        if mine != theirs:
            return mine < theirs
        if self.pre != other.pre:
            return self.precedence < other.precedence
        return _build_key(self.build) < _build_key(other.build)

    def __gt__(self, other: tuple[object, ...]) -> bool:
        return not (self < other or self == other)

    def __le__(self, other: tuple[object, ...]) -> bool:
        return self < other or self == other

    def __ge__(self, other: tuple[object, ...]) -> bool:
        return not self < other


class Comparator(NamedTuple):
    """One condition of a requirement, such as `>=1.2`.

    `op` is one of `=`, `>`, `>=`, `<`, `<=`, `~`, `^`, or `*` where the text has a wildcard and no operator. `minor`
    and `patch` are None where the text leaves them out or has a wildcard. Build metadata is not kept: it never counts.
    """

    op: str
    major: int
    minor: int | None
    patch: int | None
    pre: str

    def __str__(self) -> str:
        text = f"{self.major}" if self.op == "*" else f"{self.op}{self.major}"
        if self.minor is not None:
            text += f".{self.minor}"
        if self.patch is not None:
            text += f".{self.patch}"
        if self.pre:
            text += f"-{self.pre}"
        return f"{text}.*" if self.op == "*" else text

    def _named(self) -> tuple[_Place, _Place]:
        """Where the versions that the written numbers themselves name begin and end: `1.2` names all of 1.2.x."""
        major, minor, patch = self.major, self.minor, self.patch
        if minor is None:
            return (major, 0, 0), (major + 1, 0, 0)
        if patch is None:
            return (major, minor, 0), (major, minor + 1, 0)
        place = (major, minor, patch, _pre_key(self.pre))
        return place, (*place, 0)

    def _admitted(self) -> tuple[_Place, _Place]:
        """Where the versions that meet this condition begin and end."""
        op, major, minor = self.op, self.major, self.minor
        first, after = self._named()
        if op == "^":
            # Compatible: the first number that is not zero, and those before it, stay.
            if major or minor is None:
                return first, (major + 1, 0, 0)
            if minor or self.patch is None:
                return first, (0, minor + 1, 0)
            return first, (0, 0, self.patch + 1)
        if op == "~":
            return first, (major + 1, 0, 0) if minor is None else (major, minor + 1, 0)
        if op == ">=":
            return first, _END
        if op == ">":
            return after, _END
        if op == "<":
            return _START, first
        if op == "<=":
            return _START, after
        return first, after

    def _bars_pre_releases(self, place: _Place) -> bool:
        """Whether a pre-release at `place` has the numbers of a text without a patch: `~1` bars those of all 1.x.

        The caret alone has no such rule.
        """
        if self.op == "^" or self.patch is not None:
            return False
        first, after = self._named()
        return first <= place < after


class Requirement(NamedTuple):
    """A version requirement, such as `^1.2`, `>=0.3, <0.5` or `*`; `parse` builds one.

    All `comparators` must hold, none for `*`. `at_least` and `below` are their common range, in the terms of
    `Version.precedence`.
    """

    comparators: tuple[Comparator, ...]
    at_least: _Place
    below: _Place

    @classmethod
    def parse(cls, text: str) -> Requirement:
        """The requirement that `text` spells; a version without an operator means `^`.

        Raises:
            InvalidRequirement: where the semver crate refuses the text: empty, more than 32 comparators, `*` beside
                other comparators, `||`, a hyphen range, comparators without a comma between them, a number or
                identifier that `Version.parse` refuses. Spaces are fine around comparators and after operators; other
                white space is not.
        """
        bare = text.strip(" ")
        if bare in _WILDCARDS:
            return cls((), _START, _END)
        pieces = bare.split(",", MAX_COMPARATORS)
        try:
            if len(pieces) > MAX_COMPARATORS:
                raise ValueError(f"it has more than {MAX_COMPARATORS} comparators")
            comparators = tuple(map(_comparator, pieces))
        except ValueError as error:
            raise InvalidRequirement(text, str(error) if bare else "it is empty") from None
        if len(comparators) == 1:
            return cls(comparators, *comparators[0]._admitted())
        lower, upper = zip(*[comparator._admitted() for comparator in comparators], strict=True)
        return cls(comparators, max(lower), min(upper))

    def matches(self, version: Version) -> bool:
        """Whether cargo may choose `version` for this requirement. Build metadata does not count.

        A pre-release matches only where some comparator with the same major, minor and patch has a pre-release too.
        """
        place = version.precedence
        if not self.at_least <= place < self.below:
            return False
        if not version.pre:
            return True
        return any(one.pre and one[1:4] == version[:3] for one in self.comparators) and not any(
            one._bars_pre_releases(place) for one in self.comparators
        )

    @property
    def is_bare_wildcard(self) -> bool:
        """Whether this is `*` (or `x`, `X`), which crates.io refuses in a published crate; `1.*` is not."""
        return not self.comparators

    def __str__(self) -> str:
        return ", ".join(map(str, self.comparators)) or "*"


def _comparator(text: str) -> Comparator:
    """The comparator that stands alone or between two commas. Raises ValueError with the reason for a refused text."""
    text = text.strip(" ")
    if not text:
        raise ValueError("there is no comparator beside a comma")
    body = text.lstrip("=<>~^")
    op = text[: len(text) - len(body)]
    if op not in _OPERATORS:
        raise ValueError(f"{_shown(op)} is no operator")
    body = body.lstrip(" ")
    if " " in body:
        raise ValueError(f"{_shown(text)} is not one comparator, and only commas separate comparators")
    core, pre, _ = _cut(body)
    major, minor, patch, wildcard = _numbers(core)
    if patch is None and core != body:
        raise ValueError(f"{_shown(body)} has no patch, so no pre-release or build metadata either")
    return Comparator(op or ("*" if wildcard else "^"), major, minor, patch, pre)


def _numbers(text: str) -> tuple[int, int | None, int | None, bool]:
    """Major, minor, patch, and whether there is a wildcard. Raises ValueError with the reason for a refused text."""
    major, *rest = text.split(".", 3)
    if major in _WILDCARDS:
        raise ValueError("a wildcard without a major version must be the whole requirement")
    if len(rest) > 2:
        raise ValueError(f"{_shown(text)} has more than major.minor.patch")
    minor = None if not rest or rest[0] in _WILDCARDS else _number(rest[0], "minor")
    patch = None if len(rest) < 2 or rest[1] in _WILDCARDS else _number(rest[1], "patch")
    if minor is None and patch is not None:
        raise ValueError("only a wildcard may follow a wildcard")
    return _number(major, "major"), minor, patch, None in (minor, patch)[: len(rest)]


def _cut(text: str) -> tuple[str, str, str]:
    """What stands before, after `-` and after `+`. Raises ValueError with the reason for ill-spelled identifiers."""
    core, plus, build = text.partition("+")
    core, dash, pre = core.partition("-")
    if dash:
        _check_identifiers(pre, "pre-release")
    if plus:
        _check_identifiers(build, "build metadata")
    return core, pre, build


def _number(text: str, part: str) -> int:
    """The number that `text` spells. Raises ValueError with the reason for a refused text."""
    if not (text.isdigit() and text.isascii()):
        raise ValueError(f"its {part} is {_shown(text)}, not a number" if text else f"its {part} is missing")
    if text[0] == "0" and len(text) > 1:
        raise ValueError(f"its {part} {_shown(text)} has a leading zero")
    # The length comes first: int() refuses more than 4,300 digits with an error of its own.
    if len(text) > 20 or (number := int(text)) > MAX_NUMBER:
        raise ValueError(f"its {part} {_shown(text)} is above {MAX_NUMBER}")
    return number


def _check_identifiers(text: str, part: str) -> None:
    """Raise ValueError with the reason where `text` is no row of identifiers with dots between them."""
    for identifier in text.split("."):
        if not identifier:
            raise ValueError(f"its {part} has an empty identifier")
        if not (identifier.isascii() and identifier.replace("-", "a").isalnum()):
            raise ValueError(f"its {part} identifier {_shown(identifier)} holds more than letters, digits and hyphens")
        if identifier[0] == "0" and len(identifier) > 1 and part == "pre-release" and identifier.isdigit():
            raise ValueError(f"its {part} identifier {_shown(identifier)} has a leading zero")


def _pre_key(text: str) -> _PreKey:
    """Sorts pre-releases: none last, numbers by value and before words, words by ASCII, a longer row after its head.

    Numbers have no size limit and no leading zero, so their length and then their digits sort them.
    """
    if not text:
        return _RELEASED
    return tuple([(0, len(one), one) if one.isdigit() else (1, 0, one) for one in text.split(".")])


def _build_key(text: str) -> tuple[tuple[int, int, str, int], ...]:
    """Sorts build metadata: none first, else as pre-releases; among equal numbers fewer leading zeros come first."""
    key = []
    for one in text.split(".") if text else ():
        digits = one.lstrip("0")
        key.append((0, len(digits), digits, len(one)) if one.isdigit() else (1, 0, one, 0))
    return tuple(key)


def _shown(text: str) -> str:
    """The text quoted for a message: on one line and of bounded length, whatever it holds."""
    return repr(text) if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]!r}..."
