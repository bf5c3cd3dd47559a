"""Whether a crate could be published as it stands, and what that rests on."""

from __future__ import annotations

from batuta_hooks.domain.record import NamedTuple

NOW, AFTER, PUBLISHED, NO, NEVER, UNKNOWN = "now", "after", "published", "no", "never", "unknown"
VERDICTS = (NOW, AFTER, PUBLISHED, NO, NEVER, UNKNOWN)


class Reason(NamedTuple):
    """One thing that a verdict rests on.

    Attributes:
        message: a clause.
        code: of the finding that says the same; empty where there is none.
        repository: the checkout of `path`, as the caller names it.
        path, line: the manifest line, 1-based; an empty path where it is none.
        index_line: the line of the registry's index, as `name version`, or `name` for the whole file; empty where it
            is none.
        is_own: whether it stands in the manifest itself, so that no other publication, no raised requirement and no
            lock file that follows will mend it.
    """

    message: str
    code: str = ""
    repository: str = ""
    path: str = ""
    line: int = 0
    index_line: str = ""
    is_own: bool = True

    def __str__(self) -> str:
        """On one line: `repository/Cargo.toml:9: PD001 message`, or `index of serde 1.0.0: message`."""
        folder = "" if self.repository in ("", ".") else f"{self.repository}/"
        place = f"{folder}{self.path}:{self.line}: " if self.path else ""
        place = place or (f"index of {self.index_line}: " if self.index_line else "")
        return f"{place}{self.code + ' ' if self.code else ''}{self.message}"


class Publishable(NamedTuple):
    """Whether cargo and the registry would take a crate as it stands.

    Attributes:
        verdict: `now`; `after` (once the crates in `after` are published); `published` (this very version is, and
            nothing else is wrong); `no`; `never` (it says so itself, or has no version); or `unknown`.
        why: the gist, a clause.
        reasons: what it rests on.
        after: crates of the stack to be published first, in an order in which they can be.
    """

    verdict: str
    why: str
    reasons: tuple[Reason, ...] = ()
    after: tuple[str, ...] = ()

    @property
    def because(self) -> tuple[str, ...]:
        """The reasons as text."""
        return tuple(map(str, self.reasons))
