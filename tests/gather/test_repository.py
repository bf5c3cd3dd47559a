"""Finding a repository, and its trees, from wherever a guard is run."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.gather.repository import INDEX, TAGS, WORKTREE, Repository
from tests.support.process import run
from tests.support.repos import Repo, make_repo


def refused(folder: Path | None, source: str = WORKTREE) -> str:
    """The sentence with which reading a tree is refused."""
    with pytest.raises(BatutaError) as caught:
        Repository(None if folder is None else str(folder), source).tree()
    assert caught.value.exit_code == 2
    return str(caught.value)


@pytest.mark.parametrize("source", [INDEX, WORKTREE])
def test_from_any_folder_the_whole_repository_is_seen(source: str, tmp_path: Path) -> None:
    """The top folder is found from below; every manifest is listed relative to it; names with line breaks are fine."""
    top = tmp_path / "odd\nname\n"
    make_repo(top, {"Cargo.toml": "x", "a/Cargo.toml": "y", "b/c/x": "x"})
    repository = Repository(str(top / "b" / "c"), source)
    assert list(repository.tree().manifest_paths) == ["Cargo.toml", "a/Cargo.toml"]
    assert repository.top == str(top)
    repository.close()


@pytest.mark.parametrize("source", [INDEX, WORKTREE, ""])
def test_no_repository(source: str, tmp_path: Path) -> None:
    """Outside of any repository a sentence says so, where, and what to do."""
    repository = Repository(str(tmp_path), source)
    with pytest.raises(BatutaError) as caught:
        repository.tree() if source else repository.commit("HEAD")
    message = f"{tmp_path}: there is no git repository here\n    run it inside one, or `git init`"
    assert str(caught.value) == message


@pytest.mark.parametrize("source", [INDEX, WORKTREE])
def test_a_folder_that_is_not_there(source: str, tmp_path: Path) -> None:
    """A wrong folder is named, with what git says of it."""
    assert f"{tmp_path}/nowhere: cannot change to" in refused(tmp_path / "nowhere", source)


def test_a_current_folder_that_was_removed(tmp_path: Path) -> None:
    """Where the current folder is gone there is a sentence, not a traceback."""
    code = "import os; os.rmdir(os.getcwd()); from batuta_hooks.guards.path_deps import main; main()"
    (tmp_path / "gone").mkdir()
    done = run([sys.executable, "-c", code], cwd=tmp_path / "gone", code=2)
    assert done.stderr.startswith("batuta-path-deps: Unable to read current working directory")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("source", [INDEX, WORKTREE])
def test_a_bare_repository_has_commits_alone(source: str, tmp_path: Path) -> None:
    """Index and worktree are refused with the way out; a commit is read; the top folder is empty."""
    repo = make_repo(tmp_path / "r", {"Cargo.toml": "x"})
    repo.git("clone", "-q", "--bare", ".", tmp_path / "bare")
    assert refused(tmp_path / "bare", source) == (
        f"{tmp_path}/bare: there is no worktree here: the repository is bare, or this is its git folder\n"
        "    name a commit: --source HEAD"
    )
    assert "its git folder" in refused(repo.path / ".git")
    repository = Repository(str(tmp_path / "bare"), "")
    tree = repository.commit_tree(repository.commit("main"))
    assert (tree.read("Cargo.toml"), repository.top) == (b"x", "")
    repository.close()


def test_revisions(tmp_path: Path) -> None:
    """Whatever names a commit leads to it; what does not is refused, options in disguise too."""
    repo = make_repo(tmp_path, {"Cargo.toml": "x"})
    repo.git("tag", "-a", "-m", "x", "v1")
    repository = Repository(str(tmp_path), "")
    head = repo.git("rev-parse", "HEAD")
    assert {repository.commit(name) for name in ("HEAD", "main", "v1", head, head[:8], "main~0")} == {head}
    for name in ("nowhere", "HEAD~1", "-x", "--help", "HEAD:Cargo.toml", "a..b", "a\nb", "\udcff"):
        with pytest.raises(BatutaError, match="names no commit here") as caught:
            repository.commit(name)
        assert caught.value.exit_code == 2
    repository.close()


def test_an_unborn_head(tmp_path: Path) -> None:
    """Before the first commit index and worktree are read, and HEAD names no commit."""
    repo = make_repo(tmp_path, {"Cargo.toml": "x"}, commit=False)
    repo.git("add", "--all")
    for source in (INDEX, WORKTREE):
        assert Repository(str(tmp_path), source).tree().read("Cargo.toml") == b"x"
    repository = Repository(str(tmp_path), "")
    with pytest.raises(BatutaError, match="`HEAD` names no commit here"):
        repository.commit("HEAD")
    assert repository.branch() == "main"
    repository.close()


def test_the_branch(tmp_path: Path) -> None:
    """The name of the branch, slashes included, even where a tag has the same; empty where HEAD is detached."""
    repo = make_repo(tmp_path, {"a": "a"})
    repo.git("switch", "-q", "-c", "release/1.x")
    repo.git("tag", "release/1.x")
    assert Repository(str(tmp_path)).branch() == "release/1.x"
    repo.git("switch", "-q", "--detach")
    assert Repository(str(tmp_path)).branch() == ""


def test_a_repository_of_somebody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where git does not trust the folder's owner, the sentence holds the command that trusts it."""
    make_repo(tmp_path, {"a": "a"})
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    for source in (INDEX, WORKTREE):
        said = refused(tmp_path, source)
        assert "dubious ownership" in said
        assert said.endswith(f"\n    if you trust it: git config --global --add safe.directory '{tmp_path}'")


def test_what_git_wants_is_passed_on(tmp_path: Path) -> None:
    """A repository that git refuses for another reason is refused with that reason."""
    repo = make_repo(tmp_path, {"a": "a"})
    repo.git("config", "core.repositoryFormatVersion", "99")
    said = refused(tmp_path)
    assert "Expected git repo version <= 1, found 99" in said
    assert "run `git status` there" in said


def worktree_of(repo: Repo, place: Path) -> Repo:
    """A linked worktree on a branch of its own."""
    repo.git("worktree", "add", "-q", "-b", place.name, place)
    return Repo(place)


def test_a_linked_worktree_as_hooks_see_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the variables that git exports there, its own index and files are read, and a sibling's are not mixed up."""
    repo = make_repo(tmp_path / "r", {"Cargo.toml": "main"})
    linked = worktree_of(repo, tmp_path / "linked")
    linked.commit("other", {"Cargo.toml": "linked"})
    monkeypatch.chdir(linked.path)
    monkeypatch.setenv("GIT_DIR", linked.git("rev-parse", "--absolute-git-dir"))
    monkeypatch.setenv("GIT_INDEX_FILE", linked.git("rev-parse", "--absolute-git-dir") + "/index")
    for source in (INDEX, WORKTREE):
        repository = Repository(source=source)
        assert repository.tree().read("Cargo.toml") == b"linked"
        assert (repository.top, repository.branch()) == (str(linked.path), "linked")
        sibling = Repository(str(repo.path), source, sibling=True)
        assert sibling.tree().read("Cargo.toml") == b"main"
        assert (sibling.top, sibling.branch()) == (str(repo.path), "main")


def test_the_index_that_a_hook_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`git commit PATH` judges an index of its own."""
    repo = make_repo(tmp_path, {"Cargo.toml": "old", "x": "x"})
    repo.write({"Cargo.toml": "staged"})
    repo.git("add", "Cargo.toml")
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / ".git" / "next-index"))
    repo.git("read-tree", "HEAD")
    assert Repository(str(tmp_path), INDEX).tree().read("Cargo.toml") == b"old"
    monkeypatch.delenv("GIT_INDEX_FILE")
    assert Repository(str(tmp_path), INDEX).tree().read("Cargo.toml") == b"staged"


def test_from_inside_a_submodule(tmp_path: Path) -> None:
    """A submodule is a repository of its own."""
    inner = make_repo(tmp_path / "inner", {"Cargo.toml": "inner", "a/b": "x"})
    outer = make_repo(tmp_path / "outer", {"Cargo.toml": "outer"})
    outer.git("submodule", "--quiet", "add", inner.path, "sub")
    repository = Repository(str(outer.path / "sub" / "a"))
    assert repository.tree().read("Cargo.toml") == b"inner"
    assert repository.top == str(outer.path / "sub")


def test_long_object_names(tmp_path: Path) -> None:
    """A repository with SHA-256 ids is read at every source."""
    run(["git", "init", "-q", "-b", "main", "--object-format=sha256", tmp_path])
    repo = Repo(tmp_path)
    head = repo.commit("x", {"Cargo.toml": "x", "empty/Cargo.toml": ""})
    assert len(head) == 64
    for source in (INDEX, WORKTREE):
        assert list(Repository(str(tmp_path), source).tree().manifest_paths) == ["Cargo.toml", "empty/Cargo.toml"]
    repository = Repository(str(tmp_path), "")
    assert repository.commit_tree(repository.commit(head)).read("empty/Cargo.toml") == b""


def test_a_partial_clone_is_known(tmp_path: Path) -> None:
    """A clone that leaves blobs with its remote is told from one that has lost them, and fetches nothing."""
    repo = make_repo(tmp_path / "r", {"Cargo.toml": "x"})
    repo.git("config", "uploadpack.allowFilter", "true")
    options = ["--no-checkout", "--filter=blob:none"]
    repo.git("clone", "-q", *options, f"file://{repo.path}", tmp_path / "partial")
    repository = Repository(str(tmp_path / "partial"), "")
    tree = repository.commit_tree(repository.commit("HEAD"))
    if tree.read("Cargo.toml") != b"x":  # gits before 2.45 know no way to be kept from fetching
        assert tree.missing == {"Cargo.toml"}
    assert repository.is_partial()
    assert not Repository(str(repo.path)).is_partial()


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    """A repository that is closed or refused leaves neither a process nor a descriptor, whatever was under way."""
    make_repo(tmp_path / "r", {"Cargo.toml": "x"})
    code = """
import os
from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.gather.repository import Repository
before = os.listdir("/dev/fd")
for folder in ("r", "."):
    for source in ("index", "worktree", ""):
        repository = Repository(folder, source)
        repository.objects.start()
        try:
            repository.tree() if source else repository.commit("HEAD")
        except BatutaError:
            assert folder == "."
        else:
            repository.close()
        assert os.listdir("/dev/fd") == before, (folder, source)
try:
    os.waitpid(-1, os.WNOHANG)
except ChildProcessError:
    print("none")
"""
    assert run([sys.executable, "-c", code], cwd=tmp_path).stdout == "none\n"


def test_trees_that_were_started(tmp_path: Path) -> None:
    """A listing that was begun early is the same; by a tag's id too; what nobody asks for is ended."""
    made = make_repo(tmp_path / "r", {"Cargo.toml": "x"})
    made.git("tag", "--annotate", "--message", "x", "annotated")
    made.git("tag", "blob", "HEAD:Cargo.toml")
    commit, tag, blob = (made.git("rev-parse", name) for name in ("HEAD", "annotated", "blob"))
    repository = Repository(str(made.path), TAGS)
    for oid in (commit, tag, blob):
        repository.start_tree(oid)
    for tree in (repository.commit_tree(commit), repository.commit_tree(commit, tag), repository.commit_tree(commit)):
        assert list(tree.manifest_paths) == ["Cargo.toml"]
    assert repository.top == str(made.path)
    repository.close()
