"""Whether each crate of the stack could be published: gathered for the one judge, which `checks.publishable` is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from batuta_hooks.checks.native_links import links_finding
from batuta_hooks.checks.publishable import Judge
from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.facts import Facts
from batuta_hooks.domain.finding import Finding, Unknown
from batuta_hooks.domain.manifest import Manifest
from batuta_hooks.domain.publishable import UNKNOWN, Publishable, Reason
from batuta_hooks.registry.licenses import is_license_expression
from batuta_hooks.registry.names import is_crate_name
from batuta_hooks.stack.asked import OFFERED
from batuta_hooks.stack.crates_io import Registries, Wanted
from batuta_hooks.stack.judging import Opened, ask, judged_paths
from batuta_hooks.stack.memory import Memory, Subject

#: How often the registry is asked about crates that an earlier answer first named: as deep as their dependencies go.
_MOST_ROUNDS = 16

Verdicts = Mapping[tuple[str, str], Publishable]
"""By repository, as the stack spells it, and manifest."""


def judge_publishable(
    opened: Sequence[Opened],
    registries: Registries | None,
    selected: Collection[str] = (),
    told: Callable[[int, int], None] = lambda _done, _total: None,
    places: Collection[str] | None = None,
    memory: Memory | None = None,
    *,
    is_offline: bool = False,
) -> Verdicts:
    """The verdict on every package.

    What the judge would like to know more of is asked for and then judged again, round by round, where the registry
    may be asked.

    Args:
        opened: all repositories, not yet closed.
        registries: what the registries know; ``None`` where nobody looks at them.
        selected: names of the crates to judge; none for all.
        places: the repositories whose packages to judge; ``None`` for all.
        told: called with how many repositories are judged, of how many; once more in every round.
        memory: where verdicts are remembered from run to run; ``None`` for nowhere.
        is_offline: whether no registry may be asked, so that what is not known stays so.
    """
    every = [facts_for(one, registries) for one in opened]
    said = said_of(opened)
    judge = Judge(every, is_license_expression, said)
    judged = [facts for facts in every if places is None or facts.repository in places]
    chosen = [(facts, path) for facts in judged for path in _paths(facts, selected)]
    if registries is None:
        return _judge_all(judge, chosen, told)
    are_all = places is None and not selected
    memories = None if memory is None else _Verdicts(memory, said, chosen, are_all=are_all)
    known = memories.recall_all() if memories is not None and is_offline else None
    if known is not None:
        told(len(judged), len(judged))
        return known
    asking = _Asking(opened, registries, judge, memory)
    asking.until_all_is_seen([one for one in chosen if memories is None or memories.recall(*one) is None])
    verdicts = _judge_all(judge, chosen, told, memories)
    while asking.ask(judge.wanted):
        verdicts = _judge_all(judge, chosen, told, memories)
    return verdicts


def refused_links(opened: Opened, verdicts: Verdicts) -> Iterator[Finding]:
    """VA007 for the packages of a repository that cannot be published for two packages of one native library."""
    for path in judged_paths(opened.facts.judged, opened.config):
        verdict = verdicts.get((opened.checkout.path, path))
        manifest = opened.facts.manifests.resolve(path) if verdict else None
        if verdict is not None and isinstance(manifest, Manifest):
            for reason in verdict.reasons:
                if reason.code == "VA007":
                    yield links_finding(manifest, reason)


class _Verdicts:
    """Verdicts in the memory.

    One for which every question was answered counts by itself.  Others count all together and for offline alone: which
    of the unknown crates one meets also depends on what the other crates came to, and those on how old answers are
    that the crate itself never asked for.

    Args:
        said: what `batuta_hooks.checks.path_deps` says of a manifest.
        chosen: the packages to judge.
        are_all: whether these are all packages of the stack.
    """

    def __init__(
        self,
        memory: Memory,
        said: Callable[[Facts, str], Iterable[Finding | Unknown]],
        chosen: Sequence[tuple[Facts, str]],
        *,
        are_all: bool,
    ) -> None:
        self._memory = memory
        self._said = said
        self._chosen = chosen
        self._are_all = are_all
        self._subjects: dict[tuple[str, str], Subject] = {}

    def _subject(self, facts: Facts, path: str) -> Subject:
        place = facts.repository, path
        if place not in self._subjects:
            self._subjects[place] = Subject("publishable", *place, repr(list(self._said(facts, path))))
        return self._subjects[place]

    def _open(self, subject: Subject) -> Subject:
        return subject._replace(kind="open", also=f"{subject.also} {self._memory.content}")

    def recall(self, facts: Facts, path: str) -> Publishable | None:
        """The verdict on the package of a manifest, where nothing was left open."""
        return _read(self._memory.recall(self._subject(facts, path)))

    def recall_all(self) -> Verdicts | None:
        """All verdicts, if all are remembered."""
        found: dict[tuple[str, str], Publishable] = {}
        for facts, path in self._chosen:
            verdict = self.recall(facts, path)
            if verdict is None and self._are_all:
                verdict = _read(self._memory.recall(self._open(self._subject(facts, path))))
            if verdict is None:
                return None
            found[facts.repository, path] = verdict
        return found

    def keep(self, facts: Facts, path: str, verdict: Publishable, judge: Judge) -> None:
        """Remember it."""
        subject, basis = self._subject(facts, path), judge.basis(facts, path)
        about = [(name, OFFERED) for name in judge.names.names(basis.names)]
        if basis.is_whole or self._are_all:
            self._memory.keep(subject if basis.is_whole else self._open(subject), verdict, about)


def _read(found: Any | None) -> Publishable | None:
    if found is None:
        return None
    verdict, why, reasons, after = found
    return Publishable(verdict, why, tuple(Reason(*reason) for reason in reasons), tuple(after))


class _Asking:
    """Asks the registries about what the judge would like to know more of, about each crate once.

    Args:
        opened: all repositories.
        memory: is told where more is known.
    """

    def __init__(self, opened: Sequence[Opened], registries: Registries, judge: Judge, memory: Memory | None) -> None:
        self._opened = opened
        self._registries = registries
        self._judge = judge
        self._memory = memory
        self._asked: dict[str, set[str]] = {}
        self._rounds = 0

    def until_all_is_seen(self, chosen: Sequence[tuple[Facts, str]]) -> None:
        """Ask round by round about what the answers of the round before first named: without judging anything yet."""
        while True:
            unseen: dict[str, set[str]] = {}
            for facts, path in chosen:
                unseen.setdefault(facts.repository, set()).update(_unseen(self._judge, facts, path))
            if not self.ask(unseen):
                return

    def ask(self, crates: Mapping[str, Collection[str]]) -> bool:
        """Ask about crates, given by repository; whether any answer came, so that it is worth to look again."""
        wanted = []
        for one in self._opened:
            known = self._asked.setdefault(one.checkout.path, set())
            fresh = {name for name in crates.get(one.checkout.path, ()) if is_crate_name(name)} - known
            known |= fresh
            if fresh:
                wanted.append(Wanted(one.folder, fresh, ttl_s=0))
        self._rounds += 1
        if not wanted or self._rounds > _MOST_ROUNDS or not self._registries.ask(wanted):
            return False
        names = {name for one in wanted for name in one.crates}
        self._registries.forget(names)
        self._judge.look_again(names)
        if self._memory is not None:
            self._memory.look_again()
        return True


def _paths(facts: Facts, selected: Collection[str]) -> Iterator[str]:
    for path in facts.judged:
        manifest = facts.manifests.load(path)
        if not selected or not isinstance(manifest, Manifest) or manifest.name in selected:
            yield path


def said_of(opened: Sequence[Opened]) -> Callable[[Facts, str], Iterable[Finding | Unknown]]:
    """What `batuta_hooks.checks.path_deps` says of a manifest of one of the repositories."""
    told = {one.checkout.path: one.said for one in opened}

    def said(facts: Facts, path: str) -> Iterable[Finding | Unknown]:
        findings, _ = told[facts.repository].get(path) or ask(facts._replace(judged=(path,), configs=()))
        return findings

    return said


def _unseen(judge: Judge, facts: Facts, path: str) -> Collection[str]:
    try:
        return judge.unseen(facts, path)
    except BatutaError:
        return ()  # the verdict says so


def _judge_all(
    judge: Judge,
    chosen: Sequence[tuple[Facts, str]],
    told: Callable[[int, int], None],
    memories: _Verdicts | None = None,
) -> Verdicts:
    verdicts: dict[tuple[str, str], Publishable] = {}
    numbers = {name: number for number, name in enumerate(dict.fromkeys(facts.repository for facts, _ in chosen), 1)}
    for facts, path in chosen:
        try:
            verdicts[facts.repository, path] = _verdict(judge, facts, path, memories)
        except BatutaError as error:
            verdicts[facts.repository, path] = Publishable(UNKNOWN, f"the repository cannot be read: {error.what}")
        told(numbers[facts.repository], len(numbers))
    return verdicts


def _verdict(judge: Judge, facts: Facts, path: str, memories: _Verdicts | None) -> Publishable:
    verdict = memories.recall(facts, path) if memories is not None else None
    if verdict is None:
        verdict = judge.publishable(facts, path)
        if memories is not None:
            memories.keep(facts, path, verdict, judge)
    return verdict


def facts_for(one: Opened, registries: Registries | None) -> Facts:
    """A repository's facts as the judge of publications wants them."""
    facts = one.facts._replace(judged=judged_paths(one.facts.judged, one.config), repository=one.checkout.path)
    if registries is None:
        return facts
    view = registries.at(one.folder, one.config.ttl_s)
    return facts._replace(published=view.published, release=view.release, spelled_as=view.spelled_as)
