"""The command line of batuta-stack: options before and after the command, suggestions, exit codes, no tracebacks."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import pytest

from batuta_hooks.cli import check as check_command
from batuta_hooks.cli.app import main
from tests.support.process import run
from tests.support.repos import make_repo, package

SCRIPT = Path(sys.executable).parent / "batuta-stack"


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stack of a crate with an error and a healthy one, which is the current folder."""
    folder = tmp_path / "stack"
    make_repo(folder / "bad", {"Cargo.toml": package("bad", '[dependencies]\nserde = "*"')})
    make_repo(folder / "good", {"Cargo.toml": package("good")})
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(
    ("arguments", "said", "mend"),
    [
        (["chek"], "no such command 'chek'", "did you mean check?"),
        (["check", "--formt", "json"], "no such option", "did you mean --format?"),
        (["--quite", "check"], "no such option: --quite", "did you mean --quiet?"),
        (["check", "--workspac", "x"], "no such option: --workspac", "did you mean --workspace?"),
        (["check", "--format", "jsn"], "'jsn' is not one of 'text', 'json'", "batuta-stack check --help"),
        (["check", "--color", "red"], "'red' is not one of 'auto', 'always', 'never'", "batuta-stack check --help"),
        (["check", "--jobs", "0"], "--jobs", "batuta-stack check --help"),
        (["check", "--jobs", "many"], "--jobs", "batuta-stack check --help"),
        (["--workspace"], "--workspace", "--help"),
        (["explain"], "no finding code is given", "there are PD001"),
        (["explain", "PD0001"], "`PD0001` is no finding code", "did you mean PD001?"),
        (["check", "god"], "there is no crate `god` here", "did you mean `good`?"),
        (["check", "--project", "bda"], "there is no crate `bda` here", "did you mean `bad`?"),
        (["check", "--workspace", "nowhere"], "`nowhere` is no folder", "--workspace"),
        (["check", "--source", "v9"], "v9", "branch, a tag"),
        (["cache"], "missing command", "batuta-stack cache --help"),
        (["cache", "wram"], "no such command 'wram'", "did you mean warm?"),
        (["cache", "warm", "--jobs", "x"], "--jobs", "batuta-stack cache warm --help"),
        (["cache", "export"], "FILE", "batuta-stack cache export --help"),
        (["cache", "warm", "serde", "--transitive"], "--transitive is for the whole stack", "leave the names"),
        (["check", "--as-of", "yesterday"], "--as-of yesterday: it is no ISO date or time", "2025-12-05T10:30:00Z"),
        (["init", "--baselin"], "no such option: --baselin", "did you mean --baseline?"),
    ],
)
def test_wrong_usage(
    stack: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str, mend: str
) -> None:
    """Whatever is wrong about a command line is a sentence, a suggestion below it, and exit code 2."""
    if "v9" in arguments:
        arguments = [*arguments, "--workspace", str(stack / "good")]
    assert main(arguments) == 2
    printed, error = capsys.readouterr()
    assert printed == ""
    first, *rest = error.splitlines()
    assert first.startswith("batuta-stack: ")
    assert said in first
    assert "v9" in said or mend in "".join(rest)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["-h"],
        ["check", "--help"],
        ["explain", "-h"],
        ["init", "--help"],
        ["cache", "-h"],
        ["cache", "warm", "-h"],
    ],
)
def test_help(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    """Help is printed on standard output, with the common options for every command."""
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    for option in ("--workspace", "--color", "--quiet", "--verbose", "--offline", "--as-of", "--jobs"):
        assert option in printed


def test_no_command(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a command the help is printed, and nothing was done: exit code 2."""
    assert main([]) == 2
    assert "Commands:" in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """The version is the installed one."""
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"batuta-stack {version('batuta-hooks')}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--quiet", "--offline", "--workspace", "stack", "--jobs", "1", "check"],
        ["check", "--quiet", "--offline", "--workspace", "stack", "--jobs", "1"],
        ["--workspace", "nowhere", "-j1", "check", "-q", "--workspace=stack"],
        ["-q", "check", "--workspace", "stack", "--verbose"],
    ],
)
def test_common_options_before_and_after(
    stack: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    """Common options mean the same before and after the command; the one that comes later wins."""
    monkeypatch.chdir(stack.parent)
    assert main(arguments) == 1
    assert capsys.readouterr().out.splitlines()[0].startswith("bad/Cargo.toml:7:1: PD005 ")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["check"], 1),
        (["check", "good"], 0),
        (["check", "good", "--strict"], 0),
        (["check", "--project", "good"], 0),
        (["check", "--project", "bad"], 1),
        (["check", "good", "--project", "bad"], 1),
        (["check", "--source", "HEAD", "--format", "json"], 1),
        (["check", "--source", "index"], 1),
        (["explain", "pd001"], 0),
    ],
)
def test_exit_codes(stack: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int) -> None:
    """0 for a clean answer, 1 where an error was found, whatever the format."""
    assert main(arguments) == code
    assert capsys.readouterr().err == ""


def test_console_script(stack: Path) -> None:
    """The installed script is the same command, and ends with its exit code."""
    assert run([SCRIPT, "check", "--quiet"], code=1).stdout.startswith("bad/Cargo.toml:7:1: PD005 ")
    run([SCRIPT, "check", "good"], code=0)
    assert run([SCRIPT, "chck"], code=2).stdout == ""


@pytest.mark.parametrize("arguments", ["check", "check --format json", "status --tree", "status --format html", "chek"])
@pytest.mark.parametrize("closed", [">&-", "2>&-", "0<&- >&- 2>&-"])
def test_closed_outputs(closed: str, arguments: str, stack: Path) -> None:
    """Whatever is closed, the exit code says it all, and nothing goes where it does not belong."""
    code = 2 if arguments == "chek" else 1
    done = run(["sh", "-c", f'"$0" --offline {arguments} {closed}', SCRIPT], code=code)
    assert "Traceback" not in done.stderr
    assert "batuta-stack: " not in done.stdout


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_full_output(stack: Path, unbuffered: str) -> None:
    """That nothing can be written is told once, whether it is found out by the first line or by the last flush."""
    environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    done = run(["sh", "-c", '"$0" --offline check >/dev/full', SCRIPT], code=2, env=environment)
    assert done.stderr.endswith("batuta-stack: No space left on device\n")
    assert done.stderr.count("No space") == 1


def test_closed_pipe_is_quiet(stack: Path) -> None:
    """A reader that has seen enough, such as `head`, leaves no complaint behind."""
    for name in range(60):
        make_repo(stack / f"more{name}", {"Cargo.toml": package(f"more{name}", '[dependencies]\nserde = "*"')})
    reader, writer = os.pipe()
    os.close(reader)
    with subprocess.Popen([SCRIPT, "check"], stdout=writer, stderr=subprocess.PIPE, text=True) as process:
        os.close(writer)
        assert process.stderr
        assert process.stderr.read() == ""
    assert process.returncode == 2


def test_interrupted(stack: Path) -> None:
    """Ctrl-C while git is at work ends with 130 and without a traceback."""
    slow = stack / "bin"
    slow.mkdir()
    started = stack / "started"
    (slow / "git").write_text(f"#!/bin/sh\n: > '{started}'\nexec sleep 30\n")
    (slow / "git").chmod(0o755)
    env = {**os.environ, "PATH": f"{slow}:{os.environ['PATH']}"}
    command = [str(SCRIPT), "check", "--workspace", str(stack)]
    with subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        for _ in range(600):
            if started.exists():
                break
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        assert process.stderr
        said = process.stderr.read()
    assert process.returncode == 130
    assert "Traceback" not in said


def test_folder_that_is_gone(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A current folder that somebody removed is named as what is wrong."""
    gone = stack / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()
    assert main(["check"]) == 2
    said = "batuta-stack: the current folder is not there any more\n    cd to one that is\n"
    assert capsys.readouterr().err == said


def test_hostile_words_are_shown_escaped(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a terminal would obey is escaped in messages too."""
    assert main(["check", "\x1b]0;title\x07"]) == 2
    assert re.search(r"[\x00-\x09\x0b-\x1f\x7f]", capsys.readouterr().err) is None


def test_narrow_encoding(stack: Path) -> None:
    """Where the output takes ASCII alone, other characters are escaped instead of failing, and JSON stays JSON."""
    make_repo(stack / "größe", {"Cargo.toml": package("x", '[dependencies]\nserde = "*"')})
    env = {**os.environ, "PYTHONIOENCODING": "ascii"}
    assert "gr\\xf6\\xdfe/Cargo.toml" in run([SCRIPT, "check"], code=1, env=env).stdout
    assert "größe" in run([SCRIPT, "check", "--format", "json"], code=1, env=env).stdout


def test_progress_only_in_a_slow_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Progress is told on standard error, where that is a terminal and the check takes long, and is wiped out after."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    quick, quiet, slow = (check_command.Progress("repositories", quiet=quiet) for quiet in (False, True, False))
    quick(1, 2)
    monkeypatch.setattr(check_command, "_PATIENCE_S", -1.0)
    quiet(1, 2)
    assert capsys.readouterr().err == ""
    slow(1, 2)
    slow(2, 2)
    assert capsys.readouterr().err == f"\r1 of 2 repositories\r{' ' * 19}\r"
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False)
    check_command.Progress("repositories", quiet=False)(1, 2)
    assert capsys.readouterr().err == ""
