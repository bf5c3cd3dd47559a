"""Facts that note what is asked, so that what a check says can be remembered until one of the answers changes."""

from __future__ import annotations

from batuta_hooks.domain.facts import Facts, Origin, Published, Sibling
from batuta_hooks.domain.finding import Unknown
from batuta_hooks.domain.release import Release
from batuta_hooks.domain.stack import Stack, StackCrate

STACK = "stack"
"""Asks for what the stack has of a crate, where a version would ask for an archive."""

OFFERED = "offered"
"""Asks for what the registry has, and for all that the versions hold that the stack is about to publish."""

BESIDE = "beside"
"""Asks for the crate in a folder outside the repository."""


class Asked:
    """Facts that note what is asked of the registry, and which crates of the stack are looked at.

    Attributes:
        facts: the facts to ask.
        about: the crates that were asked about, each with what of it: an empty text for what the registry has, a
            version for its archive, `STACK` for what the stack has; with `BESIDE` the folders that were looked into.
        is_countable: whether that is all; not where the stack as a whole was looked at.
    """

    def __init__(self, facts: Facts) -> None:
        self.about: set[tuple[str, str]] = set()
        self.is_countable = True

        def published(crate: str) -> Published | Unknown:
            self.about.add((crate, ""))
            return facts.published(crate)

        def release(crate: str, version: str) -> Release | Unknown | None:
            self.about.add((crate, ""))
            return facts.release(crate, version)

        def rust_version(crate: str, version: str) -> str | Unknown | None:
            self.about.add((crate, ""))
            return facts.rust_of(crate, version)

        def origin(crate: str, version: str) -> Origin | Unknown:
            self.about.add((crate, version))
            return facts.origin(crate, version)

        def sibling(folder: str) -> Sibling | None:
            self.about.add((folder, BESIDE))
            return facts.sibling(folder)

        self.facts = facts._replace(
            sibling=sibling,
            published=published,
            release=release,
            rust_version=rust_version,
            origin=origin,
            stack=_Noted(facts, self),
        )


class _Noted(Stack):
    """A stack that notes of which crates it was asked; of these it shows what they are, not what they need."""

    def __init__(self, facts: Facts, asked: Asked) -> None:
        super().__init__()
        self._facts = facts
        self._asked = asked

    @property
    def whole(self) -> Stack:
        self._asked.is_countable = False
        return self._facts.stack.whole

    def crate(self, name: str) -> StackCrate | None:
        self._asked.about.add((name, STACK))
        return itself(self._facts, name)

    def _crates(self) -> dict[str, StackCrate]:
        self._asked.is_countable = False
        return {crate.name: crate for crate in self._facts.stack.crates()}


def itself(facts: Facts, name: str) -> StackCrate | None:
    """A crate of the stack without what it needs; ``None`` where there is none of the name."""
    crate = facts.stack.crate(name)
    return None if crate is None else crate._replace(dependencies=())
