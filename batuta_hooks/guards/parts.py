"""Judging a large repository for version alignment again, where little has changed since it was judged last.

What was said is kept by manifest and, of what others need, by dependency.  Where manifests have changed, these are
judged, and of the others what rests on what changed in them (`batuta_hooks.checks.faces`).  Where more has changed than
that, all are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from batuta_hooks.checks import namesakes, native_links
from batuta_hooks.checks.version_alignment import find_circles, find_own, find_shared, has_locks, suspected
from batuta_hooks.domain.facts import Facts
from batuta_hooks.domain.finding import Finding
from batuta_hooks.domain.manifest import Manifest
from batuta_hooks.domain.stack import Stack, StackCrate, stack_crate
from batuta_hooks.gather.known_parts import Row, Said
from batuta_hooks.gather.known_parts import said as read_said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from batuta_hooks.checks.lock_shares import LockShare
    from batuta_hooks.domain.manifest import Dependency


class Whole:
    """What is said of the repository as a whole.

    Attributes:
        circles: what is said of circles of crates.
        locks: what is said of lock files.
        asked_circles, asked_locks: the crates that were asked about for these.
        asked_links: the crates that were asked whether they link a native library.
        held: by lock file, the versions of each package that it holds; a file that cannot be read is left out.
    """

    def __init__(self, known: Mapping[str, Any] | None = None) -> None:
        known = known or {}
        self.circles: list[Said] = read_said(known.get("circles", ()))
        self.asked_circles: list[str] = list(known.get("asked_circles", ()))
        self.locks: list[LockShare] = _shares(known.get("locks", ()))
        self.asked_locks: list[str] = list(known.get("asked_locks", ()))
        self.asked_links: set[str] = set(known.get("asked_links", ()))
        self.held: dict[str, dict[str, str]] = dict(known.get("held", {}))

    def as_json(self) -> dict[str, object]:
        """The same as JSON has it."""
        return {
            "circles": self.circles,
            "asked_circles": self.asked_circles,
            "locks": self.locks,
            "asked_locks": self.asked_locks,
            "asked_links": sorted(self.asked_links),
            "held": self.held,
        }


def _shares(rows: Sequence[Sequence[Any]]) -> list[LockShare]:
    if not rows:
        return []
    from batuta_hooks.checks.lock_shares import LockShare

    found = []
    for row in rows:
        share = LockShare(*row)
        stale = {path: Finding(*one) for path, one in share.stale.items()}
        lists = ([Finding(*one) for one in many] for many in (share.unneeded, share.rest))
        found.append(share._replace(stale=stale, unneeded=next(lists), rest=next(lists)))
    return found


class Parts:
    """Asks the checks of versions in parts.

    Args:
        facts: about the repository, all of whose manifests are judged.
        oid: gives the id of a manifest's blob.
        rows: what is known of each; filled by `find_all`.
    """

    def __init__(self, facts: Facts, oid: Callable[[str], str], rows: list[Row], whole: Whole) -> None:
        self._noted: set[str] = set()
        self._plain = facts
        self._strangers: dict[str, str] = {}
        self._facts = self._known = self._noting(facts)
        self._oid = oid
        self.rows = rows
        self.whole = whole
        self._linked: native_links.Linked | None = None

    def said(self) -> list[Said]:
        """All that is said."""
        by_row = (one for row in self.rows for many in (row.own, row.shared) for one in many)
        locks = (one for share in self.whole.locks for one in share.said())
        return [*by_row, *self.whole.circles, *locks]

    def asked(self) -> set[str]:
        """The crates that were asked about."""
        names = {*self.whole.asked_circles, *self.whole.asked_locks, *self.whole.asked_links}
        for row in self.rows:
            names.update(row.asked, row.asked_shared)
        return names

    def find_all(self) -> None:
        """Ask everything."""
        judged = self._facts.judged
        strangers = [self._stranger(path) for path in judged]
        self.rows[:] = [self._row(path, other) for path, other in zip(judged, strangers, strict=True)]
        self.know_strangers()
        for place in range(len(judged)):
            self.find_own(place)
            self.find_shared(place)
        self.find_circles(judged)
        self.find_locks()

    def _noting(self, facts: Facts) -> Facts:
        noted = self._noted

        def ask(answer: Callable[..., Any] | None) -> Any:
            def asked(package: str, *more: str) -> Any:
                noted.add(package)
                assert answer is not None
                return answer(package, *more)

            return asked if answer is not None else None

        return facts._replace(
            published=ask(facts.published), release=ask(facts.release), rust_version=ask(facts.rust_version)
        )

    def _taken(self) -> list[str]:
        """The crates that were asked about since this was last called."""
        found = sorted(self._noted)
        self._noted.clear()
        return found

    def _stranger(self, path: str) -> str:
        names = namesakes.strangers(self._facts._replace(judged=(path,)))
        return next(iter(names.values()), "")

    def _row(self, path: str, stranger: str) -> Row:
        manifest = self._facts.manifests.resolve(path)
        crate = stack_crate(manifest) if isinstance(manifest, Manifest) else None
        if crate is None:
            return Row(self._oid(path))
        needs = crate.dependencies
        return Row(
            self._oid(path),
            crate.name,
            crate.version,
            crate.is_publishable,
            crate.is_bound_for_crates_io,
            [one.package for one in needs],
            [one.kind for one in needs],
            [one.requirement for one in needs],
            stranger,
        )

    def make_row(self, place: int) -> str:
        """Put what a manifest holds now into its row; the stranger that the registry has under its name, if any."""
        path, row = self._facts.judged[place], self.rows[place]
        stranger = self._stranger(path)
        self.rows[place] = self._row(path, stranger)._replace(shared=row.shared, asked_shared=row.asked_shared)
        return stranger

    def know_strangers(self) -> None:
        """Let nothing be known of strangers; the rows must name them."""
        self._strangers = {row.name: row.stranger for row in self.rows if row.stranger}
        self._known = namesakes.without(self._facts, self._strangers)

    def find_own(self, place: int) -> None:
        """Ask of one manifest what is said of it whatever others need."""
        if not self.rows[place].name:
            return
        self._noted.clear()
        judged = (self._facts.judged[place],)
        own = list(namesakes.find(self._facts._replace(judged=judged)))
        own += find_own(self._known._replace(judged=judged))
        self.rows[place] = self.rows[place]._replace(own=own, asked=self._taken())

    def find_shared(self, place: int) -> None:
        """Ask of one manifest what is said of its dependencies because of what others need."""
        if not self.rows[place].name:
            return
        shared, asked = self._find_shared(place, None)
        self.rows[place] = self.rows[place]._replace(shared=shared, asked_shared=asked)

    def find_shared_of(self, place: int, packages: Collection[str]) -> bool:
        """The same of its dependencies on some packages alone; whether it is something else than before."""
        row = self.rows[place]
        fresh, asked = self._find_shared(place, packages)
        shared = [one for one in row.shared if not isinstance(one, Finding) or one.dependency not in packages]
        shared += [one for one in fresh if isinstance(one, Finding)]
        asked = sorted({*(one for one in row.asked_shared if one not in packages), *asked})
        self.rows[place] = row._replace(shared=shared, asked_shared=asked)
        return self.rows[place] != row

    def suspected(self, packages: Iterable[str]) -> set[str]:
        """The crates of which something may be said about some packages because of what others need, VA011 aside."""
        self.whole.asked_links.difference_update(packages)
        linked = self._linking()
        return {name for package in packages for name in suspected(self._known, package, linked)}

    def _find_shared(self, place: int, about: Collection[str] | None) -> tuple[list[Said], list[str]]:
        self._noted.clear()
        facts = self._known._replace(judged=(self._facts.judged[place],), about=about)
        shared = list(find_shared(facts, self._linking()))
        self._noted.discard(self.rows[place].name)  # who asks about it has asked for `own` as well
        return shared, self._taken()

    def _linking(self) -> native_links.Linked:
        known = self._linked or native_links.linking(namesakes.without(self._plain, self._strangers))
        linked = self._linked = known

        def noted(dependency: Dependency) -> str | None:
            if dependency.package not in self._strangers:
                self.whole.asked_links.add(dependency.package)
            return linked(dependency)

        return noted

    def find_circles(self, judged: Sequence[str]) -> None:
        """Ask of manifests, which hold all that may be in one, for circles."""
        self._noted.clear()
        self.whole.circles = list(find_circles(self._known._replace(judged=judged)))
        self.whole.asked_circles = self._taken()

    def read_locks(self, paths: Iterable[str]) -> set[str] | None:
        """Learn what lock files hold; the packages of which one holds other versions than before.

        ``None`` where one could not be read before, or cannot now.
        """
        from batuta_hooks.checks.lock_shares import versions_held
        from batuta_hooks.domain.locks import Lockfile

        moved: set[str] | None = set()
        for path in paths:
            lock, before = self._facts.lockfile(path), self.whole.held.pop(path, None)
            if not isinstance(lock, Lockfile):
                moved = None
                continue
            after = self.whole.held[path] = versions_held(lock)
            if moved is None or before is None:
                moved = None
            else:
                moved |= {name for name in {*before, *after} if before.get(name) != after.get(name)}
        return moved

    def find_locks(self) -> None:
        """Ask of all lock files."""
        self._noted.clear()
        if has_locks(self._facts):
            from batuta_hooks.checks.lock_shares import lock_shares

            self.whole.locks = lock_shares(self._known)
        self.whole.asked_locks = self._taken()


def stack_of(facts: Facts, rows: Sequence[Row], changed: Collection[int], beside: Iterable[StackCrate]) -> Stack:
    """The crates of the rows and those beside them; of most manifests no more than the rows is read.

    Args:
        changed: the places of the manifests that the rows do not tell of as they are.
    """
    from batuta_hooks.domain.stack import Named

    def remembered(row: Row, path: str) -> StackCrate:
        def make(place: int) -> Dependency:
            manifest = facts.manifests.resolve(path)
            assert isinstance(manifest, Manifest)
            return manifest.dependencies[place]

        needs = Named(row.packages, make, row.requirements.__getitem__, row.kinds.__getitem__)
        return StackCrate(row.name, row.version, ".", path, row.is_publishable, needs, row.is_bound)

    def load() -> Iterator[StackCrate]:
        for place, (row, path) in enumerate(zip(rows, facts.judged, strict=True)):
            if place not in changed:
                if row.name:
                    yield remembered(row, path)
                continue
            manifest = facts.manifests.resolve(path)
            crate = stack_crate(manifest) if isinstance(manifest, Manifest) else None
            if crate is not None:
                yield crate
        yield from beside

    return Stack(load)
