"""What a check said of a large repository, remembered until something changes that it rests on.

That is: what the manifests say, however they are written; which files are tracked; lock files, configuration and
policy; the readmes of workspace roots; what the registry is known to hold; the checkouts beside the repository.  All of
it is compared by content, but for the registry's cache and cargo's copies of the index, of which the files' times and
sizes are.  A place in a file counts for the very text of that file alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from batuta_hooks.domain.finding import Finding, Unknown
from batuta_hooks.domain.record import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, TypeVar

    from batuta_hooks.domain.facts import Facts
    from batuta_hooks.domain.stack import StackCrate
    from batuta_hooks.gather.known_manifests import KnownInTree, KnownManifests
    from batuta_hooks.gather.registry import Joined, Registry
    from batuta_hooks.git.tree import GitTree

    _Answer = TypeVar("_Answer")

SPARE = 4
"""So many verdicts may stand in the file that are of no use any more."""

_OTHERS = (".gitmodules",)

Asked = tuple[str, str, object]
"""What kind of question was asked of the world, about what, and the answer."""


class Said(NamedTuple):
    """What a check said, and when the oldest answer was checked that it rests on; ``None`` for no answer."""

    all: Sequence[Finding | Unknown]
    oldest: int | None


class Watched:
    """Facts that note what a check asks of the world beside the repository's files and the registry.

    Attributes:
        facts: the facts to ask.
    """

    def __init__(self, facts: Facts) -> None:
        self._asked: dict[tuple[str, str], object] = {}

        def noted(kind: str, answer: Callable[[str], _Answer]) -> Callable[[str], _Answer]:
            def ask(about: str) -> _Answer:
                found = self._asked[kind, about] = answer(about)
                return found

            return ask

        committed_at = noted("committed_at", lambda _: facts.committed_at())
        self.facts = facts._replace(
            sibling=noted("sibling", facts.sibling),
            was_readable=noted("was_readable", facts.was_readable),
            is_on_disk=noted("is_on_disk", facts.is_on_disk),
            committed_at=lambda: committed_at(""),
        )

    @property
    def asked(self) -> list[Asked]:
        """The questions so far, each with its answer."""
        return [(*question, answer) for question, answer in self._asked.items()]


def still_holds(facts: Facts, readmes: Mapping[str, str], asked: Iterable[Sequence[Any]]) -> bool:
    """Whether all is as it was that was asked of the world."""
    if any(facts.manifests.readme(folder) != name for folder, name in readmes.items()):
        return False
    return all(_answer_now(facts, kind, about) == answer for kind, about, answer in asked)


def _answer_now(facts: Facts, kind: str, about: str) -> object:
    if kind == "committed_at":
        return facts.committed_at()
    found: object = getattr(facts, kind)(about)
    return list(found) if isinstance(found, tuple) else found


class KnownVerdicts:
    """The verdicts on one repository.

    Args:
        kept: where they are.
        tree, manifests: what is judged, and what is remembered of it.
        registry: what answers are from.
        beside: the crates of the checkouts beside the repository.
        check: names who judges.
        asks_for_files: whether the check asks for tracked files by any name; else for manifests, lock files, cargo
            configurations, readmes and folders alone.
    """

    def __init__(
        self,
        kept: KnownManifests,
        tree: GitTree,
        manifests: KnownInTree,
        registry: Registry,
        beside: Iterable[StackCrate],
        check: str,
        *,
        asks_for_files: bool = True,
    ) -> None:
        self._kept = kept
        self._tree = tree
        self._manifests = manifests
        self._registry = registry
        self._check = check
        self._asks_for_files = asks_for_files or bool(tree.links) or bool(tree.nested)
        self._is_first = registry.is_unasked  # else answers would count that others asked for
        self._world = registry.state()
        self._beside = [_told(crate) for crate in beside]
        self._around: str | None = None
        self._whole: str | None = None

    def recall(self, facts: Facts) -> Said | None:
        """What was said, if all is as it was."""
        for path in self._tree.manifest_paths:
            if not self._manifests.is_known(path):
                facts.manifests.load(path)
        key = self._key(facts)
        found = self._kept.recall(key) if key else None
        if found is None or any(self._tree.held_oid(path) != oid for path, oid in found["files"].items()):
            return None
        if found["ends"] <= time.time():
            return None
        if not still_holds(facts, found["readmes"], found["asked"]):
            return None
        return Said([Finding(*one) if len(one) > 2 else Unknown(*one) for one in found["said"]], found["oldest"])

    def keep(self, facts: Facts, said: Sequence[Finding | Unknown], asked: Sequence[Asked], span: Joined) -> None:
        """Remember what was said, if nothing speaks against it.

        Args:
            asked: what was asked of the world, see `Watched`.
            span: of the registry's answers, see `batuta_hooks.gather.registry.Registry.span`.
        """
        key = self._key(facts)
        files = {one.path: self._tree.held_oid(one.path) for one in said if isinstance(one, Finding)}
        if key and all(files.values()) and self.is_steady():
            rests_on = {"files": files, "readmes": facts.manifests.readmes, "asked": asked, "ends": span[1]}
            self._kept.keep(key, {"said": said, "oldest": span[0], **rests_on})

    def is_steady(self) -> bool:
        """Whether what was found out may be remembered: all could be read, and nothing has changed meanwhile."""
        return self._is_first and not self._tree.missing and self._registry.state() == self._world

    def _key(self, facts: Facts) -> str:
        """Names all that a verdict rests on; empty where that cannot be told."""
        if self._whole is None:
            around, self._whole = self.around(facts), ""
            said = [self._manifests.said_by(path) for path in self._tree.manifest_paths] if around else [b""]
            said += [oid.encode() for oid in self.locks().values()]
            if all(said):
                self._whole = _digest([_bytes(around), *said])
        return self._whole

    def around(self, facts: Facts) -> str:
        """Names all of that but the manifests and lock files; empty where it cannot be told."""
        if self._around is None:
            parts = list(self._parts(facts)) if self._world else [b""]
            self._around = _digest(parts) if all(parts) else ""
        return self._around

    def locks(self) -> dict[str, str]:
        """The ids of the lock files' blobs, by their paths; empty ones where none can be told."""
        paths = sorted(path for path in self._tree.paths if path.endswith("Cargo.lock"))
        return {path: self._tree.held_oid(path) for path in paths}

    def _parts(self, facts: Facts) -> Iterator[bytes]:
        tree = self._tree
        yield _bytes(
            repr((self._check, self._world, facts.policy, facts.judged, facts.configs, facts.repository, self._beside))
        )
        others = [*tree.config_paths, *(path for path in _OTHERS if path in tree)]
        if self._asks_for_files:
            yield _bytes("\0".join(sorted(tree.paths)) or "\0")
        else:
            yield _bytes(repr((tree.manifest_paths, list(self.locks()), others, sorted(tree.folders()))))
        yield _bytes(repr(sorted(tree.nested)))
        yield _bytes(repr([(link, tree.resolve(link)) for link in sorted(tree.links)]))
        for path in others:
            yield tree.held_oid(path).encode()


def _digest(parts: Iterable[bytes]) -> str:
    from hashlib import sha256

    digest = sha256()
    for part in parts:
        digest.update(b"%d\n%s" % (len(part), part))
    return digest.hexdigest()


def _told(crate: StackCrate) -> tuple[object, ...]:
    return (*crate._replace(dependencies=()), [tuple(one) for one in crate.dependencies])


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
