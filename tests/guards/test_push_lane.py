"""A push: the commits that go out are judged, whatever is checked out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.guards.asking import Answer, ask, judge
from tests.support.process import run
from tests.support.repos import Repo, make_repo, package

GOOD = package("a", '[dependencies]\nb = { path = "b", version = "0.1" }')
BAD = package("a", '[dependencies]\nb = { path = "b" }')
PD001 = ("PD001", "error", "Cargo.toml")
NONE = "0" * 40


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A repository whose good first commit is on its remote `origin`; its folder is `r`."""
    made = make_repo(tmp_path / "r", {"Cargo.toml": GOOD, "b/Cargo.toml": package("b"), "notes": "0"})
    made.git("init", "-q", "--bare", tmp_path / "remote")
    made.git("remote", "add", "origin", tmp_path / "remote")
    made.git("push", "-q", "origin", "main")
    return made


@pytest.fixture
def bad(repo: Repo) -> str:
    """A commit with a finding, on a branch of its own that is not checked out."""
    repo.git("switch", "-q", "-c", "bad")
    commit = repo.commit("bad", {"Cargo.toml": BAD})
    repo.git("switch", "-q", "main")
    return commit


def line(local: str, remote: str = NONE, ref: str = "refs/heads/x") -> str:
    """A line as git writes it to a pre-push hook."""
    return f"{ref} {local} {ref} {remote}\n"


def push(repo: Repo, *lines: str, options: tuple[str, ...] = ()) -> Answer:
    """Judge a push that git's lines describe."""
    return judge(repo.path, "--stage", "push", "--remote", "origin", "--url", "x", *options, stdin="".join(lines))


def head(repo: Repo) -> str:
    """The id of the commit that is checked out."""
    return repo.git("rev-parse", "HEAD")


class TestLines:
    """Git's lines on standard input."""

    def test_the_pushed_commit_counts(self, repo: Repo, bad: str) -> None:
        """Neither the worktree nor the index hides or adds anything."""
        answer = push(repo, line(bad, head(repo)))
        assert (answer.code, answer.findings) == (1, [PD001])
        assert answer.document["findings"][0]["commit"] == bad
        assert answer.document["checked"] == {"manifests": 2, "refs": 1}
        repo.write({"Cargo.toml": BAD})
        repo.git("add", "--all")
        assert push(repo, line(head(repo))).findings == []

    def test_several_refs(self, repo: Repo, bad: str) -> None:
        """Each tip is judged, one that several refs share once; deletions are counted and bring nothing."""
        repo.git("switch", "-q", "bad")
        worse = repo.commit("worse", {"b/Cargo.toml": package("b", '[dependencies]\nserde = "*"')})
        main = repo.git("rev-parse", "main")
        answer = push(repo, line(main), line(bad), line(worse), line(bad, main, "refs/tags/v1"), line(NONE, main))
        by_commit = [(one["commit"], one["code"]) for one in answer.document["findings"]]
        assert by_commit == [(bad, "PD001"), (worse, "PD001"), (worse, "PD005")]
        assert answer.document["checked"] == {"manifests": 6, "refs": 5}

    def test_nothing_to_push(self, repo: Repo) -> None:
        """Empty input, deletions of either length of ids: clean, though the worktree is not."""
        repo.write({"Cargo.toml": BAD})
        for lines in ("", "\n", line(NONE, head(repo)), line("0" * 64, "0" * 64)):
            answer = push(repo, lines)
            assert (answer.code, answer.findings) == (0, [])
            assert answer.document["checked"]["manifests"] == 0

    def test_files_do_not_narrow_a_push(self, repo: Repo, bad: str) -> None:
        """A push judges everything, whatever files a framework names."""
        assert push(repo, line(bad), options=("b/Cargo.toml", "nowhere/Cargo.toml")).findings == [PD001]

    def test_tags(self, repo: Repo, bad: str) -> None:
        """Annotated and nested tags are judged at their commit; those of trees and blobs hold no manifest."""
        repo.git("tag", "-a", "-m", "x", "annotated", bad)
        repo.git("tag", "-a", "-m", "x", "nested", "annotated")
        repo.git("tag", "-a", "-m", "x", "tree", f"{bad}^{{tree}}")
        repo.git("tag", "blob", f"{bad}:Cargo.toml")
        for name, findings in {"annotated": [PD001], "nested": [PD001], "tree": [], "blob": []}.items():
            answer = push(repo, line(repo.git("rev-parse", name), ref=f"refs/tags/{name}"))
            assert answer.findings == findings, name

    def test_an_object_that_is_not_here(self, repo: Repo) -> None:
        """What is pushed must be here: an unknown id is an error, never a pass."""
        answer = ask(repo.path, "--stage", "push", stdin=line("f" * 40))
        assert (answer.code, answer.out) == (2, "")
        assert f"`{'f' * 40}`, which is pushed, is not an object of this repository" in answer.err

    def test_a_remote_that_is_ahead(self, repo: Repo, bad: str) -> None:
        """The remote's commit need not be known here."""
        assert push(repo, line(bad, "f" * 40)).findings == [PD001]
        assert push(repo, line(bad, "f" * 40), options=("--every-commit",)).findings == [PD001]

    @pytest.mark.parametrize("lines", ["refs/heads/main", "a b c d\n", "\0" * 1000, "x\n" * 1000, "\udcff " * 4])
    def test_other_lines(self, repo: Repo, lines: str) -> None:
        """What git would not write is a sentence and 2."""
        answer = ask(repo.path, "--stage", "push", stdin=lines)
        assert (answer.code, answer.out) == (2, "")
        assert answer.err.startswith("batuta-path-deps: standard input holds a line that git would not write: `")
        assert answer.err.count("\n") == 2

    def test_a_source_of_ones_own(self, repo: Repo, bad: str) -> None:
        """A source that is named counts, as long as there is something to push."""
        repo.write({"Cargo.toml": BAD})
        assert push(repo, line(head(repo)), options=("--source", "worktree")).findings == [PD001]
        assert push(repo, line(bad), options=("--source", "main")).findings == []
        assert push(repo, options=("--source", "worktree")).findings == []

    def test_outside_of_a_repository(self, tmp_path: Path) -> None:
        """There is no repository, and that is said."""
        answer = ask(tmp_path, "--stage", "push", stdin=line("f" * 40))
        assert (answer.code, answer.out) == (2, "")
        assert "there is no git repository here" in answer.err

    def test_from_a_bare_repository(self, repo: Repo, bad: str, tmp_path: Path) -> None:
        """A push may start from a repository without a worktree."""
        repo.git("clone", "-q", "--bare", ".", tmp_path / "bare")
        assert judge(tmp_path / "bare", "--stage", "push", stdin=line(bad)).findings == [PD001]

    def test_long_ids(self, tmp_path: Path) -> None:
        """A repository with SHA-256 ids pushes longer lines."""
        run(["git", "init", "-q", "-b", "main", "--object-format=sha256", tmp_path])
        made = Repo(tmp_path)
        commit = made.commit("bad", {"Cargo.toml": BAD, "b/Cargo.toml": package("b")})
        assert judge(tmp_path, "--stage", "push", stdin=line(commit, "0" * 64)).findings == [PD001]


class TestEveryCommit:
    """`--every-commit`."""

    @pytest.fixture
    def mended(self, repo: Repo, bad: str) -> str:
        """A commit that mends the bad one before it."""
        repo.git("switch", "-q", "--detach", bad)
        return repo.commit("mend", {"Cargo.toml": GOOD})

    def commits(self, answer: Answer) -> list[str]:
        """The commits that findings name."""
        return [one["commit"] for one in answer.document["findings"]]

    def test_a_fault_on_the_way_is_found(self, repo: Repo, bad: str, mended: str) -> None:
        """The tip is good, a commit below it is not."""
        assert push(repo, line(mended)).findings == []
        answer = push(repo, line(mended, repo.git("rev-parse", "main")), options=("--every-commit",))
        assert self.commits(answer) == [bad]
        assert answer.document["checked"] == {"manifests": 4, "refs": 1}

    def test_what_the_remote_has_is_left_out(self, repo: Repo, bad: str, mended: str) -> None:
        """From the remote's commit where it is known; for a new ref from its tracking refs."""
        assert push(repo, line(mended, bad), options=("--every-commit",)).findings == []
        assert self.commits(push(repo, line(mended), options=("--every-commit",))) == [bad]
        repo.git("push", "-q", "origin", f"{bad}:refs/heads/other")
        assert push(repo, line(mended), options=("--every-commit",)).findings == []
        assert self.commits(push(repo, line(bad), options=("--every-commit",))) == [bad], "the tip always counts"

    def test_a_push_to_an_address(self, repo: Repo, bad: str, mended: str, tmp_path: Path) -> None:
        """Where git has no name for the remote, every remote's refs count."""
        arguments = ("--stage", "push", "--every-commit", "--remote", str(tmp_path / "remote"))
        answer = judge(repo.path, *arguments, stdin=line(mended))
        assert self.commits(answer) == [bad]
        assert answer.document["checked"]["manifests"] == 4, "the first commit is on the remote already"

    def test_a_shallow_clone(self, repo: Repo, tmp_path: Path) -> None:
        """Commits that are cut off are not looked for."""
        repo.commit("second")
        repo.git("push", "-q", "origin", "main")
        repo.git("clone", "-q", "--depth", "1", f"file://{tmp_path}/remote", tmp_path / "shallow")
        shallow = Repo(tmp_path / "shallow")
        worse = shallow.commit("worse", {"Cargo.toml": BAD})
        again = shallow.commit("again", {"notes": "1"})
        assert self.commits(push(shallow, line(again), options=("--every-commit",))) == [worse, again]


class TestFrameworks:
    """pre-commit and prek leave standard input empty and speak by variables."""

    def variables(self, **names: str) -> dict[str, str]:
        """The variables of a push."""
        return {"PRE_COMMIT": "1", **{f"PRE_COMMIT_{name}": value for name, value in names.items()}}

    def test_an_update(self, repo: Repo, bad: str) -> None:
        """The commit that goes out is judged, whole, not the tree that is checked out."""
        env = self.variables(FROM_REF=head(repo), TO_REF=bad, REMOTE_NAME="origin", REMOTE_BRANCH="refs/heads/bad")
        for arguments in ((), ("b/Cargo.toml",), ("--stage", "push")):
            answer = judge(repo.path, *arguments, env=env)
            assert (answer.code, answer.findings) == (1, [PD001])
            assert answer.document["checked"] == {"manifests": 2, "refs": 1}

    def test_a_first_push(self, repo: Repo, bad: str) -> None:
        """Without the two ends the local branch is judged, and without that HEAD."""
        env = self.variables(REMOTE_NAME="origin", REMOTE_BRANCH="refs/heads/x", LOCAL_BRANCH="refs/heads/bad")
        assert judge(repo.path, env=env).findings == [PD001]
        assert judge(repo.path, env=self.variables(REMOTE_NAME="origin")).findings == []
        repo.git("switch", "-q", "--detach", bad)
        assert judge(repo.path, env=self.variables(REMOTE_NAME="origin")).findings == [PD001]

    def test_a_tag(self, repo: Repo, bad: str) -> None:
        """An annotated tag arrives as its object."""
        repo.git("tag", "-a", "-m", "x", "v1", bad)
        env = self.variables(FROM_REF=head(repo), TO_REF=repo.git("rev-parse", "v1"), REMOTE_BRANCH="refs/tags/v1")
        assert judge(repo.path, env=env).findings == [PD001]

    def test_prek_names_the_stage(self, repo: Repo, bad: str) -> None:
        """A range at another stage is no push."""
        env = self.variables(FROM_REF=head(repo), TO_REF=bad)
        assert judge(repo.path, env={**env, "PREK_HOOK_STAGE": "pre-push"}).findings == [PD001]
        assert judge(repo.path, env={**env, "PREK_HOOK_STAGE": "pre-commit"}).findings == []
        assert judge(repo.path, env={**env, "PREK_HOOK_STAGE": "manual"}).findings == []

    def test_every_commit_of_a_range(self, repo: Repo, bad: str) -> None:
        """The option works under a framework, also where the range's start is not known here."""
        repo.git("switch", "-q", "--detach", bad)
        tip = repo.commit("mend", {"Cargo.toml": GOOD})
        for start in (repo.git("rev-parse", "main"), "f" * 40, NONE):
            env = self.variables(FROM_REF=start, TO_REF=tip, REMOTE_NAME="origin")
            assert judge(repo.path, "--every-commit", env=env).findings == [PD001], start

    def test_a_commit_that_is_not_here(self, repo: Repo) -> None:
        """A range that names nothing is an error, never a pass."""
        answer = ask(repo.path, env=self.variables(TO_REF="f" * 40))
        assert (answer.code, answer.out) == (2, "")
        assert "is not an object of this repository" in answer.err

    def test_standard_input_is_left_alone(self, repo: Repo) -> None:
        """Without --stage push it is not read."""
        env = self.variables(TO_REF=head(repo))
        assert judge(repo.path, stdin="no line of git's", env=env).findings == []
        assert judge(repo.path, stdin="no line of git's").findings == []


class TestBase:
    """What an unreadable manifest is compared with: it is an error where it was readable before."""

    def severity(self, answer: Answer) -> str:
        """The severity of the one finding."""
        ((code, severity, path),) = answer.findings
        assert (code, path) == ("PD008", "x/Cargo.toml")
        return severity

    @pytest.fixture
    def broken(self, repo: Repo) -> str:
        """A commit that breaks a manifest which the remote has whole."""
        repo.commit("add", {"x/Cargo.toml": package("x")})
        repo.git("push", "-q", "origin", "main")
        return repo.commit("break", {"x/Cargo.toml": "[package"})

    def test_the_remotes_commit(self, repo: Repo, broken: str) -> None:
        """Where the ref is there already its commit counts."""
        first, added, _ = repo.git("rev-list", "--reverse", "HEAD").split()
        assert self.severity(push(repo, line(broken, added))) == "error"
        assert self.severity(push(repo, line(broken, first))) == "warning"

    def test_a_new_ref(self, repo: Repo, broken: str) -> None:
        """For a new ref the nearest commit that the remote is known to have; without one all is new."""
        assert self.severity(push(repo, line(broken))) == "error"
        assert self.severity(push(repo, line(broken, "f" * 40))) == "error"
        repo.git("remote", "remove", "origin")
        assert self.severity(push(repo, line(broken))) == "warning"
