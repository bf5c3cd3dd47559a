"""One repository of the stack, judged: its crates with their findings, by the same checks that the guards use."""

from __future__ import annotations

import os
from datetime import date
from typing import NamedTuple

from batuta_hooks.checks.path_deps import find
from batuta_hooks.domain.config import Config, is_skipped, judge
from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.facts import Facts
from batuta_hooks.domain.finding import Finding, Unknown
from batuta_hooks.domain.graph import Edge, edges_of
from batuta_hooks.domain.manifest import Manifest
from batuta_hooks.domain.workspace import Manifests
from batuta_hooks.gather.configuration import FILE_NAME, read_configuration
from batuta_hooks.gather.manifests import gather_facts, whole
from batuta_hooks.gather.repository import INDEX, WORKTREE, Repository
from batuta_hooks.stack.checkouts import BARE, Checkout, Workspace, inspect
from batuta_hooks.stack.crates import Crates
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


class _Misconfigured(BatutaError):
    """What is wrong stands in a configuration, not in the repository."""


def judge_repository(workspace: Workspace, path: str, source: str, today: date) -> Judged:
    """Judge one checkout; what keeps it from being judged is its own result.

    Args:
        source: ``worktree``, ``index`` or a revision.
        today: the day on which exceptions must hold.

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
    repository = Repository(folder, source if has_files else "", sibling=True)
    try:
        tree = repository.tree() if has_files else repository.commit_tree(repository.commit(source))
        manifests = Manifests(tree)
        config = _configuration(workspace, path, manifests)
        facts = gather_facts(repository, manifests, whole(tree), "HEAD")
        crates = Crates(path, os.path.basename(folder), facts)
        return _judge(checkout, crates, facts, config, today)
    except BatutaError as error:
        state = MISCONFIGURED if isinstance(error, _Misconfigured) else checkout.state
        return Judged(checkout._replace(state=state, error=str(error).partition("\n")[0]))
    finally:
        repository.objects.close()


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


def _judge(checkout: Checkout, makers: Crates, facts: Facts, config: Config, today: date) -> Judged:
    crates, loose, undecided, edges = [], set(), set(), []
    for path in facts.judged:
        if is_skipped(path, config.skip_paths):
            continue
        # asked one by one, so that each answer is known to be about this crate
        raw, unknown = _ask(facts._replace(judged=(path,), configs=()))
        findings = judge(raw, config, today)
        crate = makers.crate(path, raw, tuple(findings), tuple(unknown))
        if crate is None:
            loose.update(findings)
            undecided.update(unknown)
        elif crate.name not in config.skip_crates:
            crates.append(crate)
            manifest = facts.manifests.resolve(path)
            if isinstance(manifest, Manifest) and manifest.package and manifest.package.is_publishable:
                edges += list(edges_of(manifest, checkout.path))
    configs = [path for path in facts.configs if not is_skipped(path, config.skip_paths)]
    raw, unknown = _ask(facts._replace(judged=(), configs=configs))
    loose.update(judge(raw, config, today))
    undecided.update(unknown)
    return Judged(
        checkout, bool(facts.judged), tuple(crates), tuple(sorted(loose)), tuple(sorted(undecided)), tuple(edges)
    )


def _ask(facts: Facts) -> tuple[list[Finding], list[Unknown]]:
    findings, unknown = set(), set()
    for said in find(facts):
        if isinstance(said, Finding):
            findings.add(said)
        else:
            unknown.add(said)
    return sorted(findings), sorted(unknown)
