"""Figures from journals: durations, gates that failed, waiting, and what follows from them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from batuta_hooks.cli.app import main
from batuta_hooks.stack.journal import Journal, journals, noted_releases, read_journal
from batuta_hooks.stack.metrics import measure
from tests.support.repos import make_repo, package

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
HASH = "ab" * 32


def journal(own: Path, name: str, *lines: dict[str, Any], start: datetime = START) -> Path:
    """Write a journal, a line each minute."""
    path = own / "releases" / f"{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    written = []
    for number, line in enumerate(lines):
        at = (start + timedelta(minutes=number)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        written.append(json.dumps({"schema": "batuta.journal/1", "at": at, **line}))
    path.write_text("\n".join(written) + "\n")
    return path


def gate(state: str, seconds: float = 1.0, name: str = "tests") -> dict[str, Any]:
    """A gate's result."""
    return {"repository": "a", "name": name, "state": state, "seconds": seconds, "crate": "", "log": "x.log"}


PLAN = {"event": "plan", "plan_hash": HASH, "waves": [["a"]], "releases": [{"crate": "a", "next": "1.0.0"}]}
OVER = {"event": "over", "outcomes": {"a": {"state": "done"}}}


def end(step: str, seconds: float) -> dict[str, Any]:
    """A step that acted."""
    return {"event": "end", "step": step, "seconds": seconds, "was_done": False}


def test_figures(tmp_path: Path) -> None:
    """Time by phase, cached and failed gates, rollbacks, and the advice that these figures give."""
    gates = {"event": "gates", "gates": [gate("failed"), gate("cached"), gate("passed", 900, "lint")]}
    journal(tmp_path, "aaaa", gates, PLAN, end("publish", 10), end("index", 90), OVER)
    journal(tmp_path, "bbbb", {"event": "gates", "gates": [gate("failed")]})
    journal(tmp_path, "cccc", PLAN, end("publish", 1), start=START + timedelta(hours=1))
    journal(tmp_path, "aaaa-rollback", {"event": "begin", "step": "yank"})
    journal(tmp_path, "old", PLAN, OVER, start=START - timedelta(days=60))
    found = measure(str(tmp_path), 30, START + timedelta(days=1))
    assert [(one.id, one.is_done, one.crates) for one in found.releases] == [
        ("aaaa", True, ("a",)),
        ("cccc", False, ()),
    ]
    assert found.phases == {"publish": 11, "index": 90, "gates": 901}
    assert (found.gates_run, found.gates_cached, found.rollbacks, found.waiting_s) == (3, 1, 1, 90)
    assert [tuple(one) for one in found.failures] == [("tests", "a", 2)]
    assert found.mean_s == 180
    assert found.trend is None
    assert any("tests failed 2 times for a" in one for one in found.recommendations)
    assert any("lint of a takes up to 15 min" in one for one in found.recommendations)
    assert any("release cccc is not at its end" in one for one in found.recommendations)
    goals = dict(found.goals)
    assert goals["Release coordination time"] == "3.0 min"
    assert goals["Dependency conflict detection"] == "not measured"


def test_nothing(tmp_path: Path) -> None:
    """Without journals nothing is measured, and it says so."""
    found = measure(str(tmp_path), 30, START)
    assert (found.releases, found.mean_s, found.recommendations) == ((), None, ())
    assert {value for name, value in found.goals if name != "Broken releases (rolled back)"} == {"not measured"}


def test_trend_and_waiting(tmp_path: Path) -> None:
    """Newer releases are held against older ones; much waiting is told."""
    journal(tmp_path, "aaaa", PLAN, end("index", 90), OVER)
    journal(tmp_path, "bbbb", PLAN, OVER, start=START + timedelta(hours=1))
    found = measure(str(tmp_path), 30, START + timedelta(days=1))
    assert found.trend == pytest.approx(0.5)
    assert any("waiting for the index" in one for one in found.recommendations)


def test_journal_that_was_cut_off(tmp_path: Path) -> None:
    """A last line that a kill cut off is left out, and what is written after it is read again."""
    path = journal(tmp_path, "aaaa", PLAN)
    with path.open("a") as file:
        file.write('{"schema": "batuta.journal/1", "ev')
    assert [line["event"] for line in read_journal(str(path))] == ["plan"]
    Journal(str(tmp_path), "aaaa").write("note", detail="x")
    assert [line["event"] for line in read_journal(str(path))] == ["plan", "note"]
    assert [dict(one.versions) for one in noted_releases(str(tmp_path))] == [{"a": "1.0.0"}]
    assert list(journals(str(tmp_path))) == ["aaaa"]
    assert journals(str(tmp_path / "nowhere")) == {}


@pytest.mark.parametrize("format_", ["text", "json", "html"])
def test_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], format_: str
) -> None:
    """All three forms tell of the release, and of names only as text."""
    make_repo(tmp_path / "a", {"Cargo.toml": package("a"), "src/lib.rs": ""})
    failing = {"event": "gates", "gates": [{**gate("failed"), "name": "<b>"}]}
    journal(tmp_path / ".batuta", "aaaa", failing, PLAN, OVER)
    (tmp_path / "batuta-stack.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int((START + timedelta(days=1)).timestamp())))
    assert main(["metrics", "--format", format_]) == 0
    out = capsys.readouterr().out
    if format_ == "json":
        found = json.loads(out)
        assert (found["schema"], found["releases"][0]["id"]) == ("batuta.metrics/1", "aaaa")
        assert found["failures"] == [{"gate": "<b>", "whose": "a", "times": 1}]
    else:
        assert "aaaa" in out
        assert ("<b>" in out) == (format_ == "text")


def test_more_failures_than_are_listed(tmp_path: Path) -> None:
    """Five gates are listed; all that failed count against the goal."""
    failed = [gate("failed", name=f"gate-{number}") for number in range(8)]
    journal(tmp_path, "aaaa", {"event": "gates", "gates": [*failed, gate("passed"), gate("passed")]}, PLAN, OVER)
    found = measure(str(tmp_path), 30, START + timedelta(days=1))
    assert (len(found.failures), found.gates_run, found.gates_failed) == (5, 10, 8)
    assert dict(found.goals)["Quality gate compliance"] == "20 %"
