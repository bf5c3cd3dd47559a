"""One repository of the stack, judged: its crates with their findings, by the same checks that the guards use.

It is opened first, and what its checks want to know of the registry is found out by letting them ask; once that is
known of the whole stack, it is judged.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date
from functools import partial
from typing import NamedTuple

from batuta_hooks.checks import path_deps
from batuta_hooks.checks import version_alignment as alignment
from batuta_hooks.checks.requirements import needs_registry
from batuta_hooks.domain.config import Config, is_skipped, judge
from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.facts import Facts, Published
from batuta_hooks.domain.finding import Finding, Unknown
from batuta_hooks.domain.graph import Edge, edges_of
from batuta_hooks.domain.manifest import Manifest
from batuta_hooks.domain.stack import StackCrate, crates_in
from batuta_hooks.domain.workspace import Manifests
from batuta_hooks.gather.configuration import FILE_NAME, read_configuration
from batuta_hooks.gather.manifests import gather_facts, whole
from batuta_hooks.gather.repository import INDEX, WORKTREE, Repository
from batuta_hooks.registry.names import is_crate_name
from batuta_hooks.stack.asked import Asked
from batuta_hooks.stack.checkouts import BARE, Checkout, Workspace, inspect, plain_top
from batuta_hooks.stack.crates import Crates
from batuta_hooks.stack.known_repositories import KnownRepositories
from batuta_hooks.stack.memory import Memory, Subject
from batuta_hooks.stack.registry_view import View
from batuta_hooks.stack.verdict import Crate

#: The state of a repository that was not judged because its configuration is wrong.
MISCONFIGURED = "misconfigured"


class Judged(NamedTuple):
    """One repository's result.

    Attributes:
        has_manifests: whether it tracks any, skipped ones included.
        loose: findings that belong to no crate: a virtual workspace root's, a cargo configuration's.
        unknown: open questions that belong to no crate.
        edges: who needs whom, of the crates that may be published.
    """

    checkout: Checkout
    has_manifests: bool = True
    crates: tuple[Crate, ...] = ()
    loose: tuple[Finding, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    edges: tuple[Edge, ...] = ()


Said = tuple[list[Finding], list[Unknown]]
"""What the checks say of one manifest."""


class _Misconfigured(BatutaError):
    """What is wrong stands in a configuration, not in the repository."""


class Opened(NamedTuple):
    """A repository whose manifests are at hand.

    Attributes:
        folder: the absolute path of its checkout.
        said: what the checks say, by manifest, where they did not need to know what is published.
        in_question: the crates of crates.io that matter for judging it.
    """

    checkout: Checkout
    folder: str
    repository: Repository
    facts: Facts
    config: Config
    said: Mapping[str, Said]
    in_question: frozenset[str]

    def stack_crates(self) -> list[StackCrate]:
        """Its crates as the stack sees them; skipped manifests and crates do not belong to it."""
        crates = crates_in(self.facts.manifests, judged_paths(self.facts.judged, self.config), self.checkout.path)
        return [crate for crate in crates if crate.name not in self.config.skip_crates]


def open_repository(
    workspace: Workspace,
    path: str,
    source: str,
    selected: Collection[str] = (),
    known: KnownRepositories | None = None,
) -> Opened | Judged:
    """Open one checkout; what keeps it from being judged is its result.

    Args:
        source: ``worktree``, ``index`` or a revision.
        selected: names of the crates that will be reported; none for all.
        known: where what repositories hold is remembered from run to run; ``None`` for nowhere.

    Raises:
        BatutaError: git cannot be run at all.
    """
    checkout = inspect(workspace, path)
    if checkout.error is not None:
        return Judged(checkout)
    has_files = source in (WORKTREE, INDEX)
    if checkout.state == BARE and has_files:
        return Judged(checkout._replace(error=f"it is bare and has no {source}: judge a revision, --source HEAD"))
    folder = folder_of(workspace, path)
    top = "" if checkout.state == BARE else plain_top(folder)
    listing = known.listing(top) if known and top and has_files else None
    keep = known.while_listed(top) if known and top and has_files and listing is None else None
    repository = Repository(folder, source if has_files else "", sibling=True, top=top, listing=listing)
    try:
        tree = repository.tree() if has_files else repository.commit_tree(repository.commit(source))
        if keep is not None and repository.listing is not None:
            keep(repository.listing)
        manifests = Manifests(tree, known)
        config = _configuration(workspace, path, manifests)
        commit = "HEAD" if has_files else source
        facts = gather_facts(repository, manifests, whole(tree), "HEAD", commit)._replace(
            policy=config.policy, tracked=tree
        )
        head = checkout.status.head if checkout.status is not None and commit == "HEAD" else None
        if known and head:
            facts = facts._replace(committed_at=partial(known.committed_at, head, facts.committed_at))
        said, in_question = _let_ask(facts, config, selected)
        return Opened(checkout, folder, repository, facts, config, said, in_question)
    except BatutaError as error:
        return _failed(checkout, error)
    finally:
        repository.close()


def _failed(checkout: Checkout, error: BatutaError) -> Judged:
    state = MISCONFIGURED if isinstance(error, _Misconfigured) else checkout.state
    return Judged(checkout._replace(state=state, error=str(error).partition("\n")[0]))


def _let_ask(facts: Facts, config: Config, selected: Collection[str]) -> tuple[Mapping[str, Said], frozenset[str]]:
    """What the checks say of manifests without asking what is published, and the crates that they want to know of.

    To these come the crates that may go to crates.io; the others are not asked for by their names alone, which are
    nobody's business.
    """
    asked: list[str] = []

    def published(package: str) -> Published | Unknown:
        asked.append(package)
        return Unknown(package, "")

    facts = facts._replace(published=published)
    told: dict[str, Said] = {}
    for path in judged_paths(facts.judged, config):
        manifest = facts.manifests.resolve(path)
        package = manifest.package if isinstance(manifest, Manifest) else None
        if package and (package.name in config.skip_crates or (selected and package.name not in selected)):
            continue
        before = len(asked)
        said = ask(facts._replace(judged=(path,), configs=()))
        if len(asked) == before:
            told[path] = said
        if package and package.is_bound_for_crates_io:
            asked.append(package.name)
        if package:
            assert isinstance(manifest, Manifest)
            asked += [dependency.package for dependency, _ in needs_registry(facts, manifest)]
    ask(facts._replace(judged=(), configs=judged_paths(facts.configs, config)))
    return told, frozenset(name for name in asked if is_crate_name(name))


def edges_in(opened: Opened) -> Iterator[Edge]:
    """Who needs whom, of a repository's crates that may be published."""
    for path in judged_paths(opened.facts.judged, opened.config):
        manifest = opened.facts.manifests.resolve(path)
        package = manifest.package if isinstance(manifest, Manifest) else None
        if package and package.is_publishable and package.name not in opened.config.skip_crates:
            assert isinstance(manifest, Manifest)
            yield from edges_of(manifest, opened.checkout.path)


def judge_opened(
    opened: Opened,
    today: date,
    view: View | None,
    more: Callable[[], Said] = lambda: ([], []),
    memory: Memory | None = None,
) -> Judged:
    """Judge one repository; what keeps it from being judged is its own result.

    Args:
        today: the day on which exceptions must hold.
        view: what the registry knows; ``None`` where it is not to be looked at.
        more: says what else is to be said of its crates, by other checks than those of manifests.
        memory: where what was said is remembered from run to run; ``None`` for nowhere.
    """
    try:
        return _judge(opened, today, view, more(), memory)
    except BatutaError as error:
        return _failed(opened.checkout, error)
    finally:
        opened.repository.close()


def folder_of(workspace: Workspace, path: str) -> str:
    """The absolute path of a checkout."""
    return os.path.normpath(os.path.join(workspace.folder, path))


def configured_at(workspace: Workspace, path: str) -> str:
    """The folder whose batuta-stack.toml, or the nearest above it, counts for a checkout.

    A repository that lies outside the workspace without a file of its own belongs to the workspace's.
    """
    folder = folder_of(workspace, path)
    is_elsewhere = not folder.startswith(os.path.join(workspace.folder, "")) and folder != workspace.folder
    return workspace.folder if is_elsewhere and not os.path.lexists(os.path.join(folder, FILE_NAME)) else folder


def _configuration(workspace: Workspace, path: str, manifests: Manifests) -> Config:
    root = manifests.load("Cargo.toml")
    table, text = (root.table, root.text) if isinstance(root, Manifest) else (None, b"")
    try:
        config, _ = read_configuration(configured_at(workspace, path), table, root_text=text, for_guard=False)
    except BatutaError as error:
        raise _Misconfigured(error.what, where=error.where, mend=error.mend) from error
    return config or Config()


def judged_paths(paths: Iterable[str], config: Config) -> list[str]:
    """Those of some files that the configuration does not leave out."""
    return [path for path in paths if not is_skipped(path, config.skip_paths)]


def _judge(opened: Opened, today: date, view: View | None, more: Said, memory: Memory | None) -> Judged:
    checkout, config = opened.checkout, opened.config
    facts = opened.facts
    if view:
        facts = facts._replace(
            published=view.published, release=view.release, origin=view.origin, rust_version=view.rust_version
        )
    makers = Crates(checkout.path, os.path.basename(opened.folder), facts, view.answer if view else None, memory)
    crates, loose, undecided = [], set(), {one for one in more[1] if not one.crate}
    for path in judged_paths(facts.judged, config):
        # asked one by one, so that each answer is known to be about this crate
        about = facts._replace(judged=(path,), configs=())
        aligned = _aligned(about, path, memory)
        # where the registry is not to be looked at, what it has is no open question
        raw, unknown = _together(opened.said.get(path) or ask(about), aligned if view else (aligned[0], []))
        name = manifest.name if isinstance(manifest := facts.manifests.resolve(path), Manifest) else ""
        findings = judge([*raw, *(one for one in more[0] if name and one.crate == name)], config, today)
        unknown = [*unknown, *(one for one in more[1] if name and one.crate == name)]
        crate = makers.crate(path, tuple(findings), tuple(unknown))
        if crate is None:
            loose.update(findings)
            undecided.update(unknown)
        elif crate.name not in config.skip_crates:
            crates.append(crate)
    raw, unknown = ask(facts._replace(judged=(), configs=judged_paths(facts.configs, config)))
    loose.update(judge(raw, config, today))
    undecided.update(unknown)
    return Judged(
        checkout,
        bool(facts.judged),
        tuple(crates),
        tuple(sorted(loose)),
        tuple(sorted(undecided)),
        tuple(edges_in(opened)),
    )


def ask(facts: Facts, find: Callable[[Facts], Iterator[Finding | Unknown]] = path_deps.find) -> Said:
    """What a check says of the manifests and configurations that the facts name, sorted."""
    findings, unknown = set(), set()
    for said in find(facts):
        if isinstance(said, Finding):
            findings.add(said)
        else:
            unknown.add(said)
    return sorted(findings), sorted(unknown)


def _aligned(about: Facts, path: str, memory: Memory | None) -> Said:
    """What the checks of versions say of one manifest."""
    if memory is None:
        return ask(about, alignment.find)
    alone = _remembered(memory, Subject("alone", about.repository, path), about, alignment.find_alone)
    manifest = about.manifests.resolve(path)
    around = memory.around(manifest) if isinstance(manifest, Manifest) else memory.stack
    together = Subject("together", about.repository, path, around)
    return _together(alone, _remembered(memory, together, about, alignment.find_together))


def _remembered(
    memory: Memory, subject: Subject, facts: Facts, find: Callable[[Facts], Iterator[Finding | Unknown]]
) -> Said:
    found = memory.recall(subject)
    if found is not None:
        return [Finding(*one) for one in found[0]], [Unknown(*one) for one in found[1]]
    asked = Asked(facts)
    said = ask(asked.facts, find)
    if subject.also or asked.is_countable:
        memory.keep(subject, said, asked.about)
    return said


def _together(first: Said, second: Said) -> Said:
    return sorted({*first[0], *second[0]}), sorted({*first[1], *second[1]})
