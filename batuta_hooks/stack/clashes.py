"""The shared dependencies, and the others, that crates of a whole stack need in versions that are not compatible."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from batuta_hooks.checks.shared_versions import Conflict, conflicts, duplicates
from batuta_hooks.domain.facts import Policy
from batuta_hooks.domain.stack import Stack
from batuta_hooks.stack.judging import Opened
from batuta_hooks.stack.memory import Memory, Subject
from batuta_hooks.stack.verdict import Placed


class Clashes(NamedTuple):
    """All of a stack.

    Attributes:
        conflicts: those of shared dependencies.
        duplicates: other packages, each with what is required of it.
    """

    conflicts: tuple[Conflict, ...] = ()
    duplicates: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def told(self, findings: Iterable[Placed]) -> Iterator[Conflict]:
        """The conflicts of which some finding is left after the configuration had its word."""
        told = {placed.finding.dependency for placed in findings if placed.finding.code == "VA005"}
        return (conflict for conflict in self.conflicts if conflict.dependency in told)


def clashes_of(opened: Sequence[Opened], memory: Memory | None) -> Clashes:
    """The clashes among the crates of opened repositories.

    Args:
        memory: where they are remembered from run to run; ``None`` for nowhere.
    """
    stack = opened[0].facts.stack.whole if opened else Stack()
    policy = _policy(opened)
    subject = Subject("clashes", "", "", f"{memory.stack} {policy!r}") if memory is not None else None
    found = memory.recall(subject) if memory is not None and subject is not None else None
    if found is not None:
        return _read(*found)
    clashing = conflicts(stack, policy)
    clashes = Clashes(tuple(clashing), tuple(duplicates(stack, {one.dependency for one in clashing})))
    if memory is not None and subject is not None:
        memory.keep(subject, clashes, ())
    return clashes


def _read(clashing: Iterable[Sequence[str]], others: Iterable[tuple[str, Sequence[str]]]) -> Clashes:
    read = (Conflict(name, tuple(crates), tuple(versions), advice) for name, crates, versions, advice in clashing)
    return Clashes(tuple(read), tuple((name, tuple(texts)) for name, texts in others))


def _policy(opened: Iterable[Opened]) -> Policy:
    """What the configurations of all repositories say of versions."""
    policies = [one.config.policy for one in opened]
    versions = {name: text for policy in policies for name, text in policy.versions.items()}
    return Policy(versions, tuple(dict.fromkeys(name for policy in policies for name in policy.shared)))
