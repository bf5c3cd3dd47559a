"""The health of the whole stack: every repository judged side by side, and what only all together can tell."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from difflib import get_close_matches
from time import time
from typing import NamedTuple

from batuta_hooks.checks.published_versions import is_settled, unsettled
from batuta_hooks.checks.supposed import Wish
from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.finding import Unknown
from batuta_hooks.domain.graph import CrateGraph
from batuta_hooks.domain.manifest import Manifest
from batuta_hooks.domain.publishable import UNKNOWN
from batuta_hooks.domain.stack import StackCrate
from batuta_hooks.gather.registry import told_offline
from batuta_hooks.gather.repository import WORKTREE
from batuta_hooks.registry.names import is_crate_name
from batuta_hooks.stack.checkouts import UNBORN, Checkout, Workspace
from batuta_hooks.stack.clashes import clashes_of
from batuta_hooks.stack.crates_io import Asking, Registries, Wanted
from batuta_hooks.stack.deep import Deep, look_deep
from batuta_hooks.stack.judging import (
    MISCONFIGURED,
    Judged,
    Opened,
    Said,
    edges_in,
    folder_of,
    judge_opened,
)
from batuta_hooks.stack.known_repositories import KnownRepositories
from batuta_hooks.stack.memory import Memory
from batuta_hooks.stack.open_all import open_all, side_by_side
from batuta_hooks.stack.publishable import Verdicts, facts_for, judge_publishable, refused_links, said_of
from batuta_hooks.stack.registry_view import View
from batuta_hooks.stack.shards import Shard, part_of, places_of
from batuta_hooks.stack.strangers import set_strangers_aside
from batuta_hooks.stack.supposing import Supposing
from batuta_hooks.stack.tags import judge_tags
from batuta_hooks.stack.verdict import Crate, Placed, Report, Undecided

#: The cargo whose rules the checks apply.
CARGO = "1.95"


class _Run(NamedTuple):
    """What `check` was asked for, see there."""

    workspace: Workspace
    today: date
    crates: tuple[str, ...]
    places: Collection[str] | None
    asking: Asking | None
    on_progress: Callable[[int, int], None]
    beside: Callable[[Opened, View | None], None]
    tags: bool
    deep: bool

    @property
    def is_offline(self) -> bool:
        """Whether no registry and no remote may be asked."""
        return self.asking is None or self.asking.offline or bool(told_offline(self.asking.environment))


def check(  # noqa: PLR0913  named options
    workspace: Workspace,
    *,
    now: datetime,
    source: str = WORKTREE,
    crates: Sequence[str] = (),
    jobs: int | None = None,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
    asking: Asking | None = None,
    beside: Callable[[Opened, View | None], None] = lambda _opened, _view: None,
    tags: bool = False,
    deep: bool = False,
    what_if: Sequence[Wish] = (),
    shard: Shard | None = None,
) -> Report:
    """Judge every repository of the workspace.

    Args:
        now: the time of the report; exceptions of the configuration must hold on this day.
        source: ``worktree``, ``index`` or a revision that each repository resolves for itself.
        crates: names of the crates to report; none for all.
        jobs: repositories to judge at the same time; ``None`` for one a processor.
        on_progress: told after each repository how many are done, of how many; first opened, then judged.
        asking: how the registry is asked; ``None`` to do without all that it knows.
        beside: shown each repository, with what the registry knows, before it is judged; from several threads.
        deep: whether what users of each crate would get is found out too.
        what_if: versions to be taken for published, or chosen.
        shard: the part of the repositories to judge, all others being known; ``None`` for all.
        tags: whether the tags of the versions here are judged too, by what the remotes have unless no socket may be
            opened.

    Raises:
        BatutaError: git cannot be run, a crate is not known, or no repository at all could be judged.
    """
    places = None if shard is None else places_of(workspace.repositories, shard)
    run = _Run(workspace, now.date(), tuple(crates), places, asking, on_progress, beside, tags=tags, deep=deep)
    supposing = Supposing(what_if)
    known = KnownRepositories(workspace.folder, asking.environment if asking else os.environ)
    with ThreadPoolExecutor(max_workers=jobs or len(os.sched_getaffinity(0))) as threads:
        opened = supposing.edited(open_all(threads, workspace, source, crates, on_progress, places, known))
        with Registries(asking or Asking(now)) as registries:
            opened = _ask_registries(run, opened, registries, supposing)
            judged, verdicts, found, memory = _judge_all(run, threads, opened, registries, remembers=not what_if)
    open_ones = [one for one in opened if isinstance(one, Opened)]
    judged = [one for one in judged if one.has_manifests or _counts(workspace, one.checkout)]
    failed = _failed_ones(workspace, judged, is_fatal=shard is None or not open_ones)
    everything = tuple(_with_verdict(crate, verdicts) for one in judged for crate in one.crates)
    cycles = _cycles(judged if shard is None else open_ones)
    reported = everything
    if crates:
        reported = _selected(everything, crates, failed)
        around = {crate.repository for crate in reported}
        judged = [one for one in judged if one.checkout.path in around]
    findings = _findings(reported, judged)
    clashes = clashes_of(open_ones, memory)
    known.save()
    if memory is not None:
        memory.save(drops_others=not crates and places is None)
    report = Report(
        workspace=workspace.folder,
        source=source,
        crates=reported,
        findings=findings,
        unknown=_unknown(reported, judged),
        checkouts=tuple(one.checkout for one in judged),
        cycles=cycles if not crates else tuple(one for one in cycles if not set(crates).isdisjoint(one)),
        data_age_s=registries.oldest_age_s,
        as_of=asking.as_of if asking else "",
        notes=(*registries.notes, *supposing.notes),
        conflicts=tuple(clashes.told(findings)),
        duplicates=clashes.duplicates if not crates else (),
        made_at=int(now.timestamp()),
        is_alone=len(workspace.repositories) == 1 and not workspace.listed and _looks_beyond(open_ones),
        deep=found.crates,
        what_if=supposing.outcome(open_ones),
    )
    if shard is None:
        return report
    from importlib.metadata import version  # shards alone are compared with others

    asked = repr((source, report.as_of, deep, tags, what_if, CARGO, version("batuta-hooks")))
    return report._replace(part=part_of(shard, report, places or {}, open_ones, asked))


def _ask_registries(
    run: _Run, opened: Sequence[Opened | Judged], registries: Registries, supposing: Supposing
) -> list[Opened | Judged]:
    """Ask about the crates in question; the repositories then know the crates of all."""
    if run.asking:
        ready = [one for one in opened if isinstance(one, Opened)]
        wanted = [Wanted(one.folder, one.in_question, one.config.ttl_s) for one in ready]
        registries.ask([Wanted(run.workspace.folder), *wanted])
    opened = side_by_side(opened)
    if run.asking and not run.is_offline:
        _ask_again([one for one in opened if isinstance(one, Opened)], registries)
    if run.asking:
        supposing.tell([one for one in opened if isinstance(one, Opened)], registries)
    return opened


def _ask_again(opened: Sequence[Opened], registries: Registries) -> None:
    """Ask once more about what is required and was not there when the registry was asked, before the newest commit."""
    wanted = []
    for one in opened:
        facts, view = facts_for(one, registries), registries.at(one.folder, one.config.ttl_s)
        answers = map(view.glance, one.in_question)
        if any(not isinstance(answer, Unknown) and not is_settled(facts, answer) for answer in answers):
            names = frozenset(filter(is_crate_name, unsettled(facts)))
            wanted.append(Wanted(one.folder, names, ttl_s=0))
    wanted = [one for one in wanted if one.crates]
    if wanted and registries.ask(wanted):
        registries.forget({name for one in wanted for name in one.crates})


def _judge_all(
    run: _Run,
    threads: ThreadPoolExecutor,
    opened: Sequence[Opened | Judged],
    registries: Registries,
    *,
    remembers: bool,
) -> tuple[list[Judged], Verdicts, Deep, Memory | None]:
    """The results of the repositories that are to be judged, and of what is found out of all of them together.

    Args:
        remembers: whether what it comes to is what any other run would come to.
    """
    ready = [one for one in opened if isinstance(one, Opened)]
    asking, places = run.asking, run.places
    strangers = set_strangers_aside(ready, registries) if asking else {}
    found = look_deep(ready, registries, run.crates, places) if run.deep and asking else Deep()
    memory = _memory(run.workspace, ready, registries, asking) if asking and remembers else None
    verdicts = judge_publishable(
        ready, registries if asking else None, run.crates, run.on_progress, places, memory, is_offline=run.is_offline
    )

    def judged_one(one: Opened | Judged, view: View | None) -> Judged:
        if isinstance(one, Judged):
            return one
        run.beside(one, view)

        def more() -> Said:
            said = judge_tags(one, view, ask_remote=not run.is_offline) if run.tags else ([], [])
            ahead = (*strangers.get(one.checkout.path, ()), *found.findings.get(one.checkout.path, ()))
            return [*said[0], *ahead, *refused_links(one, verdicts)], said[1]

        return judge_opened(one, run.today, view, more, memory)

    mine = [one for one in opened if places is None or one.checkout.path in places]
    views = [_view(one, registries) if asking else None for one in mine]
    return list(threads.map(judged_one, mine, views)), verdicts, found, memory


def _view(one: Opened | Judged, registries: Registries) -> View | None:
    return registries.at(one.folder, one.config.ttl_s) if isinstance(one, Opened) else None


def _failed_ones(workspace: Workspace, judged: Sequence[Judged], *, is_fatal: bool) -> int:
    """How many repositories could not be judged; it is an error if none could, and where that is fatal."""
    failed = [one.checkout for one in judged if one.checkout.error is not None]
    if failed and len(failed) == len(judged) and is_fatal:
        raise BatutaError(
            failed[0].error or "",
            where=folder_of(workspace, failed[0].path),
            mend=f"none of the {len(failed)} repositories could be judged" if len(failed) > 1 else "",
        )
    return len(failed)


def _counts(workspace: Workspace, checkout: Checkout) -> bool:
    """Whether a repository that tracks no manifest belongs to the stack: as it is listed, or is only being begun."""
    if checkout.path in workspace.listed:
        return True
    manifest = os.path.join(folder_of(workspace, checkout.path), "Cargo.toml")
    return checkout.state == UNBORN and os.path.lexists(manifest)


def _looks_beyond(opened: Iterable[Opened]) -> bool:
    """Whether sibling checkouts could count: something is required of a crate that is not one of these."""
    manifests = [one.facts.manifests.resolve(path) for one in opened for path in one.facts.judged]
    own = {one.name for one in manifests if isinstance(one, Manifest)}
    return any(need.package not in own for one in manifests if isinstance(one, Manifest) for need in one.dependencies)


def _with_verdict(crate: Crate, verdicts: Verdicts) -> Crate:
    found = verdicts.get((crate.repository, crate.manifest_path))
    return crate if found is None else crate._replace(publishable=found)


def report_time(environment: dict[str, str] | os._Environ[str] = os.environ) -> datetime:
    """Now, in UTC, to the second; ``SOURCE_DATE_EPOCH`` stands in for it where it is set.

    Raises:
        BatutaError: it is set to something that is no time.
    """
    epoch = environment.get("SOURCE_DATE_EPOCH")
    try:
        return datetime.now(UTC).replace(microsecond=0) if not epoch else datetime.fromtimestamp(int(epoch), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise BatutaError(
            f"SOURCE_DATE_EPOCH is no time: `{epoch}`", mend="give seconds since 1970 as a whole number, or unset it"
        ) from error


def exit_code(report: Report, *, strict: bool) -> int:
    """0 clean, 1 errors (warnings too if strict), 2 where a configuration is wrong, 3 if strict and undecided."""
    if any(checkout.state == MISCONFIGURED for checkout in report.checkouts):
        return 2
    failing = ("error", "warning") if strict else ("error",)
    if any(placed.finding.severity in failing for placed in report.findings):
        return 1
    undecided = report.unknown or any(crate.publishable.verdict == UNKNOWN for crate in report.crates)
    return 3 if strict and undecided else 0


def _memory(workspace: Workspace, ready: Sequence[Opened], registries: Registries, asking: Asking) -> Memory | None:
    """What earlier runs came to; nothing where it is to be judged as of another time.

    Nor where a commit lies in the future: only what is asked in the very run is recent enough for it.
    """
    facts = [facts_for(one, registries) for one in ready]
    if asking.as_of or any((one.committed_at() or 0) > time() for one in facts):
        return None
    views = [registries.at(one.folder, one.config.ttl_s) for one in ready]
    configs = [repr(one.config) for one in ready]
    return Memory(workspace.folder, facts, views, configs, said_of(ready), asking.environment)


def _selected(crates: tuple[Crate, ...], names: Iterable[str], failed: int) -> tuple[Crate, ...]:
    known = {crate.name for crate in crates}
    for name in names:
        if name not in known:
            mend = suggestion(name, crates)
            if failed:
                mend += f" ({failed} of the repositories could not be judged)"
            raise BatutaError(f"there is no crate `{name}` here", mend=mend)
    return tuple(crate for crate in crates if crate.name in set(names))


def suggestion(name: str, crates: Iterable[Crate | StackCrate]) -> str:
    """What somebody may have meant who named a crate that is not there."""
    crates = tuple(crates)
    inside = sorted({crate.name for crate in crates if crate.repository == name})
    if inside:
        return f"`{name}` is a repository; its crates: {', '.join(inside)}"
    near = get_close_matches(name, sorted({crate.name for crate in crates}), n=1)
    return f"did you mean `{near[0]}`?" if near else "batuta-stack check --verbose lists all"


def _findings(crates: Iterable[Crate], judged: Iterable[Judged]) -> tuple[Placed, ...]:
    found = {Placed(crate.repository, finding) for crate in crates for finding in crate.findings}
    found |= {Placed(one.checkout.path, finding) for one in judged for finding in one.loose}
    return tuple(sorted(found))


def _unknown(crates: Iterable[Crate], judged: Iterable[Judged]) -> tuple[Undecided, ...]:
    found = {Undecided(crate.repository, unknown) for crate in crates for unknown in crate.unknown}
    for one in judged:
        found |= {Undecided(one.checkout.path, unknown) for unknown in one.unknown}
        if one.checkout.error is not None:
            why = f"the repository was not judged: {one.checkout.error}"
            found.add(Undecided(one.checkout.path, Unknown("", why)))
    return tuple(sorted(found))


def _cycles(judged: Iterable[Judged | Opened]) -> tuple[tuple[str, ...], ...]:
    """Cycles of normal and build dependencies; whether a dev one closes another only the registry could tell."""
    edges = [edge for one in judged for edge in (one.edges if isinstance(one, Judged) else edges_in(one))]
    graph = CrateGraph((edge.dependent for edge in edges), edges, dev_counts=lambda _edge: False)
    return tuple(tuple(edge.dependent for edge in walk) for walk in graph.cycles())
