"""Refs: which names git takes for one, the tags that there are, and what a tag names."""

from __future__ import annotations

import os

from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.git.command import Git
from batuta_hooks.git.objects import Objects

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

TAGS = "refs/tags/"

_FORBIDDEN = frozenset(" ~^:?*[\\\x7f") | frozenset(map(chr, range(32)))


def is_ref_name(name: str) -> bool:
    """Whether git takes a text for the name of a tag or branch (`git-check-ref-format(1)`).

    A text that passes names a ref where ``refs/tags/`` stands before it, and nothing else: no revision syntax.
    """
    return (
        not (_FORBIDDEN & set(name) or ".." in name or "@{" in name or name.endswith("."))
        and not name.startswith("-")
        and all(part and not part.startswith(".") and not part.endswith(".lock") for part in name.split("/"))
    )


class TagObject(NamedTuple):
    """What a tag names.

    Attributes:
        object: the id of the object, a tag object where it is annotated.
        kind: of what it leads to in the end: ``commit``, ``tree`` or ``blob``.
        commit: the id of that commit; empty where it is none.
        is_nested: whether it is an annotated tag of another annotated tag.
    """

    object: str
    kind: str
    commit: str
    is_nested: bool


def look_at(objects: Objects, name: str) -> TagObject | None:
    """What an object, or a ref of it, leads to; ``None`` where it is not in this repository."""
    found = objects.find(name)
    if found is None:
        return None
    if found.kind != "tag":
        return TagObject(found.oid, found.kind, found.oid if found.kind == "commit" else "", is_nested=False)
    is_nested = b"\ntype tag\n" in found.content.partition(b"\n\n")[0] + b"\n"
    end = objects.find(f"{found.oid}^{{}}")
    if end is None:
        return None
    return TagObject(found.oid, end.kind, end.oid if end.kind == "commit" else "", is_nested)


def list_tags(folder: str | None, env: Mapping[str, str], *, newest_first: bool = False) -> Git:
    """Start listing the tags; for `read_tags`.

    Args:
        newest_first: whether they are sorted so, for which git reads every object: an annotated tag is as old as it
            says, another one as its commit.
    """
    order = ["--sort=-creatordate"] if newest_first else []
    return Git(["for-each-ref", *order, "--format=%(refname:strip=2)", TAGS], folder, env)


def tags_at(commit: str, folder: str | None, env: Mapping[str, str]) -> Git:
    """Start listing the tags of a commit, by its id; for `read_tags`."""
    return Git(["for-each-ref", f"--points-at={commit}", "--format=%(refname:strip=2)", TAGS], folder, env)


def read_tags(listing: Git) -> list[str]:
    """The names of tags, without ``refs/tags/``."""
    return _lines(listing)


def remote_names(folder: str | None, env: Mapping[str, str]) -> list[str]:
    """The remotes that are configured."""
    return _lines(Git(["remote"], folder, env))


def _lines(answer: Git) -> list[str]:
    return os.fsdecode(answer.collect()).split("\n")[:-1]
