"""Judges what the commands of gates printed: lint, tests, coverage, audit, and the user's own."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Mapping
from typing import NamedTuple

from batuta_hooks.domain.audit import InvalidAudit, read_audit, stopping
from batuta_hooks.domain.config import Config, Quality
from batuta_hooks.domain.coverage import read_output
from batuta_hooks.domain.lint_output import read_lint
from batuta_hooks.stack.gate_values import AUDIT, COVERAGE, LINT, SEMVER, TESTS, CommandGate, Going
from batuta_hooks.stack.measured import newest_file
from batuta_hooks.stack.processes import Ended

_TIMEOUT_S = 3600.0
_NOT_FOUND, _TIME_OVER = 127, 124
_AUDIT = "cargo audit --json"
_SEMVER_PROGRAM, _SEMVER = "cargo-semver-checks", "cargo semver-checks check-release"
_INSTALL_AUDIT = 'cargo install cargo-audit, or [quality] audit = "skip"'
_MOST_SHOWN = 3


class Judgement(NamedTuple):
    """Whether a gate passed, and what there is to say.

    Attributes:
        figure: what was counted: the percent of covered lines, or how many warnings; ``None`` where nothing was.
    """

    passed: bool
    detail: str
    figure: float | None = None


def command_gates(config: Config, folder: str, crates: Mapping[str, Going]) -> list[CommandGate]:
    """The gates of a repository that run a command, in their order.

    Where cargo-semver-checks is installed, its verdict on each library is a gate.

    Args:
        folder: the absolute path of the checkout.
        crates: the crates to be released, by name.
    """
    quality = config.quality
    most = "" if quality.max_warnings is None else str(quality.max_warnings)
    gates = [
        CommandGate(LINT, quality.lint_command, _TIMEOUT_S, folder, rules=(("max_warnings", most),)),
        CommandGate(TESTS, quality.test_command, _TIMEOUT_S, folder),
        CommandGate(
            COVERAGE, quality.coverage_command, _TIMEOUT_S, folder, rules=(("min_coverage", str(quality.min_coverage)),)
        ),
    ]
    if quality.audit != "skip":
        gates.append(CommandGate(AUDIT, _AUDIT, _TIMEOUT_S, folder, rules=(("audit", quality.audit),)))
    if shutil.which(_SEMVER_PROGRAM):
        gates += [
            CommandGate(SEMVER, _semver(crate, going.step), _TIMEOUT_S, folder, crate)
            for crate, going in sorted(crates.items())
            if going.step
        ]
    for gate in config.gates:
        if gate.per == "crate":
            gates += [
                CommandGate(gate.name, gate.command, gate.timeout_s, os.path.join(folder, going.folder), crate)
                for crate, going in sorted(crates.items())
            ]
        else:
            gates.append(CommandGate(gate.name, gate.command, gate.timeout_s, folder))
    return gates


def _semver(crate: str, step: str) -> str:
    return f"{_SEMVER} --package {shlex.quote(crate)} --release-type {step}"


def judge(gate: CommandGate, ended: Ended, printed: str, quality: Quality, started_ns: int) -> Judgement:
    """Judge a command that has ended.

    Args:
        printed: all of its output.
        started_ns: when it was started, as `os.stat` counts: a coverage file that is older does not count.
    """
    if ended.code == _TIME_OVER:
        return Judgement(False, f"it took longer than {gate.timeout_s:.0f} s and was ended with all that it started")
    if gate.name == AUDIT:
        return _audited(ended, printed, quality)
    if gate.name == LINT:
        return _linted(ended, printed, quality)
    if ended.code and gate.name == SEMVER:
        broken = f"`{gate.command}` says that more breaks than this version's step allows"
        return Judgement(False, f"{broken}: --bump {gate.crate}=major, or mend what breaks")
    if ended.code:
        return Judgement(False, _failed(gate, ended))
    if gate.name == COVERAGE:
        return _covered(gate, printed, quality, started_ns)
    return Judgement(True, "")


def _failed(gate: CommandGate, ended: Ended) -> str:
    if ended.code == _NOT_FOUND:
        return f"`{gate.command}` cannot be run: {ended.said.rpartition(chr(10))[2]}"
    return f"`{gate.command}` ended with exit code {ended.code}"


def _linted(ended: Ended, printed: str, quality: Quality) -> Judgement:
    found = read_lint(printed)
    counted = f"{found.errors} errors, {found.warnings} warnings"
    if ended.code:
        return Judgement(False, f"`{quality.lint_command}` ended with exit code {ended.code}: {counted}")
    most = quality.max_warnings
    if most is not None and found.warnings > most:
        return Judgement(False, f"{counted}; [quality] max_warnings allows {most}")
    return Judgement(True, f"{found.warnings} warnings", found.warnings)


def _covered(gate: CommandGate, printed: str, quality: Quality, started_ns: int) -> Judgement:
    percent = read_output(printed)
    if percent is None:
        found = newest_file(gate.folder)
        if found is not None and found.written_ns >= started_ns:
            percent = found.measured.percent
    if percent is None:
        return Judgement(
            False, f"`{gate.command}` gave no figure: neither a TOTAL row nor a coverage file that it has just written"
        )
    if percent < quality.min_coverage:
        short = f"{percent:.2f} % of the lines are covered, {quality.min_coverage:g} % are wanted"
        return Judgement(False, f"{short}: add tests, or lower [quality] min_coverage")
    return Judgement(True, f"{percent:.2f} %", percent)


def _audited(ended: Ended, printed: str, quality: Quality) -> Judgement:
    if ended.code == _NOT_FOUND or "no such command: `audit`" in printed:
        return Judgement(False, f"cargo-audit is not installed: {_INSTALL_AUDIT}")
    start = printed.find("{")
    try:
        advisories = read_audit(printed[start:] if start >= 0 else "", base_score)
    except InvalidAudit as error:
        return Judgement(False, f"`{_AUDIT}` failed: {error}")
    found = stopping(advisories, quality.audit)
    if not found:
        return Judgement(True, f"{len(advisories)} advisories below {quality.audit}" if advisories else "")
    shown = "; ".join(f"{one.id} in {one.package} ({one.score:g})" for one in found[:_MOST_SHOWN])
    more = f" and {len(found) - _MOST_SHOWN} more" if len(found) > _MOST_SHOWN else ""
    return Judgement(False, f"{shown}{more}: update what they are about, or raise [quality] audit")


def base_score(vector: str) -> float | None:
    """The base score of a CVSS vector of version 2, 3 or 4; ``None`` where it is none."""
    from cvss import CVSS2, CVSS3, CVSS4, CVSSError  # type: ignore[import-untyped]

    kinds = {"CVSS:3": CVSS3, "CVSS:4": CVSS4}
    try:
        return float(kinds.get(vector[:6], CVSS2)(vector).scores()[0])
    except (CVSSError, ValueError, TypeError, KeyError):
        return None
