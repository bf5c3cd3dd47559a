"""What is recommended: the worst damage first, and each command is one that exists."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterable
from typing import Any

import pytest

from batuta_hooks.cli.app import main
from batuta_hooks.domain.finding import ERROR, WARNING, Finding
from batuta_hooks.domain.publishable import Publishable
from batuta_hooks.git.status import Status
from batuta_hooks.stack.actions import Action, recommended_actions
from batuta_hooks.stack.checkouts import MISSING, OK, UNBORN, UNMERGED, UNREADABLE, Checkout
from batuta_hooks.stack.judging import MISCONFIGURED
from batuta_hooks.stack.standing import AHEAD, EQUAL, NEVER, Standing
from batuta_hooks.stack.verdict import Crate, Issue, Placed, Report

CLEAN = Status("0" * 40, "main", "origin/main", 0, 0, False, False)


def crate(name: str, verdict: str = "published", state: str = EQUAL, **more: Any) -> Crate:
    """A healthy crate in a repository of its own name, as published, unless `more` says otherwise."""
    plain = Crate(name, name, "Cargo.toml", "0.1.0", (), (), (), (), Publishable(verdict, ""))
    return plain._replace(standing=Standing("0.1.0", state, 1, "x", ""), **more)


def finding(code: str, name: str, severity: str = ERROR, line: int = 7) -> Finding:
    """A finding about a crate."""
    return Finding("Cargo.toml", line, 1, code, severity, "it is wrong", "mend it", name, "other")


def report(crates: Iterable[Crate], checkouts: Iterable[Checkout] = ()) -> Report:
    """A report of crates, whose repositories stand well where nothing else is said of them."""
    found = tuple(crates)
    said = {checkout.path: checkout for checkout in checkouts}
    all_of_them = {one.repository: Checkout(one.repository, OK, None, CLEAN) for one in found} | said
    findings = tuple(Placed(one.repository, finding) for one in found for finding in one.findings)
    return Report("/stack", "worktree", found, findings, (), tuple(all_of_them.values()), (), made_at=100 * 86400)


ISSUE = Issue("path_dependency", "other", 'path = "../other"', 'other = "0.1.0"')
EVERYTHING = report(
    [
        crate("healthy"),
        crate("mendable", findings=(finding("PD001", "mendable"), finding("PD003", "mendable")), issues=(ISSUE,)),
        crate("by-hand", findings=(finding("PD005", "by-hand"),)),
        crate("split", findings=(finding("VA005", "split", WARNING),)),
        crate("newer", "now", AHEAD),
        crate("first", "after", NEVER),
        crate("odd name; rm -rf ~", findings=(finding("VA003", "odd name; rm -rf ~"),)),
    ],
    [
        Checkout("no config", MISCONFIGURED, "it is wrong"),
        Checkout("merging", UNMERGED, None, CLEAN),
        Checkout("gone", MISSING, "there is no such folder"),
        Checkout("broken", UNREADABLE, "it is broken"),
        Checkout("unborn", UNBORN, None, CLEAN._replace(head=None)),
        Checkout("behind", OK, None, CLEAN._replace(behind=3)),
        Checkout("old", OK, None, CLEAN, 1.0),
    ],
)


def test_nothing_to_do() -> None:
    """A stack in which all is well asks for nothing."""
    assert recommended_actions(report([crate("healthy")])) == ()


def test_order() -> None:
    """Repositories that nobody could judge come first, then errors, warnings, what is not known, and releases."""
    assert [action.command for action in recommended_actions(EVERYTHING)] == [
        "batuta-stack config show 'no config'",
        "git -C merging status",
        "batuta-stack doctor",
        "git -C broken status",
        "batuta-stack sync mendable --dry-run",
        "batuta-stack explain PD005",
        "batuta-stack sync 'odd name; rm -rf ~' --dry-run",
        "batuta-stack sync split --dry-run",
        "git -C behind pull --ff-only",
        "batuta-stack check --fetch",
        "batuta-stack release --dry-run",
        "batuta-stack init --baseline",
    ]


def test_many_files() -> None:
    """The files with most findings come first, and no more of them than one reads."""
    crates = [crate(f"c{number:02}", findings=(finding("PD005", f"c{number:02}"),)) for number in range(12)]
    crates[7] = crate("worst", findings=(finding("PD005", "worst"), finding("PD006", "worst", line=3)))
    actions = recommended_actions(report(crates))
    assert actions[0] == Action("mend 2 errors in worst/Cargo.toml, from line 7", "batuta-stack explain PD005")
    assert actions[8] == Action("mend 4 errors in 4 other files", "batuta-stack check --quiet")


def test_what_sync_cannot_mend() -> None:
    """A path that nobody knows a version for is explained; `sync` would leave it alone."""
    unknown = crate("a", findings=(finding("PD001", "a"),), issues=(ISSUE._replace(recommended=None),))
    assert recommended_actions(report([unknown]))[0].command == "batuta-stack explain PD001"


def test_nothing_known_of_the_registry() -> None:
    """Where nobody knows what is published, to learn it is recommended."""
    commands = [action.command for action in recommended_actions(report([crate("a")._replace(standing=Standing())]))]
    assert commands == ["batuta-stack cache warm"]


@pytest.mark.parametrize("action", recommended_actions(EVERYTHING), ids=lambda action: action.command)
def test_every_command_exists(action: Action, capsys: pytest.CaptureFixture[str]) -> None:
    """Program, command and options are there; what is named is one word whatever it holds."""
    program, *arguments = shlex.split(action.command)
    if program == "git":
        assert shutil.which("git")
        assert arguments[0] == "-C"
        return
    assert program == "batuta-stack"
    assert main([*arguments, "--help"]) == 0
    assert "Usage: batuta-stack " in capsys.readouterr().out
