"""What reaches standard output and standard error, and what happens where they are closed, full or odd."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path

import pytest

from tests.guards.asking import GUARD, ask, start
from tests.support.process import run, unmeasured
from tests.support.repos import Repo, make_repo, package
from tests.support.schemas import faults, sarif_schema

BAD = package("a", '[dependencies]\nb = { path = "ä/b" }')


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A repository with one finding, in whose mend and message there is a letter beyond ASCII."""
    return make_repo(tmp_path / "r", {"Cargo.toml": BAD, "ä/b/Cargo.toml": package("b")})


def in_shell(repo: Repo, command: str, code: int) -> str:
    """Run a shell command in which $0 is the guard; returns what it wrote to both outputs."""
    return run(["sh", "-c", f"{{ {command}; }} 2>&1", GUARD], cwd=repo.path, code=code).stdout


@pytest.mark.parametrize("arguments", ["", "--format json", "--strict"])
@pytest.mark.parametrize("closed", ["0<&-", ">&-", "2>&-", ">&- 2>&-", "0<&- >&- 2>&-"])
def test_closed_outputs(closed: str, arguments: str, repo: Repo) -> None:
    """Whatever is closed, the verdict is the exit code, and nothing goes where it does not belong."""
    said = in_shell(repo, f'"$0" {arguments} {closed}', 1)
    if ">&-" not in closed.replace("2>&-", ""):
        assert "PD001" in said
    else:
        assert said == ""


@pytest.mark.parametrize("command", ['"$0" --nonsense 2>&-', '"$0" --source nowhere 2>&-', '"$0" --help >&-'])
def test_closed_outputs_of_other_ends(command: str, repo: Repo) -> None:
    """Nothing is said where nobody can hear it, on the other output least of all."""
    assert in_shell(repo, command, 0 if "help" in command else 2) == ""


def test_a_push_with_closed_input(repo: Repo) -> None:
    """A push cannot be judged without git's lines; that they lack is said."""
    said = in_shell(repo, '"$0" --stage push 0<&-', 2)
    assert "reads git's lines from standard input, which is closed here" in said


def test_a_reader_that_went_away(repo: Repo) -> None:
    """A pipe whose other end is closed ends the guard silently, with the verdict's code."""
    many = "".join(f'd{number} = {{ path = "ä/b" }}\n' for number in range(500))
    repo.write({"Cargo.toml": package("a", f"[dependencies]\n{many}")})
    for arguments in ([], ["--format", "json"]):
        child = subprocess.Popen([GUARD, *arguments], cwd=repo.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert child.stdout is not None
        child.stdout.close()
        assert child.stderr is not None
        assert child.stderr.read() == b""
        child.stderr.close()
        assert child.wait(60) == 1


def test_errors_that_nobody_reads(repo: Repo) -> None:
    """A closed pipe in the place of standard error changes no exit code."""
    child = subprocess.Popen([GUARD, "--nonsense"], cwd=repo.path, stderr=subprocess.PIPE)
    assert child.stderr is not None
    child.stderr.close()
    assert child.wait(60) == 2


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_full_disk(repo: Repo) -> None:
    """Findings that cannot be written are an error of their own: they must not be lost silently."""
    for arguments in ("", "--format json"):
        said = in_shell(repo, f'"$0" {arguments} >/dev/full', 2)
        assert said == (
            "batuta-path-deps: the findings cannot be written to standard output: No space left on device\n"
        )


def test_encodings(repo: Repo) -> None:
    """Letters that the terminal's encoding lacks are escaped in text; JSON is the same everywhere."""
    assert '{ version = "0.1.0", path = "ä/b" }' in start(repo.path).out
    ascii_only = start(repo.path, env={"PYTHONIOENCODING": "ascii"})
    assert (ascii_only.code, ascii_only.err) == (1, "")
    assert '{ version = "0.1.0", path = "\\xe4/b" }' in ascii_only.out
    document = start(repo.path, "--format", "json", env={"PYTHONIOENCODING": "ascii"}).document
    assert document == start(repo.path, "--format", "json").document
    assert "ä/b" in document["findings"][0]["fix"]


@pytest.mark.parametrize(
    ("arguments", "env", "colored"),
    [
        ([], {}, True),
        ([], {"NO_COLOR": "1"}, False),
        ([], {"NO_COLOR": ""}, True),
        ([], {"TERM": "dumb"}, False),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        (["--color", "never"], {}, False),
    ],
)
def test_colors_in_a_terminal(arguments: list[str], env: dict[str, str], colored: bool, repo: Repo) -> None:
    """A terminal gets colours unless the user or the terminal does not want them."""
    ours, theirs = pty.openpty()
    env = {"TERM": "xterm"} | env
    subprocess.run([GUARD, *arguments], cwd=repo.path, stdout=theirs, env=unmeasured() | env, check=False)
    os.close(theirs)
    shown = os.read(ours, 1 << 16).decode()
    os.close(ours)
    assert "PD001" in shown
    assert ("\x1b[" in shown) is colored


def test_colors_elsewhere(repo: Repo) -> None:
    """A pipe gets them only where they are asked for."""
    assert "\x1b" not in ask(repo.path).out
    assert "\x1b" not in ask(repo.path, "--color=never").out
    assert "\x1b" in ask(repo.path, "--color=always").out
    assert "\x1b" not in ask(repo.path, "--color=always", "--format=json").out


def test_sarif(repo: Repo) -> None:
    """The guard's findings as SARIF that its schema accepts, by name and version of the guard; none is a list too."""
    answer = ask(repo.path, "--format", "sarif")
    assert (answer.code, answer.err) == (1, "")
    assert faults(answer.document, sarif_schema()) == []
    (run,) = answer.document["runs"]
    assert run["tool"]["driver"]["name"] == "batuta-path-deps"
    assert [result["ruleId"] for result in run["results"]] == ["PD001"]
    repo.write({"Cargo.toml": package("a")})
    assert ask(repo.path, "--format=sarif").document["runs"][0]["results"] == []


def test_github(repo: Repo) -> None:
    """The guard's findings as workflow commands, a line each; nothing at all where there are none."""
    answer = ask(repo.path, "--format=github")
    assert (answer.code, answer.err) == (1, "")
    assert answer.out.startswith("::error file=Cargo.toml,line=")
    assert answer.out.count("\n") == 1
    repo.write({"Cargo.toml": package("a")})
    assert ask(repo.path, "--format=github") == (0, "", "")
