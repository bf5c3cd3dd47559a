"""A release plan as its JSON document, ``batuta.release/1``, and as a job matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from batuta_hooks.domain.finding import Unknown
from batuta_hooks.report.json_report import json_text
from batuta_hooks.stack.gate_judges import command_gates
from batuta_hooks.stack.gate_values import CACHED, FAILED, GateResult
from batuta_hooks.stack.gates import gated, of_crate
from batuta_hooks.stack.plan_edits import edits_in
from batuta_hooks.stack.plan_values import Owners, Plan, PlannedRelease
from batuta_hooks.stack.rehearse import Rehearsal
from batuta_hooks.stack.release import Prepared, Results
from batuta_hooks.stack.release_run import BLOCKED, Outcome


def release_document(
    plan: Plan,
    timestamp: str,
    results: Results,
    rehearsal: Rehearsal | None = None,
    outcomes: Mapping[str, Outcome] | None = None,
) -> str:
    """The whole document on one line; with `outcomes` of a plan that was carried out."""
    stopped = {} if outcomes is None else {crate: one for crate, one in outcomes.items() if one.state == BLOCKED}
    document = {
        "schema": "batuta.release/1",
        "timestamp": timestamp,
        "id": plan.id,
        "plan_hash": plan.plan_hash,
        "waves": plan.waves,
        "releases": [
            _release(one, results.get(one.repository, ()), rehearsal) | _stands(one.crate, outcomes)
            for one in plan.releases
        ],
        "blocked": [
            *(one._asdict() for one in plan.blocked),
            *({"crate": crate, "by": one.why.split(", ")} for crate, one in stopped.items()),
        ],
        "schedule": {"eta_s": plan.schedule.eta_s, "waits": [one._asdict() for one in plan.schedule.waits]},
        "repositories": [
            {
                **one._asdict(),
                "edits": [edit._asdict() for edit in edits_in(plan, one.path)],
                "sections": [section._asdict() for section in one.sections],
                "locks": [change._asdict() for change in one.locks],
            }
            for one in plan.repositories
        ],
        "rehearsal": None if rehearsal is None else _rehearsal(rehearsal),
        "left_out": [{"crate": crate, "why": why} for crate, why in plan.left_out],
        "unknown": [one._asdict() for one in plan.unknown],
        "warnings": plan.warnings,
        "credentials": [
            {"registry": one.registry, "present": one.are_there, "why": one.why} for one in plan.credentials
        ],
        "owners": [_owners(one) for one in plan.owners],
    }
    return json_text(document)


def _release(one: PlannedRelease, results: Sequence[GateResult], rehearsal: Rehearsal | None) -> dict[str, Any]:
    gates = of_crate(results, one.crate)
    failed = {step.crate or step.repository for step in rehearsal.failed} if rehearsal else set()
    state = one.state
    if any(gate.state == FAILED for gate in gates) or failed & {one.crate, one.repository}:
        state = FAILED
    elif rehearsal and one.crate in rehearsal.waiting:
        state = "waiting"
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
        "moves": [move._asdict() for move in one.moves],
        "breaks": [{"dependent": dependent, "requirement": text} for dependent, text in one.breaks],
        "notes": one.notes,
        "gates": [_gate(gate) for gate in gates],
        "state": state,
    }


def _owners(one: Owners) -> dict[str, Any]:
    if isinstance(one.logins, Unknown):
        return {"crate": one.crate, "owners": None, "why": one.logins.why}
    return {"crate": one.crate, "owners": list(one.logins), "why": ""}


def _stands(crate: str, outcomes: Mapping[str, Outcome] | None) -> dict[str, Any]:
    return {} if outcomes is None else outcomes[crate]._asdict()


def _rehearsal(rehearsal: Rehearsal) -> dict[str, Any]:
    return {
        "passed": not rehearsal.failed,
        "seconds": rehearsal.seconds,
        "steps": [step._asdict() for step in rehearsal.steps],
        "waiting": rehearsal.waiting,
    }


def _gate(gate: GateResult) -> dict[str, Any]:
    return {"name": gate.name, "state": gate.state, "seconds": gate.seconds, "detail": gate.detail}


def github_matrix(prepared: Prepared, results: Results) -> str:
    """A matrix for GitHub Actions: a job for each gate that has still to be passed, with the wave that waits for it."""
    waves: dict[str, int] = {}
    for one in prepared.plan.releases:
        if one.wave is not None:
            waves[one.repository] = min(one.wave, waves.get(one.repository, one.wave))
    commands = {
        (one.path, gate.name, gate.crate): gate.command
        for one in gated(prepared.plan, prepared.gathered.folders, prepared.gathered.configs)
        for gate in command_gates(one.config, one.folder, one.crates)
    }
    include = [
        {"wave": wave, "repository": path, "crate": gate.crate, "gate": gate.name, "command": command}
        for path, wave in sorted(waves.items(), key=lambda item: (item[1], item[0]))
        for gate in results.get(path, ())
        if (command := commands.get((path, gate.name, gate.crate))) and gate.state != CACHED
    ]
    return json_text({"include": include})
