"""The command line that all guards share."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.guards.options import Options, parse_options
from tests.guards.asking import ask

WORDS = [
    "--strict",
    "--source",
    "--source=HEAD",
    "--format",
    "json",
    "--stage=push",
    "-h",
    "--",
    "-",
    "-x",
    "--url",
    "",
]


def refused(*arguments: str) -> str:
    """The sentence with which a command line is refused."""
    with pytest.raises(BatutaError) as caught:
        parse_options(arguments)
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_nothing_given() -> None:
    """Without arguments every option has its default."""
    assert parse_options([]) == Options()


def test_options_and_files_are_mixed() -> None:
    """Files stand anywhere; a value follows its option or an equals sign; `--` ends the options."""
    given = ["a", "--strict", "b", "--source", "HEAD", "--remote=r=1", "--refresh", "2.5", "--every-commit"]
    expected = Options(
        files=("a", "b", "--strict", "-x"), source="HEAD", remote="r=1", refresh_s=2.5, strict=True, every_commit=True
    )
    assert parse_options([*given, "--", "--strict", "-x"]) == expected


def test_the_last_of_a_kind_counts() -> None:
    """Who writes an option twice means the second."""
    assert parse_options(["--source", "a", "--source=b", "--color=never", "--color", "always"]) == Options(
        source="b", color="always"
    )


def test_values_may_look_like_options() -> None:
    """What follows an option is its value, whatever it looks like; a lone dash is a file."""
    assert parse_options(["--source", "-x", "--remote", "--", "-"]) == Options(source="-x", remote="--", files=("-",))


def test_what_hooks_hand_on_may_be_empty() -> None:
    """Git gives no name for a push to an address of one's own."""
    assert parse_options(["--remote", "", "--url="]) == Options()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--sourse", "x"], "--sourse: no such option\n    did you mean --source?"),
        (["--Strict"], "--Strict: no such option\n    did you mean --strict?"),
        (["--every_commit=1"], "--every_commit: no such option\n    did you mean --every-commit?"),
        (
            ["-v"],
            "-v: no such option\n    --help lists the options; a file whose name starts with a dash comes after --",
        ),
        (["--strict=yes"], "--strict takes no value\n    write --strict alone"),
        (["--source"], "--source needs a value\n    give it index, worktree, or a revision such as HEAD or v1.2.0"),
        (["--source", ""], "--source needs a value\n    give it index, worktree, or a revision such as HEAD or v1.2.0"),
        (["--url"], "--url needs a value\n    give it the remote's address"),
        (["--stage=comit"], "--stage comit: no such choice\n    choose commit, push or manual"),
        (["--format", "yaml"], "--format yaml: no such choice\n    choose text, json, sarif or github"),
        (["--color", "--strict"], "--color --strict: no such choice\n    choose auto, always or never"),
        (["--refresh", "soon"], "--refresh soon: not a number of seconds\n    give seconds from 0 to 3600"),
        (["--refresh", "-1"], "--refresh -1: not a number of seconds\n    give seconds from 0 to 3600"),
        (["--refresh", "nan"], "--refresh nan: not a number of seconds\n    give seconds from 0 to 3600"),
        (["--refresh", "1e9"], "--refresh 1e9: not a number of seconds\n    give seconds from 0 to 3600"),
    ],
)
def test_what_is_refused(arguments: list[str], said: str) -> None:
    """Every wrong option is told with the way out."""
    assert refused(*arguments) == said


@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=5), max_size=6))
def test_no_command_line_is_a_crash(arguments: list[str]) -> None:
    """Whatever is typed is understood or refused; what follows `--` is a file as it stands."""
    try:
        options = parse_options([*arguments, "--strict", "--", *arguments])
    except BatutaError:
        return
    assert options.files[-len(arguments) :] == tuple(arguments) or not arguments


def test_a_wrong_option_in_a_hook(tmp_path: Path) -> None:
    """The guard ends with 2 and says its name; control characters of the option are shown escaped."""
    answer = ask(tmp_path, "--sou\x1brce")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == "batuta-path-deps: --sou\\x1brce: no such option\n    did you mean --source?\n"


def test_help_and_version(tmp_path: Path) -> None:
    """Both print what they should to standard output, wherever they are asked for and whatever else is given."""
    for option in ("--help", "-h"):
        answer = ask(tmp_path, "nowhere", option)
        assert (answer.code, answer.err) == (0, "")
        assert answer.out.startswith("usage: batuta-path-deps [FILES...] [options]\n")
        for name in Options._fields[1:]:
            assert f"--{name.removesuffix('_s').replace('_', '-')}" in answer.out
    answer = ask(tmp_path, "--version", "--help")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("batuta-path-deps 0.")
    assert answer.out.count("\n") == 1
