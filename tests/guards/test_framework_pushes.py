"""The push table in the lanes that are not git's own: what a framework shows its hooks, what the installed script sees.

Each push is real, to a real bare remote.  First the framework alone, with our guard in its configuration; then the same
push once more, after `batuta-stack hooks install` beside the framework.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.process import run
from tests.support.pushes import BIN, Pushing, bare_remote
from tests.support.repos import Repo, package

pytestmark = pytest.mark.slow

CRATE, WRONG = "v0.1.0", "v0.9.0"
BAD = package("a", '[dependencies]\nb = { path = "../b" }')


@pytest.fixture(autouse=True)
def programs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Put guards and frameworks on PATH, unmeasured: git and the frameworks are what is tried here."""
    monkeypatch.setenv("PATH", str(BIN), prepend=":")
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "pre-commit"))
    monkeypatch.setenv("PREK_HOME", str(tmp_path / "prek"))
    for name in ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG"):
        monkeypatch.delenv(name, raising=False)


# The pushes: each prepares one that must not go through, and gives git's arguments for it.


def a_tag_alone(pushing: Pushing) -> list[str]:
    """Its commit is on the remote."""
    pushing.repo.git("tag", WRONG)
    return ["origin", WRONG]


def an_annotated_tag_alone(pushing: Pushing) -> list[str]:
    """Its commit is on the remote."""
    pushing.repo.git("tag", "--annotate", "--message", "x", WRONG)
    return ["origin", WRONG]


def all_tags(pushing: Pushing) -> list[str]:
    """One of two is wrong."""
    pushing.repo.git("tag", CRATE)
    pushing.repo.git("tag", WRONG)
    return ["origin", "--tags"]


def a_tag_made_by_the_push(pushing: Pushing) -> list[str]:
    """There is no such tag here."""
    return ["origin", f"HEAD:refs/tags/{WRONG}"]


def a_tag_to_an_address(pushing: Pushing) -> list[str]:
    """No tracking refs tell what the remote has."""
    pushing.repo.git("tag", WRONG)
    return [str(pushing.remote.path), WRONG]


def a_tag_with_its_commit(pushing: Pushing) -> list[str]:
    """The commit is on no branch."""
    pushing.repo.git("checkout", "--quiet", "--detach")
    pushing.repo.commit("more", {"notes": "1"})
    pushing.repo.git("tag", WRONG)
    pushing.repo.git("checkout", "--quiet", "main")
    return ["origin", WRONG]


def branch_and_tag(pushing: Pushing) -> list[str]:
    """Both bring the same new commit."""
    pushing.repo.commit("more", {"notes": "1"})
    pushing.repo.git("tag", WRONG)
    return ["--atomic", "origin", "main", WRONG]


def branch_and_an_older_tag(pushing: Pushing) -> list[str]:
    """The tag's commit is on the remote, the branch brings a new one."""
    pushing.repo.git("tag", WRONG)
    pushing.repo.commit("more", {"notes": "1"})
    return ["--atomic", "origin", "main", WRONG]


def tags_that_follow(pushing: Pushing) -> list[str]:
    """The branch brings two commits, the tag is on the first."""
    pushing.repo.commit("more", {"notes": "1"})
    pushing.repo.git("tag", "--annotate", "--message", "x", WRONG)
    pushing.repo.commit("more", {"notes": "2"})
    return ["--follow-tags", "origin", "main"]


def a_mirror(pushing: Pushing) -> list[str]:
    """All refs, and the remote has the commits."""
    pushing.repo.git("tag", WRONG)
    return ["--mirror", "origin"]


def a_tag_moved_forward(pushing: Pushing) -> list[str]:
    """The remote has it on the commit before."""
    pushing.repo.git("tag", CRATE)
    pushing.repo.git("push", "--quiet", "--no-verify", "origin", CRATE)
    pushing.repo.commit("more", {"notes": "1"})
    pushing.repo.git("push", "--quiet", "--no-verify", "origin", "main")
    pushing.repo.git("tag", "--force", CRATE)
    return ["--force", "origin", CRATE]


def a_tag_moved_backward(pushing: Pushing) -> list[str]:
    """The remote has it on the commit after."""
    pushing.repo.commit("more", {"notes": "1"})
    pushing.repo.git("tag", CRATE)
    pushing.repo.git("push", "--quiet", "--no-verify", "origin", "main", CRATE)
    pushing.repo.git("tag", "--force", CRATE, "HEAD~")
    return ["--force", "origin", CRATE]


def the_first_push(pushing: Pushing) -> list[str]:
    """The remote is empty."""
    pushing.repo.git("remote", "add", "second", bare_remote(pushing.remote.path.parent / "second.git").path)
    pushing.repo.git("tag", WRONG)
    return ["second", "main", WRONG]


def several_branches(pushing: Pushing) -> list[str]:
    """The second brings a bad manifest."""
    pushing.repo.commit("more", {"notes": "1"})
    pushing.repo.git("checkout", "--quiet", "-b", "zz")
    pushing.repo.commit("bad", {"Cargo.toml": BAD})
    pushing.repo.git("checkout", "--quiet", "main")
    return ["origin", "main", "zz"]


PUSHES: tuple[Callable[[Pushing], list[str]], ...] = (
    a_tag_alone,
    an_annotated_tag_alone,
    all_tags,
    a_tag_made_by_the_push,
    a_tag_to_an_address,
    a_tag_with_its_commit,
    branch_and_tag,
    branch_and_an_older_tag,
    tags_that_follow,
    a_mirror,
    a_tag_moved_forward,
    a_tag_moved_backward,
    the_first_push,
    several_branches,
)


class Lane(NamedTuple):
    """A way in which hooks are managed, before ours come to it.

    Attributes:
        name: how it is called.
        set_up: installs it, with our guards in its configuration where it has one.
        seen: the pushes that it shows to our guards by itself.
    """

    name: str
    set_up: Callable[[Repo], object]
    seen: frozenset[Callable[[Pushing], list[str]]] = frozenset()


def configure(program: str) -> Callable[[Repo], object]:
    """Set up pre-commit or prek with the guards of this environment."""
    hook = (
        "  - {{id: {0}, name: x, entry: {0}, language: system, pass_filenames: false, always_run: true,"
        " stages: [pre-push]}}\n"
    )
    hooks = "".join(hook.format(guard) for guard in ("batuta-path-deps", "batuta-tag-collision"))

    def set_up(repo: Repo) -> object:
        repo.write({".pre-commit-config.yaml": f"repos:\n- repo: local\n  hooks:\n{hooks}"})
        return run([BIN / program, "install", "--hook-type=pre-push"], cwd=repo.path)

    return set_up


def lefthook(repo: Repo) -> object:
    """Set up lefthook with jobs that get git's lines."""
    job = '    - {{run: \'{} --stage push --remote "{{1}}" --url "{{2}}"\', use_stdin: true}}\n'
    jobs = "".join(job.format(guard) for guard in ("batuta-path-deps", "batuta-tag-collision"))
    repo.write({"lefthook.yml": f"pre-push:\n  jobs:\n{jobs}"})
    return run([BIN / "lefthook", "install"], cwd=repo.path)


def husky(repo: Repo) -> object:
    """Set up husky as npm would, with a hook of the user's own."""
    repo.write({".husky/pre-push": "true\n"})
    return run(["husky"], cwd=repo.path)


def hooks_path(repo: Repo) -> object:
    """Hooks in a folder of the repository."""
    repo.write({".githooks/pre-push": "#!/bin/sh\ncat >/dev/null\n"})
    (repo.path / ".githooks" / "pre-push").chmod(0o755)
    return repo.git("config", "core.hooksPath", ".githooks")


FRAMEWORK = frozenset(PUSHES) - {
    a_tag_alone,
    an_annotated_tag_alone,
    all_tags,
    a_tag_made_by_the_push,
    a_mirror,
    branch_and_an_older_tag,
    tags_that_follow,
    several_branches,
}
LANES = (
    Lane("pre-commit", configure("pre-commit"), FRAMEWORK),
    Lane("prek", configure("prek"), FRAMEWORK - {a_tag_moved_backward}),
    Lane(
        "lefthook",
        lefthook,
        frozenset({branch_and_tag, branch_and_an_older_tag, tags_that_follow, several_branches}),
    ),
    Lane("husky", husky),
    Lane("hooks path", hooks_path),
)
BY_NAME: Mapping[str, Lane] = {lane.name: lane for lane in LANES}
#: Lanes that are git's own in the end: one push of each class.
PLAIN = {"husky", "hooks path"}
CLASSES = (a_tag_alone, all_tags, a_mirror, branch_and_an_older_tag, a_tag_moved_backward, several_branches)
TABLE = [(lane, push) for lane in BY_NAME for push in (CLASSES if lane in PLAIN else PUSHES)]


def prepared(folder: Path, lane: Lane) -> Pushing:
    """A crate whose only commits are on the remote, which its branch follows, in a lane."""
    made = Pushing.make(folder, {"Cargo.toml": package("a")})
    lane.set_up(made.repo)
    made.repo.commit("configure")
    made.repo.git("push", "--quiet", "--no-verify", "--set-upstream", "origin", "main")
    return made


def leaves(pushing: Pushing, arguments: list[str]) -> bool:
    """Push, and tell whether the remote has taken it; in part is not at all."""
    remotes = [Repo(path) for path in pushing.remote.path.parent.glob("*.git")]
    before = [pushing.refs(remote) for remote in remotes]
    done = run(["git", "push", *arguments], cwd=pushing.repo.path, code=None)
    after = [pushing.refs(remote) for remote in remotes]
    assert (done.returncode == 0) == (before != after), done.stdout + done.stderr
    found = [code for code in ("TC001", "TC002", "PD001") if code in done.stdout + done.stderr]
    assert bool(found) == (done.returncode != 0), done.stdout + done.stderr
    return done.returncode == 0


@pytest.fixture(scope="module")
def npm_programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of husky, from npm's registry."""
    folder = tmp_path_factory.mktemp("npm")
    (folder / "package.json").write_text('{"private": true}\n')
    run(["npm", "install", "--silent", "--no-audit", "--no-fund", "husky@9"], cwd=folder)
    return folder / "node_modules" / ".bin"


@pytest.fixture
def lane(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Lane:
    """A lane by its name, with its programs on PATH."""
    if request.param == "husky":
        monkeypatch.setenv("PATH", str(request.getfixturevalue("npm_programs")), prepend=":")
    return BY_NAME[request.param]


@pytest.mark.parametrize(
    ("lane", "push"), TABLE, ids=lambda value: getattr(value, "__name__", value), indirect=["lane"]
)
def test_what_leaves(lane: Lane, push: Callable[[Pushing], list[str]], tmp_path: Path) -> None:
    """Alone, a lane stops the pushes that it sees and no other; once our hooks are installed, none gets through."""
    alone = prepared(tmp_path / "alone", lane)
    arguments = push(alone)
    assert leaves(alone, arguments) == (push not in lane.seen)
    installed = prepared(tmp_path / "installed", lane)
    run(["batuta-stack", "hooks", "install", "--quiet"], cwd=installed.repo.path)
    arguments = push(installed)
    assert not leaves(installed, arguments)


@pytest.mark.parametrize("lane", BY_NAME, indirect=True)
def test_deletions_and_pushes_without_news(lane: Lane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The installed script is shown a deletion, which no framework shows its hooks, and lets a push without news be."""
    pushing = prepared(tmp_path / "x", lane)
    pushing.repo.git("push", "--quiet", "--no-verify", "origin", "main:refs/tags/some-day")
    run(["batuta-stack", "hooks", "install", "--quiet"], cwd=pushing.repo.path)
    monkeypatch.setenv("BATUTA_PROBE", str(tmp_path / "probe"))
    pushing.refused("origin", ":refs/tags/some-day")
    assert "(delete) " + "0" * 40 + " refs/tags/some-day " in (tmp_path / "probe").read_text()
    monkeypatch.delenv("BATUTA_PROBE")
    pushing.accepted("origin", "main")
    pushing.accepted("origin", ":refs/tags/some-day")
    assert list(pushing.refs()) == ["refs/heads/main"]


@pytest.mark.parametrize("program", ["pre-commit", "prek"])
def test_a_framework_installed_anew_keeps_the_script(program: str, tmp_path: Path) -> None:
    """`install` keeps it and `install -f` deletes it, which the doctor says, and installing once more mends."""
    pushing = prepared(tmp_path / "x", BY_NAME[program])
    doctor = ["batuta-stack", "hooks", "doctor"]
    for options, code in (((), 0), (("-f",), 1)):
        run(["batuta-stack", "hooks", "install", "--quiet"], cwd=pushing.repo.path)
        run([program, "install", "--hook-type=pre-push", *options], cwd=pushing.repo.path)
        told = run(doctor, cwd=pushing.repo.path, code=None).stdout
        assert (f"{program:<15} missed" in told) == bool(code)
        assert (f"{program:<15} path-deps, version-alignment, tag-collision" in told) == (not code)
