"""Whether each crate of the stack could be published: gathered for the one judge, which `checks.publishable` is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from batuta_hooks.checks.publishable import Judge
from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.facts import Facts
from batuta_hooks.domain.finding import Finding, Unknown
from batuta_hooks.domain.manifest import Manifest
from batuta_hooks.domain.publishable import UNKNOWN, Publishable
from batuta_hooks.registry.licenses import is_license_expression
from batuta_hooks.registry.names import is_crate_name
from batuta_hooks.stack.crates_io import Registries, Wanted
from batuta_hooks.stack.judging import Opened, ask, judged_paths

#: How often the registry is asked about crates that an earlier answer first named: as deep as their dependencies go.
_MOST_ROUNDS = 16

Verdicts = Mapping[tuple[str, str], Publishable]
"""By repository, as the stack spells it, and manifest."""


def judge_publishable(
    opened: Sequence[Opened],
    registries: Registries | None,
    selected: Collection[str] = (),
    told: Callable[[int, int], None] = lambda _done, _total: None,
) -> Verdicts:
    """The verdict on every package.

    What the judge would like to know more of is asked for and then judged again, round by round, where the registry
    may be asked.

    Args:
        opened: all repositories, not yet closed.
        registries: what the registries know; ``None`` where nobody looks at them.
        selected: names of the crates to judge; none for all.
        told: called with how many repositories are judged, of how many; once more in every round.
    """
    asked: dict[str, set[str]] = {}
    judge, verdicts = _judge_once(opened, registries, selected, told)
    for _ in range(_MOST_ROUNDS if registries is not None else 0):
        assert registries is not None
        wanted = []
        for one in opened:
            known = asked.setdefault(one.checkout.path, set())
            fresh = {name for name in judge.wanted.get(one.checkout.path, ()) if is_crate_name(name)} - known
            known |= fresh
            if fresh:
                wanted.append(Wanted(one.folder, fresh, ttl_s=0))
        if not wanted or not registries.ask(wanted):
            return verdicts
        registries.forget()
        judge, verdicts = _judge_once(opened, registries, selected, told)
    return verdicts


def _judge_once(
    opened: Sequence[Opened],
    registries: Registries | None,
    selected: Collection[str],
    told: Callable[[int, int], None],
) -> tuple[Judge, Verdicts]:
    facts = [_facts(one, registries) for one in opened]
    heard = {one.checkout.path: one.said for one in opened}

    def said(facts: Facts, path: str) -> Iterable[Finding | Unknown]:
        findings, _ = heard[facts.repository].get(path) or ask(facts._replace(judged=(path,), configs=()))
        return findings

    judge = Judge(facts, is_license_expression, said)
    verdicts: dict[tuple[str, str], Publishable] = {}
    for number, one in enumerate(facts, 1):
        for path in one.judged:
            manifest = one.manifests.load(path)
            if selected and isinstance(manifest, Manifest) and manifest.name not in selected:
                continue
            try:
                verdicts[one.repository, path] = judge.publishable(one, path)
            except BatutaError as error:
                verdicts[one.repository, path] = Publishable(UNKNOWN, f"the repository cannot be read: {error.what}")
        told(number, len(facts))
    return judge, verdicts


def _facts(one: Opened, registries: Registries | None) -> Facts:
    facts = one.facts._replace(judged=judged_paths(one.facts.judged, one.config), repository=one.checkout.path)
    if registries is None:
        return facts
    view = registries.at(one.folder, one.config.ttl_s)
    return facts._replace(published=view.published, release=view.release, spelled_as=view.spelled_as)
