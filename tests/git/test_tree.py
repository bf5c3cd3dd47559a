"""Tracked files, read from the index, the worktree and a commit, with links, submodules and worse on the way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batuta_hooks.domain.tree import ReadFault
from batuta_hooks.gather.repository import INDEX, WORKTREE, Repository
from batuta_hooks.git import tree as module
from batuta_hooks.git.tree import GitTree, is_config, is_manifest, read_regular_file
from tests.support.repos import Repo, make_repo

COMMIT = "HEAD"
SOURCES = [INDEX, WORKTREE, COMMIT]
LOOP = ReadFault("Too many levels of symbolic links (os error 40)")
FOLDER = ReadFault("Is a directory (os error 21)")


def tree_of(repo: Repo, source: str) -> GitTree:
    """The tree of a repository at a source."""
    if source == COMMIT:
        repository = Repository(str(repo.path), "")
        return repository.commit_tree(repository.commit(source))
    return Repository(str(repo.path), source).tree()


def link(repo: Repo, links: dict[str, str]) -> None:
    """Make symbolic links and commit them."""
    for path, target in links.items():
        (repo.path / path).parent.mkdir(parents=True, exist_ok=True)
        (repo.path / path).symlink_to(target)
    repo.commit("links")


def test_each_source_has_its_own_bytes(tmp_path: Path) -> None:
    """The index, the worktree and a commit are read apart."""
    repo = make_repo(tmp_path, {"Cargo.toml": "commit"})
    repo.write({"Cargo.toml": "index"})
    repo.git("add", "Cargo.toml")
    repo.write({"Cargo.toml": "worktree"})
    assert [tree_of(repo, source).read("Cargo.toml") for source in SOURCES] == [b"index", b"worktree", b"commit"]


@pytest.mark.parametrize("ids", ["sha1", "sha256"])
def test_at_a_commit_files_stand_for_blobs_of_the_same_bytes(
    ids: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the top folder the index is read from the worktree wherever the bytes are the blob's, else by git."""
    repo = Repo(tmp_path)
    repo.git("init", "--quiet", f"--object-format={ids}", "--initial-branch", "main")
    repo.write(dict.fromkeys(["same", "other", "gone", "link", "folder"], "staged"))
    repo.git("add", "--all")
    repo.write({"other": "changed"})
    for path in ("gone", "link", "folder"):
        (tmp_path / path).unlink()
    (tmp_path / "link").symlink_to("same")
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    repository = Repository(source=INDEX, is_at_top=True)
    tree = repository.tree()
    assert repository.has_checkout
    assert tree.read("same") == b"staged"
    assert repository.objects._git is None  # nobody was asked
    assert [tree.read(path) for path in ("other", "gone", "link", "folder")] == [b"staged"] * 4
    assert repository.top == str(tmp_path)
    repository.close()


def test_line_ends_of_the_worktree_are_not_those_of_the_blob(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where git turns them at checkout, what will be committed is read."""
    repo = make_repo(tmp_path, {"Cargo.toml": "a\nb\n", ".gitattributes": "* text eol=crlf\n"})
    (tmp_path / "Cargo.toml").unlink()
    repo.git("checkout", "--", "Cargo.toml")
    assert (tmp_path / "Cargo.toml").read_bytes() == b"a\r\nb\r\n"
    monkeypatch.chdir(tmp_path)
    repository = Repository(source=INDEX, is_at_top=True)
    assert repository.tree().read("Cargo.toml") == b"a\nb\n"
    repository.close()


@pytest.mark.parametrize("name", ["GIT_DIR", "GIT_WORK_TREE"])
def test_where_a_variable_names_the_worktree_git_is_asked(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The current folder is not taken for the top folder then, nor where it has no repository of its own."""
    repo = make_repo(tmp_path / "r", {"below/file": "x"})
    monkeypatch.chdir(repo.path / "below")
    assert not Repository(source="", is_at_top=True).has_checkout
    monkeypatch.chdir(repo.path)
    monkeypatch.setenv(name, {"GIT_DIR": ".git", "GIT_WORK_TREE": "below"}[name])
    assert not Repository(source="", is_at_top=True).has_checkout


def test_manifests_and_configurations_are_found_by_name(tmp_path: Path) -> None:
    """Exactly the files of these names, sorted, wherever they lie."""
    manifests = ["Cargo.toml", "a b/Cargo.toml", "deep/er/Cargo.toml", "ä\n/Cargo.toml"]
    configs = [".cargo/config", ".cargo/config.toml", "deep/.cargo/config.toml"]
    others = ["MyCargo.toml", "Cargo.toml.orig", "cargo.toml", "x.cargo/config", "Cargo.toml/x/file", "config.toml"]
    repo = make_repo(tmp_path / "r", dict.fromkeys([*manifests[1:], *configs, *others], "x"))
    tree = tree_of(repo, INDEX)
    assert list(tree.manifest_paths) == manifests[1:]
    assert list(tree.config_paths) == configs
    assert [path for path in (*manifests, *configs, *others) if is_manifest(path)] == manifests
    assert [path for path in (*manifests, *configs, *others) if is_config(path)] == configs


@pytest.mark.parametrize("source", SOURCES)
def test_what_is_not_tracked_is_not_there(source: str, tmp_path: Path) -> None:
    """An untracked file is None, a folder is a fault, and neither is contained."""
    repo = make_repo(tmp_path, {"a/b": "x"})
    repo.write({"Cargo.toml": "x"})
    tree = tree_of(repo, source)
    assert tree.read("Cargo.toml") is None
    assert tree.read("a") == FOLDER
    assert ("a/b" in tree, "a" in tree, "Cargo.toml" in tree) == (True, False, False)


@pytest.mark.parametrize("source", SOURCES)
def test_links_inside_the_repository_are_followed(source: str, tmp_path: Path) -> None:
    """Links to files, through folders, over other links, with dots; as far as a clone has what they lead to."""
    repo = make_repo(tmp_path / "r", {"real/Cargo.toml": "content", "top": "top", "real/deep/x": "x"})
    links = {
        "file": "real/Cargo.toml",
        "folder": "real",
        "a/up": "../folder/Cargo.toml",
        "a/dots": ".././real//deep/../Cargo.toml",
        "chain": "a/up",
        "b/to-deep": "../real/deep",
        "b/physical": "to-deep/../Cargo.toml",  # the system's `..` is the link's target's parent
    }
    link(repo, links)
    tree = tree_of(repo, source)
    for path in ("file", "a/up", "a/dots", "chain", "folder/Cargo.toml", "b/physical"):
        assert tree.read(path) == b"content", path
    assert tree.read("b/to-deep/x") == b"x"
    assert tree.read("folder/nowhere") is None, "the folder is there, the file is not"
    assert tree.read("folder") == FOLDER
    assert tree.resolve("folder/deep") == "real/deep"


@pytest.mark.parametrize("source", SOURCES)
def test_links_that_no_clone_can_follow(source: str, tmp_path: Path) -> None:
    """Dangling links, loops and links out of the repository are faults that say so."""
    repo = make_repo(tmp_path / "r", {"x": "x"})
    (tmp_path / "outside").write_text("secret")
    links = {
        "dangling": "nowhere/at/all",
        "over": "dangling",
        "loop": "loop",
        "ring/a": "b",
        "ring/b": "a",
        "out": "../outside",
        "far-out": "../../../../etc/passwd",
        "absolute": str(tmp_path / "outside"),
        "home": str(tmp_path / "r" / "x"),
        "sub/loop": "..",
    }
    link(repo, links)
    tree = tree_of(repo, source)
    gone = ReadFault("a symbolic link to `nowhere/at/all`: No such file or directory (os error 2)")
    assert [tree.read("dangling"), tree.read("over")] == [gone, gone]
    assert [tree.read("loop"), tree.read("ring/a")] == [LOOP, LOOP]
    for path in ("out", "far-out", "absolute", "home", "out/Cargo.toml"):
        fault = tree.read(path)
        assert isinstance(fault, ReadFault), path
        assert "leads out of the repository" in fault.reason
        assert tree.resolve(path) is None
    assert tree.read("sub/loop/sub/loop/x") == b"x"
    assert tree.read("/".join(["sub/loop"] * 41)) == LOOP
    assert tree.read("dangling/Cargo.toml") is None


@pytest.mark.parametrize("source", [INDEX, COMMIT])
def test_a_link_too_long_for_any_system(source: str, tmp_path: Path) -> None:
    """A blob of megabytes in the place of a link's target is refused at once; so are endless paths."""
    repo = make_repo(tmp_path, {"blob": "a/" * 2_000_000})
    oid = repo.git("rev-parse", "HEAD:blob")
    repo.git("update-index", "--add", "--cacheinfo", f"120000,{oid},Cargo.toml")
    repo.git("commit", "-q", "-m", "x")
    tree = tree_of(repo, source)
    assert tree.read("Cargo.toml") == ReadFault("File name too long (os error 36)")
    assert tree.read("a/" * 1_000_000) is None


LINK_NAMES = ("a", "b", "c", "d/e", "d/f")
TARGETS = st.lists(st.sampled_from(["..", ".", "a", "b", "c", "d", "e", "f", "file"]), min_size=1, max_size=4)


@pytest.fixture(scope="module")
def maze(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """A repository whose links change with every example."""
    return make_repo(tmp_path_factory.mktemp("maze") / "r", {"file": "top", "d/file": "below", "d/g/file": "deep"})


@settings(max_examples=60)
@given(targets=st.lists(TARGETS, min_size=len(LINK_NAMES), max_size=len(LINK_NAMES)), data=st.data())
def test_links_are_followed_as_the_system_does(targets: list[list[str]], data: st.DataObject, maze: Repo) -> None:
    """Whatever a maze of links: index and worktree hold what the system finds, where that lies in the repository."""
    for name, target in zip(LINK_NAMES, targets, strict=True):
        place = maze.path / name
        place.unlink(missing_ok=True)
        place.symlink_to("/".join(target))
    maze.git("add", "--all")
    top = os.path.realpath(maze.path)
    paths = [os.path.normpath("/".join(data.draw(TARGETS))) for _ in range(20)]
    for source in (INDEX, WORKTREE):
        tree = tree_of(maze, source)
        for path in [*LINK_NAMES, *(path for path in paths if not path.startswith("."))]:
            content = tree.read(path)
            if isinstance(content, bytes):
                assert (maze.path / path).read_bytes() == content
            elif isinstance(content, ReadFault) and "out of" in content.reason:
                assert not (maze.path / path).exists() or leaves(maze.path / path, top), path
            else:
                assert not (maze.path / path).is_file(), path


def leaves(path: Path, top: str) -> bool:
    """Whether the way to a path, every link of it followed step by step, leaves the repository even once."""
    place, pending = top, list(path.relative_to(top).parts)[::-1]
    for _ in range(1000):
        if not pending:
            return False
        place = os.path.normpath(f"{place}/{pending.pop()}")
        if place != top and not place.startswith(f"{top}/"):
            return True
        if os.path.islink(place):
            pending.extend(reversed(os.readlink(place).split("/")))
            place = os.path.dirname(place)
    return False


class TestWorktree:
    """Where the worktree differs from the index, it is read as it stands."""

    def test_a_link_in_place_of_a_file(self, tmp_path: Path) -> None:
        """It is followed inside the repository, and not out of it."""
        repo = make_repo(tmp_path / "r", {"in": "x", "out": "x", "loop": "x", "target": "content"})
        (tmp_path / "outside").write_text("secret")
        for path, target in {"in": "target", "out": "../outside", "loop": "loop"}.items():
            (repo.path / path).unlink()
            (repo.path / path).symlink_to(target)
        tree = tree_of(repo, WORKTREE)
        assert tree.read("in") == b"content"
        assert tree.read("out") == ReadFault("a symbolic link leads out of the repository")
        assert tree.read("loop") == LOOP

    def test_a_file_in_place_of_a_link(self, tmp_path: Path) -> None:
        """It is a file now."""
        repo = make_repo(tmp_path, {"target": "old"})
        link(repo, {"Cargo.toml": "target"})
        (tmp_path / "Cargo.toml").unlink()
        repo.write({"Cargo.toml": "new"})
        assert [tree_of(repo, source).read("Cargo.toml") for source in SOURCES] == [b"old", b"new", b"old"]

    def test_where_links_cannot_be_made(self, tmp_path: Path) -> None:
        """With core.symlinks off a link is checked out as a file that holds its target; it is a link all the same."""
        repo = make_repo(tmp_path, {"target": "content"})
        link(repo, {"Cargo.toml": "target"})
        repo.git("config", "core.symlinks", "false")
        (tmp_path / "Cargo.toml").unlink()
        repo.git("checkout", "-q", "Cargo.toml")
        assert not (tmp_path / "Cargo.toml").is_symlink()
        assert tree_of(repo, WORKTREE).read("Cargo.toml") == b"content"

    def test_deleted(self, tmp_path: Path) -> None:
        """Files and links that were deleted are not there."""
        repo = make_repo(tmp_path, {"target": "content", "file": "x"})
        link(repo, {"link": "target", "dir": "."})
        for name in ("file", "link", "dir"):
            (tmp_path / name).unlink()
        tree = tree_of(repo, WORKTREE)
        assert [tree.read(path) for path in ("file", "link", "dir", "dir/target")] == [None] * 4

    def test_something_else_in_place_of_a_file(self, tmp_path: Path) -> None:
        """A folder, a pipe that nobody writes to and a socket's place are faults, told without waiting."""
        repo = make_repo(tmp_path, {"folder": "x", "pipe": "x", "under/file": "x"})
        for name in ("folder", "pipe"):
            (tmp_path / name).unlink()
        (tmp_path / "folder").mkdir()
        os.mkfifo(tmp_path / "pipe")
        (tmp_path / "under" / "file").unlink()
        (tmp_path / "under").rmdir()
        (tmp_path / "under").write_text("a file")
        tree = tree_of(repo, WORKTREE)
        assert tree.read("folder") == FOLDER
        assert tree.read("pipe") == ReadFault("it is not a regular file")
        assert tree.read("under/file") is None

    def test_sparse_and_assumed_unchanged(self, tmp_path: Path) -> None:
        """A file that is kept out of the worktree is read from the index; one assumed unchanged as it stands."""
        repo = make_repo(tmp_path, {"in/a": "a", "away/Cargo.toml": "tracked", "assumed": "old", "kept": "tracked"})
        repo.git("update-index", "--assume-unchanged", "assumed")
        repo.git("update-index", "--skip-worktree", "kept")
        repo.write({"assumed": "new", "kept": "mine"})
        assert tree_of(repo, WORKTREE).read("kept") == b"tracked"
        repo.git("update-index", "--no-skip-worktree", "kept")
        repo.git("checkout", "-q", "kept")
        repo.git("sparse-checkout", "set", "in")
        assert not (tmp_path / "away").exists()
        tree = tree_of(repo, WORKTREE)
        assert tree.read("away/Cargo.toml") == b"tracked"
        assert tree.read("assumed") == b"new"

    def test_a_sparse_index(self, tmp_path: Path) -> None:
        """Folders that the index holds as one entry are listed file by file."""
        repo = make_repo(tmp_path, {"in/a": "a", "away/deep/Cargo.toml": "tracked"})
        repo.git("sparse-checkout", "set", "--cone", "--sparse-index", "in")
        assert "away/\n" in repo.git("ls-files", "--sparse") + "\n"
        for source in SOURCES:
            assert tree_of(repo, source).read("away/deep/Cargo.toml") == b"tracked"

    def test_a_file_that_is_not_added_yet(self, tmp_path: Path) -> None:
        """Once taken in it is a manifest among the others, and its folder is one."""
        repo = make_repo(tmp_path, {"a": "a"})
        repo.write({"new/Cargo.toml": "new", "target": "linked"})
        (tmp_path / "new" / "link").symlink_to("../target")
        tree = tree_of(repo, WORKTREE)
        assert (list(tree.manifest_paths), "new" in tree.folders()) == ([], False)
        tree.add("new/Cargo.toml")
        assert (list(tree.manifest_paths), "new" in tree.folders()) == (["new/Cargo.toml"], True)
        assert tree.read("new/Cargo.toml") == b"new"
        tree.add("new/link")
        assert tree.read("new/link") == ReadFault("a symbolic link to `target`: No such file or directory (os error 2)")


def test_a_conflict(tmp_path: Path) -> None:
    """A file in conflict cannot be read from the index, but as it stands in the worktree."""
    repo = make_repo(tmp_path, {"a": "1"})
    repo.git("switch", "-q", "-c", "other")
    repo.commit("other", {"a": "2"})
    repo.git("switch", "-q", "main")
    repo.commit("main", {"a": "3"})
    repo.git("merge", "other", code=1)
    repo.write({"a": "resolved"})
    fault = tree_of(repo, INDEX).read("a")
    assert fault == ReadFault("it is unmerged in the index: resolve the conflict and `git add` it")
    assert tree_of(repo, WORKTREE).read("a") == b"resolved"


@pytest.mark.parametrize("source", SOURCES)
def test_submodules(source: str, tmp_path: Path) -> None:
    """A submodule's folder and all below it are inside; its files are not tracked here, whoever links to them."""
    inner = make_repo(tmp_path / "inner", {"Cargo.toml": "inner"})
    repo = make_repo(tmp_path / "outer", {"a": "a"})
    repo.git("submodule", "--quiet", "add", inner.path, "vendor/sub")
    link(repo, {"to-sub": "vendor/sub", "Cargo.toml": "vendor/sub/Cargo.toml"})
    tree = tree_of(repo, source)
    inside = [path for path in ("vendor/sub", "vendor/sub/x/y", "to-sub", "to-sub/x") if tree.in_submodule(path)]
    assert inside == ["vendor/sub", "vendor/sub/x/y", "to-sub", "to-sub/x"]
    assert not any(tree.in_submodule(path) for path in ("", "vendor", "vendor/subway", "a", "../vendor/sub"))
    assert {"", "vendor", "vendor/sub", "to-sub"} == tree.folders()
    assert tree.read("vendor/sub") == FOLDER
    assert tree.read("vendor/sub/Cargo.toml") is None
    assert tree.read("Cargo.toml") is None, "what the submodule holds there is not known"


@pytest.mark.parametrize("source", SOURCES)
def test_embedded_repositories(source: str, tmp_path: Path) -> None:
    """What `git add` took for a commit because it has a ``.git`` is no submodule: .gitmodules leads no clone to it."""
    repo = make_repo(tmp_path / "outer", {"a": "a", ".gitmodules": '[submodule "x"]\n\tpath = inner/x\n\turl = ./x\n'})
    make_repo(tmp_path / "outer" / "inner", {"Cargo.toml": "inner"})
    repo.git("add", "--all")
    repo.git("commit", "-qm", "embed")
    tree = tree_of(repo, source)
    assert not tree.in_submodule("inner")
    assert (tree.in_nested("inner/x"), tree.in_nested("a")) == (True, False)
    fault = tree.read("inner/Cargo.toml")
    assert isinstance(fault, ReadFault)
    assert ".gitmodules does not name" in fault.reason
    repo.write(
        {".gitmodules": '[submodule "x"] path = "in\\"\\\\\\t"\n[submodule "y"]\n Path=inner/ # ours\n\turl = ./x\n'}
    )
    repo.git("add", "--all")
    repo.git("commit", "-qm", "declare")
    assert tree_of(repo, source).in_submodule("inner/Cargo.toml")


@pytest.mark.parametrize("source", SOURCES)
def test_folders(source: str, tmp_path: Path) -> None:
    """Every folder above a tracked file, links to folders among them; links to files or out of here are none."""
    repo = make_repo(tmp_path, {"a/b/c/file": "x", "a/b/d": "x"})
    link(repo, {"l/folder": "../a/b", "l/file": "../a/b/d", "l/out": "../..", "l/loop": "loop", "l/top": ".."})
    assert tree_of(repo, source).folders() == {"", "a", "a/b", "a/b/c", "l", "l/folder", "l/top"}


def test_an_object_that_is_not_here(tmp_path: Path) -> None:
    """A missing blob is a fault, and noted as missing."""
    repo = make_repo(tmp_path, {"a": "a", "b": "content"})
    link(repo, {"link": "b"})
    for name in ("a", "link"):
        oid = repo.git("rev-parse", f"HEAD:{name}")
        (tmp_path / ".git" / "objects" / oid[:2] / oid[2:]).unlink()
    tree = tree_of(repo, COMMIT)
    assert isinstance(tree.read("a"), ReadFault)
    assert isinstance(tree.read("link"), ReadFault)
    assert tree.read("b") == b"content"
    assert tree.missing == {"a", "link"}


@pytest.mark.parametrize("source", SOURCES)
def test_sizes_are_bounded(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file above the limit is a fault that names it; one that just keeps to it is read."""
    monkeypatch.setattr(module, "LARGEST_BLOB", 1 << 20)
    repo = make_repo(tmp_path, {"fits": "x" * (1 << 20), "large": "x" * ((1 << 20) + 1)})
    tree = tree_of(repo, source)
    assert tree.read("fits") == b"x" * (1 << 20)
    assert tree.read("large") == ReadFault("larger than 1 MiB")


def test_files_on_disk(tmp_path: Path) -> None:
    """Links are followed unless told otherwise; what cannot be a path is not there; the system's reasons are kept."""
    (tmp_path / "file").write_bytes(b"\0x")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "loop").symlink_to("loop")
    assert read_regular_file(f"{tmp_path}/link") == b"\0x"
    assert read_regular_file(f"{tmp_path}/link", follow=False) == LOOP
    assert read_regular_file(f"{tmp_path}/loop") == LOOP
    assert read_regular_file(f"{tmp_path}") == FOLDER
    assert read_regular_file(f"{tmp_path}/file/x") is None
    assert read_regular_file(f"{tmp_path}/a\0b") is None
    assert read_regular_file(f"{tmp_path}/" + "x" * 300) == ReadFault("File name too long (os error 36)")


@pytest.mark.skipif(not os.path.exists("/proc/self/mem"), reason="this system has no file that fails when it is read")
def test_a_disk_that_fails() -> None:
    """An error while reading is a fault with the system's reason."""
    assert read_regular_file("/proc/self/mem") == ReadFault("Input/output error (os error 5)")
