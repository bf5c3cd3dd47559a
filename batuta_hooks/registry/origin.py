"""From which commit a published version was made: the part of its archive's facts that guards ask for.

`batuta_hooks.registry.archive` reads archives and keeps their facts; this reads of what was kept, and imports little.
"""

from __future__ import annotations

from batuta_hooks.domain.facts import Origin
from batuta_hooks.registry.entry import Miss, archive_key, registry_identity
from batuta_hooks.registry.glance import Glance

#: What the kept facts say of themselves: another text is another version's.
FORM = "batuta.archive/1"

_STRANGE = Miss("what the cache has of it is of a form that this version does not know")


def read_origin(glance: Glance, registry: str, crate: str, version: str) -> Origin | Miss:
    """What the cache knows of one published version.

    Args:
        registry: the URL of its index, as cargo's configuration has it.
        version: as the index spells it.
    """
    try:
        key = archive_key(registry_identity(registry), crate, version)
    except ValueError as error:
        return Miss(str(error))
    entry = glance.entry(key)
    if isinstance(entry, Miss):
        return entry
    body = glance.body(key, entry)
    return body if isinstance(body, Miss) else _decoded(body)


def _decoded(body: bytes) -> Origin | Miss:
    import json

    try:
        table = json.loads(body)
        commit, is_dirty, repository = table["commit"], table["is_dirty"], table["repository"]
        is_known = table["form"] == FORM
    except (ValueError, TypeError, KeyError, RecursionError):
        return _STRANGE
    is_sound = isinstance(commit, str) and isinstance(is_dirty, bool) and isinstance(repository, str)
    return Origin(commit, is_dirty, repository) if is_known and is_sound else _STRANGE
