"""Findings as SARIF 2.1.0, the form in which code scanning takes them (docs.oasis-open.org/sarif/sarif/v2.1.0)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from batuta_hooks.domain.codes import CODES
from batuta_hooks.domain.finding import ERROR, WARNING, Finding, Unknown
from batuta_hooks.report.json_report import exact
from batuta_hooks.report.plain import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_FOLDER = "%SRCROOT%"  # what GitHub calls the folder that all paths are relative to

#: The one fingerprint of a result; its number grows if ever it is made of something else.
_FINGERPRINT = "batutaFinding/v1"


def sarif_document(
    tool: str,
    version: str,
    findings: Sequence[Finding],
    unknown: Sequence[Unknown] = (),
    help_pages: Mapping[str, str] | None = None,
) -> str:
    """The whole document on one line of ASCII.

    Args:
        tool: the driver's name.
        version: its version.
        findings: in the order of the results; their paths are relative to the folder that is looked at.
        unknown: open questions, which become notifications of the run.
        help_pages: Markdown by code.
    """
    codes = [*CODES, *sorted({finding.code for finding in findings} - set(CODES))]
    run = {
        "tool": {
            "driver": {
                "name": tool,
                "version": version,
                "semanticVersion": version,
                "rules": [_rule(code, (help_pages or {}).get(code)) for code in codes],
            }
        },
        "automationDetails": {"id": f"{tool}/"},
        "originalUriBaseIds": {_FOLDER: {"description": {"text": "The folder that was looked at."}}},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {"executionSuccessful": True, "toolExecutionNotifications": [_notification(one) for one in unknown]}
        ],
        "results": _results(findings, codes),
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=True)


def _rule(code: str, page: str | None) -> dict[str, Any]:
    severity, title = CODES.get(code, (WARNING, code))
    rule: dict[str, Any] = {
        "id": code,
        "shortDescription": {"text": f"{title[:1].upper()}{title[1:]}."},
        "fullDescription": {"text": f"{title[:1].upper()}{title[1:]}."},
        "help": {"text": page or title},
        "defaultConfiguration": {"level": severity},
        "properties": {
            "tags": ["cargo"],
            "precision": "very-high",
            "problem.severity": severity if severity in (ERROR, WARNING) else "recommendation",
        },
    }
    if page:
        rule["help"]["markdown"] = page
    return rule


def _results(findings: Sequence[Finding], codes: Sequence[str]) -> list[dict[str, Any]]:
    numbers = {code: number for number, code in enumerate(codes)}
    counted: dict[tuple[str, ...], int] = {}
    results = []
    for finding in findings:
        same = (finding.code, finding.path, finding.crate, finding.dependency, finding.ref)
        count = counted[(*same, finding.commit)] = counted.get((*same, finding.commit), 0) + 1
        results.append(_result(finding, numbers[finding.code], _digest((*same, str(count)))))
    return results


def _result(finding: Finding, rule: int, fingerprint: str) -> dict[str, Any]:
    place = {
        "artifactLocation": {"uri": relative_uri(finding.path), "uriBaseId": _FOLDER},
        "region": {"startLine": max(1, finding.line), "startColumn": max(1, finding.column)},
    }
    more = {name: getattr(finding, name) for name in ("crate", "dependency", "fix", "commit", "ref")}
    return {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": finding.severity,
        "message": {"text": _message(finding)},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {_FINGERPRINT: fingerprint},
        "properties": {name: exact(value) for name, value in more.items() if value},
    }


def _message(finding: Finding) -> str:
    text = printable(finding.message)
    if finding.fix:
        text = f"{text}\n{printable(finding.fix)}"
    return text.replace("](", "] (")  # which would be a link, to wherever a name wants


def _notification(unknown: Unknown) -> dict[str, Any]:
    said = f"undecided: {unknown.crate}: {unknown.why}" if unknown.crate else f"undecided: {unknown.why}"
    return {"level": "note", "message": {"text": printable(said)}}


def _digest(parts: tuple[str, ...]) -> str:
    """The same for the same finding wherever its line moves: neither line nor message has a part in it."""
    from hashlib import sha256

    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def relative_uri(path: str) -> str:
    """A path relative to the folder as a relative reference of RFC 3986, its bytes percent-encoded."""
    from urllib.parse import quote

    try:
        return quote(path.encode("utf-8", "surrogateescape"), safe="/")
    except UnicodeEncodeError:  # half of a surrogate pair, which stands for no byte
        return quote(exact(path), safe="/")
