"""What a guard remembers of a large repository, and where."""

from __future__ import annotations

import os
from binascii import crc32
from collections.abc import Sequence

from batuta_hooks.gather.known_manifests import KnownManifests
from batuta_hooks.gather.known_verdicts import SPARE, KnownVerdicts, Said, Watched
from batuta_hooks.gather.program import program
from batuta_hooks.registry.entry import Miss
from batuta_hooks.registry.glance import cache_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from batuta_hooks.domain.facts import Facts
    from batuta_hooks.domain.stack import StackCrate
    from batuta_hooks.gather.known_manifests import KnownInTree
    from batuta_hooks.gather.registry import Registry
    from batuta_hooks.git.tree import GitTree
    from batuta_hooks.guards.judging import Check


def known_manifests() -> KnownManifests:
    """What the manifests of the repository around the current folder hold, in a file that this folder's path names."""
    return KnownManifests(_file("manifests-v1"), program())


def said_by(
    check: Check,
    facts: Facts,
    tree: GitTree,
    manifests: KnownInTree,
    registry: Registry,
    beside: Sequence[StackCrate],
    *,
    is_in_parts: bool = False,
) -> Said:
    """What a check says, remembered if all that it rests on is as it was; then what answers it rests on is told too.

    The other arguments are those of `batuta_hooks.gather.known_verdicts.KnownVerdicts`.

    Args:
        is_in_parts: whether it can be asked in parts, as `batuta_hooks.guards.parts` does it.
    """
    kept = KnownManifests(_file("verdicts-v1"), program(), spare=SPARE)
    verdicts = KnownVerdicts(kept, tree, manifests, registry, beside, check.__module__, asks_for_files=not is_in_parts)
    known = verdicts.recall(facts)
    if known is not None:
        return known
    watched = Watched(facts)
    place = _file("parts-v1") if is_in_parts and verdicts.around(facts) else ""
    if place:
        from batuta_hooks.guards.sparing import Sparing

        said, asked, span = Sparing(place, verdicts, watched, tree, manifests, registry, beside).judge()
    else:
        said, asked, span = list(check(watched.facts)), watched.asked, registry.span()
    if span is not None:
        verdicts.keep(facts, said, asked, span)
    kept.save()
    return Said(said, span[0] if place and span is not None else None)


def _file(kind: str) -> str:
    base = cache_folder(os.environ)
    here = os.fsencode(os.getcwd())
    return "" if isinstance(base, Miss) else f"{os.path.dirname(base)}/{kind}/{crc32(here):08x}{len(here):04x}"
