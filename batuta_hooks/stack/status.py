"""The stack at a glance: what a check finds, and beside it how old every figure is and what to do next."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

from batuta_hooks.domain.config import Config
from batuta_hooks.domain.finding import ERROR
from batuta_hooks.gather.configuration import read_configuration
from batuta_hooks.stack.actions import Action, recommended_actions
from batuta_hooks.stack.check import check
from batuta_hooks.stack.checkouts import Checkout, Workspace
from batuta_hooks.stack.crates_io import Asking
from batuta_hooks.stack.gate_cache import GateCache
from batuta_hooks.stack.gate_facts import GateFact, for_crate, gate_facts, newer_coverage, warnings_in
from batuta_hooks.stack.judging import MISCONFIGURED, Opened
from batuta_hooks.stack.last_release import LastRelease, last_releases
from batuta_hooks.stack.layers import Layer, Need, layers_of, needs_of
from batuta_hooks.stack.measured import Coverage, coverage_in
from batuta_hooks.stack.outdated import Lag, is_behind, lags_of
from batuta_hooks.stack.own_folder import own_folder
from batuta_hooks.stack.registry_view import View
from batuta_hooks.stack.standing import BEHIND, YANKED
from batuta_hooks.stack.verdict import Crate, Report


class Row(NamedTuple):
    """One crate on the board.

    Attributes:
        crate: what the check says of it.
        checkout: how its repository stands.
        reasons: why it is not healthy, and how it differs from what is published; a clause each.
        last_release: when that was, and what has happened since.
        coverage: what was measured last; ``None`` where nothing was found.
        gates: the gates that passed for it, and when.
        lags: its requirements that keep out what is published of the stack.
    """

    crate: Crate
    checkout: Checkout
    reasons: tuple[str, ...] = ()
    last_release: LastRelease = LastRelease()
    coverage: Coverage | None = None
    gates: tuple[GateFact, ...] = ()
    lags: tuple[Lag, ...] = ()

    @property
    def lint(self) -> GateFact | None:
        """The last lint that passed, with its warnings; ``None`` where no result is known."""
        return warnings_in(self.gates)

    @property
    def is_outdated(self) -> bool:
        """Whether it is older than what is published of it, or does not admit what is published of another."""
        return bool(self.lags) or is_behind(self.crate)

    @property
    def health(self) -> str:
        """``healthy``, ``warning``, ``error`` or ``unknown``: the check's word."""
        return self.crate.status


class Board(NamedTuple):
    """All that is shown of a stack.

    Attributes:
        updated: when it was looked at.
        layers: what to show together, lowest first.
        rows: one a crate, in the report's order.
        needs: who needs whom.
        report: the check that it rests on.
        actions: what to do, the worst damage first.
    """

    updated: datetime
    layers: tuple[Layer, ...]
    rows: tuple[Row, ...]
    needs: tuple[Need, ...]
    report: Report
    actions: tuple[Action, ...]

    def outdated(self) -> Board:
        """The same with the rows alone that are outdated."""
        rows = tuple(row for row in self.rows if row.is_outdated)
        names = {row.crate.name for row in rows}
        needs = (need for need in self.needs if {need.dependent, need.dependency} <= names)
        return self._replace(rows=rows, needs=tuple(needs))

    def in_layer(self, layer: Layer) -> list[Row]:
        """The rows of a layer, in its order."""
        named = self.by_name
        return [row for name in layer.crates for row in named.get(name, ())]

    @property
    def by_name(self) -> dict[str, list[Row]]:
        """The rows of each name: one, unless repositories have crates of one name."""
        named: dict[str, list[Row]] = {}
        for row in self.rows:
            named.setdefault(row.crate.name, []).append(row)
        return named


def status(
    workspace: Workspace,
    *,
    now: datetime,
    jobs: int | None = None,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
    asking: Asking | None = None,
) -> Board:
    """Look at the whole stack; nothing is written into any repository.

    Args:
        now, jobs, on_progress, asking: as `check` takes them.

    Raises:
        BatutaError: as `check` does, or the configuration of the workspace is wrong.
    """
    config, _ = read_configuration(workspace.folder, None, for_guard=False)
    releases: dict[tuple[str, str], LastRelease] = {}
    coverage: dict[tuple[str, str], Coverage] = {}
    gates: dict[str, tuple[GateFact, ...]] = {}
    kept = tuple(GateCache(own_folder(workspace)).kept())

    def beside(opened: Opened, view: View | None) -> None:
        place = opened.checkout.path
        for path, release in last_releases(opened, view, now).items():
            releases[place, path] = release
        gates[place] = gate_facts(opened.folder, opened.checkout, kept, now)
        crates = {path.rpartition("/")[0]: path for path in opened.facts.judged}
        for folder, found in coverage_in(opened.folder, opened.checkout, crates, now).items():
            coverage[place, crates[folder]] = found

    report = check(workspace, now=now, jobs=jobs, on_progress=on_progress, asking=asking, beside=beside)
    checkouts = {checkout.path: checkout for checkout in report.checkouts}
    needs = needs_of(report.crates)
    lags = lags_of(needs, report.crates)
    rows = []
    for crate in report.crates:
        key = crate.repository, crate.manifest_path
        passed = tuple(for_crate(gates.get(crate.repository, ()), crate.name))
        row = Row(
            crate,
            checkouts[crate.repository],
            tuple(_reasons(crate)),
            releases.get(key, LastRelease()),
            newer_coverage(passed, coverage.get(key)),
            passed,
            lags.get(crate.name, ()),
        )
        rows.append(row)
    layers = layers_of((crate.name for crate in report.crates), needs, (config or Config()).layers)
    return Board(now.astimezone(UTC), layers, tuple(rows), needs, report, recommended_actions(report))


def exit_code(board: Board) -> int:
    """1 where a crate is in error, 2 where a configuration is wrong, else 0."""
    if any(checkout.state == MISCONFIGURED for checkout in board.report.checkouts):
        return 2
    return 1 if any(row.health == ERROR for row in board.rows) else 0


def _reasons(crate: Crate) -> list[str]:
    """The worst first; the same sentence about several lines is one reason."""
    order = {ERROR: 0, "warning": 1}
    serious = [finding for finding in crate.findings if finding.severity in order]
    serious.sort(key=lambda finding: order[finding.severity])
    reasons = [f"{finding.code} {finding.message}" for finding in serious]
    if crate.standing.state == YANKED:
        reasons.append("the version here is yanked" if crate.standing.version else "all published versions are yanked")
    elif crate.standing.state == BEHIND:
        reasons.append(f"{crate.standing.version} is published, and the version here is older")
    if not reasons:
        reasons += [f"undecided: {unknown.why}" for unknown in crate.unknown]
    return list(dict.fromkeys(reasons))
