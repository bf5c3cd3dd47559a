"""Reads the JSON document of a check, as `batuta_hooks.cli.check_json` writes it, back into a report."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from batuta_hooks.checks.downstream import OPEN, REFUSED, RESOLVED, Downstream, Held
from batuta_hooks.checks.shared_versions import Conflict
from batuta_hooks.checks.supposed import Break, Supposed
from batuta_hooks.cli.check_shape import misfit
from batuta_hooks.domain.codes import CODES
from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.finding import SEVERITIES, Finding, Unknown
from batuta_hooks.domain.publishable import VERDICTS, Publishable, Reason
from batuta_hooks.git.status import Status
from batuta_hooks.stack.check import CARGO
from batuta_hooks.stack.checkouts import UNMERGED, Checkout
from batuta_hooks.stack.published_truth import PublishedTruth, Truths, Unsatisfied
from batuta_hooks.stack.standing import Standing
from batuta_hooks.stack.verdict import UNDECIDED, Crate, Issue, Part, Placed, Report, Requirement, Undecided

SCHEMA = "batuta.check/1"
MOST_BYTES = 1 << 28
_MEND = "write it with batuta-stack check --shard K/N --format json"


class ReadReport(NamedTuple):
    """A document's report, and what it says of published versions."""

    report: Report
    truths: Truths | None


def read_check(path: str) -> ReadReport:
    """The report in a file.

    Raises:
        BatutaError: the file cannot be read, or holds no such document.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise BatutaError(f"it cannot be read: {error.strerror}", where=path) from error
    if len(data) > MOST_BYTES:
        raise BatutaError(f"it is larger than {MOST_BYTES >> 20} MiB", where=path)
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BatutaError("it is no JSON", where=path, mend=_MEND) from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise BatutaError(f"it is no `{SCHEMA}` document", where=path, mend=_MEND)
    if document.get("cargo") != CARGO:
        raise BatutaError("another version of batuta-stack wrote it", where=path, mend="use one version for all shards")
    try:
        read = ReadReport(_report(document), _truths(document))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise BatutaError(f"something is wrong in it: {error!r}", where=path, mend=_MEND) from error
    fault = misfit(read.report, Report) or _stray(read.report)
    truths = read.truths.values() if read.truths else ()
    if fault is not None or any(misfit(one, PublishedTruth) is not None for one in truths):
        where = fault or "what was published"
        raise BatutaError(f"something is wrong in it: {where} is not what a check writes", where=path, mend=_MEND)
    return read


def _stray(report: Report) -> str | None:
    """What belongs to no repository that the report speaks of, or is a word that no check says."""
    if report.part is not None and len(report.part.places) != len(report.checkouts):
        return "shard.places"
    if not all(report.cycles):
        return "cycles"
    known = {one.path for one in report.checkouts}
    kinds: tuple[tuple[str, Iterable[Crate | Downstream | Placed | Undecided]], ...] = (
        ("crates", report.crates),
        ("deep", report.deep),
        ("findings", report.findings),
        ("unknown", report.unknown),
    )
    for name, every in kinds:
        if any(one.repository not in known for one in every):
            return f"{name}.repository"
    findings = [one.finding for one in report.findings] + [one for crate in report.crates for one in crate.findings]
    words: tuple[tuple[str, set[str], Collection[str]], ...] = (
        ("findings.severity", {one.severity for one in findings}, SEVERITIES),
        ("findings.code", {one.code for one in findings}, CODES),
        ("crates.publishable.verdict", {one.publishable.verdict for one in report.crates}, VERDICTS),
        ("deep.verdict", {one.verdict for one in report.deep}, (RESOLVED, REFUSED, OPEN)),
    )
    return next((name for name, found, all_there_are in words if not found <= {*all_there_are}), None)


def _report(document: Mapping[str, Any]) -> Report:
    made_at = datetime.strptime(document["timestamp"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    seconds = int(made_at.timestamp())
    part = document["shard"]
    return Report(
        workspace=_text(document["workspace"]),
        source=_text(document["source"]),
        crates=tuple(map(_crate, document["crates"])),
        findings=tuple(map(_placed, document["findings"])),
        unknown=tuple(
            Undecided(_text(one["repository"]), Unknown(_text(one["crate"]), _text(one["why"])))
            for one in document["unknown"]
        ),
        checkouts=tuple(_checkout(one, seconds) for one in document["repositories"]),
        cycles=tuple(map(_texts, document["cycles"])),
        data_age_s=document["data_age_s"],
        as_of=document["as_of"] or "",
        conflicts=tuple(_filled(Conflict, one) for one in document["conflicts"]),
        duplicates=tuple((_text(one["dependency"]), _texts(one["versions"])) for one in document["duplicates"]),
        made_at=seconds,
        deep=tuple(map(_downstream, document["deep"])),
        what_if=tuple(map(_supposed, document["what_if"])),
        part=None if part is None else _part(part),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _texts(values: Any) -> tuple[str, ...]:
    return tuple(map(_text, values))


def _filled(kind: Callable[..., Any], fields: Mapping[str, Any]) -> Any:
    """A value of a type whose fields are named as in the document, lists as tuples."""
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()})


def _part(part: Mapping[str, Any]) -> Part:
    found: Part = _filled(Part, part)
    if not 1 <= found.number <= found.of or not all(isinstance(place, int) for place in found.places):
        raise ValueError(f"{found.number}/{found.of} is no shard")
    return found


def _crate(one: Mapping[str, Any]) -> Crate:
    publishable = one["publishable"]
    return Crate(
        name=_text(one["name"]),
        repository=_text(one["repository"]),
        manifest_path=_text(one["manifest_path"]),
        version=one["local_version"],
        dependencies=tuple(_filled(Requirement, needed) for needed in one["dependencies"]),
        findings=tuple(_placed(found).finding for found in one["findings"]),
        issues=tuple(_filled(Issue, issue) for issue in one["issues"]),
        # which questions these are stands in the document's own list
        unknown=(Unknown(one["name"], ""),) if one["status"] == UNDECIDED else (),
        publishable=Publishable(
            _text(publishable["verdict"]),
            _text(publishable["why"]),
            tuple(_filled(Reason, reason) for reason in publishable["reasons"]),
            _texts(publishable["after"]),
        ),
        standing=_filled(Standing, one["registry"]),
    )


def _placed(one: Mapping[str, Any]) -> Placed:
    fields = dict(one)
    repository = _text(fields.pop("repository"))
    return Placed(repository, Finding(**fields))


def _checkout(one: Mapping[str, Any], made_at: int) -> Checkout:
    status = None
    if one["dirty"] is not None:
        counted = one["upstream"], one["ahead"], one["behind"]
        status = Status(None, one["branch"], *counted, one["dirty"], one["state"] == UNMERGED)
    fetched_at = None if one["fetched_age_s"] is None else made_at - one["fetched_age_s"]
    return Checkout(_text(one["path"]), _text(one["state"]), one["error"], status, fetched_at, one["shallow"])


def _downstream(one: Mapping[str, Any]) -> Downstream:
    shared = tuple(
        Held(_text(held["dependency"]), _texts(held["versions"]), tuple(map(_texts, held["chains"])))
        for held in one["shared"]
    )
    found: Downstream = _filled(Downstream, {**one, "shared": []})
    return found._replace(shared=shared)


def _supposed(one: Mapping[str, Any]) -> Supposed:
    breaks = tuple(_filled(Break, broken) for broken in one["breaks"])
    found: Supposed = _filled(Supposed, {**one, "breaks": []})
    return found._replace(breaks=breaks)


def _truths(document: Mapping[str, Any]) -> Truths | None:
    crates = [one for one in document["crates"] if one["published"] is not None]
    return {(one["repository"], one["manifest_path"]): _truth(one["published"]) for one in crates} or None


def _truth(one: Mapping[str, Any]) -> PublishedTruth:
    matches, satisfiable = one["dependencies_match"], one["satisfiable"]
    return PublishedTruth(
        version=one["version"],
        is_local=one["is_local"],
        is_yanked=one["yanked"],
        published_at=one["published_at"],
        commit=one["commit"],
        is_dirty=one["dirty"],
        commit_is_here=one["commit_is_here"],
        manifest_is_committed=one["manifest_is_committed"],
        disagreements=None if matches is None else _texts(one["disagreements"]),
        unsatisfied=None if satisfiable is None else tuple(_filled(Unsatisfied, need) for need in one["unsatisfied"]),
        unknown=_texts(one["unknown"]),
    )
