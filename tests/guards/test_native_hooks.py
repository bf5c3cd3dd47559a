"""The scripts of hooks/ by real commits, merges and pushes, as git itself runs them."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.house.repository import ROOT, pyproject
from tests.support.process import run
from tests.support.repos import Repo, make_repo, package

GOOD = package("a", '[dependencies]\nb = "0.1"')
BAD = package("a", '[dependencies]\nb = { path = "../b" }')
NAMES = ("pre-commit", "pre-merge-commit", "pre-push")
MEMBER = "crates/c/Cargo.toml"
USES_MEMBER = package(
    "a", '[workspace]\nmembers = ["crates/c"]\n[dependencies]\nc = { version = "0.1", path = "crates/c" }'
)

Calls = Callable[[], list[str]]


@pytest.fixture(autouse=True)
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Put a guard on PATH that notes its arguments before it runs; returns what was noted since the last look."""
    log, folder = tmp_path / "calls", tmp_path / "bin"
    folder.mkdir()
    guard = Path(sys.executable).parent / "batuta-path-deps"
    (folder / guard.name).write_text(f'#!/bin/sh\necho "$*" >>"{log}"\nexec "{guard}" "$@"\n')
    (folder / guard.name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")

    def noted() -> list[str]:
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines

    return noted


def install(repo: Repo, folder: Path | None = None) -> None:
    """Copy the scripts to where git looks for hooks, or into a folder of one's own."""
    place = folder or repo.path / repo.git("rev-parse", "--git-path", "hooks")
    shutil.copytree(ROOT / "hooks", place, dirs_exist_ok=True)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A repository with one good package, the hooks, and a bare remote `origin` that has its first commit."""
    made = make_repo(tmp_path / "a", {"Cargo.toml": GOOD, "notes.txt": "one"})
    add_remote(made, tmp_path / "remote.git")
    install(made)
    return made


def add_remote(repo: Repo, place: Path) -> None:
    """Make a bare remote `origin` and push `main` to it."""
    repo.git("init", "--quiet", "--bare", place)
    repo.git("remote", "add", "origin", place)
    repo.git("push", "--quiet", "--no-verify", "origin", "main")


def refused(repo: Repo, *arguments: str | Path) -> str:
    """Run a git command that a hook must stop; returns what was said."""
    head = repo.git("rev-parse", "--quiet", "--verify", "HEAD", code=None)
    done = run(["git", *arguments], cwd=repo.path, code=1)
    assert repo.git("rev-parse", "--quiet", "--verify", "HEAD", code=None) == head
    return done.stderr


def stage(repo: Repo, files: dict[str, str]) -> None:
    """Write files and add all that changed."""
    repo.write(files)
    repo.git("add", "--all")


# Commits


def test_a_commit_with_a_versionless_path_is_blocked(repo: Repo, calls: Calls) -> None:
    """The finding, its place and the mend are printed, and nothing is committed; the mended commit passes."""
    stage(repo, {"Cargo.toml": BAD})
    said = refused(repo, "commit", "--message", "bad")
    line = BAD.splitlines().index('b = { path = "../b" }') + 1
    assert f"Cargo.toml:{line}:1: PD001 " in said
    assert f"Cargo.toml:{line}:1: PD003 " in said
    assert calls() == ["--stage commit"]
    stage(repo, {"Cargo.toml": GOOD.replace('0.1"\n', '0.1.1"\n')})
    repo.git("commit", "--quiet", "--message", "good")
    assert calls() == ["--stage commit"]


def started(trace: Path) -> list[str]:
    """The git commands that a trace2 event file tells of, in the order of their start."""
    events = [json.loads(line) for line in trace.read_text().splitlines()]
    return [event["argv"][1] for event in events if event["event"] == "start"]


@pytest.mark.parametrize("literal", [False, True])
def test_a_commit_without_a_manifest_starts_one_git_and_no_python(
    repo: Repo, calls: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, literal: bool
) -> None:
    """The fast path is one git process; names that resemble a manifest's do not leave it."""
    names = ["notes.txt", "my-Cargo.toml", "Cargo.toml/x", "x/Cargo.toml.orig", "config.toml", ".cargo/notes"]
    stage(repo, {f"more/{name}": "two" for name in names})
    monkeypatch.setenv("GIT_TRACE2_EVENT", str(tmp_path / "trace"))
    if literal:
        monkeypatch.setenv("GIT_LITERAL_PATHSPECS", "1")
    repo.git("commit", "--quiet", "--message", "no manifest")
    assert started(tmp_path / "trace") == ["commit", "diff-index"]
    assert calls() == []


@pytest.mark.parametrize(
    "option", ["--literal-pathspecs", "--noglob-pathspecs", "--glob-pathspecs", "--icase-pathspecs"]
)
def test_how_pathspecs_are_read_outside_does_not_open_the_gate(repo: Repo, option: str) -> None:
    """Git hands its global pathspec options on to hooks; the manifest is found all the same."""
    stage(repo, {"crates/deep/Cargo.toml": BAD})
    assert "crates/deep/Cargo.toml" in refused(repo, option, "commit", "--message", "bad")


def test_the_staged_manifest_is_judged_not_the_worktree(repo: Repo) -> None:
    """What will be committed counts: a mend that was not staged does not help, a spoilt worktree does not harm."""
    stage(repo, {"Cargo.toml": BAD})
    repo.write({"Cargo.toml": GOOD})
    assert "PD001" in refused(repo, "commit", "--message", "bad")
    stage(repo, {"Cargo.toml": GOOD + "# more\n"})
    repo.write({"Cargo.toml": BAD})
    repo.git("commit", "--quiet", "--message", "good")


def test_commit_all_is_judged(repo: Repo) -> None:
    """`commit --all` hands its index to the hook before it is the repository's."""
    repo.write({"Cargo.toml": BAD})
    assert "PD001" in refused(repo, "commit", "--all", "--message", "bad")
    assert repo.git("diff", "--cached", "--name-only") == ""


def test_commit_of_paths_is_judged_by_its_own_index(repo: Repo, calls: Calls) -> None:
    """`commit PATH` is judged by the temporary index that git makes for it: that path, and nothing else staged."""
    stage(repo, {"Cargo.toml": BAD})
    repo.write({"notes.txt": "two"})
    repo.git("commit", "--quiet", "--message", "notes alone", "notes.txt")
    assert calls() == []
    repo.git("reset", "--quiet")
    assert "PD001" in refused(repo, "commit", "--message", "manifest alone", "Cargo.toml")
    repo.write({"Cargo.toml": GOOD + "# more\n", MEMBER: BAD})
    repo.git("add", MEMBER)
    repo.git("commit", "--quiet", "--message", "the good one alone", "Cargo.toml")
    assert calls() == ["--stage commit", "--stage commit"]


def test_the_first_commit_is_judged(tmp_path: Path) -> None:
    """Where there is no commit to compare with, everything staged counts."""
    repo = make_repo(tmp_path / "new", {"Cargo.toml": BAD}, commit=False)
    install(repo)
    repo.git("add", "--all")
    assert "PD001" in refused(repo, "commit", "--message", "bad")
    stage(repo, {"Cargo.toml": GOOD})
    repo.git("commit", "--quiet", "--message", "good")
    other = make_repo(tmp_path / "other", {"notes.txt": "one"}, commit=False)
    install(other)
    other.git("add", "--all")
    other.git("commit", "--quiet", "--message", "no manifest")


def test_a_manifest_announced_but_not_added_is_not_committed(repo: Repo) -> None:
    """`git add --intent-to-add` puts no content into the commit, so there is nothing to judge."""
    repo.write({MEMBER: BAD, "notes.txt": "two"})
    repo.git("add", "--intent-to-add", MEMBER)
    repo.git("add", "notes.txt")
    repo.git("commit", "--quiet", "--message", "notes")
    assert repo.git("ls-tree", "-r", "--name-only", "HEAD") == "Cargo.toml\nnotes.txt"


def test_amending_is_judged(repo: Repo, calls: Calls) -> None:
    """An amendment that brings a bad manifest is blocked, one that mends it passes, a new message starts no Python."""
    repo.commit("to be amended", {"notes.txt": "two"})
    stage(repo, {"Cargo.toml": BAD})
    assert "PD001" in refused(repo, "commit", "--amend", "--no-edit")
    bad = repo.commit("bad, past the hook", {"more.txt": "one"})
    stage(repo, {"Cargo.toml": GOOD})
    repo.git("commit", "--quiet", "--amend", "--message", "mended")
    assert bad not in repo.git("rev-list", "HEAD").split()
    assert calls() == ["--stage commit", "--stage commit"]
    repo.git("commit", "--quiet", "--amend", "--message", "a better message")
    assert calls() == []


def test_deleting_a_manifest_is_judged(repo: Repo, calls: Calls) -> None:
    """A member that another manifest leads to cannot go alone; together with the path it can."""
    repo.commit("a member", {"Cargo.toml": USES_MEMBER, MEMBER: package("c")})
    repo.git("rm", "--quiet", MEMBER)
    assert "crates/c" in refused(repo, "commit", "--message", "the member goes")
    stage(repo, {"Cargo.toml": GOOD})
    repo.git("commit", "--quiet", "--message", "and the path to it")
    assert calls() == ["--stage commit", "--stage commit"]
    repo.git("rm", "--quiet", "Cargo.toml")
    repo.git("commit", "--quiet", "--message", "no manifest is left")
    assert calls() == ["--stage commit"]


def test_renaming_a_manifest_is_judged(repo: Repo) -> None:
    """A member that moves away from where a path leads is missed; with the path it may move."""
    repo.commit("a member", {"Cargo.toml": USES_MEMBER, MEMBER: package("c")})
    repo.git("mv", "crates/c", "crates/d")
    assert "crates/c" in refused(repo, "commit", "--message", "moved")
    stage(repo, {"Cargo.toml": USES_MEMBER.replace("crates/c", "crates/d")})
    repo.git("commit", "--quiet", "--message", "moved with its path")


def test_cargo_configuration_is_judged(repo: Repo) -> None:
    """A patch in a tracked .cargo/config.toml that leads out of the repository is blocked."""
    stage(repo, {".cargo/config.toml": '[patch.crates-io]\nb = { path = "../b" }\n'})
    assert ".cargo/config.toml:2:1: PD004" in refused(repo, "commit", "--message", "bad")


def test_a_commit_from_a_folder_below_is_judged(repo: Repo) -> None:
    """Git runs hooks at the top whatever folder the command is given in."""
    stage(repo, {"src/lib.rs": "", "crates/one/Cargo.toml": BAD})
    below = Repo(repo.path / "src")
    assert "crates/one/Cargo.toml" in refused(below, "commit", "--message", "bad")


def test_names_with_spaces(tmp_path: Path) -> None:
    """Spaces in the path of the repository, of its hooks and of a manifest make no difference."""
    repo = make_repo(tmp_path / "a folder" / "with spaces", {"notes.txt": "one"})
    folder = tmp_path / "my hooks"
    install(repo, folder)
    repo.git("config", "core.hooksPath", folder)
    stage(repo, {"my crates/one/Cargo.toml": BAD})
    assert "my crates/one/Cargo.toml:" in refused(repo, "commit", "--message", "bad")
    stage(repo, {"my crates/one/Cargo.toml": GOOD})
    repo.git("commit", "--quiet", "--message", "good")


def test_a_relative_hooks_path(repo: Repo) -> None:
    """Hooks that the repository carries itself, by a relative core.hooksPath, are the same hooks."""
    shutil.rmtree(repo.path / ".git" / "hooks")
    install(repo, repo.path / ".githooks")
    repo.git("config", "core.hooksPath", ".githooks")
    stage(repo, {"Cargo.toml": BAD})
    assert "PD001" in refused(repo, "commit", "--message", "bad")


def test_a_worktree_named_by_options(tmp_path: Path) -> None:
    """Where folder and worktree are named by options, as keepers of dotfiles do, the hooks judge that index."""
    make_repo(tmp_path / "folder", {"notes.txt": "one"})
    install(Repo(tmp_path / "folder"))
    tree = Repo(tmp_path / "tree")
    named = [f"--git-dir={tmp_path / 'folder' / '.git'}", f"--work-tree={tree.path}"]
    tree.write({"crates/one/Cargo.toml": BAD})
    tree.git(*named, "add", "--all")
    elsewhere = Repo(tree.path / "crates")
    assert "crates/one/Cargo.toml" in run(["git", *named, "commit", "-m", "bad"], cwd=elsewhere.path, code=1).stderr


def test_a_linked_worktree(repo: Repo, tmp_path: Path) -> None:
    """A linked worktree is judged by its own index, though git names another repository folder to its hooks."""
    repo.git("worktree", "add", "--quiet", tmp_path / "linked", "-b", "linked")
    linked = Repo(tmp_path / "linked")
    stage(repo, {"Cargo.toml": BAD})
    stage(linked, {"Cargo.toml": GOOD + "# more\n"})
    linked.git("commit", "--quiet", "--message", "good")
    stage(linked, {"Cargo.toml": BAD})
    assert "PD001" in refused(linked, "commit", "--message", "bad")
    linked.commit("bad, past the hook")
    assert "PD001" in refused(linked, "push", "origin", "linked")


def test_a_submodule(tmp_path: Path) -> None:
    """In a submodule its own manifests are judged; from above, a path into the submodule stays inside."""
    make_repo(tmp_path / "lib", {"Cargo.toml": package("lib")})
    above = make_repo(tmp_path / "above", {"Cargo.toml": package("above")})
    install(above)
    above.git("submodule", "--quiet", "add", tmp_path / "lib", "lib")
    stage(above, {"Cargo.toml": package("above", '[dependencies]\nlib = { version = "0.1", path = "lib" }')})
    above.git("commit", "--quiet", "--message", "a path into the submodule")
    inside = Repo(above.path / "lib")
    install(inside)
    stage(inside, {"Cargo.toml": package("lib", '[dev-dependencies]\nabove = { path = ".." }')})
    assert "Cargo.toml:7:1: PD003" in refused(inside, "commit", "--message", "a path out of the submodule")
    stage(inside, {"Cargo.toml": package("lib", "# nothing")})
    inside.git("commit", "--quiet", "--message", "good")


def test_a_merge_is_judged(repo: Repo, calls: Calls) -> None:
    """A merge that brings a bad manifest is blocked and stays in progress; mended, it is concluded by a commit."""
    repo.git("checkout", "--quiet", "-b", "side")
    repo.commit("bad, past the hook", {"Cargo.toml": BAD})
    repo.git("checkout", "--quiet", "main")
    repo.commit("meanwhile", {"notes.txt": "two"})
    assert "PD001" in refused(repo, "merge", "--no-edit", "side")
    assert calls() == ["--stage commit"]
    stage(repo, {"Cargo.toml": GOOD})
    repo.git("commit", "--quiet", "--no-edit")
    assert len(repo.git("rev-list", "--parents", "--max-count=1", "HEAD").split()) == 3


def test_a_merge_without_a_manifest_starts_no_python(repo: Repo, calls: Calls) -> None:
    """The fast path of a merge is the one of a commit."""
    repo.git("checkout", "--quiet", "-b", "side")
    repo.commit("notes", {"more.txt": "one"})
    repo.git("checkout", "--quiet", "main")
    repo.commit("meanwhile", {"notes.txt": "two"})
    repo.git("merge", "--quiet", "--no-edit", "side")
    assert calls() == []


def test_a_merge_with_conflicts_is_judged_when_it_is_concluded(repo: Repo) -> None:
    """Where the manifests conflict, the commit that concludes the merge is judged as resolved."""
    repo.git("checkout", "--quiet", "-b", "side")
    repo.commit("bad, past the hook", {"Cargo.toml": BAD})
    repo.git("checkout", "--quiet", "main")
    repo.commit("meanwhile", {"Cargo.toml": GOOD.replace('b = "0.1"', 'b = "0.2"')})
    repo.git("merge", "--quiet", "side", code=1)
    stage(repo, {"Cargo.toml": BAD})
    assert "PD001" in refused(repo, "commit", "--no-edit")
    stage(repo, {"Cargo.toml": GOOD})
    repo.git("commit", "--quiet", "--no-edit")


# As the documents tell to


def told(document: str, containing: str) -> str:
    """The shell block of a document that contains a text, with the folder of the scripts filled in."""
    blocks = re.findall(r"^```sh\n(.*?)^```", (ROOT / document).read_text(), re.MULTILINE | re.DOTALL)
    (block,) = [str(block) for block in blocks if containing in block]
    return block.replace("path/to/batuta-hooks", str(ROOT))


def test_installing_as_told(tmp_path: Path) -> None:
    """Copied by hand as the page tells, all three scripts are in place, from a linked worktree and a folder too."""
    repo = make_repo(tmp_path / "a", {"src/lib.rs": ""})
    repo.git("worktree", "add", "--quiet", tmp_path / "linked")
    for place in (repo.path / "src", tmp_path / "linked"):
        shutil.rmtree(repo.path / ".git" / "hooks")
        run(["sh", "-e"], cwd=place, stdin=told("docs/hooks.md", "cp -i"))
        assert {path.name for path in (repo.path / ".git" / "hooks").iterdir()} == set(NAMES)
    stage(repo, {"Cargo.toml": BAD})
    assert "PD001" in refused(repo, "commit", "--message", "bad")


def test_chaining_as_told(repo: Repo, bad: str) -> None:
    """Called from hooks that exist already, as docs/hooks.md shows, the scripts stop commits and pushes alike."""
    hooks = repo.path / ".git" / "hooks"
    (hooks / "pre-commit").write_text(f"#!/bin/sh\n{told('docs/hooks.md', 'pre-commit ||')}echo ours >&2\n")
    (hooks / "pre-push").write_text(f"#!/bin/sh\n{told('docs/hooks.md', 'lines=')}echo ours >&2\n")
    stage(repo, {"Cargo.toml": BAD})
    assert "ours" not in refused(repo, "commit", "--message", "bad")
    stage(repo, {"Cargo.toml": GOOD + "# more\n"})
    assert "ours" in run(["git", "commit", "--message", "good"], cwd=repo.path).stderr
    assert bad[:10] in blocked(repo, "origin", "main", "bad")
    assert "ours" in run(["git", "push", "origin", "main"], cwd=repo.path).stderr
    assert "ours" in run(["git", "push", "origin", "main"], cwd=repo.path).stderr


@pytest.fixture
def no_guard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PATH that holds git and no guard."""
    git = shutil.which("git")
    assert git
    (tmp_path / "bare-bin").mkdir()
    (tmp_path / "bare-bin" / "git").symlink_to(git)
    monkeypatch.setenv("PATH", str(tmp_path / "bare-bin"))


def test_a_missing_guard_is_said_and_blocks_nobody(repo: Repo, no_guard: None) -> None:
    """Where the guard is not installed, what it would have judged passes, and both hooks say that it was not judged."""
    stage(repo, {"Cargo.toml": GOOD + "# more\n"})
    commit = run(["git", "commit", "--message", "unjudged"], cwd=repo.path).stderr
    assert "batuta-path-deps is not on PATH, so the manifests of this commit were not judged" in commit
    repo.write({"notes.txt": "three"})
    quiet = run(["git", "commit", "--quiet", "--all", "--message", "no manifest, so nothing to judge"], cwd=repo.path)
    assert quiet.stderr == ""
    push = run(["git", "push", "origin", "main"], cwd=repo.path).stderr
    assert "batuta-path-deps is not on PATH, so the commits of this push were not judged" in push


# Pushes


def on_remote(repo: Repo) -> dict[str, str]:
    """The remote's refs and the objects they are on."""
    listed = repo.git("ls-remote", "origin").splitlines()
    return {ref: oid for oid, ref in (line.split("\t") for line in listed) if ref != "HEAD"}


def blocked(repo: Repo, *arguments: str | Path) -> str:
    """Push what the hook must stop; the remote keeps what it had.  Returns what was said."""
    before = on_remote(repo)
    said = refused(repo, "push", *arguments)
    assert on_remote(repo) == before
    return said


@pytest.fixture
def bad(repo: Repo) -> str:
    """A bad commit on a branch `bad` of its own, past the hook; `main` is checked out."""
    repo.git("checkout", "--quiet", "-b", "bad")
    commit = repo.commit("bad, past the hook", {"Cargo.toml": BAD})
    repo.git("checkout", "--quiet", "main")
    return commit


def test_the_pushed_commit_is_judged_not_the_tree_that_is_checked_out(repo: Repo, bad: str, calls: Calls) -> None:
    """A bad branch is blocked from a clean checkout, and a clean branch passes from a spoilt one."""
    said = blocked(repo, "origin", "bad")
    assert "PD001" in said
    assert bad[:10] in said
    remote = repo.git("remote", "get-url", "origin")
    assert calls() == [f"--stage push --remote origin --url {remote}"]
    repo.commit("meanwhile", {"notes.txt": "two"})
    stage(repo, {"Cargo.toml": BAD})
    repo.git("push", "--quiet", "origin", "main")
    assert on_remote(repo)["refs/heads/main"] == repo.git("rev-parse", "main")


@pytest.mark.parametrize(
    "arguments",
    [
        ["main", "bad"],
        ["bad", "main"],
        ["--all"],
        ["--mirror"],
        ["--atomic", "main", "bad"],
        ["bad:refs/heads/renamed", "main:refs/heads/other"],
        ["--dry-run", "main", "bad"],
    ],
    ids=" ".join,
)
def test_each_of_several_branches_is_judged(repo: Repo, bad: str, arguments: list[str]) -> None:
    """One bad branch among several stops the push, wherever it stands."""
    repo.commit("meanwhile", {"notes.txt": "two"})
    assert bad[:10] in blocked(repo, "origin", *arguments)


@pytest.mark.parametrize("options", [[], ["--annotate", "--message", "a tag"]], ids=["lightweight", "annotated"])
def test_a_pushed_tag_is_judged_at_its_commit(repo: Repo, bad: str, options: list[str]) -> None:
    """A tag alone is blocked too, annotated or not, and where its commit is on the remote already."""
    repo.git("tag", *options, "v0.1.0", bad)
    repo.git("tag", *options, "v0.0.9", "main")
    assert bad[:10] in blocked(repo, "origin", "v0.1.0")
    assert bad[:10] in blocked(repo, "origin", "--tags")
    repo.git("push", "--quiet", "--no-verify", "origin", "bad")
    assert bad[:10] in blocked(repo, "origin", "v0.1.0")
    repo.git("push", "--quiet", "origin", "v0.0.9")


def test_a_tag_of_no_commit_passes(repo: Repo) -> None:
    """A tag of a file holds no manifest."""
    repo.git("tag", "key", "HEAD:notes.txt")
    repo.git("push", "--quiet", "origin", "key")
    assert "refs/tags/key" in on_remote(repo)


def test_a_deletion_passes(repo: Repo, bad: str) -> None:
    """To delete a ref brings no commit, even where what is deleted or checked out is bad."""
    repo.git("push", "--quiet", "--no-verify", "origin", "bad")
    repo.git("checkout", "--quiet", "bad")
    repo.git("push", "--quiet", "origin", "--delete", "bad")
    assert list(on_remote(repo)) == ["refs/heads/main"]


def test_a_deletion_does_not_hide_what_is_pushed_beside_it(repo: Repo, bad: str) -> None:
    """Each line counts by itself."""
    repo.git("push", "--quiet", "origin", "main:refs/heads/old")
    assert bad[:10] in blocked(repo, "origin", ":old", "bad")


def test_a_first_push_is_judged(repo: Repo, bad: str, tmp_path: Path) -> None:
    """An empty remote, known by name or by address alone, gets no bad commit and takes a good one."""
    repo.git("init", "--quiet", "--bare", tmp_path / "empty.git")
    assert bad[:10] in refused(repo, "push", tmp_path / "empty.git", "bad")
    repo.git("push", "--quiet", tmp_path / "empty.git", "main")
    repo.git("init", "--quiet", "--bare", tmp_path / "second.git")
    repo.git("remote", "add", "second", tmp_path / "second.git")
    assert bad[:10] in refused(repo, "push", "--set-upstream", "second", "bad")
    repo.git("push", "--quiet", "--set-upstream", "second", "main")


def test_head_and_a_bare_commit_are_judged(repo: Repo, bad: str) -> None:
    """What is pushed may have no branch here: `HEAD:refs/heads/x`, or a commit's id."""
    assert bad[:10] in blocked(repo, "origin", f"{bad}:refs/heads/x")
    repo.git("checkout", "--quiet", "--detach", bad)
    assert bad[:10] in blocked(repo, "origin", "HEAD:refs/heads/x")
    repo.git("push", "--quiet", "origin", "HEAD~:refs/heads/x")


def test_a_forced_push_is_judged(repo: Repo, bad: str) -> None:
    """A branch that is rewritten is judged at its new commit; to take a bad commit back passes."""
    assert bad[:10] in blocked(repo, "--force", "origin", "bad:main")
    repo.git("push", "--quiet", "--no-verify", "origin", "bad:main")
    repo.git("push", "--quiet", "--force", "origin", "main")


def test_nothing_to_push_passes(repo: Repo, bad: str) -> None:
    """A push that is up to date brings nothing, so nothing is judged, whatever is checked out."""
    repo.git("push", "--quiet", "--no-verify", "origin", "bad")
    repo.git("checkout", "--quiet", "bad")
    repo.git("push", "--quiet", "origin", "bad")


def test_the_tip_is_judged_unless_every_commit_is_wanted(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit mended by a later one passes; where BATUTA_EVERY_COMMIT is set, it is named."""
    first = repo.commit("bad, past the hook", {"Cargo.toml": BAD})
    repo.commit("mended", {"Cargo.toml": GOOD})
    monkeypatch.setenv("BATUTA_EVERY_COMMIT", "1")
    assert first[:10] in blocked(repo, "origin", "main")
    assert first[:10] in blocked(repo, "origin", "main:refs/heads/new")
    repo.git("init", "--quiet", "--bare", tmp_path / "second.git")
    assert first[:10] in refused(repo, "push", tmp_path / "second.git", "main")
    monkeypatch.delenv("BATUTA_EVERY_COMMIT")
    repo.git("push", "--quiet", "origin", "main")


def test_every_commit_leaves_out_what_the_remote_has(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bad commit that is on the remote already is no news: a new branch above it passes once it is mended."""
    repo.commit("bad, past the hook", {"Cargo.toml": BAD})
    repo.git("push", "--quiet", "--no-verify", "origin", "main")
    repo.commit("mended", {"Cargo.toml": GOOD})
    monkeypatch.setenv("BATUTA_EVERY_COMMIT", "1")
    repo.git("push", "--quiet", "origin", "main:refs/heads/new")
    repo.git("push", "--quiet", repo.git("remote", "get-url", "origin"), "main:refs/heads/by-address")
    repo.git("push", "--quiet", "origin", "main")


def test_a_push_from_a_bare_repository_is_judged(repo: Repo, bad: str, tmp_path: Path) -> None:
    """Where there is no worktree, the commits are judged all the same."""
    repo.git("clone", "--quiet", "--bare", repo.path, tmp_path / "bare.git")
    bare = Repo(tmp_path / "bare.git")
    install(bare)
    remote = repo.git("remote", "get-url", "origin")
    assert bad[:10] in refused(bare, "push", remote, "bad")
    bare.git("push", "--quiet", remote, "main:refs/heads/copy")


def test_a_sparse_checkout_is_judged_whole(repo: Repo) -> None:
    """A manifest that the worktree leaves out is in the index and in what is pushed."""
    repo.commit("a folder", {"crates/one/Cargo.toml": GOOD, "docs/index": "one"})
    repo.git("push", "--quiet", "--no-verify", "origin", "main")
    repo.git("sparse-checkout", "set", "--no-cone", "docs")
    assert not (repo.path / "crates").exists()
    oid = run(["git", "hash-object", "-w", "--stdin"], cwd=repo.path, stdin=BAD).stdout.strip()
    repo.git("update-index", "--cacheinfo", f"100644,{oid},crates/one/Cargo.toml")
    assert "crates/one/Cargo.toml:7:1: PD001" in refused(repo, "commit", "--message", "bad")
    repo.git("commit", "--quiet", "--no-verify", "--message", "bad, past the hook")
    assert "crates/one/Cargo.toml:7:1: PD001" in blocked(repo, "origin", "main")


def test_a_push_from_a_submodule_is_judged(tmp_path: Path) -> None:
    """A submodule's push tells of the submodule's commits."""
    make_repo(tmp_path / "lib", {"Cargo.toml": package("lib")})
    above = make_repo(tmp_path / "above", {"Cargo.toml": package("above")})
    above.git("submodule", "--quiet", "add", tmp_path / "lib", "lib")
    inside = Repo(above.path / "lib")
    install(inside)
    commit = inside.commit("bad, past the hook", {"Cargo.toml": BAD})
    assert commit[:10] in refused(inside, "push", "origin", "HEAD:refs/heads/x")


def test_a_repository_of_long_object_names(tmp_path: Path) -> None:
    """SHA-256 repositories are judged at commit and at push, a deletion's longer zeros included."""
    folder = tmp_path / "long"
    folder.mkdir()
    run(["git", "init", "--quiet", "--object-format=sha256"], cwd=folder)
    run(["git", "init", "--quiet", "--bare", "--object-format=sha256", tmp_path / "remote.git"])
    repo = Repo(folder)
    repo.git("remote", "add", "origin", tmp_path / "remote.git")
    install(repo)
    stage(repo, {"Cargo.toml": BAD})
    assert "PD001" in refused(repo, "commit", "--message", "bad")
    commit = repo.commit("bad, past the hook")
    assert commit[:10] in blocked(repo, "origin", "main")
    repo.git("push", "--quiet", "--no-verify", "origin", "main:refs/heads/x")
    repo.git("push", "--quiet", "origin", ":x")


def test_the_scripts_agree() -> None:
    """A merge is judged as a commit is, and what a push shares with them is the same text; all tell their version."""
    commit, merge, push = ((ROOT / "hooks" / name).read_text() for name in NAMES)
    assert merge.replace("pre-merge-commit", "pre-commit").replace("this merge", "this commit") == commit
    shared = [text.partition("\n# What follows")[2].partition("\n# here\n")[0] for text in (commit, push)]
    assert len(shared[0]) > 1000
    assert shared[0] == shared[1]
    version = pyproject()["project"]["version"]
    assert all(text.splitlines()[1] == f"# batuta-hooks: managed {version}" for text in (commit, merge, push))


SHELLS = ["sh", "dash", "bash --posix", "busybox sh", "zsh --emulate sh", "ksh"]


@pytest.mark.parametrize("shell", [shell for shell in SHELLS if shutil.which(shell.split()[0])])
def test_the_scripts_need_no_particular_shell(shell: str, repo: Repo, bad: str) -> None:
    """Each shell that this machine has runs the scripts as sh does."""
    stage(repo, {"Cargo.toml": BAD})
    for name in ("pre-commit", "pre-merge-commit"):
        assert "PD001" in run([*shell.split(), ROOT / "hooks" / name], cwd=repo.path, code=1).stdout
    line = f"refs/heads/bad {bad} refs/heads/bad {'0' * 40}\n"
    done = run([*shell.split(), ROOT / "hooks" / "pre-push", "origin", "u"], cwd=repo.path, stdin=line, code=1)
    assert bad[:10] in done.stderr
