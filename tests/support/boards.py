"""Boards made up without a disk, for what only shows one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from batuta_hooks.domain.finding import Finding
from batuta_hooks.domain.publishable import Publishable
from batuta_hooks.git.status import Status
from batuta_hooks.stack.actions import recommended_actions
from batuta_hooks.stack.checkouts import OK, Checkout
from batuta_hooks.stack.layers import layers_of, needs_of
from batuta_hooks.stack.standing import EQUAL, Standing
from batuta_hooks.stack.status import Board, Row
from batuta_hooks.stack.verdict import Crate, Placed, Report, Requirement

NOW = datetime(2025, 12, 5, 10, 30, tzinfo=UTC)


def finding(crate: str, code: str = "PD001", severity: str = "error", dependency: str = "") -> Finding:
    """A finding about a crate."""
    message = f"`{dependency or 'x'}` has no version"
    return Finding("Cargo.toml", 7, 1, code, severity, message, f'write {dependency} = "0.1"', crate, dependency)


def make_board(needs: Mapping[str, str], findings: Mapping[str, Finding] | None = None) -> Board:
    """A board of crates in repositories of their names.

    Args:
        needs: the names of the crates that each crate needs, in one text.
        findings: at most one a crate, by name.
    """
    crates = tuple(_crate(name, needed.split(), (findings or {}).get(name)) for name, needed in needs.items())
    checkouts = {
        name: Checkout(name, OK, None, Status("0" * 40, "main", None, None, None, False, False)) for name in needs
    }
    placed = tuple(Placed(crate.repository, one) for crate in crates for one in crate.findings)
    report = Report("/stack", "worktree", crates, placed, (), tuple(checkouts.values()), ())
    between = needs_of(crates)
    rows = tuple(Row(crate, checkouts[crate.repository]) for crate in crates)
    return Board(NOW, layers_of(needs, between, {}), rows, between, report, recommended_actions(report))


def _crate(name: str, needed: list[str], found: Finding | None) -> Crate:
    return Crate(
        name=name,
        repository=name,
        manifest_path="Cargo.toml",
        version="0.1.0",
        dependencies=tuple(Requirement(one, "0.1", "crates.io", "dependencies", None) for one in needed),
        findings=(found,) if found else (),
        issues=(),
        unknown=(),
        publishable=Publishable("no" if found else "now", ""),
        standing=Standing("0.1.0", EQUAL, 60, "https://index.crates.io/", ""),
    )
