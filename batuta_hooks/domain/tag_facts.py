"""What a check may know of one tag beside the tree that it names."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.domain.tags import Tags

COMMIT = "commit"


class OtherTag(NamedTuple):
    """A tag of the repository: its name without ``refs/tags/``, and its commit, annotated tags peeled."""

    name: str
    commit: str


def _no_others(_version: str) -> Sequence[OtherTag]:
    return ()


class TagFacts(NamedTuple):
    """One tag that is pushed, or that somebody wants to be judged.

    Attributes:
        name: without ``refs/tags/``.
        object: the id of what it names, a tag object where it is annotated; empty for a deletion.
        kind: what it names in the end: ``commit``, ``tree`` or ``blob``; empty for a deletion.
        commit: the id of that commit; empty where there is none.
        is_nested: whether it is an annotated tag of another annotated tag.
        remote: the id of what the remote has under this name; empty where it has none or that is not known.
        lacks_crates: whether its commit holds no manifest at all, though HEAD's does.
        others: finds the tags of the repository whose names hold the text of a version.
        rules: ``[tags]`` of the configuration.
    """

    name: str
    object: str
    kind: str
    commit: str
    is_nested: bool = False
    remote: str = ""
    lacks_crates: bool = False
    others: Callable[[str], Sequence[OtherTag]] = _no_others
    rules: Tags = Tags()

    @property
    def is_deletion(self) -> bool:
        """Whether the remote's tag is deleted."""
        return not self.object
