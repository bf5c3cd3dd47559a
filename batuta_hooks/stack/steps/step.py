"""What a step of a release is: it asks the world whether it is done, acts only if not, and is asked again."""

from __future__ import annotations

from typing import Protocol

from batuta_hooks.domain.errors import BatutaError


class Undecided(BatutaError):
    """A step's deadline passed without an answer: neither done nor failed."""


class Waiting(BatutaError):
    """A step is for somebody else to do, in their own time; or for the same command, after an interruption."""


class Step(Protocol):
    """A step of one repository, or of one crate of it.

    Attributes:
        name: for the journal and for people.
    """

    name: str

    def look(self) -> str | None:
        """What the world says where the step is done; ``None`` where it is not.

        Raises:
            BatutaError: the world cannot be asked, or says that the step must never be done.
        """

    def act(self) -> None:
        """Do it.

        Raises:
            BatutaError: it cannot be done.
            Undecided: nobody can tell yet whether it is done.
        """
