"""What the checks of a stack came to, remembered from run to run until something changes that it rests on.

A record rests on its own repository, on what the registry has of the crates that were asked about, and on crates of the
stack.  All of that is compared by content, never by time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from batuta_hooks.checks.publishable_market import has_version
from batuta_hooks.checks.published_versions import is_settled
from batuta_hooks.domain.facts import Facts, Origin, Published
from batuta_hooks.domain.finding import Finding, Unknown
from batuta_hooks.domain.manifest import Manifest
from batuta_hooks.domain.release import Release
from batuta_hooks.stack.memory_file import Record, State, digest, file_for, read_records, write_records
from batuta_hooks.stack.registry_view import View

_LOCK = "Cargo.lock"


class Subject(NamedTuple):
    """What a record is about.

    Attributes:
        kind: what was found out of it.
        path: the manifest.
        also: all else that it rests on, as text.
    """

    kind: str
    repository: str
    path: str
    also: str = ""


class Asked:
    """Facts that note what is asked of the registry.

    Attributes:
        facts: the facts to ask.
        names: the crates that were asked about.
        origins: the archives that were, as crate and version.
    """

    def __init__(self, facts: Facts) -> None:
        self.names: set[str] = set()
        self.origins: set[tuple[str, str]] = set()

        def published(crate: str) -> Published | Unknown:
            self.names.add(crate)
            return facts.published(crate)

        def release(crate: str, version: str) -> Release | Unknown | None:
            self.names.add(crate)
            return facts.release(crate, version)

        def rust_version(crate: str, version: str) -> str | Unknown | None:
            self.names.add(crate)
            return facts.rust_of(crate, version)

        def origin(crate: str, version: str) -> Origin | Unknown:
            self.origins.add((crate, version))
            return facts.origin(crate, version)

        self.facts = facts._replace(published=published, release=release, rust_version=rust_version, origin=origin)


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
        self._file = file_for(workspace, environment)
        self._facts = {one.repository: one for one in facts}
        self._views = {one.repository: view for one, view in zip(facts, views, strict=True)}
        self._content = {
            one.repository: digest((*_manifests(one), *map(_bytes, (config, *_others(one)))))
            for one, config in zip(facts, configs, strict=True)
        }
        self._offers = _by_name(facts, self._content, said)
        self._states: dict[tuple[str, str, str], State] = {}
        self._recalled: dict[str, Record | None] = {}
        self._known = read_records(self._file)
        self._fresh: dict[str, Record] = {}
        #: names all that verdicts rest on in all repositories
        self.content = digest(map(_bytes, self._content.values()))
        #: names all that the crates of the stack tell of themselves to the others
        self.stack = digest(_bytes(repr(crate)) for one in facts[:1] for crate in one.stack.whole.crates())

    def look_again(self) -> None:
        """Look again at what the registry has, about which more was asked."""
        self._states.clear()
        self._recalled.clear()
        self._fresh.clear()

    def recall(self, subject: Subject) -> Any | None:
        """What is remembered, if all that it rests on is as it was."""
        key = self._key(subject)
        if key not in self._recalled:
            record = self._known.get(key)
            holds = record is not None and all(self._state(subject, *one[:2]) == one for one in record.states)
            self._recalled[key] = record if holds else None
        found = self._recalled[key]
        return None if found is None else found.value

    def keep(
        self, subject: Subject, value: Any, names: Collection[str], origins: Collection[tuple[str, str]] = ()
    ) -> None:
        """Remember something.

        Args:
            value: anything that JSON has.
            names: the crates that were asked about.
            origins: the archives that were, as crate and version.
        """
        asked = [*((name, "") for name in sorted(names)), *sorted(origins)]
        self._fresh[self._key(subject)] = Record(value, tuple(self._state(subject, *one) for one in asked))

    def save(self, *, drops_others: bool) -> None:
        """Write down what is to be remembered.

        Args:
            drops_others: whether all of the stack was looked at, so that nothing else is of use any more.
        """
        kept = {key: found for key, found in self._known.items() if not drops_others or self._recalled.get(key)}
        if self._file and (self._fresh or len(kept) < len(self._known)):
            write_records(self._file, {**kept, **self._fresh})

    def _key(self, subject: Subject) -> str:
        return digest(map(_bytes, (*subject, self._content[subject.repository])))

    def _state(self, subject: Subject, name: str, version: str) -> State:
        """What there is of a crate in the registry and in the stack, or of an archive."""
        place = subject.repository, name, version
        if place not in self._states:
            view = self._views[subject.repository]
            if version:
                text = repr(view.origin(name, version))
            else:
                published = view.published(name)
                is_old = isinstance(published, Unknown) or not is_settled(self._facts[subject.repository], published)
                coming = [text for version, text in self._offers.get(name, ()) if not has_version(published, version)]
                text = "\t".join((view.identity(name), "" if is_old else "settled", *coming))
            self._states[place] = name, version, text
        return self._states[place]


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


def _others(facts: Facts) -> Iterator[str]:
    """What else a repository holds that a check looks at; of most files nothing but that they are there."""
    yield repr((facts.repository, tuple(facts.judged), tuple(facts.configs), facts.policy, facts.committed_at()))
    tree, tracked = facts.manifests.tree, facts.tracked
    if tracked is None:
        return
    paths = sorted(tracked.paths)
    yield "\0".join(paths)
    yield repr([(link, tracked.resolve(link)) for link in sorted(tracked.links)])
    locks = [path for path in paths if path.rpartition("/")[2] == _LOCK]
    for path in (*tree.config_paths, *locks, ".gitmodules"):
        read = tree.read(path)
        yield digest((_bytes(path), read if isinstance(read, bytes) else _bytes(repr(read))))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
