"""The text of a check: a table that fits, findings that a compiler's user knows to read, a summary, and what to do."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from batuta_hooks.cli.app import main
from tests.support.repos import Repo, make_repo, package

STAR = '[dependencies]\nserde = "*"'


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, which holds a stack of two crates: one with an error, one that is healthy."""
    make_repo(tmp_path / "bad", {"Cargo.toml": package("bad", STAR)})
    make_repo(tmp_path / "good", {"Cargo.toml": package("good", '[dependencies]\nlog = "0.4"', version="1.2.3")})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def printed(capsys: pytest.CaptureFixture[str], *arguments: str, code: int | None = None) -> str:
    """What `check` prints; nothing is on standard error but that a repository is judged alone."""
    found = main(["check", *arguments])
    assert code in (None, found)
    out, error = capsys.readouterr()
    assert [line for line in error.splitlines() if "against the registry alone" not in line] == []
    return out


@pytest.mark.usefixtures("stack")
def test_whole_report(capsys: pytest.CaptureFixture[str]) -> None:
    """Table, findings, summary and actions, in this order; it reads well without colour."""
    lines = printed(capsys, code=1).splitlines()
    assert lines[0].split() == ["Crate", "Version", "Status", "Publish", "Findings"]
    assert set(lines[1]) <= {"─", " "}
    assert lines[2].split() == ["bad", "0.1.0", "error", "no", "PD005"]
    assert lines[3].split() == ["good", "1.2.3", "unknown", "no"]
    assert lines[4] == ""
    assert lines[5].startswith("bad/Cargo.toml:7:1: PD005 `serde` is required at any version")
    assert lines[6].startswith("    ")
    assert lines[7:] == [
        "",
        "refused: good: it has no description, so crates.io refuses it",
        "",
        "2 crates in 2 repositories, judged from the worktree:",
        "  1 with errors, 1 undecided",
        "  to publish: 2 refused",
        "  nothing is known of what crates.io has of them",
        "",
        "Recommended actions:",
        "  1. mend 1 error in bad/Cargo.toml, from line 7",
        "     $ batuta-stack explain PD005",
        "  2. learn what crates.io has of these crates",
        "     $ batuta-stack cache warm",
        "  3. let only new errors fail from now on",
        "     $ batuta-stack init --baseline",
    ]


@pytest.mark.usefixtures("stack")
def test_clean_stack(capsys: pytest.CaptureFixture[str]) -> None:
    """Where nothing is wrong there is a table and a summary, and nothing to edit."""
    out = printed(capsys, "good", code=0)
    assert "nothing is known of what crates.io has of them\n" in out
    assert ". mend" not in out


def test_repository_with_many_crates(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A repository with several crates is one row, with a row more for each that is not healthy; --verbose has all."""
    files = {f"crates/c{number}/Cargo.toml": package(f"c{number}") for number in range(9)}
    repo = make_repo(stack / "many", {"Cargo.toml": '[workspace]\nmembers = ["crates/*"]\n', **files})
    assert "\nmany (9 crates) " in printed(capsys)
    assert "c4" not in printed(capsys)
    repo.commit("wrong", {"crates/c4/Cargo.toml": package("c4", STAR)})
    out = printed(capsys)
    assert re.search(r"^many \(9 crates\) +error$", out, re.MULTILINE)
    assert re.search(r"^  c4 +0\.1\.0 +error +no +PD005$", out, re.MULTILINE)
    assert "  c5" not in out
    assert "\n  c5 " in printed(capsys, "--verbose")


def test_the_repository_itself(
    stack: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Inside a single repository paths are those of the repository."""
    monkeypatch.chdir(stack / "bad")
    out = printed(capsys)
    assert "\nthis repository (1 crate) " in out
    assert "\nCargo.toml:7:1: PD005 " in out
    assert "\n1 crate in 1 repository, judged from the worktree:" in out
    assert "judged from HEAD:" in printed(capsys, "--source", "HEAD")


@pytest.mark.parametrize("columns", [40, 60, 80, 120, 200])
def test_table_keeps_to_the_width(
    stack: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: int
) -> None:
    """However long the names, no row is wider than COLUMNS, or than 80 where nobody says how wide it is."""
    name = "organizational-intelligence-plugin-with-a-rather-long-name"
    make_repo(stack / name, {"Cargo.toml": package(f"{name}-core", STAR, version="10.20.30-beta.1+build.4711")})
    if columns != 80:
        monkeypatch.setenv("COLUMNS", str(columns))
    table = printed(capsys).split("\n\n")[0].splitlines()
    assert max(map(len, table)) <= columns
    assert "".join(line.split()[0] for line in table if line.startswith(("organ", "  organ"))).startswith("organ")


@pytest.mark.usefixtures("stack")
def test_color(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Colour comes where it is asked for, and never of itself into a pipe."""
    assert "\x1b[" not in printed(capsys)
    colored = printed(capsys, "--color", "always")
    assert "\x1b[1;31merror" in colored
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" not in printed(capsys, "--color", "never")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", colored)
    assert [line.rstrip() for line in plain.splitlines()] == printed(capsys, "--color=never").splitlines()


@pytest.mark.usefixtures("stack")
def test_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A terminal gets colour, unless NO_COLOR is set or it is a dumb one."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert "\x1b[" in printed(capsys)
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b[" not in printed(capsys)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in printed(capsys)


@pytest.mark.usefixtures("stack")
def test_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    """--quiet leaves the findings, and nothing at all where there are none."""
    lines = printed(capsys, "--quiet", code=1).splitlines()
    assert [line[:4] for line in lines] == ["bad/", "    "]
    assert printed(capsys, "--quiet", "good", code=0) == ""


def test_verbose(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--verbose adds what each crate needs and how each checkout stands."""
    repo = Repo(stack / "good")
    repo.write({"new": ""})
    Repo(stack / "bad").git("checkout", "--quiet", "--detach")
    needs = 'x.path = "x"\ny = { version = "1", git = "https://example.com/y" }'
    needs = f'[dependencies]\n{needs}\nz = {{ version = "1", registry = "company" }}'
    make_repo(stack / "more", {"Cargo.toml": package("more", needs)})
    out = printed(capsys, "-v")
    assert "\ngood: good needs log 0.4\n" in out
    assert "\nbad: bad needs serde *\n" in out
    assert "\nmore: more needs x by path, y 1 from git, z 1 from company\n" in out
    assert "\ngood: on branch main, changes that are not committed\n" in out
    assert "\nbad: HEAD is detached, clean\n" in out


def test_what_could_not_be_judged(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Repositories that were not judged, cycles and, under --strict, open questions are told."""
    for name, other in (("one", "two"), ("two", "one")):
        manifest = package(name, f'[dependencies]\n{other} = "0.1"\n[workspace]')
        make_repo(stack / name, {"Cargo.toml": manifest, "unlisted/Cargo.toml": package("unlisted")})
    files = {
        "Cargo.toml": package("asks", '[dependencies]\nx = { version = "0.1", path = "x" }'),
        "x/Cargo.toml": package("x", "[workspace]", keys="publish = false"),
    }
    make_repo(stack / "asks", files)
    (stack / "batuta-stack.toml").write_text('[stack]\nrepositories = ["good", "one", "two", "asks", "gone"]\n')
    out = printed(capsys, code=1)
    assert "\ngone: not judged (missing): there is no such folder\n" in out
    assert "\ncycle: one -> two -> one: each needs a published version of the next\n" in out
    assert "undecided: x" not in out
    assert "undecided" in out
    assert "\nrefused: unlisted, unlisted: the workspace of Cargo.toml neither lists" in out
    out = printed(capsys, "--strict", code=1)
    assert "\nasks: undecided: x: " in out
    assert (
        "\none: cargo will not publish `unlisted`: the workspace of Cargo.toml neither lists nor excludes it\n" in out
    )


def test_conflicts(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A dependency that the stack needs in versions that do not fit is told by its sides, with the way out."""
    make_repo(stack / "lower", {"Cargo.toml": package("lower", '[dependencies]\narrow = "53"')})
    make_repo(stack / "upper", {"Cargo.toml": package("upper", '[dependencies]\narrow = "54"\nlower = "0.1"')})
    out = printed(capsys)
    assert "\nconflict: arrow: required as 53 by lower; 54 by upper\n    raise `arrow` to 54 in lower\n" in out
    assert "     $ batuta-stack sync lower --dry-run\n" in out


def test_reasons_of_many_crates(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A reason that keeps many crates from being published is told once, with a few of their names."""
    for number in range(9):
        make_repo(stack / f"plain{number}", {"Cargo.toml": package(f"plain{number}")})
    (line,) = [line for line in printed(capsys).splitlines() if line.startswith("refused: ")]
    assert line.startswith("refused: good, plain0, plain1, plain2, plain3 and 5 others: it has no")


def test_many_files(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The files to edit come with most findings first, and no more of them than one reads."""
    for number in range(12):
        make_repo(stack / f"r{number:02}", {"Cargo.toml": package(f"r{number:02}", STAR)})
    make_repo(stack / "worst", {"Cargo.toml": package("worst", f'{STAR}\nlog = "*"')})
    actions = printed(capsys).partition("Recommended actions:\n")[2].splitlines()
    assert actions[:2] == ["  1. mend 2 errors in worst/Cargo.toml, from line 7", "     $ batuta-stack explain PD005"]
    assert actions[16:18] == ["  9. mend 6 errors in 6 other files", "     $ batuta-stack check --quiet"]
    assert len(actions) == 2 * 11


def test_several_codes(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same code twice is counted in the table, and that of a file's first finding is explained."""
    needs = '[dependencies]\nx = "*"\ny = "*"\nz = { git = "https://example.com/z" }'
    make_repo(stack / "mixed", {"Cargo.toml": package("mixed", needs)})
    out = printed(capsys, "mixed")
    assert "PD002 PD005x2" in out
    assert "mend 3 errors in mixed/Cargo.toml, from line 7\n     $ batuta-stack explain PD005\n" in out


def test_notes_ask_for_no_edit(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A note is printed and explained; nobody is told to edit the file for it."""
    (stack / "batuta-stack.toml").write_text('[rules]\nPD005 = "note"\n')
    out = printed(capsys, code=0)
    assert "PD005 note: " in out
    assert "edit" not in out
    assert "--baseline" not in out


@pytest.mark.parametrize("arguments", [[], ["--verbose"], ["--quiet"], ["--strict"]])
def test_hostile_names(stack: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    """Control characters, markup, emoji codes and bytes that are no UTF-8 are shown as text, never obeyed."""
    folders = ["\x1b[31mred", "[bold]b[", ":warning:", "caf\udce9", "two\nlines", "[link=http:x]"]
    for name in folders:
        manifest = package("x", '[dependencies]\n"a\\u001b[2J" = "*"\nserde = { version = "*", registry = "[red]" }')
        make_repo(stack / name, {"Cargo.toml": manifest, "crates/\x07bell/Cargo.toml": "x ="})
    make_repo(stack / "[red]", {"Cargo.toml": package("name", '[package.metadata.batuta]\n"\\u001b[2J" = 1')})
    main(["check", *arguments])
    out = capsys.readouterr().out
    assert re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]", out) is None
    shown = ["\\x1b[31mred/", "[bold]b[/", ":warning:/", "caf\\xe9/", "two\\nlines/", "[link=http:x]/"]
    assert [name for name in shown if name not in out] == []


def test_output_is_the_same_every_time(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two checks of the same stack print the same, whatever number of repositories is judged at a time."""
    for number in range(5):
        make_repo(stack / f"r{number}", {"Cargo.toml": package(f"r{number}", STAR)})
    assert printed(capsys, "--jobs", "1") == printed(capsys, "--jobs", "8") == printed(capsys)
    assert os.listdir(stack)
