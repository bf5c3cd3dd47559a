"""A synchronization as its JSON document, ``batuta.sync/1``."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from batuta_hooks.report.json_report import json_text
from batuta_hooks.stack.sync_values import Change, Outcome, Plan


def sync_document(plan: Plan, outcomes: Iterable[Outcome], now: datetime, *, applied: bool) -> str:
    """The whole document on one line.

    Args:
        outcomes: of the repositories that were changed; none where the plan alone was wanted.
        applied: whether anything was to be written.
    """
    outcomes = tuple(outcomes)
    document = {
        "schema": "batuta.sync/1",
        "timestamp": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "workspace": plan.workspace,
        "applied": applied,
        "changes": [_change(change) for change in plan.changes],
        "skipped": [one._asdict() for one in plan.skipped],
        "files_modified": plan.file_count,
        "dependencies_updated": len(plan.changes),
        "batches": plan.batches,
        "verified": [
            {"repository": one.repository, **verified._asdict()} for one in outcomes for verified in one.verified
        ],
        "repositories": [
            {
                "repository": one.repository,
                "state": one.state,
                "commit": one.commit or None,
                "why": one.why,
                "notes": one.notes,
            }
            for one in outcomes
        ],
        "notes": plan.notes,
    }
    return json_text(document)


def _change(change: Change) -> dict[str, Any]:
    return {
        "repository": change.repository,
        "path": change.path,
        "line": change.line,
        "crate": change.crate,
        "dependency": change.dependency,
        "before": change.before,
        "after": change.after,
        "finding": change.finding or None,
        "reason": change.reason,
        "drops_source": change.edit.drops_source,
    }
