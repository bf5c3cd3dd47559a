"""Changelogs of a plan: which files get a section, and what it says."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from batuta_hooks.stack.plan_changelog import _subject
from batuta_hooks.stack.release import diffs
from tests.support.registry import FaultyRegistry
from tests.support.releases import LICENSED, ReleaseStack
from tests.support.repos import Repo, make_repo, package

LOG = "# Changelog\n\n## [0.1.0] - 2026-01-01\n\n- first\n"
CLIFF = Path(sysconfig.get_path("scripts"), "git-cliff")


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ReleaseStack]:
    """An empty stack beside an empty registry, where git-cliff is not installed."""
    places = [one for one in os.environ["PATH"].split(os.pathsep) if not Path(one, "git-cliff").exists()]
    monkeypatch.setenv("PATH", os.pathsep.join(places))
    with FaultyRegistry() as registry:
        yield ReleaseStack(tmp_path / "stack", registry, monkeypatch)


def added(stack: ReleaseStack, repository: str, *crates: str, **wish: Any) -> dict[str, list[str]]:
    """The lines that each changelog of a repository gets, empty ones left out."""
    prepared = stack.prepared(*crates, **wish)
    found: dict[str, list[str]] = {}
    path = ""
    for line in diffs(prepared).get(repository, ()):
        path = line.removeprefix("+++ b/") if line.startswith("+++ ") else path
        if line[1:] and line.startswith("+") and not line.startswith("+++") and path.endswith(".md"):
            found.setdefault(path, []).append(line[1:])
    return found


def test_commits(stack: ReleaseStack) -> None:
    """A section of the commits since the last release, dated as the commit that is released; equal each time."""
    repo = stack.crate("a", files={"CHANGELOG.md": LOG})
    repo.commit("fix: it", {"src/lib.rs": "// 1"})
    repo.commit("feat: more", {"src/lib.rs": "// 2"})
    day = repo.git("log", "-1", "--format=%cd", "--date=format-local:%Y-%m-%d")
    wanted = {"CHANGELOG.md": [f"## [0.1.1] - {day}", "- feat: more", "- fix: it"]}
    assert added(stack, "a") == wanted
    first, second = stack.plan(), stack.plan()
    assert first.plan_hash == second.plan_hash
    repo.commit("chore: log", {"CHANGELOG.md": f"{LOG}\n"})
    assert stack.plan().plan_hash != first.plan_hash


def test_no_file(stack: ReleaseStack) -> None:
    """Without a changelog none is made; one that is configured is, and `none` keeps the one that there is."""
    stack.crate("a").commit("fix: it", {"src/lib.rs": "// 1"})
    stack.crate("b", files={"CHANGELOG.md": LOG}).commit("fix: it", {"src/lib.rs": "// 1"})
    assert added(stack, "a") == {}
    stack.configure('[release]\nchangelog = "docs/NEWS.md"\n')
    assert added(stack, "a")["docs/NEWS.md"][0] == "# Changelog"
    stack.configure('[release]\nchangelog = "none"\n')
    assert (added(stack, "a"), added(stack, "b")) == ({}, {})


def test_section_is_there(stack: ReleaseStack) -> None:
    """What is written already is not written again."""
    log = f"# Changelog\n\n## [0.2.0] - 2026-11-01\n\n- by hand\n\n{LOG}"
    stack.crate("a", files={"CHANGELOG.md": log}, version="0.2.0", published=False)
    assert added(stack, "a") == {}


def test_without_commits(stack: ReleaseStack) -> None:
    """A crate that only follows others says so, and one that is new that it is."""
    stack.crate("a", files={"CHANGELOG.md": LOG}).commit("fix: it", {"src/lib.rs": "// 1"})
    stack.crate("b", 'a = "0.1"', files={"CHANGELOG.md": LOG})
    stack.crate("c", files={"CHANGELOG.md": "# Changelog\n"}, published=False)
    bumps = {"a": "minor"}
    assert added(stack, "b", bumps=bumps)["CHANGELOG.md"][1] == "- Requires `a` `0.2`."
    assert added(stack, "c", bumps=bumps)["CHANGELOG.md"][-1] == "- First release."


def workspace(stack: ReleaseStack, top: str, *members: str, **files: str) -> None:
    """A repository of crates, all published, then all changed."""
    folder = stack.folder / "ws"
    own = {f"{name}/Cargo.toml": package(name, keys=LICENSED) for name in members}
    own |= {f"{name}/src/lib.rs": "" for name in members}
    repo = make_repo(folder, {"Cargo.toml": top, "src/lib.rs": "", **own, **files})
    for name in ["Cargo.toml"] * ("[package]" in top) + [f"{name}/Cargo.toml" for name in members]:
        stack.publish(repo, name)
    repo.commit("change", {"src/lib.rs": "// 1"} | {f"{name}/src/lib.rs": "// 1" for name in members})


def test_workspace_of_versions(stack: ReleaseStack) -> None:
    """A file of several versions names its crates; a crate with a file of its own is told there alone."""
    files = {"CHANGELOG.md": "# Changelog\n", "c/CHANGELOG.md": LOG}
    workspace(stack, '[workspace]\nmembers = ["a", "b", "c"]\n', "a", "b", "c", **files)
    found = added(stack, "ws")
    assert found["CHANGELOG.md"][0].startswith("## a 0.1.1, b 0.1.1 - ")
    assert found["c/CHANGELOG.md"][0].startswith("## [0.1.1] - ")
    assert added(stack, "ws", "b")["CHANGELOG.md"][0].startswith("## b 0.1.1 - ")


def test_file_in_a_package(stack: ReleaseStack) -> None:
    """A member does not change the package around it: that would have to be released too."""
    top = package("top", '[workspace]\nmembers = ["a"]\n', keys=LICENSED)
    workspace(stack, top, "a", **{"CHANGELOG.md": LOG})
    assert added(stack, "ws", "a") == {}
    assert added(stack, "ws")["CHANGELOG.md"][0].startswith("## [0.1.1] - ")


def test_link_in_the_way(stack: ReleaseStack) -> None:
    """Nothing is written through a link."""
    repo = stack.crate("a")
    (repo.path / "CHANGELOG.md").symlink_to("/etc/hostname")
    repo.commit("fix: it", {"src/lib.rs": "// 1"})
    assert added(stack, "a") == {}


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        (
            "fix(parser): handle #12 (by @x) - it's 100% done!",
            "fix(parser): handle #12 (by @\u200bx) - it's 100% done!",
        ),
        ("use `a_b` of <T>", "use `a_b` of \\<T\\>"),
        ("an odd ` [x](javascript:y)", "an odd \\` \\[x\\](javascript:y)"),
        ("\x1b[31mred\x07", "\\\\x1b\\[31mred\\\\x07"),
        ("*b* _i_ ~s~ a_b |", "\\*b\\* \\_i\\_ \\~s\\~ a\\_b \\|"),
        ("# a heading", "\\# a heading"),
        ("x" * 400, "x" * 199 + "…"),
    ],
)
def test_hostile_subjects(subject: str, shown: str) -> None:
    """A subject is text in one line, whatever is in it."""
    assert _subject(subject) == shown


class TestCliff:
    """git-cliff, where it is installed."""

    def test_real(self, stack: ReleaseStack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """It writes the section by the repository's configuration, on the plan's date; what is by hand stays."""
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "git-cliff").symlink_to(CLIFF)
        monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
        body = "## {{ version }} on {{ timestamp | date(format='%Y-%m-%d') }}\\n"
        body += "{% for commit in commits %}\\n* {{ commit.message }} ({{ commit.group }}){% endfor %}\\n"
        parser = 'commit_parsers = [{ message = "^fix", group = "Bugs" }]\n'
        files = {"CHANGELOG.md": LOG, "cliff.toml": f'[changelog]\nbody = "{body}"\n[git]\n{parser}'}
        repo = stack.crate("a", files=files)
        monkeypatch.setenv("GIT_COMMITTER_DATE", "2026-11-20T12:00:00Z")
        repo.commit("fix: it", {"src/lib.rs": "// 1"})
        wanted = ["## v0.1.1 on 2026-11-20", "* it (Bugs)"]
        assert added(stack, "a")["CHANGELOG.md"] == wanted
        assert stack.plan().plan_hash == stack.plan().plan_hash
        stack.crate("b", files={"CHANGELOG.md": "# Log\n\n## Unreleased\n\n- by hand\n"}, published=False)
        assert added(stack, "b")["CHANGELOG.md"][0].startswith("## [0.1.0] - ")

    def test_one_of_several(self, stack: ReleaseStack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """In a repository of several versions it is asked for the crate's own folder, since the crate's own tag."""
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "git-cliff").symlink_to(CLIFF)
        monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
        workspace(stack, '[workspace]\nmembers = ["a", "b"]\n', "a", "b", **{"CHANGELOG.md": "# Log\n"})
        repo = Repo(stack.folder / "ws")
        repo.git("tag", "a-v0.1.0", "HEAD~1")
        repo.git("tag", "b-v0.1.0", "HEAD~1")
        repo.commit("feat: only b", {"b/src/lib.rs": "// 2"})
        repo.git("tag", "b-v0.0.9")
        repo.commit("fix: only a", {"a/src/lib.rs": "// 2"})
        found = added(stack, "ws", "a")["CHANGELOG.md"]
        assert "a-v0.1.1" in found[0] or "0.1.1" in found[0]
        assert any("Only a" in line for line in found)
        assert not any("Only b" in line for line in found)

    @pytest.mark.parametrize(
        ("script", "line", "note"),
        [
            ("echo '## v0.1.1'; echo '- \x1b[31mmine'", "- \\x1b[31mmine", ""),
            ("echo 'no good' >&2; exit 3", "- fix: it", "no good"),
            ("echo '## Next'", "- fix: it", "its heading does not name the version"),
            ("", "- fix: it", "it printed nothing"),
        ],
    )
    def test_other(
        self,
        stack: ReleaseStack,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
        script: str,
        line: str,
        note: str,
    ) -> None:
        """One that knows no contexts is taken at its word; one that fails is told, and the section is a plain one."""
        program = tmp_path / "bin" / "git-cliff"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
        stack.crate("a", files={"CHANGELOG.md": LOG}).commit("fix: it", {"src/lib.rs": "// 1"})
        assert line in added(stack, "a")["CHANGELOG.md"]
        assert [one for one in stack.prepared().gathered.notes if "git-cliff" in one] == (
            [f"a: git-cliff wrote no section, so a plain one is made: {note}"] if note else []
        )
