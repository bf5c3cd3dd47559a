"""A release plan as its JSON document, ``batuta.release/1``, and as a job matrix."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from batuta_hooks.report.json_report import exact_values
from batuta_hooks.stack.plan_edits import edits_in
from batuta_hooks.stack.plan_values import Plan, PlannedRelease
from batuta_hooks.stack.release import Prepared


def release_document(plan: Plan, timestamp: str, gates: Mapping[str, Sequence[Mapping[str, Any]]] | None = None) -> str:
    """The whole document on one line.

    Args:
        gates: those of each crate.
    """
    document = {
        "schema": "batuta.release/1",
        "timestamp": timestamp,
        "id": plan.id,
        "plan_hash": plan.plan_hash,
        "waves": plan.waves,
        "releases": [_release(one, (gates or {}).get(one.crate, ())) for one in plan.releases],
        "blocked": [one._asdict() for one in plan.blocked],
        "schedule": {"eta_s": plan.schedule.eta_s, "waits": [one._asdict() for one in plan.schedule.waits]},
        "repositories": [
            {**one._asdict(), "edits": [edit._asdict() for edit in edits_in(plan, one.path)]}
            for one in plan.repositories
        ],
        "left_out": [{"crate": crate, "why": why} for crate, why in plan.left_out],
        "unknown": [one._asdict() for one in plan.unknown],
        "warnings": plan.warnings,
    }
    return json.dumps(exact_values(document), ensure_ascii=False)


def _release(one: PlannedRelease, gates: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "crate": one.crate,
        "repository": one.repository,
        "manifest_path": one.manifest_path,
        "current": one.current,
        "next": one.next,
        "wave": one.wave,
        "reasons": one.reasons,
        "tag": one.tag,
        "registry": one.registry,
        "is_new": one.is_new,
        "requirement_updates": [
            {"dependent": up.dependent, "dependency": up.dependency, "before": up.before, "after": up.after}
            for up in one.requirement_updates
        ],
        "breaks": [{"dependent": dependent, "requirement": text} for dependent, text in one.breaks],
        "notes": one.notes,
        "gates": gates,
        "state": one.state,
    }


def github_matrix(prepared: Prepared) -> str:
    """A matrix for GitHub Actions: a job for each crate, with its wave."""
    plan = prepared.plan
    include = [
        {"crate": one.crate, "repository": one.repository, "wave": one.wave, "version": one.next}
        for one in plan.releases
        if one.wave is not None
    ]
    return json.dumps(exact_values({"include": include}), ensure_ascii=False)
