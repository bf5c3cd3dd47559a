"""The hook under pre-commit and prek: installed from a clone of this repository, by real commits and pushes."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.house.repository import ROOT, files
from tests.support.process import run
from tests.support.repos import Repo, make_repo, package

pytestmark = pytest.mark.slow

GOOD = package("a", '[dependencies]\nb = "0.1"')
BAD = package("a", '[dependencies]\nb = { path = "../b" }')
UNMET = package("a", '[workspace]\nmembers = ["c"]\n[dependencies]\nc = { version = "0.9", path = "c" }')
ROOT_MANIFEST = '[workspace]\nmembers = ["m", "x"]\n\n[workspace.dependencies]\nx = { version = "0.1", path = "x" }\n'
WORKSPACE = {
    "Cargo.toml": ROOT_MANIFEST,
    "m/Cargo.toml": package("m", "[dependencies]\nx.workspace = true"),
    "x/Cargo.toml": package("x"),
}
PLAIN = "repos:\n- repo: REPO\n  rev: COMMIT\n  hooks:\n  - id: batuta-path-deps\n"
STAGES = ("pre-commit", "pre-merge-commit", "pre-push")


def recommended_config() -> str:
    """The configuration that docs/hooks.md recommends."""
    page = (ROOT / "docs" / "hooks.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```yaml\n(repos:.*?)^```", page, re.MULTILINE | re.DOTALL)
    return re.sub(r"rev: .*", "rev: COMMIT", re.sub(r"repo: .*", "repo: REPO", str(block)))


class Framework(NamedTuple):
    """A framework and the clone that it installs the hook from."""

    program: Path
    hooks: Repo

    def install(self, repo: Repo, config: str = PLAIN) -> None:
        """Configure the hook in a repository, commit that, and install the framework's git hooks for every stage."""
        commit = self.hooks.git("rev-parse", "HEAD")
        text = config.replace("REPO", str(self.hooks.path)).replace("COMMIT", commit)
        repo.commit("configure", {".pre-commit-config.yaml": text})
        run([self.program, "install", *(f"--hook-type={stage}" for stage in STAGES)], cwd=repo.path)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this test run share: each environment is made once, whoever comes first."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "frameworks"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def clone(shared: Path) -> Repo:
    """This very repository as it stands, committed in a place of its own."""
    place = shared / "clone"
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (place / ".git" / "done").exists():
            return Repo(place)
        for file in files():
            copy = place / file.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, copy)
        made = make_repo(place)
        (place / ".git" / "done").touch()
        return made


@pytest.fixture(scope="module", params=["pre-commit", "prek"])
def framework(request: pytest.FixtureRequest, clone: Repo, shared: Path) -> Iterator[Framework]:
    """A framework whose environments all its tests share: the package registry is asked once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PRE_COMMIT_HOME", str(shared / "pre-commit"))
        patch.setenv("PREK_HOME", str(shared / "prek"))
        patch.setenv("PIP_CACHE_DIR", str(shared / "pip"))
        patch.setenv("PREK_UV_SOURCE", "pip")
        yield Framework(Path(sys.executable).parent / request.param, clone)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A repository with one good package and a bare remote `origin` that has its first commit."""
    made = make_repo(tmp_path / "a", {"Cargo.toml": GOOD, "notes.txt": "one"})
    add_remote(made, tmp_path / "remote.git")
    return made


def add_remote(repo: Repo, place: Path) -> None:
    """Make a bare remote `origin` and push `main` to it."""
    repo.git("init", "--quiet", "--bare", place)
    repo.git("remote", "add", "origin", place)
    repo.git("push", "--quiet", "--no-verify", "origin", "main")


def said(repo: Repo, *arguments: str | Path, code: int) -> str:
    """Run git and return all that was said."""
    done = run(["git", *arguments], cwd=repo.path, code=code)
    return done.stdout + done.stderr


def blocked(repo: Repo, remote: str | Path, *refs: str) -> str:
    """Push what must be stopped; the remote keeps what it had.  Returns what was said."""
    before = repo.git("ls-remote", remote)
    text = said(repo, "push", remote, *refs, code=1)
    assert repo.git("ls-remote", remote) == before
    return text


def test_a_commit_is_judged_as_staged(framework: Framework, repo: Repo) -> None:
    """A bad manifest is blocked with its place, a mend that is not staged does not help, the staged one passes."""
    framework.install(repo)
    repo.write({"Cargo.toml": BAD})
    repo.git("add", "--all")
    repo.write({"Cargo.toml": GOOD})
    head = repo.git("rev-parse", "HEAD")
    assert "Cargo.toml:7:1: PD001 " in said(repo, "commit", "--message", "bad", code=1)
    assert repo.git("rev-parse", "HEAD") == head
    assert (repo.path / "Cargo.toml").read_text() == GOOD
    repo.write({"Cargo.toml": GOOD + "# more\n"})
    assert "Passed" in said(repo, "commit", "--all", "--message", "good", code=0)


def test_a_commit_without_a_manifest_does_not_start_the_hook(framework: Framework, repo: Repo) -> None:
    """The framework itself leaves the hook out where no manifest changes."""
    framework.install(repo)
    repo.write({"notes.txt": "two", "my-Cargo.toml": BAD})
    repo.git("add", "--all")
    assert "(no files to check)" in said(repo, "commit", "--message", "no manifest", code=0)


def test_a_root_brings_its_members(framework: Framework, tmp_path: Path) -> None:
    """Where only the workspace root is handed over, the members that inherit from it are judged, on its line."""
    repo = make_repo(tmp_path / "w", WORKSPACE)
    framework.install(repo)
    repo.write({"Cargo.toml": ROOT_MANIFEST.replace('version = "0.1", ', "")})
    text = said(repo, "commit", "--all", "--message", "bad", code=1)
    assert "Cargo.toml:5:1: PD001 path dependency `x` has no version, so cargo will not publish `m`" in text


def test_a_member_does_not_bring_the_others(framework: Framework, repo: Repo) -> None:
    """A commit is judged by the manifests that it changes, not by what others left behind."""
    repo.commit("bad, past the hook", {"old/Cargo.toml": BAD})
    framework.install(repo)
    repo.write({"Cargo.toml": GOOD + "# more\n"})
    assert "Passed" in said(repo, "commit", "--all", "--message", "good", code=0)


def test_cargo_configuration_is_judged(framework: Framework, repo: Repo) -> None:
    """A tracked .cargo/config.toml is handed over and judged."""
    framework.install(repo)
    repo.write({".cargo/config.toml": '[patch.crates-io]\nb = { path = "../b" }\n'})
    repo.git("add", "--all")
    assert ".cargo/config.toml:2:1: PD004" in said(repo, "commit", "--message", "bad", code=1)


def test_a_merge_is_judged(framework: Framework, repo: Repo) -> None:
    """A merge that brings a bad manifest is not committed."""
    framework.install(repo)
    repo.git("checkout", "--quiet", "-b", "side")
    repo.commit("bad, past the hook", {"Cargo.toml": BAD})
    repo.git("checkout", "--quiet", "main")
    repo.commit("meanwhile", {"notes.txt": "two"})
    head = repo.git("rev-parse", "HEAD")
    assert "PD001" in said(repo, "merge", "--no-edit", "side", code=1)
    assert repo.git("rev-parse", "HEAD") == head


def test_a_push_is_judged_at_the_pushed_commit(framework: Framework, repo: Repo, tmp_path: Path) -> None:
    """A bad branch is blocked from a clean checkout: as a new branch, an old one, by address, and from no branch."""
    framework.install(repo)
    repo.git("push", "--quiet", "origin", "main", "main:bad")
    repo.git("checkout", "--quiet", "-b", "bad")
    bad = repo.commit("bad, past the hook", {"Cargo.toml": BAD})
    repo.git("checkout", "--quiet", "main")
    repo.git("init", "--quiet", "--bare", tmp_path / "empty.git")
    for remote, ref in (
        ("origin", "bad"),
        ("origin", "bad:refs/heads/new"),
        (tmp_path / "empty.git", "bad"),
        ("origin", f"{bad}:refs/heads/new"),
    ):
        assert bad[:10] in blocked(repo, remote, ref)
    repo.write({"Cargo.toml": BAD})
    repo.git("push", "--quiet", "origin", "main")
    repo.git("push", "--quiet", tmp_path / "empty.git", "main")


def test_a_tag_with_a_new_commit_is_judged(framework: Framework, repo: Repo) -> None:
    """A pushed tag is peeled to its commit."""
    framework.install(repo)
    repo.git("checkout", "--quiet", "--detach")
    bad = repo.commit("bad, past the hook", {"Cargo.toml": BAD})
    repo.git("tag", "--annotate", "--message", "a tag", "v0.1.0")
    repo.git("checkout", "--quiet", "main")
    assert bad[:10] in blocked(repo, "origin", "v0.1.0")


def test_the_recommended_configuration_judges_every_push(framework: Framework, repo: Repo) -> None:
    """What a framework hands over no names for is judged too: a manifest that is not checked out, one that is gone."""
    framework.install(repo, recommended_config())
    repo.git("push", "--quiet", "origin", "main")
    repo.git("checkout", "--quiet", "-b", "added")
    added = repo.commit("a new manifest, past the hook", {"new/Cargo.toml": BAD})
    repo.git("checkout", "--quiet", "main")
    assert added[:10] in blocked(repo, "origin", "added")
    uses = package("a", '[dependencies]\nc = { version = "0.1", path = "c" }')
    repo.commit("a path", {"Cargo.toml": uses, "c/Cargo.toml": package("c")})
    repo.git("push", "--quiet", "origin", "main")
    repo.git("rm", "--quiet", "c/Cargo.toml")
    gone = repo.commit("its end goes, past the hook")
    assert gone[:10] in blocked(repo, "origin", "main")


def test_the_recommended_configuration_judges_commits(framework: Framework, repo: Repo) -> None:
    """At commit it does what the plain configuration does."""
    framework.install(repo, recommended_config())
    repo.write({"notes.txt": "two"})
    repo.git("commit", "--quiet", "--all", "--message", "no manifest")
    repo.write({"Cargo.toml": BAD})
    assert "PD001" in said(repo, "commit", "--all", "--message", "bad", code=1)


def test_versions_are_judged_at_commit_and_push(framework: Framework, repo: Repo) -> None:
    """The alignment guard of the recommended configuration blocks a commit, and the push of one that went past it."""
    framework.install(repo, recommended_config())
    repo.write({"Cargo.toml": UNMET, "c/Cargo.toml": package("c")})
    repo.git("add", "--all")
    assert "Cargo.toml:9:1: VA003" in said(repo, "commit", "--message", "bad", code=1)
    bad = repo.commit("bad, past the hook")
    assert f"(in commit {bad[:10]})" in blocked(repo, "origin", "main")


def test_a_wrong_tag_is_judged_where_the_framework_sees_it(framework: Framework, repo: Repo) -> None:
    """The tag guard blocks a tag that brings its commit, and one beside the branch that does; not one alone."""
    framework.install(repo, recommended_config())
    repo.git("tag", "v0.9.0")
    assert "TC002" in blocked(repo, "origin", "v0.9.0")
    assert "TC002" in blocked(repo, "origin", "--atomic", "main", "v0.9.0")
    repo.git("push", "--quiet", "--no-verify", "origin", "main")
    repo.git("push", "--quiet", "origin", "v0.9.0")
    assert "refs/tags/v0.9.0" in repo.git("ls-remote", "origin")


def test_the_installed_hook_lives_beside_a_framework(
    framework: Framework, repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `hooks install` writes is run with git's own lines: it judges every ref of a push, and tags alone."""
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
    framework.install(repo, recommended_config())
    run(["batuta-stack", "hooks", "install"], cwd=repo.path)
    repo.git("checkout", "--quiet", "-b", "bad")
    bad = repo.commit("bad, past the hook", {"Cargo.toml": BAD})
    repo.git("checkout", "--quiet", "main")
    assert bad[:10] in blocked(repo, "origin", "main", "bad")
    repo.git("push", "--quiet", "--no-verify", "origin", "main", "bad")
    repo.git("tag", "v0.1.0", bad)
    assert bad[:10] in blocked(repo, "origin", "v0.1.0")
    repo.git("tag", "v0.9.0")
    assert "TC002" in blocked(repo, "origin", "v0.9.0")
    assert "nothing is missed in 1 of 1" in run(["batuta-stack", "hooks", "doctor"], cwd=repo.path).stdout


def test_all_files_are_reported_in_order(framework: Framework, repo: Repo) -> None:
    """However a framework shuffles and groups the names, the findings come sorted, each once."""
    names = [f"{letter}/Cargo.toml" for letter in "cdefghijklmnop"]
    repo.commit("bad, past the hook", dict.fromkeys(names, BAD))
    framework.install(repo)
    done = run([framework.program, "run", "--all-files"], cwd=repo.path, code=1)
    places = re.findall(r"^\s*(\S+):7:1: PD001 ", done.stdout, re.MULTILINE)
    assert places == names


def test_it_can_be_tried_without_a_configuration(framework: Framework, repo: Repo) -> None:
    """`try-repo` finds the hook in a clone of this repository and runs it."""
    repo.commit("bad, past the hook", {"Cargo.toml": BAD})
    commit = framework.hooks.git("rev-parse", "HEAD")
    arguments = ["try-repo", str(framework.hooks.path), "batuta-path-deps", "--ref", commit, "--all-files"]
    assert "Cargo.toml:7:1: PD001" in run([framework.program, *arguments], cwd=repo.path, code=1).stdout
