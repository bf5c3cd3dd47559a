"""A check in parts: each judges some of the repositories and knows all of them; together the parts are the whole.

Repositories are dealt out in turns, in the order of the workspace, so that neighbours of one size are spread.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.stack.judging import Opened
from batuta_hooks.stack.verdict import Part, Report

MOST_SHARDS = 9999
_MOST_NAMED = 8
_MEND = "give the JSON reports of `check --shard 1/N` to `--shard N/N`, each once"


class Shard(NamedTuple):
    """One part of several, counted from 1."""

    number: int
    of: int


def read_shard(text: str) -> Shard:
    """What `--shard K/N` says.

    Raises:
        BatutaError: it is not of that form.
    """
    number, slash, of = text.partition("/")
    if slash and all(one.isascii() and one.isdigit() and len(one) <= len(str(MOST_SHARDS)) for one in (number, of)):
        shard = Shard(int(number), int(of))
        if 1 <= shard.number <= shard.of:
            return shard
    raise BatutaError(
        f"--shard `{text}` is not K/N, with K from 1 to N", mend="write for instance --shard 3/8, the third of eight"
    )


def places_of(repositories: Sequence[str], shard: Shard) -> dict[str, int]:
    """The repositories that a shard judges, with their places in the workspace."""
    return {repositories[place]: place for place in range(shard.number - 1, len(repositories), shard.of)}


def part_of(shard: Shard, report: Report, places: Mapping[str, int], opened: Iterable[Opened], asked: str) -> Part:
    """How a report is a part of the whole.

    Args:
        places: as `places_of` gives them.
        opened: all repositories of the stack.
        asked: what was asked for, in any words.
    """
    where = tuple(places[checkout.path] for checkout in report.checkouts)
    return Part(shard.number, shard.of, where, _hash(opened), asked)


def _hash(opened: Iterable[Opened]) -> str:
    """Of what every shard has to see alike: crates with their needs, and configurations."""
    known = hashlib.sha256()
    for one in opened:
        known.update(repr((one.checkout.path, one.config)).encode("utf-8", "backslashreplace"))
        for crate in one.stack_crates():
            needs = [need._replace(key=(), user_key=()) for need in crate.dependencies]
            said = (crate.name, crate.version, crate.manifest_path, crate.is_publishable, needs)
            known.update(repr(said).encode("utf-8", "backslashreplace"))
    return known.hexdigest()


def merge(reports: Sequence[Report]) -> Report:
    """The report of the whole, from those of all its shards.

    Raises:
        BatutaError: they do not fit together, or not all are there.
    """
    parts = [report.part for report in reports if report.part is not None]
    if not reports or len(parts) < len(reports):
        raise BatutaError("one of the reports is that of a whole check, not of a shard", mend=_MEND)
    _fit(parts)
    pairs = [
        pair for part, one in zip(parts, reports, strict=True) for pair in zip(part.places, one.checkouts, strict=True)
    ]
    pairs.sort(key=lambda pair: pair[0])
    placed = {checkout.path: place for place, checkout in pairs}
    crates = sorted(chain.from_iterable(one.crates for one in reports), key=lambda crate: placed[crate.repository])
    deep = sorted(chain.from_iterable(one.deep for one in reports), key=lambda crate: placed[crate.repository])
    conflicts = {conflict.dependency: conflict for one in reports for conflict in one.conflicts}
    return reports[0]._replace(
        crates=tuple(crates),
        findings=tuple(sorted(chain.from_iterable(one.findings for one in reports))),
        unknown=tuple(sorted(chain.from_iterable(one.unknown for one in reports))),
        checkouts=tuple(checkout for _, checkout in pairs),
        data_age_s=max((one.data_age_s for one in reports if one.data_age_s is not None), default=None),
        conflicts=tuple(conflicts[name] for name in sorted(conflicts)),
        made_at=max(one.made_at for one in reports),
        deep=tuple(deep),
        part=None,
    )


def _fit(parts: Sequence[Part]) -> None:
    """Whether these are all the parts of one check.

    Raises:
        BatutaError: they are not.
    """
    if len({part.of for part in parts}) > 1:
        counts = ", ".join(f"{part.number}/{part.of}" for part in parts[:_MOST_NAMED])
        raise BatutaError(f"the reports are of different divisions: {counts}", mend=_MEND)
    numbers = Counter(part.number for part in parts)
    twice = [number for number, count in numbers.items() if count > 1]
    if twice:
        raise BatutaError(f"shard {min(twice)}/{parts[0].of} is given twice", mend=_MEND)
    missing = [f"{number}/{parts[0].of}" for number in range(1, parts[0].of + 1) if number not in numbers]
    if missing:
        more = f" and {len(missing) - _MOST_NAMED} more" if len(missing) > _MOST_NAMED else ""
        which = "shard" if len(missing) == 1 else "shards"
        raise BatutaError(f"{which} {', '.join(missing[:_MOST_NAMED])}{more}: there is no report", mend=_MEND)
    for what, seen in (
        ("were not asked for the same", "asked"),
        ("did not see the same commits and configuration", "stack"),
    ):
        odd = [part for part in parts if getattr(part, seen) != getattr(parts[0], seen)]
        if odd:
            one, other = f"{parts[0].number}/{parts[0].of}", f"{odd[0].number}/{odd[0].of}"
            raise BatutaError(f"shards {one} and {other} {what}", mend="let all of them check the same once more")
