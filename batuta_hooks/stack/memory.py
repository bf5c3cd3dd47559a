"""What the checks of a stack came to, remembered from run to run until something changes that it rests on.

A record rests on its own repository, on what the registry has of the crates that were asked about, and on crates of the
stack.  All of that is compared by content, never by time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from threading import Lock
from typing import Any, NamedTuple

from batuta_hooks.checks.builds import leads_to
from batuta_hooks.checks.publishable_market import has_version
from batuta_hooks.checks.published_versions import is_settled
from batuta_hooks.domain.facts import Facts, Published
from batuta_hooks.domain.finding import Finding, Unknown
from batuta_hooks.domain.manifest import Manifest
from batuta_hooks.domain.stack import Stack, StackCrate
from batuta_hooks.stack.asked import BESIDE, OFFERED, STACK, itself
from batuta_hooks.stack.kept_json import CHECKS, file_for
from batuta_hooks.stack.memory_file import Record, State, digest, pack, read_records, write_records
from batuta_hooks.stack.registry_view import View

Standpoint = tuple[View, tuple[bool, ...]]

_LOCK = "Cargo.lock"
_OF_THE_REGISTRY = ("", OFFERED)


class Subject(NamedTuple):
    """What a record is about.

    Attributes:
        kind: what was found out of it.
        repository: where it is; empty for the stack as a whole.
        path: the manifest.
        also: all else that it rests on, as text.
    """

    kind: str
    repository: str
    path: str
    also: str = ""


class Memory:
    """The records of one meta-checkout.

    Args:
        workspace: the absolute path of the meta-checkout.
        facts: about each repository of the stack, which has a `repository` of its own.
        views: what the registry knows in each of them, in the same order.
        configs: what is configured for each of them, as text that names it.
        said: what `batuta_hooks.checks.path_deps` says of a manifest.
        environment: variables that say where the cache is.
    """

    def __init__(
        self,
        workspace: str,
        facts: Sequence[Facts],
        views: Sequence[View],
        configs: Sequence[str],
        said: Callable[[Facts, str], Iterable[Finding | Unknown]],
        environment: Mapping[str, str],
    ) -> None:
        self._file = file_for(CHECKS, workspace, environment)
        self._facts = {one.repository: one for one in facts}
        self._views = {one.repository: view for one, view in zip(facts, views, strict=True)}
        self._content = {
            one.repository: digest((*_manifests(one), *map(_bytes, (config, *_others(one)))))
            for one, config in zip(facts, configs, strict=True)
        }
        self._offers = _by_name(facts, self._content, said)
        self._known = read_records(self._file)
        self._turn = Lock()
        self._states: dict[tuple[View, str, str, bool], State] = {}
        self._crates: dict[int, str] = {}
        self._told: dict[View | None, set[int]] = {}
        self._standpoints: dict[str, Standpoint] = {}
        self._answers: dict[View, dict[tuple[int | None, bool], Published]] = {}
        self._hold: dict[Standpoint, tuple[set[int], set[int]]] = {}
        self._recalled: dict[str, Record | None] = {}
        self._fresh: dict[str, Record] = {}
        self._places: dict[str, dict[tuple[str, str], int]] = {}
        #: names all that verdicts rest on in all repositories
        self.content = digest(map(_bytes, self._content.values()))
        self._whole = facts[0].stack.whole if facts else Stack()
        #: names for which not every repository sees the same crate of the stack
        self._seen_apart = {
            crate.name for one in facts for crate in one.stack.own() if self._whole.crate(crate.name) is not crate
        }
        self._links: bytes | None = None
        self._needs: dict[str, bytes] = {}
        #: names all that the crates of the stack tell of themselves to the others
        self.stack = digest(_bytes(_spelled(crate)) for crate in self._whole.crates())

    def around(self, manifest: Manifest) -> str:
        """What names all that the needs of the stack's crates come to for one: who meets whom, and who needs the same.

        The version of a crate makes a difference by the requirements alone that it meets.
        """
        if self._links is None:
            self._links = _bytes(digest(_bytes(repr(_linked(self._whole, crate))) for crate in self._whole.crates()))
        names = {manifest.name, *(one.package for one in manifest.dependencies)}
        return digest((self._links, *(self._needs_of(name) for name in sorted(names))))

    def _needs_of(self, package: str) -> bytes:
        if package not in self._needs:
            needs = [(*_place(crate), tuple(one)) for crate, one in self._whole.needing(package)]
            self._needs[package] = _bytes(digest([_bytes(repr(needs))]))
        return self._needs[package]

    def look_again(self) -> None:
        """Look again at what the registry has, about which more was asked."""
        self._states.clear()
        self._hold.clear()
        self._standpoints.clear()
        self._answers.clear()
        self._recalled.clear()
        self._fresh.clear()
        self._places.clear()

    def recall(self, subject: Subject) -> Any | None:
        """What is remembered, if all that it rests on is as it was."""
        key = self._key(subject)
        if key not in self._recalled:
            record = self._known.records.get(key)
            places = record.places if record is not None else ()
            holds = record is not None and self._holds(subject.repository, places)
            if holds:
                self._told.setdefault(self._views.get(subject.repository), set()).update(places)
            self._recalled[key] = record if holds else None
        found = self._recalled[key]
        return None if found is None else found.value

    def _holds(self, repository: str, places: Collection[int]) -> bool:
        """Whether all is as it was when a record was made."""
        if not places:
            return True
        good, bad = self._hold.setdefault(self._standpoint(repository), (set(), set()))
        for place in () if good.issuperset(places) else set(places) - good:
            state = self._known.states[place]
            if place in bad:
                return False
            is_equal = self._state(repository, *state[:2]) == state
            if state[1] != BESIDE and not (state[1] == STACK and state[0] in self._seen_apart):
                (good if is_equal else bad).add(place)
            if not is_equal:
                return False
        return True

    def keep(self, subject: Subject, value: Any, about: Iterable[tuple[str, str]]) -> None:
        """Remember something.

        Args:
            value: anything that JSON has.
            about: all that it rests on besides, see `batuta_hooks.stack.asked.Asked`.
        """
        about = tuple(about)
        places = self._places.setdefault(subject.repository, {})
        fresh = sorted(one for one in about if one not in places)
        states = [self._state(subject.repository, *one) for one in fresh]
        with self._turn:
            places.update(zip(fresh, map(self._known.place, states), strict=True))
            self._fresh[self._key(subject)] = Record(value, pack(places[one] for one in about))

    def save(self, *, drops_others: bool) -> None:
        """Write down what is to be remembered, and let the views know what was asked about by what was recalled.

        Args:
            drops_others: whether all of the stack was looked at, so that nothing else is of use any more.
        """
        for view, places in self._told.items():
            if view is not None:
                states = map(self._known.states.__getitem__, places)
                view.tell(name for name, about, _ in states if about in _OF_THE_REGISTRY)
        known = self._known.records
        kept = {key: found for key, found in known.items() if not drops_others or self._recalled.get(key)}
        if self._file and (self._fresh or len(kept) < len(known)):
            write_records(self._file, self._known._replace(records={**kept, **self._fresh}))

    def _key(self, subject: Subject) -> str:
        return digest(map(_bytes, (*subject, self._content.get(subject.repository, ""))))

    def _state(self, repository: str, name: str, about: str) -> State:
        """What names the answer to a question, see `Asked` and `OFFERED`."""
        view, facts = self._views[repository], self._facts[repository]
        if about == BESIDE:
            return name, about, repr(facts.sibling(name))
        if about == STACK:
            number = id(facts.stack.crate(name))
            if number not in self._crates:
                self._crates[number] = repr(itself(facts, name))
            return name, about, self._crates[number]
        if about not in _OF_THE_REGISTRY:
            return name, about, repr(view.origin(name, about))
        published = view.glance(name)
        is_old = isinstance(published, Unknown) or not is_settled(facts, published)
        place = view, name, about, is_old
        if place not in self._states:
            offers = self._offers.get(name, ()) if about == OFFERED else ()
            coming = [text for version, text in offers if not has_version(published, version)]
            self._states[place] = name, about, "\t".join((view.identity(name), "" if is_old else "settled", *coming))
        return self._states[place]

    def _standpoint(self, repository: str) -> Standpoint:
        """Equal for repositories that see alike what is remembered: each answer recent enough for both, or not."""
        if repository not in self._standpoints:
            view, facts = self._views[repository], self._facts[repository]
            are_settled = tuple(is_settled(facts, published) for published in self._times(view))
            self._standpoints[repository] = view, are_settled
        return self._standpoints[repository]

    def _times(self, view: View) -> Collection[Published]:
        """An answer for each time at which the registry gave one."""
        if view not in self._answers:
            names = dict.fromkeys(name for name, about, _ in self._known.states if about in _OF_THE_REGISTRY)
            found = (view.glance(name) for name in names)
            self._answers[view] = {
                (one.checked_at, one.is_of_this_run): one for one in found if not isinstance(one, Unknown)
            }
        return self._answers[view].values()


def _place(crate: StackCrate) -> tuple[str, str, str, bool]:
    return crate.name, crate.repository, crate.manifest_path, crate.is_publishable


def _linked(stack: Stack, crate: StackCrate) -> tuple[object, ...]:
    """A crate, and its dependencies on others of the stack, each with whether the other's version meets it."""
    needs = ((one, stack.crate(one.package)) for one in stack.inside(crate))
    return *_place(crate), [(tuple(one), leads_to(one, other)) for one, other in needs if other is not None]


def _spelled(crate: StackCrate) -> str:
    # a plain tuple is spelled ten times as fast as a record
    return repr((tuple(crate._replace(dependencies=())), *map(tuple, crate.dependencies)))


def _by_name(
    facts: Iterable[Facts], content: Mapping[str, str], said: Callable[[Facts, str], Iterable[Finding | Unknown]]
) -> dict[str, list[tuple[str, str]]]:
    """By its name, the version of each crate, and what names all that the verdict on publishing it rests on there."""
    found: dict[str, list[tuple[str, str]]] = {}
    for one in facts:
        for path in one.judged:
            manifest = one.manifests.resolve(path)
            package = manifest.package if isinstance(manifest, Manifest) else None
            if package is not None and package.version is not None:
                text = digest(map(_bytes, (content[one.repository], path, repr(list(said(one, path))))))
                found.setdefault(package.name, []).append((package.version, text))
    return found


def _manifests(facts: Facts) -> Iterator[bytes]:
    for path in facts.manifests.tree.manifest_paths:
        found = facts.manifests.load(path)
        yield _bytes(path)
        yield found.text if isinstance(found, Manifest) else _bytes(repr(found))
        resolved = facts.manifests.resolve(path)
        yield b"" if isinstance(resolved, Manifest) else _bytes(repr(resolved))  # for want of a readme, say


def _others(facts: Facts) -> Iterator[str]:
    """What else a repository holds that a check looks at; of most files nothing but that they are there."""
    yield repr((facts.repository, tuple(facts.judged), tuple(facts.configs), facts.policy, facts.committed_at()))
    tree, tracked = facts.manifests.tree, facts.tracked
    if tracked is None:
        return
    paths = sorted(tracked.paths)
    yield "\0".join(paths)
    yield repr([(link, tracked.resolve(link)) for link in sorted(tracked.links)])
    yield repr(sorted(tracked.nested))
    locks = [path for path in paths if path.rpartition("/")[2] == _LOCK]
    for path in (*tree.config_paths, *locks, ".gitmodules"):
        read = tree.read(path)
        yield digest((_bytes(path), read if isinstance(read, bytes) else _bytes(repr(read))))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
