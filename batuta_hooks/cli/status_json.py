"""The board as its JSON document, ``batuta.status/1``."""

from __future__ import annotations

from typing import Any

from batuta_hooks.cli.check_json import publishable_object, summary_object
from batuta_hooks.report.json_report import json_text
from batuta_hooks.stack.status import Board, Row

_TIME = "%Y-%m-%dT%H:%M:%SZ"


def status_document(board: Board) -> str:
    """The whole document on one line."""
    return json_text(status_object(board))


def status_object(board: Board) -> dict[str, Any]:
    """The document as values."""
    report = board.report
    return {
        "schema": "batuta.status/1",
        "timestamp": board.updated.strftime(_TIME),
        "updated": board.updated.strftime(_TIME),
        "workspace": report.workspace,
        "summary": summary_object(report),
        "layers": [{"name": layer.name, "crates": layer.crates} for layer in board.layers],
        "crates": [_crate(row) for row in board.rows],
        "pending_actions": [action._asdict() for action in board.actions],
        "data_age_s": report.data_age_s,
        "as_of": report.as_of or None,
    }


def _crate(row: Row) -> dict[str, Any]:
    crate, status = row.crate, row.checkout.status
    return {
        "name": crate.name,
        "repository": crate.repository,
        "version": crate.version,
        "registry": {
            "version": crate.standing.version,
            "state": crate.standing.state,
            "age_s": crate.standing.age_s,
        },
        "health": row.health,
        "reasons": row.reasons,
        "coverage": row.coverage._asdict() if row.coverage else None,
        "warnings": int(row.lint.figure or 0) if row.lint else None,
        "days_since_release": row.last_release.days,
        "commits_since_release": row.last_release.commits,
        "last_release": row.last_release._asdict(),
        "gates": [gate._asdict() for gate in row.gates],
        "outdated": [lag._asdict() for lag in row.lags],
        "git": {
            "branch": status.branch if status else None,
            "dirty": status.dirty if status else None,
            "ahead": status.ahead if status else None,
            "behind": status.behind if status else None,
        },
        "publishable": publishable_object(crate.publishable),
    }
