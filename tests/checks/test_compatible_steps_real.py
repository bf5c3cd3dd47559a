"""VA011 over every pair of consecutive compatible versions in the real index, beside a reading of its own."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import pytest

from batuta_hooks.checks.compatible_steps import moved
from batuta_hooks.domain.semver import Requirement, Version
from batuta_hooks.registry.index import releases
from tests.registry.real_data import INDEX, index_files, needs

#: The steps of December 2025 that moved arrow, each named by the version that was moved to.
THE_CAUSE = {("alimentar", "0.2.2"), ("trueno-db", "0.3.4"), ("trueno-graph", "0.1.2")}

Line = Mapping[str, Any]


def steps(lines: Sequence[Line]) -> Iterator[tuple[Line, Line]]:
    """The versions of one crate that follow each other in one bucket; pre-releases are no step."""
    buckets: dict[tuple[int, ...], list[Line]] = defaultdict(list)
    for line in sorted(lines, key=lambda one: Version.parse(one["vers"]).precedence):
        version = Version.parse(line["vers"])
        if not version.pre:
            buckets[version.bucket].append(line)
    for inside in buckets.values():
        yield from pairwise(inside)


def required(line: Line) -> dict[str, set[str]]:
    """What a version requires of crates.io, by package; its tests left out."""
    found: dict[str, set[str]] = defaultdict(set)
    for one in line["deps"]:
        if one["kind"] != "dev" and not one.get("registry"):
            found[one.get("package") or one["name"]].add(one["req"])
    return found


def apart(before: Line, after: Line, met: Callable[[str, str], frozenset[tuple[int, ...]]]) -> set[str]:
    """The packages that both require in versions of which no two are compatible."""
    old, new = required(before), required(after)
    found = set()
    for package in old.keys() & new.keys():
        was = frozenset[tuple[int, ...]]().union(*(met(package, one) for one in old[package]))
        becomes = frozenset[tuple[int, ...]]().union(*(met(package, one) for one in new[package]))
        if was and becomes and was.isdisjoint(becomes):
            found.add(package)
    return found


@pytest.mark.slow
@needs(INDEX)
def test_every_step() -> None:
    """Said for exactly the steps after which cargo would choose other buckets, the incident's among them."""
    files = {path.rpartition("/")[2]: data for path, data in index_files().items()}
    index = {name: [json.loads(line) for line in data.splitlines()] for name, data in files.items()}
    versions = {name: [Version.parse(line["vers"]) for line in lines] for name, lines in index.items()}

    @cache
    def met(package: str, requirement: str) -> frozenset[tuple[int, ...]]:
        wanted = Requirement.parse(requirement)
        return frozenset(one.bucket for one in versions[package] if wanted.matches(one))

    said, count, wrong = set(), 0, []
    for name, lines in index.items():
        read = {one.version: one for one in releases(files[name], name)}
        for before, after in steps(lines):
            count += 1
            new = [(package, one) for package, all_ in required(after).items() for one in all_]
            ours = {package for package in moved(read[before["vers"]], new) if package in index}
            known = {**before, "deps": [one for one in before["deps"] if (one.get("package") or one["name"]) in index]}
            if ours:
                said.add((name, after["vers"]))
            if ours != apart(known, after, met):
                wrong.append((name, before["vers"], after["vers"], ours))
    assert wrong == []
    assert count > 5000
    assert said >= THE_CAUSE
    assert len(said) < count / 10
