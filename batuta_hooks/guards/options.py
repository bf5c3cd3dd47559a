"""The options that all guards share (docs/guards.md)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.record import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: Options with a value, and what that is.
_WITH_VALUE = {
    "source": "index, worktree, or a revision such as HEAD or v1.2.0",
    "stage": "commit, push or manual",
    "remote": "the remote's name",
    "url": "the remote's address",
    "format": "text, json, sarif or github",
    "color": "auto, always or never",
    "refresh": "a number of seconds",
}
_FLAGS = ("strict", "every-commit", "version", "help")
_CHOICES = {
    "stage": ("commit", "push", "manual"),
    "format": ("text", "json", "sarif", "github"),
    "color": ("auto", "always", "never"),
}
_MAY_BE_EMPTY = ("remote", "url")  # hooks hand on what git gives them

USAGE = """\
usage: {guard} [{operands}...] [options]

{purpose}

{told}
  --stage STAGE            commit, push (git's lines on standard input) or manual
  --remote NAME            the remote that a push goes to
  --url URL                its address
  --every-commit           at push, judge each commit of the range, not its tip alone
  --format FORMAT          text, json, sarif or github (workflow commands)
  --color WHEN             auto, always or never (NO_COLOR is honoured)
  --refresh SECONDS        wait at most so long for the registry; of no effect where a guard does not ask it
  --strict                 warnings fail too (1), and so does the undecided (3)
  --version, --help

exit codes: 0 clean, 1 findings, 2 usage or configuration, 3 undecided under --strict
"""


#: What the operands are, and what ``--source`` means with them.
FILES = {
    "operands": "FILES",
    "told": """\
  FILES                    manifests that changed, or folders; none = every tracked manifest
  --source SOURCE          index, worktree, or a revision such as HEAD or v1.2.0""",
}
TAGS = {
    "operands": "TAGS",
    "told": """\
  TAGS                     tags, there or to come; none = those of HEAD
  --source REVISION        where tags are judged that do not exist yet; HEAD if not given""",
}


class Options(NamedTuple):
    """A guard's command line.

    Attributes:
        files: operands, as given.
        source: ``index``, ``worktree``, a revision, or empty for the lane's own default.
        stage: ``commit``, ``push``, ``manual``, or empty where none was given.
        refresh_s: seconds to wait for the refresher; 0 for none.
    """

    files: tuple[str, ...] = ()
    source: str = ""
    stage: str = ""
    remote: str = ""
    url: str = ""
    format: str = "text"
    color: str = "auto"
    refresh_s: float = 0.0
    strict: bool = False
    every_commit: bool = False
    version: bool = False
    help: bool = False


def parse_options(argv: Sequence[str]) -> Options:
    """Read a guard's arguments; options and files may be mixed, ``--`` ends the options, the last of a kind counts.

    Raises:
        BatutaError: an unknown option (with the nearest known one), a value that lacks or is none of the choices.
    """
    values: dict[str, Any] = {}
    files: list[str] = []
    arguments = iter(argv)
    for argument in arguments:
        if argument == "--":
            files += arguments
        elif argument == "-h":
            values["help"] = True
        elif argument.startswith("-") and argument != "-":
            _read_option(argument, arguments, values)
        else:
            files.append(argument)
    return Options(files=tuple(files), **values)


def _read_option(argument: str, following: Iterator[str], values: dict[str, Any]) -> None:
    option, has_value, written = argument.partition("=")
    name = option[2:] if option.startswith("--") else ""
    if name in _FLAGS:
        if has_value:
            raise BatutaError(f"{option} takes no value", mend=f"write {option} alone")
        values[name.replace("-", "_")] = True
        return
    if name not in _WITH_VALUE:
        raise BatutaError(f"{option}: no such option", mend=_suggestion(option))
    value = written if has_value else next(following, None)
    if value is None or (not value and name not in _MAY_BE_EMPTY):
        raise BatutaError(f"{option} needs a value", mend=f"give it {_WITH_VALUE[name]}")
    if name in _CHOICES and value not in _CHOICES[name]:
        raise BatutaError(f"{option} {value}: no such choice", mend=f"choose {_WITH_VALUE[name]}")
    values["refresh_s" if name == "refresh" else name] = _seconds(value) if name == "refresh" else value


def _seconds(value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 3600:
        raise BatutaError(f"--refresh {value}: not a number of seconds", mend="give seconds from 0 to 3600")
    return seconds


def _suggestion(option: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(option.lstrip("-"), (*_WITH_VALUE, *_FLAGS), n=1)
    if near:
        return f"did you mean --{near[0]}?"
    return "--help lists the options; a file whose name starts with a dash comes after --"
