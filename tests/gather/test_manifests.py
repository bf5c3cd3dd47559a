"""What FILES mean, and the facts that are gathered for a check."""

from __future__ import annotations

from pathlib import Path

import pytest

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.domain.facts import Facts, Sibling
from batuta_hooks.domain.workspace import Manifests
from batuta_hooks.gather.manifests import Scope, gather_facts, named, whole
from batuta_hooks.gather.repository import INDEX, WORKTREE, Repository
from tests.support.repos import Repo, make_repo, package

WORKSPACE = {
    "Cargo.toml": '[workspace]\nmembers = ["heir", "own"]\n[workspace.package]\nversion = "0.1.0"\n',
    "heir/Cargo.toml": '[package]\nname = "heir"\nversion.workspace = true\n',
    "own/Cargo.toml": package("own"),
    "own/.cargo/config.toml": "",
    "README.md": "x",
}


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A workspace with a member that inherits and one that does not; it is the current folder."""
    made = make_repo(tmp_path / "r", WORKSPACE)
    monkeypatch.chdir(made.path)
    return made


def scope(*files: str | Path, source: str = WORKTREE) -> Scope:
    """What is judged where these files are named in the current folder."""
    is_revision = source not in (INDEX, WORKTREE)
    repository = Repository(source="" if is_revision else source)
    tree = repository.commit_tree(repository.commit(source)) if is_revision else repository.tree()
    found = named(map(str, files), repository.top, tree, Manifests(tree))
    repository.close()
    return found


def refused(*files: str | Path, source: str = WORKTREE) -> str:
    """The sentence with which these files are refused."""
    with pytest.raises(BatutaError) as caught:
        scope(*files, source=source)
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_no_files_mean_everything(repo: Repo) -> None:
    """Every tracked manifest and configuration, and nothing that is not tracked."""
    repo.write({"new/Cargo.toml": package("new")})
    assert whole(Repository().tree()) == (
        ["Cargo.toml", "heir/Cargo.toml", "own/Cargo.toml"],
        ["own/.cargo/config.toml"],
    )


@pytest.mark.parametrize("source", [INDEX, WORKTREE, "HEAD"])
def test_a_root_brings_the_members_that_inherit(source: str, repo: Repo) -> None:
    """A member that takes nothing from the root is not judged with it; a member alone brings nobody."""
    assert scope("Cargo.toml", source=source) == (["Cargo.toml", "heir/Cargo.toml"], [])
    assert scope("own/Cargo.toml", source=source) == (["own/Cargo.toml"], [])
    assert scope("heir/Cargo.toml", "heir/Cargo.toml", source=source) == (["heir/Cargo.toml"], [])


def test_other_files_are_ignored(repo: Repo) -> None:
    """What is neither a manifest nor cargo's configuration judges nothing."""
    assert scope("README.md") == ([], [])
    assert scope("README.md", "own/.cargo/config.toml") == ([], ["own/.cargo/config.toml"])


def test_files_from_a_folder_below(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths are relative to the current folder; absolute ones and ones with dots mean the same."""
    monkeypatch.chdir(repo.path / "own")
    for file in ("../heir/Cargo.toml", "../own/../heir//Cargo.toml", repo.path / "heir" / "Cargo.toml"):
        assert scope(file) == (["heir/Cargo.toml"], [])


def test_a_folder_means_what_is_below(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder stands for its manifests and configurations; the top folder for all."""
    assert scope("own") == scope("own/") == (["own/Cargo.toml"], ["own/.cargo/config.toml"])
    assert scope(".") == scope(repo.path) == whole(Repository().tree())
    monkeypatch.chdir(repo.path / "heir")
    assert scope(".") == (["heir/Cargo.toml"], [])


def test_links_on_the_way(repo: Repo, tmp_path: Path) -> None:
    """A file is found through links outside of the repository and inside."""
    (tmp_path / "elsewhere").symlink_to(repo.path)
    (repo.path / "link").symlink_to("heir")
    repo.git("add", "link")
    assert scope(tmp_path / "elsewhere" / "heir" / "Cargo.toml") == (["heir/Cargo.toml"], [])
    assert scope("link/Cargo.toml") == (["heir/Cargo.toml"], [])


def test_what_is_not_there(repo: Repo, tmp_path: Path) -> None:
    """Files that do not exist or lie elsewhere are refused, each with a sentence."""
    assert refused("nowhere/Cargo.toml").startswith("`nowhere/Cargo.toml`: no such file")
    assert refused("Cargo.tml").startswith("`Cargo.tml`: no such file")
    for file in ("..", "../Cargo.toml", "/etc/passwd", f"{repo.path}-other/Cargo.toml"):
        assert f"`{file}` lies outside this repository" in refused(file)


def test_deleted_files(repo: Repo) -> None:
    """A tracked file that was deleted may be named; from the index it is judged."""
    (repo.path / "own" / "Cargo.toml").unlink()
    for source in (INDEX, WORKTREE, "HEAD"):
        assert scope("own/Cargo.toml", source=source) == (["own/Cargo.toml"], [])


def test_untracked_files(repo: Repo) -> None:
    """In the worktree a new manifest is judged as it would be once it is added; in the index it is not there yet."""
    repo.write({"new/Cargo.toml": package("new"), "new/.cargo/config.toml": "", "new/x": ""})
    files = ("new/Cargo.toml", "new/.cargo/config.toml", "new/x")
    repository = Repository()
    tree = repository.tree()
    assert named(files, repository.top, tree, Manifests(tree)) == (["new/Cargo.toml"], ["new/.cargo/config.toml"])
    assert tree.read("new/Cargo.toml") == package("new").encode()
    repository = Repository(source=INDEX)
    tree = repository.tree()
    assert named(files, repository.top, tree, Manifests(tree)).manifests == ["new/Cargo.toml"]
    assert tree.read("new/Cargo.toml") is None


def test_a_root_that_cannot_be_read_brings_nobody(repo: Repo) -> None:
    """Who inherits from a broken root is not known; the root itself is judged."""
    repo.write({"Cargo.toml": "[workspace"})
    assert scope("Cargo.toml") == (["Cargo.toml"], [])


def test_files_of_a_bare_repository(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a worktree files are paths of the commit."""
    repo.git("clone", "-q", "--bare", ".", tmp_path / "bare")
    monkeypatch.chdir(tmp_path / "bare")
    assert scope("./own//Cargo.toml", source="HEAD") == (["own/Cargo.toml"], [])
    assert scope("own", source="HEAD").manifests == ["own/Cargo.toml"]
    assert "no such file" in refused("nowhere", source="HEAD")
    assert "lies outside" in refused("../x", source="HEAD")
    assert "lies outside" in refused("/Cargo.toml", source="HEAD")


def facts_of(base: str = "HEAD", source: str = WORKTREE) -> Facts:
    """The facts about the whole repository around the current folder."""
    repository = Repository(source=source)
    tree = repository.tree()
    return gather_facts(repository, Manifests(tree), whole(tree), base)


def test_what_was_readable_before(repo: Repo) -> None:
    """A manifest that could be loaded at the base, root included, was readable; others and other bases were not."""
    repo.commit("break", {"broken/Cargo.toml": "[package", "Cargo.toml": "[workspace]\nmembers = []\n"})
    repo.write({"heir/Cargo.toml": "[package", "own/Cargo.toml": "[package", "broken/Cargo.toml": package("b")})
    asked = ("Cargo.toml", "heir/Cargo.toml", "own/Cargo.toml", "broken/Cargo.toml", "nowhere/Cargo.toml")
    was = facts_of().was_readable
    assert [was(path) for path in asked] == [True, False, True, False, False]
    before = facts_of("HEAD~1").was_readable
    assert [before(path) for path in asked] == [True, True, True, False, False]
    assert not any(map(facts_of("").was_readable, asked))
    assert not any(map(facts_of("nowhere").was_readable, asked))


def test_what_is_on_disk(repo: Repo) -> None:
    """Untracked files are on disk, and dangling links; what is hostile is not."""
    repo.write({"new/Cargo.toml": "x"})
    (repo.path / "dangling").symlink_to("nowhere")
    is_on_disk = facts_of(source=INDEX).is_on_disk
    paths = ("new/Cargo.toml", "dangling", "own", "nowhere", "a\0b", "x" * 5000)
    assert [is_on_disk(path) for path in paths] == [True, True, True, False, False, False]


def test_siblings_are_found_beside_the_top_folder(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path that leaves the repository starts at its top folder, wherever the guard is run."""
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "Cargo.toml").write_text(package("beside", version="1.2.3"))
    monkeypatch.chdir(repo.path / "own")
    sibling = facts_of().sibling
    assert sibling("../beside") == Sibling("beside", "1.2.3")
    assert sibling("../nowhere") is None
