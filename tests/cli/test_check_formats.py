"""The check's report for code scanning, for a workflow's log and for a pull request."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from batuta_hooks.cli.app import main
from tests.support.repos import make_repo, package
from tests.support.schemas import faults, sarif_schema

STAR = '[dependencies]\nserde = "*"'
HOSTILE = 'a,b:%0A"<b>`|@x[y](z)'


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, which holds a stack: a crate with an error, a healthy one, and a folder that is missing."""
    make_repo(tmp_path / "bad one", {"Cargo.toml": package("bad", STAR)})
    make_repo(tmp_path / "good", {"Cargo.toml": package("good")})
    (tmp_path / "batuta-stack.toml").write_text('[stack]\nrepositories = ["bad one", "good", "gone"]\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def printed(capsys: pytest.CaptureFixture[str], format_: str, *arguments: str, code: int = 1) -> str:
    """What `check` prints in a format, nothing of it on standard error."""
    assert main(["check", "--format", format_, *arguments]) == code
    out, error = capsys.readouterr()
    assert error == ""
    return out


@pytest.mark.usefixtures("stack")
def test_sarif(capsys: pytest.CaptureFixture[str]) -> None:
    """One valid document: the finding at its place in the workspace, what was not judged as a notification."""
    document = json.loads(printed(capsys, "sarif"))
    assert faults(document, sarif_schema()) == []
    (run,) = document["runs"]
    assert run["tool"]["driver"]["name"] == "batuta-stack"
    (result,) = run["results"]
    assert result["ruleId"] == "PD005"
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "bad%20one/Cargo.toml"
    assert place["region"] == {"startLine": 7, "startColumn": 1}
    notes = [note["message"]["text"] for note in run["invocations"][0]["toolExecutionNotifications"]]
    assert notes[-1] == "undecided: gone: the repository was not judged: there is no such folder"


def test_sarif_fingerprint_stays(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A finding whose line moved is the same finding."""

    def fingerprint() -> tuple[int, str]:
        (result,) = json.loads(printed(capsys, "sarif"))["runs"][0]["results"]
        line = result["locations"][0]["physicalLocation"]["region"]["startLine"]
        return line, result["partialFingerprints"]["batutaFinding/v1"]

    line, before = fingerprint()
    manifest = stack / "bad one" / "Cargo.toml"
    manifest.write_text(f"# one line more\n\n{manifest.read_text()}")
    assert fingerprint() == (line + 2, before)


@pytest.mark.usefixtures("stack")
def test_github(capsys: pytest.CaptureFixture[str]) -> None:
    """One command a line: the finding at its place, a warning for what was not judged."""
    first, second = printed(capsys, "github").splitlines()
    assert first.startswith("::error file=bad one/Cargo.toml,line=7,col=1,title=PD005::`serde` is required at any")
    assert second == "::warning::gone: not judged (missing): there is no such folder"


@pytest.mark.usefixtures("stack")
def test_markdown(capsys: pytest.CaptureFixture[str]) -> None:
    """A heading with the verdict, tables of unhealthy crates and findings, what was not judged, and what to do."""
    out = printed(capsys, "markdown")
    assert out.startswith("## batuta-stack check: 1 error\n\n2 crates in 3 repositories, 1 healthy.\n")
    assert "| `bad` | 0\\.1\\.0 | - | error | no |" in out or "| `bad` | 0.1.0 | - | error | no |" in out
    assert "| error | `bad one/Cargo.toml:7` | PD005 | `serde` is required at any version" in out
    assert "| `gone` | there is no such folder |" in out
    assert "good" not in out
    assert "`batuta-stack explain PD005`" in out
    page = MarkdownIt("gfm-like", {"linkify": False}).render(out)
    assert page.count("<table>") == 3


@pytest.mark.usefixtures("stack")
def test_markdown_of_a_clean_stack(capsys: pytest.CaptureFixture[str]) -> None:
    """Where nothing is wrong it is two lines, and perhaps what to do."""
    out = printed(capsys, "markdown", "good", code=0)
    assert out.startswith("## batuta-stack check: nothing found\n\n1 crate in 1 repository, 1 healthy.\n")
    assert "|" not in out


def test_markdown_of_conflicts(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A dependency that is needed in versions that do not fit is a row: who requires what, and the way out."""
    make_repo(stack / "good", {"Cargo.toml": package("good", '[dependencies]\narrow = "54"\nlower = "0.1"')})
    make_repo(stack / "lower", {"Cargo.toml": package("lower", '[dependencies]\narrow = "53"')})
    (stack / "batuta-stack.toml").write_text('[stack]\nrepositories = ["good", "lower"]\n')
    out = printed(capsys, "markdown", code=0)
    assert "\n| `arrow` | `53` by `lower`; `54` by `good` | raise `arrow` to 54 in lower |\n" in out


@pytest.mark.usefixtures("stack")
def test_markdown_of_very_many_findings(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is too long for a comment on GitHub is counted instead, and the actions are there all the same."""
    needs = "".join(f'a-rather-long-name-{number} = "*"\n' for number in range(600))
    make_repo(stack / "good", {"Cargo.toml": package("good", f"[dependencies]\n{needs}")})
    out = printed(capsys, "markdown")
    assert len(out) < 65_536
    assert re.search(r"\nAnd \d+ more lines: `batuta-stack check` prints all\.\n", out)
    assert "### Recommended actions" in out


def test_hostile_names(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Names of folders and packages, whatever they hold, stay in their place in every format."""
    folder = stack / "good" / f"{HOSTILE}\n\x1b[31m"
    folder.mkdir()
    make_repo(stack / "good", {f"{folder.name}/Cargo.toml": package(r"bad\u001b\n::error::", STAR)})
    document = json.loads(printed(capsys, "sarif"))
    assert faults(document, sarif_schema()) == []
    lines = printed(capsys, "github").splitlines()
    assert [line.split()[0] for line in lines] == ["::error", "::warning", "::warning::gone:"]
    page = MarkdownIt("gfm-like", {"linkify": False}).render(printed(capsys, "markdown"))
    assert "<b>" not in page
    assert "href" not in page
    for format_ in ("sarif", "github", "markdown", "json", "text"):
        assert "\x1b" not in printed(capsys, format_)


@pytest.mark.usefixtures("stack")
def test_unknown_format(capsys: pytest.CaptureFixture[str]) -> None:
    """Another format is refused by name."""
    assert main(["check", "--format", "xml"]) == 2
    assert "xml" in capsys.readouterr().err
