"""`release --dry-run`: the plan as text, JSON, Markdown and job matrix, and exit codes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from batuta_hooks.cli.app import main
from batuta_hooks.cli.release_text import print_plan
from batuta_hooks.stack.rehearse import Rehearsal, Step
from tests.support.registry import FaultyRegistry, index_path, status
from tests.support.releases import ReleaseStack


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ReleaseStack]:
    """Two changed crates, the second of which requires the first, and an unchanged one."""
    with FaultyRegistry() as registry:
        made = ReleaseStack(tmp_path / "stack", registry, monkeypatch)
        made.crate("a").commit("fix: a", {"src/lib.rs": "// 1"})
        made.crate("b", 'a = "0.1.0"').commit("feat: b", {"src/lib.rs": "// 1"})
        made.crate("still")
        yield made


class Said:
    """How `release` ended and what it said."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *arguments: str) -> None:
        self.code = main(["release", *arguments])
        self.out, self.err = capsys.readouterr()

    @property
    def document(self) -> dict[str, Any]:
        """Standard output as JSON."""
        found: dict[str, Any] = json.loads(self.out)
        return found


def test_json(stack: ReleaseStack, capsys: pytest.CaptureFixture[str]) -> None:
    """The document holds the whole plan, and nothing else is on standard output."""
    said = Said(capsys, "--dry-run", "--format", "json")
    assert (said.code, said.err) == (0, "")
    found = said.document
    assert (found["schema"], found["waves"], found["blocked"]) == ("batuta.release/1", [["a"], ["b"]], [])
    assert found["schedule"] == {"eta_s": 0, "waits": []}
    assert found["plan_hash"].startswith(found["id"])
    release = found["releases"][1]
    assert (release["crate"], release["repository"], release["current"]) == ("b", "b", "0.1.0")
    assert (release["next"], release["wave"], release["tag"], release["state"]) == ("0.1.1", 2, "v0.1.1", "planned")
    assert release["requirement_updates"] == [
        {"dependent": "b", "dependency": "a", "before": "0.1.0", "after": "0.1.1"}
    ]
    edits = found["repositories"][1]["edits"]
    assert [(edit["wave"], edit["before"], edit["after"]) for edit in edits] == [(2, "0.1.0", "0.1.1")] * 2


def test_text(stack: ReleaseStack, capsys: pytest.CaptureFixture[str]) -> None:
    """People read waves, versions, reasons and requirements; the diffs where they ask for more."""
    said = Said(capsys, "--dry-run", "--verbose")
    assert said.code == 0
    for line in (
        "Wave 1",
        "  a 0.1.0 → 0.1.1  v0.1.1",
        "      changed since 0.1.0: src/lib.rs",
        "      a `0.1.0` → `0.1.1`",
        '+a = "0.1.1"',
        '-version = "0.1.0"',
    ):
        assert line in said.out.splitlines()
    assert ": 2 crates in 2 waves" in said.out.splitlines()[-1]


def test_markdown_and_matrix(stack: ReleaseStack, capsys: pytest.CaptureFixture[str]) -> None:
    """A pull request gets a table and diffs, a workflow a job for each crate."""
    said = Said(capsys, "b", "--dry-run", "--format", "markdown")
    assert "| 1 | `a` | 0.1.0 → 0.1.1 | `v0.1.1` | b needs it; changed since 0.1.0: src/lib.rs |" in said.out
    assert '+a = "0.1.1"' in said.out
    matrix = Said(capsys, "--dry-run", "--format", "github-matrix").document
    jobs = [(job["wave"], job["repository"], job["gate"]) for job in matrix["include"]]
    assert jobs[:4] == [(1, "a", "lint"), (1, "a", "tests"), (1, "a", "coverage"), (1, "a", "audit")]
    assert jobs[4] == (2, "b", "lint")
    assert matrix["include"][1]["command"] == "cargo test"


def test_a_registry_that_refuses(stack: ReleaseStack, capsys: pytest.CaptureFixture[str]) -> None:
    """What the registry answered is said of each crate that waits for it, and what to do; nothing is guessed."""
    stack.registry.faults[index_path("a")] = [status(403)]
    said = Said(capsys, "a", "--dry-run", "--format", "json")
    assert said.code == 1
    (blocked,) = [one for one in said.document["blocked"] if one["crate"] == "a"]
    assert blocked["by"] == ["unknown"]
    assert blocked["why"].endswith("answered 403")
    assert "`batuta-stack cache warm a`" in blocked["mend"]


def test_nothing(stack: ReleaseStack, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing to release is no failure."""
    said = Said(capsys, "still", "--dry-run", "--format", "json")
    assert (said.code, said.document["waves"], said.document["releases"]) == (0, [], [])
    assert "Nothing to release." in Said(capsys, "still", "--dry-run").out


def test_blocked(stack: ReleaseStack, capsys: pytest.CaptureFixture[str]) -> None:
    """A blocked plan fails, naming codes, crates and the mend."""
    stack.crate("c", 'b = { path = "../b" }', published=False)
    said = Said(capsys, "--dry-run")
    assert said.code == 1
    assert "blocked: c: PD001, PD003: " in said.out
    assert 'write b = "0.1' in said.out
    assert Said(capsys, "--dry-run", "--quiet").out.startswith("blocked: c: PD001, PD003: ")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["nobody", "--dry-run"], "there is no crate `nobody` here"),
        (["stil", "--dry-run"], "did you mean `still`?"),
        (["--bump", "huge", "--dry-run"], "`huge` is no level"),
        (["--bump", "a=1.2", "--dry-run"], "`1.2` is no level"),
        (["a", "--all", "--dry-run"], "--all and names of crates exclude each other"),
        (["--publish"], "there is no terminal to ask"),
        ([], "there is no terminal to ask"),
        (["--publish", "--yes", "--offline"], "nothing can be published with --offline"),
        (["--resume", "abcd", "--yes"], "no commit and no journal here is of a release abcd"),
    ],
)
def test_refused(stack: ReleaseStack, capsys: pytest.CaptureFixture[str], arguments: list[str], reason: str) -> None:
    """What cannot be done is a sentence and exit code 2."""
    said = Said(capsys, *arguments)
    assert (said.code, said.out) == (2, "")
    assert reason in said.err


@pytest.mark.parametrize("arguments", [[], ["--publish"], ["--publish", "--yes"]])
def test_nothing_to_ask_about(stack: ReleaseStack, capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    """Nothing to release is well, whether or not somebody could have been asked."""
    said = Said(capsys, "still", "--format", "json", *arguments)
    assert (said.code, said.document["waves"]) == (0, [])


def test_bumps(stack: ReleaseStack, capsys: pytest.CaptureFixture[str]) -> None:
    """Levels count for all crates, or for the one that they name; conventional commits decide where asked."""

    def nexts(*arguments: str) -> dict[str, str]:
        document = Said(capsys, "--dry-run", "--format", "json", *arguments).document
        return {one["crate"]: one["next"] for one in document["releases"]}

    assert nexts("--bump", "minor") == {"a": "0.2.0", "b": "0.2.0"}
    assert nexts("--bump", "a=major") == {"a": "1.0.0", "b": "0.1.1"}
    assert nexts("--bump", "auto", "--bump", "a=0.1.7") == {"a": "0.1.7", "b": "0.1.1"}
    assert nexts("still", "--bump", "still=0.5.0") == {"still": "0.5.0"}


QUALITY = (
    '[quality]\nlint_command = "true"\ntest_command = "true"\naudit = "skip"\n'
    "coverage_command = \"echo '95.00% coverage, 95/100 lines covered'\"\n"
)


def test_gates(stack: ReleaseStack, capsys: pytest.CaptureFixture[str]) -> None:
    """A release runs its gates; a second one finds them cached, and a dry run says so."""
    stack.configure(QUALITY)
    said = Said(capsys, "--yes", "--format", "json")
    gates = {gate["name"]: gate["state"] for gate in said.document["releases"][0]["gates"]}
    assert (said.code, set(gates.values())) == (0, {"passed"})
    assert "a: lint passed" in said.err
    assert {"lint", "tests", "coverage", "git-clean"} <= set(gates)
    again = Said(capsys, "--dry-run", "--format", "json").document["releases"][1]["gates"]
    assert {gate["name"]: gate["state"] for gate in again}["coverage"] == "cached"
    assert Said(capsys, "--format", "github-matrix").document == {"include": []}


def test_failed_gate(stack: ReleaseStack, capsys: pytest.CaptureFixture[str]) -> None:
    """A failed gate is named with its crate, its reason and its log's end, and the release fails."""
    stack.configure(QUALITY.replace("95", "89"))
    said = Said(capsys, "--yes", "--jobs", "1", "--format", "json")
    assert said.code == 1
    assert [one["state"] for one in said.document["releases"]] == ["failed", "planned"]
    assert "coverage failed for a: 89.00 % of the lines are covered, 90 % are wanted" in said.err
    assert "    89.00% coverage, 89/100 lines covered" in said.err
    skipped = Said(capsys, "--no-verify", "--yes")
    assert skipped.code == 0
    assert "--no-verify" in skipped.err
    assert "gates skipped: lint, tests, coverage" in skipped.out


@pytest.mark.cargo
@pytest.mark.slow
def test_rehearsal(stack: ReleaseStack, capsys: pytest.CaptureFixture[str]) -> None:
    """A rehearsal tells its steps, and which crate failed at which, or was not tried for that."""
    said = Said(capsys, "--rehearse", "--no-verify-build", "--format", "json")
    assert (said.code, said.document["rehearsal"]["passed"]) == (0, True)
    assert "b: publish (" in said.err
    stack.crate("c", files={"build.rs": "fn main() { x }"}, published=False)
    stack.crate("d", 'c = "0.1"', published=False)
    said = Said(capsys, "c", "d", "--rehearse", "--format", "json")
    assert said.code == 1
    assert {one["crate"]: one["state"] for one in said.document["releases"]} == {"c": "failed", "d": "waiting"}
    assert "batuta-stack: c: publish failed:" in said.err
    assert "The rehearsal passed: " in Said(capsys, "a", "--rehearse", "--no-verify-build").out


def test_rehearsal_for_people(stack: ReleaseStack, capsys: pytest.CaptureFixture[str]) -> None:
    """A rehearsal ends with what failed in cargo's words and who was not tried for it, or with how long it took."""
    prepared = stack.prepared()
    failed = Step("a", "a", "publish", passed=False, seconds=1.0, said="error: it does\n  not build")
    for rehearsal, lines in (
        (Rehearsal((failed,), ("b",), 2.0), ["rehearsal: a: publish failed", "    error: it does", "      not build"]),
        (Rehearsal((failed._replace(passed=True),), (), 2.0), ["The rehearsal passed: 1 steps in 2.0 s"]),
    ):
        print_plan(prepared, {}, rehearsal, color=False, quiet=False, verbose=False)
        said = capsys.readouterr().out.splitlines()
        assert set(lines) <= set(said)
        assert ("rehearsal: b: not tried, for a crate that it needs failed" in said) == bool(rehearsal.failed)


def test_markdown_of_little(stack: ReleaseStack, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing to release is said, and so is what blocks."""
    assert "Nothing to release." in Said(capsys, "still", "--dry-run", "--format", "markdown").out
    stack.crate("c", 'b = { path = "../b" }', published=False)
    said = Said(capsys, "--dry-run", "--format", "markdown")
    assert said.code == 1
    assert "- **blocked** `c` (PD001, PD003): " in said.out
    assert "batuta-stack: blocked: c: PD001, PD003: " in said.err
