"""What `check --verify-published` found out, for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from batuta_hooks.report.plain import printable
from batuta_hooks.stack.published_truth import PublishedTruth, Truths
from batuta_hooks.stack.verdict import Crate, Report


def published_object(truth: PublishedTruth | None) -> dict[str, Any] | None:
    """A crate's ``published``; ``None`` where nobody asked, or it is never published."""
    if truth is None:
        return None
    agrees = None if truth.disagreements is None else not truth.disagreements
    return {
        "version": truth.version,
        "is_local": truth.is_local,
        "yanked": truth.is_yanked,
        "published_at": truth.published_at,
        "commit": truth.commit or None,
        "dirty": truth.is_dirty,
        "commit_is_here": truth.commit_is_here,
        "manifest_is_committed": truth.manifest_is_committed,
        "dependencies_match": agrees,
        "disagreements": list(truth.disagreements or ()),
        "satisfiable": None if truth.unsatisfied is None else not truth.unsatisfied,
        "unsatisfied": [one._asdict() for one in truth.unsatisfied or ()],
        "unknown": list(truth.unknown),
    }


def published_lines(report: Report, truths: Truths, *, verbose: bool) -> Iterator[str]:
    """A line for each fault of a published version, and how many have none; verbosely a line for every version."""
    good = unknown = faulty = 0
    for crate in report.crates:
        truth = truths.get((crate.repository, crate.manifest_path))
        if truth is None or (truth.version is None and not truth.unknown):
            continue
        faulty += bool(truth.faults)
        for fault in truth.faults:
            yield printable(f"published {crate.name} {truth.version}: {fault}")
        if truth.unknown:
            unknown += 1
        elif not truth.faults:
            good += 1
        if verbose:
            yield printable(_told(crate, truth))
    if good or unknown or not faulty:
        said = [_counted(good, "has no fault", "have no fault"), _counted(unknown, "is not known", "are not known")]
        yield "; ".join(filter(None, said)) or "no published version to be verified"


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} published {f'version {one}' if number == 1 else f'versions {many}'}" if number else ""


def _told(crate: Crate, truth: PublishedTruth) -> str:
    if truth.version is None:
        return f"{crate.name}: not known: {'; '.join(truth.unknown)}"
    where = {True: "", False: ", which is not in this checkout", None: ""}[truth.commit_is_here]
    clean = {True: "uncommitted files", False: "clean", None: ""}[truth.is_dirty]
    said = [
        f"published on {truth.published_at[:10]}" if truth.published_at else "published",
        f"from commit {truth.commit[:10]}{where}" if truth.commit else "from a commit that it does not name",
        clean if truth.commit else "",
        "its manifest and its index line agree" if truth.disagreements == () else "",
        "all that it needs can be had" if truth.unsatisfied == () else "",
        *truth.unknown,
    ]
    return f"{crate.name} {truth.version}: {', '.join(filter(None, said))}"
