"""A check's report for code scanning (SARIF) and for the log of a GitHub workflow."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version

from batuta_hooks.domain.finding import Finding, Unknown
from batuta_hooks.report.code_pages import code_pages
from batuta_hooks.report.github import github_command, github_lines
from batuta_hooks.report.sarif import sarif_document
from batuta_hooks.stack.verdict import Report, Undecided


def sarif(report: Report) -> str:
    """The report as one SARIF document; paths are relative to the workspace."""
    unknown = [_located_question(one) for one in report.unknown]
    return sarif_document("batuta-stack", version("batuta-hooks"), _located(report), unknown, code_pages())


def _located_question(one: Undecided) -> Unknown:
    crate, why = one.unknown
    return Unknown(f"{one.repository}: {crate}", why) if crate else Unknown("", f"{one.repository}: {why}")


def github_annotations(report: Report) -> Iterator[str]:
    """An annotation for each finding and for each repository that was not judged."""
    yield from github_lines(_located(report))
    for checkout in report.checkouts:
        if checkout.error is not None:
            yield github_command("warning", f"{checkout.path}: not judged ({checkout.state}): {checkout.error}")


def _located(report: Report) -> list[Finding]:
    return [placed.finding._replace(path=placed.path) for placed in report.findings]
