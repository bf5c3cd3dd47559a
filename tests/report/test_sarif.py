"""Findings as SARIF, judged by the schema of OASIS."""

from __future__ import annotations

import json
from functools import cache
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batuta_hooks.domain.codes import CODES
from batuta_hooks.domain.finding import Finding, Unknown
from batuta_hooks.report.code_pages import code_pages
from batuta_hooks.report.sarif import relative_uri, sarif_document
from tests.support.schemas import faults, sarif_schema

FINDING = Finding("a/Cargo.toml", 3, 7, "PD001", "error", "it is wrong", "write it right", "a", "b")
TEXTS = st.text(alphabet=st.characters(categories=None), max_size=20)


@cache
def schema() -> dict[str, Any]:
    """The schema, read once."""
    return sarif_schema()


def run_of(*findings: Finding, unknown: tuple[Unknown, ...] = ()) -> dict[str, Any]:
    """The only run of the document about findings, which the schema accepts."""
    document = json.loads(sarif_document("batuta-x", "1.2.3", findings, unknown, code_pages()))
    assert faults(document, schema()) == []
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    found: dict[str, Any] = run
    return found


def fingerprints(*findings: Finding) -> list[dict[str, str]]:
    """What tells each finding's result from others."""
    return [result["partialFingerprints"] for result in run_of(*findings)["results"]]


def test_the_schema_judges() -> None:
    """A document that is wrong is refused, so that the other tests mean something."""
    document = json.loads(sarif_document("batuta-x", "1.2.3", [FINDING]))
    document["runs"][0]["results"][0]["level"] = "fatal"
    document["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] = "a b"
    assert len(faults(document, schema())) == 2


def test_a_result() -> None:
    """Rule, level, message with the mend, and the place relative to the folder that was looked at."""
    run = run_of(FINDING)
    (result,) = run["results"]
    assert result["ruleId"] == run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "PD001"
    assert result["level"] == "error"
    assert result["message"]["text"] == "it is wrong\nwrite it right"
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "a/Cargo.toml", "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 3, "startColumn": 7}
    assert run["columnKind"] == "unicodeCodePoints"
    assert result["properties"] == {"crate": "a", "dependency": "b", "fix": "write it right"}


def test_no_results() -> None:
    """A clean run has an empty list of results, which closes the alerts of earlier ones."""
    run = run_of()
    assert run["results"] == []
    assert run["tool"]["driver"]["name"] == "batuta-x"
    assert run["invocations"][0]["executionSuccessful"] is True


def test_rules() -> None:
    """Every code is a rule, with its title, its default level and the section of docs/codes.md as help."""
    rules = {rule["id"]: rule for rule in run_of()["tool"]["driver"]["rules"]}
    assert list(rules) == list(CODES)
    assert rules["PD001"]["help"]["markdown"] == code_pages()["PD001"]
    assert rules["PD004"]["defaultConfiguration"]["level"] == "note"
    assert rules["VA005"]["shortDescription"]["text"].startswith("Shared dependency")
    assert {rule["properties"]["problem.severity"] for rule in rules.values()} == {"error", "warning", "recommendation"}


def test_open_questions() -> None:
    """What stayed undecided is a notification of the run, not a result."""
    notes = run_of(unknown=(Unknown("b", "nobody knows"), Unknown("", "not judged")))["invocations"][0]
    said = [note["message"]["text"] for note in notes["toolExecutionNotifications"]]
    assert said == ["undecided: b: nobody knows", "undecided: not judged"]


def test_fingerprints_stay_when_lines_move() -> None:
    """Neither line, column, severity, wording nor commit has a part in them."""
    moved = FINDING._replace(line=99, column=1, severity="warning", message="other words", fix="", commit="0" * 40)
    assert fingerprints(FINDING) == fingerprints(moved)


@pytest.mark.parametrize("field", ["path", "code", "crate", "dependency", "ref"])
def test_fingerprints_tell_findings_apart(field: str) -> None:
    """Another file, code, crate, dependency or ref is another finding."""
    other = FINDING._replace(**{field: "PD002" if field == "code" else "other"})  # type: ignore[arg-type]
    first, second = fingerprints(FINDING, other)
    assert first != second


def test_fingerprints_of_the_same_twice() -> None:
    """The same at two places of a file are two findings, and stay so; in two commits it is one."""
    first, second = fingerprints(FINDING, FINDING._replace(line=9))
    assert first != second
    assert fingerprints(FINDING._replace(line=1), FINDING._replace(line=2)) == [first, second]
    assert fingerprints(*(FINDING._replace(commit=commit * 40) for commit in "ab")) == [first, first]


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("a/Cargo.toml", "a/Cargo.toml"),
        ("with space/100%/Cargo.toml", "with%20space/100%25/Cargo.toml"),
        ("c:d/#x?y/Cargo.toml", "c%3Ad/%23x%3Fy/Cargo.toml"),
        ("Ä/\udce9/Cargo.toml", "%C3%84/%E9/Cargo.toml"),
        ("new\nline\x1b[31m/Cargo.toml", "new%0Aline%1B%5B31m/Cargo.toml"),
        ("../beside/Cargo.toml", "../beside/Cargo.toml"),
    ],
)
def test_paths_are_relative_references(path: str, uri: str) -> None:
    """Each byte that is no plain sign of a path is percent-encoded, a colon too: it would make a scheme."""
    assert relative_uri(path) == uri
    assert unquote_to_bytes(uri) == path.encode("utf-8", "surrogateescape")
    assert not urlsplit(uri).scheme


def test_a_name_makes_no_link() -> None:
    """SARIF reads `[text](target)` in a message as a link; a name cannot make one, nor send control characters."""
    (result,) = run_of(FINDING._replace(message="`[see](https://example.com)\x1b[31m`"))["results"]
    assert "](" not in result["message"]["text"]
    assert "\x1b" not in result["message"]["text"]


@settings(max_examples=60, deadline=None)
@given(TEXTS.filter(bool), TEXTS, st.sampled_from(["error", "warning", "note"]), st.integers(0, 10**9))
def test_any_text_makes_a_right_document(path: str, text: str, severity: str, line: int) -> None:
    """Whatever the names, the document is plain ASCII that the schema accepts."""
    finding = Finding(path.lstrip("/") or "x", line, line, "PD001", severity, text, text, text, text)
    document = sarif_document("batuta-x", "1", [finding], [Unknown(text, text)])
    assert document.isascii()
    assert faults(json.loads(document), schema()) == []


def test_a_code_of_another_version() -> None:
    """A code that is not in the table is still a rule, so that the document holds together."""
    run = run_of(FINDING._replace(code="ZZ999"))
    assert run["tool"]["driver"]["rules"][run["results"][0]["ruleIndex"]]["id"] == "ZZ999"
