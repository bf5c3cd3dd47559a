"""A check's report as its JSON document, ``batuta.check/1``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from batuta_hooks.cli.check_published import published_object
from batuta_hooks.domain.publishable import Publishable
from batuta_hooks.report.json_report import finding_object, json_text
from batuta_hooks.stack.check import CARGO
from batuta_hooks.stack.checkouts import Checkout
from batuta_hooks.stack.published_truth import Truths
from batuta_hooks.stack.verdict import Crate, Placed, Report


def check_document(report: Report, now: datetime, truths: Truths | None = None) -> str:
    """The whole document on one line.

    Args:
        truths: what the registry was asked about the published versions, if it was.
    """
    document = {
        "schema": "batuta.check/1",
        "timestamp": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "workspace": report.workspace,
        "source": report.source,
        "summary": summary_object(report),
        "crates": [_crate(crate, truths or {}) for crate in report.crates],
        "findings": [_finding(placed) for placed in report.findings],
        "conflicts": [conflict._asdict() for conflict in report.conflicts],
        "duplicates": [{"dependency": name, "versions": versions} for name, versions in report.duplicates],
        "cycles": report.cycles,
        "deep": [{**crate._asdict(), "shared": [held._asdict() for held in crate.shared]} for crate in report.deep],
        "what_if": [{**one._asdict(), "breaks": [broken._asdict() for broken in one.breaks]} for one in report.what_if],
        "unknown": [
            {"repository": place, "crate": unknown.crate, "why": unknown.why} for place, unknown in report.unknown
        ],
        "repositories": [_repository(report, checkout) for checkout in report.checkouts],
        "data_age_s": report.data_age_s,
        "as_of": report.as_of or None,
        "cargo": CARGO,
        "shard": report.part._asdict() if report.part is not None else None,
    }
    return json_text(document)


def summary_object(report: Report) -> dict[str, int]:
    """How many crates there are, and how many of each health."""
    return {
        "total_crates": len(report.crates),
        "healthy": report.count("healthy"),
        "warnings": report.count("warning"),
        "errors": report.count("error"),
        "unknown": report.count("unknown"),
    }


def _crate(crate: Crate, truths: Truths) -> dict[str, Any]:
    return {
        "name": crate.name,
        "repository": crate.repository,
        "manifest_path": crate.manifest_path,
        "local_version": crate.version,
        "crates_io_version": crate.standing.version,
        "registry": crate.standing._asdict(),
        "published": published_object(truths.get((crate.repository, crate.manifest_path))),
        "status": crate.status,
        "dependencies": [dependency._asdict() for dependency in crate.dependencies],
        "issues": [issue._asdict() for issue in crate.issues],
        "findings": [_finding(Placed(crate.repository, finding)) for finding in crate.findings],
        "publishable": publishable_object(crate.publishable),
    }


def publishable_object(publishable: Publishable) -> dict[str, Any]:
    """What is known of whether a crate can be published, the same in every document."""
    return {
        "verdict": publishable.verdict,
        "after": publishable.after,
        "because": publishable.because,
        "why": publishable.why,
        "reasons": [reason._asdict() for reason in publishable.reasons],
    }


def _finding(placed: Placed) -> dict[str, Any]:
    return {"repository": placed.repository, **finding_object(placed.finding)}


def _repository(report: Report, checkout: Checkout) -> dict[str, Any]:
    status = checkout.status
    return {
        "path": checkout.path,
        "state": checkout.state,
        "error": checkout.error,
        "branch": status.branch if status else None,
        "upstream": status.upstream if status else None,
        "dirty": status.dirty if status else None,
        "ahead": status.ahead if status else None,
        "behind": status.behind if status else None,
        "fetched_age_s": report.fetched_age_s(checkout),
        "shallow": checkout.is_shallow,
    }
