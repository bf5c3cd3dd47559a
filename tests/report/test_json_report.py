"""Findings as the guards' document."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from batuta_hooks.domain.finding import Finding, Unknown
from batuta_hooks.report.json_report import exact, finding_object, guard_document

FINDING = Finding("a/Cargo.toml", 3, 7, "PD001", "error", "it is wrong", "write it right", "a", "b")


def test_a_finding() -> None:
    """Its fields by name; the commit only where commits were judged."""
    place = {"path": "a/Cargo.toml", "line": 3, "column": 7}
    names = {"crate": "a", "dependency": "b"}
    expected = {
        "code": "PD001",
        "severity": "error",
        "message": "it is wrong",
        "fix": "write it right",
        **place,
        **names,
    }
    assert finding_object(FINDING) == expected
    assert finding_object(FINDING._replace(commit="0123")) == {**expected, "commit": "0123"}


def test_the_document() -> None:
    """One line with all that the schema promises."""
    text = guard_document("batuta-x", "1.2.3", [FINDING], [Unknown("b", "why")], {"manifests": 1, "refs": 0}, 7)
    assert "\n" not in text
    assert json.loads(text) == {
        "schema": "batuta.guard/1",
        "guard": "batuta-x",
        "version": "1.2.3",
        "findings": [finding_object(FINDING)],
        "unknown": [{"crate": "b", "why": "why"}],
        "checked": {"manifests": 1, "refs": 0},
        "data_age_s": 7,
    }


def test_undecodable_bytes_are_shown() -> None:
    """A name that is not UTF-8 cannot stand in JSON as it is."""
    assert exact("caf\udce9\n\x1bä") == "caf\\xe9\n\x1bä"
    assert exact("\ud800") == "\\ud800"


@given(st.text(alphabet=st.characters(categories=None)))
def test_any_text_is_ascii_on_the_wire_and_exact_behind_it(text: str) -> None:
    """The document is plain ASCII whatever the names; text that is Unicode comes back unchanged."""
    finding = FINDING._replace(path=text, message=text, fix=text, crate=text, dependency=text)
    document = guard_document("g", "1", [finding], [Unknown(text, text)], {}, None)
    assert document.isascii()
    assert "\n" not in document
    (back,) = json.loads(document)["findings"]
    for field in ("path", "message", "fix", "crate", "dependency"):
        back[field].encode()
        if not any("\ud800" <= character <= "\udfff" for character in text):
            assert back[field] == text
