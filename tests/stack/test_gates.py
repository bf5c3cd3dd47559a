"""Gates over real repositories and real commands: what passes, what stops the line, what is not run twice."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from batuta_hooks.domain.audit import Advisory, InvalidAudit, read_audit, stopping
from batuta_hooks.domain.config import Config, Gate, Quality
from batuta_hooks.domain.lint_output import Lint, read_lint
from batuta_hooks.stack.gate_judges import base_score
from batuta_hooks.stack.gate_values import GateResult, Going
from batuta_hooks.stack.gates import Gated, Gates, failures
from tests.support.repos import Repo, make_repo

QUIET = Quality(lint_command="true", test_command="true", coverage_command="echo '100.00% coverage, 1/1 lines covered'")
Run = Callable[..., dict[str, GateResult]]


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A clean repository."""
    return make_repo(tmp_path / "r", {"x": "1", ".gitignore": "ignored\n"})


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Where logs and results go."""
    return tmp_path / ".batuta"


def gated(repo: Repo, quality: Quality = QUIET, *gates: Gate, wave: int = 1) -> Gated:
    """A repository with one crate, and its gates; no audit unless asked for."""
    found = quality if quality.audit != "critical" else quality._replace(audit="skip")
    return Gated(
        repo.path.name, str(repo.path), {"crate": Going("", "patch")}, wave, Config(quality=found, gates=gates)
    )


def run(own: Path, *repositories: Gated, uses_cache: bool = True, jobs: int = 1) -> dict[str, GateResult]:
    """How each gate came out, by repository and name."""
    found = Gates(repositories, str(own), uses_cache=uses_cache).run(jobs)
    return {f"{path}/{one.name}": one for path, results in found.items() for one in results}


def states(results: dict[str, GateResult]) -> dict[str, str]:
    """The states of the gates that run a command, by name."""
    return {name.partition("/")[2]: one.state for name, one in results.items() if one.log or one.state != "passed"}


def test_all_pass(repo: Repo, own: Path) -> None:
    """Each gate has its state, its time and a log; the folder of the logs hides itself from git."""
    results = run(own, gated(repo, QUIET, Gate("extra", "echo said; pwd")))
    assert {one.state for one in results.values()} == {"passed"}
    assert [one.name for one in results.values()][:5] == [
        *("git-clean", "no-paths", "publishable", "tag-free", "version-free")
    ]
    assert results["r/coverage"].detail == "100.00 %"
    log = Path(results["r/extra"].log)
    assert log.parent == own / "logs"
    assert log.read_text() == f"said\n{repo.path}\n"
    assert (own / ".gitignore").read_text() == "*\n"


def test_cached(repo: Repo, own: Path) -> None:
    """What passed is not run again until the tree, the command or the configuration changes; failures always are."""
    counter = own.parent / "count"
    quality = QUIET._replace(lint_command=f"echo x >> {counter}", test_command="exit 3")
    for _ in range(2):
        assert run(own, gated(repo, quality))["r/tests"].state == "failed"
    assert counter.read_text() == "x\n"
    assert run(own, gated(repo, quality))["r/lint"].state == "cached"
    assert run(own, gated(repo, quality), uses_cache=False)["r/lint"].state == "passed"
    assert run(own, gated(repo, quality._replace(max_warnings=3)))["r/lint"].state == "passed"
    repo.commit("more", {"x": "2"})
    assert run(own, gated(repo, quality))["r/lint"].state == "passed"
    (repo.path / ".cargo").mkdir()
    (own.parent / ".cargo").mkdir()
    (own.parent / ".cargo" / "config.toml").write_text('[patch.crates-io]\nx = { path = "x" }\n')
    assert run(own, gated(repo, quality))["r/lint"].state == "passed"
    assert counter.read_text() == "x\n" * 5


def test_pending(repo: Repo, own: Path) -> None:
    """Without a run the gates are pending or cached, and nothing is written."""
    gates = Gates([gated(repo)], str(own))
    assert {one.state for one in gates.pending()["r"]} == {"pending"}
    assert not own.exists()
    run(own, gated(repo))
    found = {one.name: one.state for one in gates.pending()["r"]}
    assert (found["git-clean"], found["lint"], found["coverage"]) == ("pending", "cached", "cached")
    assert {one.state for one in gates.skipped()["r"]} == {"skipped"}


@pytest.mark.parametrize(
    ("quality", "gate", "detail"),
    [
        (
            QUIET._replace(lint_command="echo 'error[E0308]: mismatched types'; exit 101"),
            "lint",
            "1 errors, 0 warnings",
        ),
        (QUIET._replace(lint_command="echo 'warning: unused'", max_warnings=0), "lint", "max_warnings allows 0"),
        (QUIET._replace(test_command="exit 7"), "tests", "exit code 7"),
        (QUIET._replace(test_command="no-such-command-here"), "tests", "cannot be run"),
        (QUIET._replace(coverage_command="echo '89.90% coverage, 899/1000 lines covered'"), "coverage", "89.90 %"),
        (QUIET._replace(coverage_command="true"), "coverage", "gave no figure"),
        (QUIET._replace(test_command="echo new > left"), "tests", "it changed left"),
        (QUIET._replace(lint_command="echo changed > x; exit 1"), "lint", "it changed x"),
        (QUIET._replace(audit="high"), "audit", "cargo install cargo-audit"),
    ],
)
def test_failures(repo: Repo, own: Path, quality: Quality, gate: str, detail: str) -> None:
    """Each way to fail is said, and the gates after it do not run."""
    results = run(own, gated(repo, quality))
    failed = [one for one in results.values() if one.state == "failed"]
    assert [one.name for one in failed] == [gate]
    assert detail in failed[0].detail
    after = [one.state for one in results.values()][list(results).index(f"r/{gate}") + 1 :]
    assert set(after) <= {"pending"}


def test_what_a_gate_changed_stays(repo: Repo, own: Path) -> None:
    """A gate that dirties the tree fails, and its work is not thrown away."""
    run(own, gated(repo, QUIET._replace(test_command="echo new > x")))
    assert (repo.path / "x").read_text() == "new\n"
    results = run(own, gated(repo))
    assert results["r/git-clean"].detail == "not committed: x: commit, ignore or remove it"
    assert states(results) == {
        **dict.fromkeys(("no-paths", "publishable", "tag-free", "version-free"), "pending"),
        **dict.fromkeys(("lint", "tests", "coverage"), "pending"),
        "git-clean": "failed",
    }


def test_hanging_gate(repo: Repo, own: Path) -> None:
    """A gate that takes too long is ended with all that it started."""
    script = "sleep 300 & echo $! > ignored; wait"
    results = run(own, gated(repo, QUIET, Gate("slow", script, timeout_s=0.4)))
    assert results["r/slow"].state == "failed"
    assert "longer than 0 s" in results["r/slow"].detail
    child = int((repo.path / "ignored").read_text())
    deadline = time.monotonic() + 5
    while _is_running(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _is_running(child)


def _is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in ("Z", "X")


def test_the_line_stops(tmp_path: Path, own: Path) -> None:
    """After a failure nothing new begins; what runs beside it finishes and is told."""
    first, second, third = (make_repo(tmp_path / name, {"x": "1"}) for name in ("a", "b", "c"))
    wait = f"while [ ! -e {tmp_path}/b-runs ]; do sleep 0.01; done; exit 1"
    beside = f"touch {tmp_path}/b-runs; sleep 0.5"
    results = run(
        own,
        gated(first, QUIET._replace(lint_command=wait)),
        gated(second, QUIET._replace(lint_command=beside)),
        gated(third, wave=2),
        jobs=2,
    )
    found = {name: one.state for name, one in results.items()}
    assert (found["a/lint"], found["a/tests"]) == ("failed", "pending")
    assert (found["b/lint"], found["b/tests"]) == ("passed", "pending")
    assert {state for name, state in found.items() if name.startswith("c/")} == {"pending"}
    assert [path for path, _ in failures({"a": [results["a/lint"]], "b": [results["b/lint"]]})] == ["a"]


def test_coverage_from_a_file(repo: Repo, own: Path) -> None:
    """A coverage file counts if the command has just written it: an older one says nothing of this tree."""
    lcov = "SF:x\\nLF:10\\nLH:9\\nend_of_record\\n"
    write = QUIET._replace(coverage_command=f"mkdir -p ignored; printf '{lcov}' > lcov.info")
    repo.commit("ignore", {".gitignore": "ignored\nlcov.info\n"})
    results = run(own, gated(repo, write))
    assert (results["r/coverage"].state, results["r/coverage"].detail) == ("passed", "90.00 %")
    os.utime(repo.path / "lcov.info", (0, 0))
    results = run(own, gated(repo, QUIET._replace(coverage_command="true")))
    assert results["r/coverage"].state == "failed"


def test_gates_of_crates(repo: Repo, own: Path) -> None:
    """A gate for each crate runs in its folder."""
    repo.commit("crates", {"a/x": "1", "b/x": "1"})
    one = gated(repo, QUIET, Gate("own", "pwd; test -e good", per="crate"))._replace(
        crates={"a": Going("a"), "b": Going("b")}
    )
    repo.commit("good", {"a/good": ""})
    found = Gates([one], str(own)).run(1)["r"]
    assert [(result.crate, result.state) for result in found if result.name == "own"] == [
        ("a", "passed"),
        ("b", "failed"),
    ]


CRITICAL, MEDIUM = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:N/A:N"


def report(*vectors: str | None) -> str:
    """What `cargo audit --json` prints for advisories with these scores."""
    listed = [
        {
            "advisory": {"id": f"RUSTSEC-2024-000{n}", "title": "t", "cvss": v},
            "package": {"name": "p", "version": "1.0.0"},
        }
        for n, v in enumerate(vectors)
    ]
    return json.dumps(
        {"vulnerabilities": {"found": bool(listed), "count": len(listed), "list": listed}, "warnings": {}}
    )


@pytest.mark.parametrize(
    ("level", "vectors", "count"),
    [
        ("critical", (CRITICAL, MEDIUM, None), 1),
        ("high", (CRITICAL, MEDIUM, None), 2),
        ("any", (CRITICAL, MEDIUM, None), 3),
        ("critical", (), 0),
        ("critical", ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",), 1),
        ("critical", ("nonsense",), 0),
    ],
)
def test_audit_levels(level: str, vectors: tuple[str | None, ...], count: int) -> None:
    """Advisories stop by severity; one without a score counts as high."""
    assert len(stopping(read_audit(report(*vectors), base_score), level)) == count


def test_audit_output() -> None:
    """The worst comes first, and what is no report is never a clean one."""
    found = read_audit(report(None, CRITICAL), base_score)
    assert found[0] == Advisory("RUSTSEC-2024-0001", "p 1.0.0", "t", 9.8)
    for text in ("", "[]", "{}", '{"vulnerabilities": {"list": [1]}}', "error: couldn't fetch"):
        with pytest.raises(InvalidAudit):
            read_audit(text, base_score)


@pytest.fixture
def audited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], None]:
    """Puts a `cargo` first on PATH that prints a recorded report for `cargo audit`."""
    folder = tmp_path / "bin"
    folder.mkdir()

    def record(text: str, code: int) -> None:
        (tmp_path / "report.json").write_text(text)
        script = folder / "cargo"
        script.write_text(f"#!/bin/sh\ncat {tmp_path}/report.json\nexit {code}\n")
        script.chmod(0o755)

    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return record


def test_audit_gate(repo: Repo, own: Path, audited: Callable[[str, int], None]) -> None:
    """A recorded report is judged by its advisories, whatever the exit code; what is no report fails."""
    quality = QUIET._replace(audit="high")
    audited(report(MEDIUM), 1)
    passed = run(own, gated(repo, quality))["r/audit"]
    assert (passed.state, passed.detail) == ("passed", "1 advisories below high")
    audited(report(CRITICAL), 1)
    failed = run(own, gated(repo, quality), uses_cache=False)["r/audit"]
    assert failed.state == "failed"
    assert "RUSTSEC-2024-0000 in p 1.0.0 (9.8)" in failed.detail
    audited("error: couldn't fetch advisory database", 2)
    assert run(own, gated(repo, quality), uses_cache=False)["r/audit"].state == "failed"


def test_semver_gate(repo: Repo, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where cargo-semver-checks is installed it judges each library by the step of its version."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in (("cargo-semver-checks", "exit 0"), ("cargo", 'echo "$@"; exit 1')):
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    assert "r/semver" not in run(own, gated(repo))
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    failed = run(own, gated(repo))["r/semver"]
    assert (failed.state, failed.crate) == ("failed", "crate")
    assert "--bump crate=major" in failed.detail
    assert Path(failed.log).read_text() == "semver-checks check-release --package crate --release-type patch\n"
    assert "r/semver" not in run(own, gated(repo)._replace(crates={"new": Going("")}))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", Lint(0, 0)),
        ("warning: unused variable: `x`\n --> src/lib.rs\nwarning: `p` (lib) generated 1 warning\n", Lint(1, 0)),
        (
            "warning: `p` (lib) generated 3 warnings\nwarning: `p` (test) generated 4 warnings (3 duplicates)",
            Lint(4, 0),
        ),
        (
            "error[E0308]: x\nerror: y\nerror: could not compile `p` due to 2 previous errors; 1 warning emitted",
            Lint(0, 2),
        ),
        ("error: could not compile `p` (lib) due to 1 previous error", Lint(0, 1)),
        ("\x1b[1m\x1b[33mwarning\x1b[0m\x1b[1m: unused\x1b[0m", Lint(1, 0)),
        (
            "\n".join(
                json.dumps({"reason": "compiler-message", "message": {"level": level, "message": said}})
                for level, said in (
                    ("warning", "unused"),
                    ("error", "bad"),
                    ("error", "aborting due to 1 previous error"),
                    ("warning", "1 warning emitted"),
                )
            ),
            Lint(1, 1),
        ),
    ],
)
def test_lint_output(text: str, found: Lint) -> None:
    """Warnings and errors are counted in cargo's words and in its JSON, sums of them not twice."""
    assert read_lint(text) == found
