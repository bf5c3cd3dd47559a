"""Asking one check about a repository that is written down in a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from batuta_hooks.domain.facts import Facts
from batuta_hooks.domain.finding import Finding, Unknown
from batuta_hooks.domain.stack import StackCrate, crates_in
from batuta_hooks.domain.workspace import Manifests
from tests.support.trees import Texts, TextTree, facts_about

Find = Callable[[Facts], Iterator[Finding | Unknown]]


def said(find: Find, files: Texts, **about: Any) -> tuple[list[Finding], list[Unknown]]:
    """What a check finds and leaves open, sorted, without repetition; `about` as for `facts_about`."""
    return split(find(facts_about(files, **about)))


def split(answers: Iterator[Finding | Unknown]) -> tuple[list[Finding], list[Unknown]]:
    """Findings and open questions, sorted, without repetition."""
    everything = set(answers)
    findings = sorted(one for one in everything if isinstance(one, Finding))
    return findings, sorted(one for one in everything if isinstance(one, Unknown))


def crates_of(repository: str, files: Texts) -> list[StackCrate]:
    """The crates of a sibling checkout."""
    tree = TextTree(files)
    return list(crates_in(Manifests(tree), tree.manifest_paths, repository))
