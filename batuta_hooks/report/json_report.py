"""Findings as the guards' JSON document, ``batuta.guard/1``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from batuta_hooks.domain.finding import Finding, Unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def finding_object(finding: Finding) -> dict[str, Any]:
    """One finding as its JSON object; ``commit`` and ``ref`` are there only where it has them."""
    fields = {
        "code": finding.code,
        "severity": finding.severity,
        "path": exact(finding.path),
        "line": finding.line,
        "column": finding.column,
        "crate": exact(finding.crate),
        "dependency": exact(finding.dependency),
        "message": exact(finding.message),
        "fix": exact(finding.fix),
    }
    if finding.commit:
        fields["commit"] = finding.commit
    if finding.ref:
        fields["ref"] = exact(finding.ref)
    return fields


def exact(text: str) -> str:
    """Text as JSON can hold it: exact, but for bytes that are not UTF-8, which are shown as ``\\xNN``."""
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # half of a surrogate pair, which stands for no byte
        return text.encode("utf-8", "backslashreplace").decode()


def exact_values(value: Any) -> Any:
    """A document with every text in it as `exact` gives it; tuples become lists."""
    if isinstance(value, str):
        return exact(value)
    if isinstance(value, dict):
        return {key: exact_values(inner) for key, inner in value.items()}
    return [exact_values(inner) for inner in value] if isinstance(value, list | tuple) else value


def json_text(document: Any) -> str:
    """A document on one line, its texts as `exact` gives them; what a terminal would obey is escaped, letters are not.

    JSON leaves raw what Unicode has of controls beyond ASCII: a terminal may take U+009B for an escape sequence.
    """
    text = json.dumps(document, ensure_ascii=False)
    if text.isprintable():
        return text  # no text in it has anything that is not UTF-8 either
    text = json.dumps(exact_values(document), ensure_ascii=False)
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


def guard_document(
    guard: str,
    version: str,
    findings: Sequence[Finding],
    unknown: Sequence[Unknown],
    checked: Mapping[str, int],
    data_age_s: int | None,
) -> str:
    """The whole document on one line of ASCII, which every standard output takes.

    ``data_age_s`` is the age of the oldest registry answer used, if any was.
    """
    document = {
        "schema": "batuta.guard/1",
        "guard": guard,
        "version": version,
        "findings": [finding_object(finding) for finding in findings],
        "unknown": [{"crate": exact(item.crate), "why": exact(item.why)} for item in unknown],
        "checked": dict(checked),
        "data_age_s": data_age_s,
    }
    return json.dumps(document, ensure_ascii=True)
