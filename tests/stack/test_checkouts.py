"""Where the stack is found, which repositories belong to it, and what is said of those that cannot be judged."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.stack.checkouts import Workspace, find_workspace, inspect, plain_top
from tests.support.process import run
from tests.support.repos import make_repo, package


def crate(path: Path) -> None:
    """A repository with one crate named after its folder."""
    make_repo(path, {"Cargo.toml": package(path.name)})


def paths(given: Path | None = None) -> tuple[str, ...]:
    """The repositories that are found."""
    return find_workspace(None if given is None else str(given)).repositories


def test_folder_of_repositories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a file the direct children that are repositories are the stack; hidden ones and `target` are not."""
    for name in ("b", "a", ".remotes/x", ".hidden", "target", "deep/inside"):
        crate(tmp_path / name)
    (tmp_path / "no-repository").mkdir()
    (tmp_path / "file").write_text("")
    monkeypatch.chdir(tmp_path)
    assert find_workspace() == Workspace(str(tmp_path), ("a", "b"), frozenset())


def test_inside_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a file anywhere above, the repository around the current folder is the stack, its siblings are not."""
    crate(tmp_path / "a")
    crate(tmp_path / "b")
    (tmp_path / "a" / "src").mkdir()
    monkeypatch.chdir(tmp_path / "a" / "src")
    assert find_workspace() == Workspace(str(tmp_path / "a"), (".",), frozenset())


def test_nearest_file_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From inside a repository the nearest batuta-stack.toml above names the stack."""
    crate(tmp_path / "a")
    crate(tmp_path / "b")
    (tmp_path / "batuta-stack.toml").write_text("")
    monkeypatch.chdir(tmp_path / "a")
    assert find_workspace() == Workspace(str(tmp_path), ("a", "b"), frozenset())


def test_file_in_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file at the top of a repository with crates makes that repository the stack, with its submodules."""
    make_repo(tmp_path / "a", {"Cargo.toml": package("a"), "batuta-stack.toml": ""})
    crate(tmp_path / "a" / "vendored")
    monkeypatch.chdir(tmp_path / "a")
    assert find_workspace().repositories == (".", "vendored")


def test_repository_of_repositories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository that holds others and no crate of its own is a folder of repositories, with a file and without."""
    make_repo(tmp_path / "super", {"README": "x"})
    crate(tmp_path / "super" / "a")
    monkeypatch.chdir(tmp_path / "super")
    assert find_workspace().repositories == ("a",)
    (tmp_path / "super" / "batuta-stack.toml").write_text("")
    assert find_workspace().repositories == ("a",)


def test_option_counts_before_the_file_above(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder that is given is the stack, whatever stands above it or above the current folder."""
    crate(tmp_path / "here" / "a")
    crate(tmp_path / "there" / "b")
    (tmp_path / "here" / "batuta-stack.toml").write_text("")
    (tmp_path / "batuta-stack.toml").write_text("")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("BATUTA_STACK", str(tmp_path / "here"))
    assert find_workspace("../there") == Workspace(str(tmp_path / "there"), ("b",), frozenset())
    assert find_workspace("../there/b").folder == str(tmp_path / "there" / "b")


def test_environment_counts_where_no_file_is_near(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`BATUTA_STACK` names the stack from anywhere, with a file there or without; a file that is nearer wins."""
    crate(tmp_path / "stack" / "a")
    crate(tmp_path / "elsewhere" / "b")
    monkeypatch.setenv("BATUTA_STACK", str(tmp_path / "stack"))
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert paths() == ("a",)
    (tmp_path / "stack" / "batuta-stack.toml").write_text("")
    assert paths() == ("a",)
    (tmp_path / "elsewhere" / "batuta-stack.toml").write_text("")
    assert paths() == ("b",)


def test_listed_paths_and_globs(tmp_path: Path) -> None:
    """Listed repositories come in the order listed, each once; globs name no other folders."""
    stack = tmp_path / "stack"
    for place in (stack / "z", stack / "a", stack / "g" / "x", stack / "g" / ".h", stack / "g" / "target"):
        crate(place)
    crate(tmp_path / "outside")
    (stack / "g" / "plain").mkdir()
    (stack / "batuta-stack.toml").write_text(
        f'[stack]\nrepositories = ["z", "g/*", "../outside", "{tmp_path}/stack/a", "?", "missing", "no/*"]\n'
    )
    found = find_workspace(str(stack))
    assert found.repositories == ("z", "g/x", "../outside", "a", "missing", "no/*")
    assert found.listed == frozenset(found.repositories)


def test_deep_glob_enters_no_repository(tmp_path: Path) -> None:
    """`**` finds repositories at any depth, but not those inside one, nor through links that lead in circles."""
    crate(tmp_path / "one" / "two" / "a")
    crate(tmp_path / "one" / "two" / "a" / "vendored" / "b")
    crate(tmp_path / "one" / "target" / "c")
    os.symlink(tmp_path / "one", tmp_path / "one" / "again")
    (tmp_path / "batuta-stack.toml").write_text('[stack]\nrepositories = ["one/**"]\n')
    assert paths(tmp_path) == ("one/two/a",)


def test_link_to_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link to a repository is a child like any other."""
    crate(tmp_path / "far" / "a")
    (tmp_path / "stack").mkdir()
    os.symlink(tmp_path / "far" / "a", tmp_path / "stack" / "linked")
    monkeypatch.chdir(tmp_path / "stack")
    assert paths() == ("linked",)


@pytest.mark.parametrize(
    ("given", "said"),
    [("missing", "`missing` is no folder"), ("file", "`file` is no folder"), ("empty", "no git repository")],
)
def test_nothing_to_be_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, said: str) -> None:
    """A folder that is not there, is a file or holds no repository is a sentence with a mend."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BatutaError, match=said) as caught:
        find_workspace(given)
    assert caught.value.mend


def test_environment_that_names_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A `BATUTA_STACK` that is no folder is told, not passed over."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BATUTA_STACK", str(tmp_path / "missing"))
    with pytest.raises(BatutaError, match="BATUTA_STACK names"):
        find_workspace()


def test_wrong_configuration_is_told(tmp_path: Path) -> None:
    """An unknown key in the stack's file stops everything, with a suggestion."""
    crate(tmp_path / "a")
    (tmp_path / "batuta-stack.toml").write_text("[stack]\nrepos = []\n")
    with pytest.raises(BatutaError, match=r"batuta-stack\.toml:2"):
        find_workspace(str(tmp_path))


def test_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where git is not installed, that is what is said."""
    (tmp_path / "a").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BatutaError, match="install git"):
        find_workspace(str(tmp_path))


def state(tmp_path: Path, path: str) -> tuple[str, bool]:
    """The state of a repository and whether it can be judged."""
    found = inspect(Workspace(str(tmp_path), (path,), frozenset()), path)
    return found.state, found.error is None


def test_states_that_can_be_judged(tmp_path: Path) -> None:
    """A checkout on a branch, one without a commit and one off every branch can be judged; so can a bare repository."""
    crate(tmp_path / "ok")
    make_repo(tmp_path / "unborn", commit=False)
    make_repo(tmp_path / "detached").git("checkout", "--quiet", "--detach")
    run(["git", "init", "--quiet", "--bare", tmp_path / "bare"])
    names = ("ok", "unborn", "detached", "bare")
    assert [state(tmp_path, name) for name in names] == [(name, True) for name in names]


def test_conflicts_can_be_judged(tmp_path: Path) -> None:
    """A merge under way is told and judged all the same."""
    repo = make_repo(tmp_path / "r", {"a": "1\n"})
    repo.git("checkout", "--quiet", "-b", "other")
    repo.commit("other", {"a": "2\n"})
    repo.git("checkout", "--quiet", "main")
    repo.commit("main", {"a": "3\n"})
    repo.git("merge", "other", code=1)
    assert state(tmp_path, "r") == ("unmerged", True)


def test_states_that_cannot_be_judged(tmp_path: Path) -> None:
    """Missing folders, files, plain folders, broken repositories: each is its own answer, never the one around it."""
    outer = make_repo(tmp_path, {"Cargo.toml": package("outer"), "plain/a": "1", "file": ""})
    assert state(tmp_path, ".") == ("ok", True)
    for name, content in (("broken", "gitdir: /nowhere"), ("garbage", "no gitdir")):
        outer.write({f"{name}/.git": content})
    (tmp_path / "hollow" / ".git").mkdir(parents=True)
    assert state(tmp_path, "missing") == ("missing", False)
    assert state(tmp_path, "file") == ("not-a-repository", False)
    assert state(tmp_path, "plain") == ("not-a-repository", False)
    assert state(tmp_path, "hollow") == ("not-a-repository", False)
    assert state(tmp_path, "broken") == ("not-a-repository", False)
    assert state(tmp_path, "garbage") == ("unreadable", False)
    assert state(tmp_path, "glob/*") == ("missing", False)


def test_broken_meta_checkout(tmp_path: Path) -> None:
    """A meta-checkout that is a broken repository is a result of its own among its children."""
    repo = make_repo(tmp_path, {"batuta-stack.toml": ""})
    crate(tmp_path / "a")
    (repo.path / ".git" / "index").write_bytes(b"no index")
    assert paths(tmp_path) == (".", "a")


def test_corrupt_index_is_unreadable(tmp_path: Path) -> None:
    """What git says about a repository that it cannot read is the reason."""
    repo = make_repo(tmp_path / "r", {"a": "1"})
    (repo.path / ".git" / "index").write_bytes(b"no index")
    found = inspect(Workspace(str(tmp_path), ("r",), frozenset()), "r")
    assert (found.state, "index" in (found.error or "")) == ("unreadable", True)


def test_time_of_the_last_fetch(tmp_path: Path) -> None:
    """The last fetch is known, from a linked worktree too; a clone is one."""
    make_repo(tmp_path / "upstream", {"a": "1"})
    run(["git", "clone", "--quiet", tmp_path / "upstream", tmp_path / "clone"])
    workspace = Workspace(str(tmp_path), ("clone", "tree"), frozenset())
    cloned = (tmp_path / "clone" / ".git" / "refs" / "remotes" / "origin" / "HEAD").stat().st_mtime
    assert inspect(workspace, "clone").fetched_at == cloned
    assert inspect(Workspace(str(tmp_path), ("upstream",), frozenset()), "upstream").fetched_at is None
    run(["git", "-C", tmp_path / "clone", "worktree", "add", "--quiet", tmp_path / "tree"])
    run(["git", "-C", tmp_path / "clone", "fetch", "--quiet"])
    when = (tmp_path / "clone" / ".git" / "FETCH_HEAD").stat().st_mtime
    assert inspect(workspace, "clone").fetched_at == when
    assert inspect(workspace, "tree").fetched_at == when


@pytest.mark.parametrize(
    ("lines", "is_plain"),
    [
        ([], True),
        (["core.worktree", "../elsewhere"], False),
        (["extensions.worktreeConfig", "true"], False),
        (["include.path", "more"], False),
    ],
)
def test_a_plain_top(tmp_path: Path, lines: list[str], is_plain: bool) -> None:
    """It is named as git names it, links on the way followed; where it may be elsewhere, it is left to git."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    repo = make_repo(tmp_path / "link" / "a", {"Cargo.toml": package("a")})
    if lines:
        repo.git("config", *lines)
    told = repo.git("rev-parse", "--show-toplevel").strip() if is_plain else ""
    assert plain_top(str(tmp_path / "link" / "a")) == told


def test_no_plain_top(tmp_path: Path) -> None:
    """A linked worktree's folder, and one without a repository, are none."""
    repo = make_repo(tmp_path / "a", {"Cargo.toml": package("a")})
    repo.git("worktree", "add", "-q", str(tmp_path / "b"))
    assert [plain_top(str(tmp_path / name)) for name in ("b", "c")] == ["", ""]
