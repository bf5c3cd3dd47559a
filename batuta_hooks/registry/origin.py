"""From which commit a published version was made: the part of its archive's facts that guards ask for.

`batuta_hooks.registry.archive` reads archives and keeps their facts.  What guards want of them stands in the entry as
well, one line of text: commit or `-`, `clean` or `dirty`, and the repository that the manifest names.
"""

from __future__ import annotations

from batuta_hooks.domain.facts import Origin
from batuta_hooks.registry.entry import Miss, archive_key, registry_identity
from batuta_hooks.registry.glance import Glance

#: What the kept facts say of themselves: another text is another version's.
FORM = "batuta.archive/1"

_NONE, _CLEAN, _DIRTY = "-", "clean", "dirty"
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
    told = entry.origin
    if not told:  # kept by a version that did not tell
        body = glance.body(key, entry)
        if isinstance(body, Miss):
            return body
        told = summarize(body)
    commit, _, rest = told.partition(" ")
    state, _, repository = rest.partition(" ")
    if state not in (_CLEAN, _DIRTY):
        return _STRANGE
    return Origin("" if commit == _NONE else commit, state == _DIRTY, repository)


def summarize(facts: bytes) -> str:
    """The line of an archive's kept facts; empty where they are of another form."""
    import json

    try:
        table = json.loads(facts)
        commit, is_dirty, repository = table["commit"], table["is_dirty"], table["repository"]
        is_known = table["form"] == FORM
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""
    is_text = isinstance(commit, str) and isinstance(repository, str)
    if not (is_known and is_text and (commit + repository).isprintable()):
        return ""
    return f"{commit or _NONE} {_DIRTY if is_dirty else _CLEAN} {repository}"
