"""Asks the checks of versions as little as is needed, by what they said of a repository's manifests before."""

from __future__ import annotations

import time
from collections.abc import Sequence
from hashlib import sha256

from batuta_hooks.gather.known_parts import KnownParts, Row, Said
from batuta_hooks.gather.known_verdicts import Asked, KnownVerdicts, Watched, still_holds
from batuta_hooks.gather.program import program
from batuta_hooks.gather.registry import Joined, Registry, joined
from batuta_hooks.guards.again import Again, changes_in
from batuta_hooks.guards.parts import Parts, Whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from batuta_hooks.domain.stack import StackCrate
    from batuta_hooks.gather.known_manifests import KnownInTree
    from batuta_hooks.git.tree import GitTree

#: Where more than one in so many manifests has changed, all are judged.
_FEW = 8


class Sparing:
    """One judgement.

    Args:
        file: where is kept what was said.
        verdicts: tells what else it rests on.
        watched: the facts to ask.
        beside: the crates of the checkouts beside the repository.
    """

    def __init__(
        self,
        file: str,
        verdicts: KnownVerdicts,
        watched: Watched,
        tree: GitTree,
        manifests: KnownInTree,
        registry: Registry,
        beside: Sequence[StackCrate],
    ) -> None:
        self._known = KnownParts(file, program())
        self._verdicts = verdicts
        self._watched = watched
        self._facts = watched.facts
        self._tree = tree
        self._manifests = manifests
        self._registry = registry
        self._beside = beside
        self._oids = [tree.held_oid(path) for path in self._facts.judged]
        self._locks = verdicts.locks()
        self._key = self._around()

    def _around(self) -> str:
        """Names all that what was said rests on but the judged manifests; empty where that cannot be told."""
        judged = set(self._facts.judged)
        others = [self._tree.held_oid(path) for path in self._tree.manifest_paths if path not in judged]
        around = self._verdicts.around(self._facts)
        return (
            sha256(repr((around, others)).encode()).hexdigest()
            if all((around, *others, *self._oids, *self._locks.values()))
            else ""
        )

    def judge(self) -> tuple[list[Said], Sequence[Asked], Joined | None]:
        """What is said; what of the world that rests on; and the span of the registry's answers."""
        again = self._again()
        if again is not None:
            parts = again.parts
        else:
            parts = Parts(self._facts, self._tree.held_oid, [], Whole())
            parts.find_all()
            parts.read_locks(self._locks)
        before = self._known.whole if again is not None else {}
        asked: dict[tuple[str, str], Asked] = {(one[0], one[1]): (*one,) for one in before.get("asked", ())}
        asked.update({(one[0], one[1]): one for one in self._watched.asked})
        spans = self._registry.spans()
        if spans is None:
            return parts.said(), self._watched.asked, None
        spans = {**{name: tuple(span) for name, span in before.get("spans", {}).items()}, **spans}
        span = joined(spans[name] for name in parts.asked() if name in spans)
        readmes = self._facts.manifests.readmes
        readmes.update(before.get("readmes", {}))
        if self._key and self._verdicts.is_steady() and self._is_read(parts.rows):
            whole = {"asked": list(asked.values()), "spans": spans, "ends": span[1], "readmes": readmes}
            whole["locked"] = self._locks
            whole.update(parts.whole.as_json())
            self._known.save(self._key, whole, parts.rows, None if again is None else again.fresh)
        return parts.said(), list(asked.values()), span

    def _again(self) -> Again | None:
        """What was judged again; ``None`` where all has to be."""
        known = self._known
        if not self._key or not known.load(self._key, len(self._oids)) or known.whole["ends"] <= time.time():
            return None
        if not still_holds(self._facts, known.whole["readmes"], known.whole["asked"]):
            return None
        rows = known.read()
        places = [place for place, row in enumerate(rows) if row.oid != self._oids[place]]
        if len(places) * _FEW > len(rows):
            return None
        changes = changes_in(self._facts, rows, places, self._manifests)
        if changes is None:
            return None
        locks = [path for path, oid in self._locks.items() if known.whole["locked"].get(path) != oid]
        again = Again(self._facts, self._tree.held_oid, rows, Whole(known.whole), changes, self._beside, locks)
        return again if again.judge() else None

    def _is_read(self, rows: Sequence[Row]) -> bool:
        """Whether what was judged is what the ids name: a file of the worktree may have changed since."""
        if not self._tree.reads_worktree:
            return True
        pairs = zip(rows, self._facts.judged, strict=True)
        return all(self._manifests.is_known(path) for row, path in pairs if row.name)
