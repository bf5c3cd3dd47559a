"""What of a large repository has to be judged again after some of its manifests have changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from batuta_hooks.checks.builds import leads_to
from batuta_hooks.checks.faces import changed_packages, face_of, inside, links_of, lock_face, needs_firmly, place_of
from batuta_hooks.domain.facts import Facts
from batuta_hooks.domain.finding import Finding
from batuta_hooks.domain.manifest import Manifest, read_manifest
from batuta_hooks.domain.record import NamedTuple
from batuta_hooks.domain.stack import StackCrate
from batuta_hooks.domain.workspace import inherits
from batuta_hooks.gather.known_parts import Row
from batuta_hooks.guards.parts import Parts, Whole, stack_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from batuta_hooks.gather.known_manifests import KnownInTree


class Change(NamedTuple):
    """A manifest that has changed.

    Attributes:
        place: among the judged ones.
        before, after: as it was and is resolved.
        stands: whether its crate stands for its name in the stack.
    """

    place: int
    before: Manifest
    after: Manifest
    stands: bool = True


def changes_in(facts: Facts, rows: Sequence[Row], changed: Sequence[int], known: KnownInTree) -> list[Change] | None:
    """The manifests that have changed, as they were and are.

    ``None`` where that is not known of one, or concerns others in a way that is not looked at: it is a workspace's
    root, cargo cannot load it, or its package has another name.
    """
    found = []
    for place in changed:
        path = facts.judged[place]
        after, before = facts.manifests.resolve(path), _before(facts, path, rows[place].oid, known)
        if before is None or not isinstance(after, Manifest) or place_of(before) != place_of(after):
            return None
        if rows[place].name != before.name or before.workspace or after.workspace or not before.name:
            return None
        found.append(Change(place, before, after))
    return found


def _before(facts: Facts, path: str, oid: str, known: KnownInTree) -> Manifest | None:
    table = known.table_of(oid)
    if table is None:
        return None
    manifest = read_manifest(path, table, b"")
    if not inherits(manifest) or manifest.workspace is not None:
        return manifest
    from batuta_hooks.domain.inheritance import inherit

    root = facts.manifests.root_of(manifest)
    return inherit(manifest, root) if isinstance(root, Manifest) else None


class Again:
    """Judges again what rests on changed manifests.

    Args:
        facts: about the repository.
        changes: what `changes_in` gives.
        locks: the lock files that have changed.
    """

    def __init__(
        self,
        facts: Facts,
        oid: Callable[[str], str],
        rows: Sequence[Row],
        whole: Whole,
        changes: Sequence[Change],
        beside: Sequence[StackCrate],
        locks: Sequence[str],
    ) -> None:
        places = {one.place for one in changes}
        stack = stack_of(facts, rows, places, beside)
        self.parts = Parts(facts._replace(stack=stack), oid, list(rows), whole)
        self._facts = facts
        self._stack = stack
        self._locks = locks
        self._relocked: set[str] = set()
        self._places = places
        self._changes = [one._replace(stands=self._is_standing(one)) for one in changes]
        self._versions = {one.before.name: rows[one.place].version for one in self._changes if one.stands}
        #: the places of the rows that are other ones now
        self.fresh = set(places)

    def judge(self) -> bool:
        """Judge; whether that could be done: not where the registry has another project's crate of some name since, nor
        where a lock file could not be read before, or cannot now.
        """
        strangers = [self.parts.rows[one.place].stranger for one in self._changes]
        if strangers != [self.parts.make_row(one.place) for one in self._changes]:
            return False
        relocked = self.parts.read_locks(self._locks)
        if relocked is None:
            return False
        self._relocked = relocked
        self.parts.know_strangers()
        self._judge_locks()
        self._judge_own()
        self._judge_shared()
        self._judge_circles()
        return True

    def _is_standing(self, change: Change) -> bool:
        crate = self._stack.crate(change.after.name)
        return crate is not None and (crate.repository, crate.manifest_path) == (".", change.after.path)

    def _naming(self, packages: set[str]) -> list[int]:
        """The places of manifests that name one of some packages, as they are now."""
        return [place for place, row in enumerate(self.parts.rows) if not packages.isdisjoint(row.packages)]

    def _judge_own(self) -> None:
        seen = {one.after.name for one in self._changes if face_of(one.before) != face_of(one.after)}
        for place in sorted({*self._places, *self._naming(seen | self._relocked)}):
            self.parts.find_own(place)
            self.fresh.add(place)

    def _judge_shared(self) -> None:
        rows = self.parts.rows
        if self._has_other_links():
            self.parts.whole.asked_links.clear()
            for place in range(len(rows)):
                self.parts.find_shared(place)
            self.fresh.update(range(len(rows)))
            return
        moved: set[str] = set()
        for one in self._changes:
            moved |= changed_packages(one.before, one.after)
        whole = {one.place for one in self._changes if face_of(one.before) != face_of(one.after)}
        whole.update(place for place, row in enumerate(rows) if row.name in moved)
        for place in sorted(whole):
            self.parts.find_shared(place)
        self.fresh |= whole
        for place in self._places - whole:  # its lines may be other ones
            told = {one.dependency for one in rows[place].shared if isinstance(one, Finding)}
            self.parts.find_shared_of(place, moved | told)
        whole |= self._places
        suspects = self.parts.suspected(moved)
        exposed = {one for one in moved if any(self._is_exposed_otherwise(change, one) for change in self._changes)}
        for place in self._naming(moved):
            if place in whole or not (rows[place].name in suspects or _tells(rows[place], moved, exposed)):
                continue
            if self.parts.find_shared_of(place, moved):
                self.fresh.add(place)

    def _is_exposed_otherwise(self, change: Change, package: str) -> bool:
        return needs_firmly(change.before, package) != needs_firmly(change.after, package)

    def _then(self, name: str) -> StackCrate | None:
        """A crate of the stack as it was, but for what it needs."""
        crate = self._stack.crate(name)
        return crate._replace(version=self._versions[name]) if crate and name in self._versions else crate

    def _has_other_links(self) -> bool:
        """Whether some crate leads to others than before."""
        if any(links_of(one.before, self._then) != links_of(one.after, self._stack.crate) for one in self._changes):
            return True
        for name, version in self._versions.items():
            crate, then = self._stack.crate(name), self._then(name)
            if crate is None or then is None or crate.version == version:
                continue
            if any(leads_to(one, crate) != leads_to(one, then) for _, one in self._stack.needing_briefly(name)):
                return True
        return False

    def _judge_circles(self) -> None:
        said = self.parts.whole.circles
        told = {one.path for one in said if isinstance(one, Finding)}
        find = self._stack.crate
        if any(
            one.after.path in told
            or inside(one.before, find) != inside(one.after, find)
            or self._versions.get(one.after.name) != self.parts.rows[one.place].version
            for one in self._changes
        ):
            rows, judged, comes_back = self.parts.rows, self._facts.judged, self._stack.comes_back_to
            back = [path for row, path in zip(rows, judged, strict=True) if row.name and comes_back(row.name)]
            self.parts.find_circles(back)

    def _judge_locks(self) -> None:
        if self._locks:
            self.parts.find_locks()
            return
        if not self.parts.whole.locks:
            return
        from batuta_hooks.checks.lock_shares import judged_again

        for one in self._changes:
            shares = [judged_again(share, self._facts, one.after) for share in self.parts.whole.locks]
            if None in shares or lock_face(one.before) != lock_face(one.after):
                self.parts.find_locks()
                return
            self.parts.whole.locks = [share for share in shares if share is not None]


def _tells(row: Row, packages: set[str], exposed: set[str]) -> bool:
    """Whether something is said of a row about some packages, or it names one that is exposed to other crates now."""
    told = any(isinstance(one, Finding) and one.dependency in packages for one in row.shared)
    return told or not exposed.isdisjoint(row.packages)
