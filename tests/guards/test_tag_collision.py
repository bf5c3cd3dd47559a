"""`batuta-tag-collision`: which tags it judges, by what, and how it ends."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from batuta_hooks.cli.app import main as stack_main
from batuta_hooks.guards.tag_collision import main
from tests.guards.asking import Answer
from tests.guards.asking import ask as ask_guard
from tests.guards.asking import judge as judge_guard
from tests.support.online import go_online
from tests.support.process import run, unmeasured
from tests.support.pushes import BIN, Pushing
from tests.support.registry import FaultyRegistry, crate_archive
from tests.support.repos import Repo, make_repo, package

NONE = "0" * 40


def ask(folder: Path, *arguments: str | Path, stdin: str = "", **env: str) -> Answer:
    """Run the guard in this process."""
    return ask_guard(folder, *arguments, stdin=stdin, env=env, guard=main)


def judge(folder: Path, *arguments: str | Path, stdin: str = "", **env: str) -> Answer:
    """Run the guard in this process for its JSON document."""
    return judge_guard(folder, *arguments, stdin=stdin, env=env, guard=main)


def found(answer: Answer) -> list[tuple[str, str]]:
    """Code and tag of each finding."""
    return [(one["code"], one["ref"].removeprefix("refs/tags/")) for one in answer.document["findings"]]


@pytest.fixture
def pushing(tmp_path: Path) -> Pushing:
    """A crate `a` at 0.1.0 with a remote `origin`."""
    return Pushing.make(tmp_path, {"Cargo.toml": package("a")})


@pytest.fixture
def repo(pushing: Pushing) -> Repo:
    """That crate's repository."""
    return pushing.repo


def head(repo: Repo) -> str:
    """The id of the commit that is checked out."""
    return repo.git("rev-parse", "HEAD")


def line(local: str, name: str, remote: str = NONE) -> str:
    """A line as git writes it for a tag."""
    return f"refs/tags/{name} {local} refs/tags/{name} {remote}\n"


class TestOperands:
    """Tags by name."""

    def test_a_tag_that_is_there(self, repo: Repo) -> None:
        """It is judged at its commit, whatever is checked out, by either of its names."""
        repo.git("tag", "v0.1.0")
        repo.git("tag", "--annotate", "--message", "x", "v0.2.0")
        repo.commit("raise", {"Cargo.toml": package("a", version="0.2.0")})
        assert judge(repo.path, "v0.1.0").findings == []
        for name in ("v0.2.0", "refs/tags/v0.2.0"):
            answer = judge(repo.path, name)
            assert (answer.code, found(answer)) == (1, [("TC002", "v0.2.0")])
            assert answer.document["findings"][0]["commit"] == repo.git("rev-parse", "v0.2.0^{commit}")

    def test_a_tag_to_come(self, repo: Repo) -> None:
        """It is judged at HEAD, or where it is said."""
        repo.commit("raise", {"Cargo.toml": package("a", version="0.2.0")})
        assert judge(repo.path, "v0.2.0").findings == []
        assert found(judge(repo.path, "v0.1.0")) == [("TC002", "v0.1.0")]
        assert judge(repo.path, "v0.1.0", "--source", "HEAD~1").findings == []
        assert repo.git("tag") == ""

    def test_several(self, repo: Repo) -> None:
        """Each is judged; the document counts them."""
        answer = judge(repo.path, "v0.1.0", "v0.2.0", "b-v0.1.0", "nightly")
        assert sorted(found(answer)) == [("TC002", "v0.2.0"), ("TC003", "b-v0.1.0")]
        assert answer.document["checked"] == {"manifests": 0, "refs": 4}

    def test_none(self, repo: Repo) -> None:
        """The tags of HEAD, annotated ones too; without any, or without a commit, it is clean."""
        assert judge(repo.path).document["checked"]["refs"] == 0
        repo.git("tag", "--annotate", "--message", "x", "v0.2.0")
        repo.git("tag", "v0.1.0")
        assert found(judge(repo.path)) == [("TC002", "v0.2.0")]
        repo.commit("more", {"notes": "1"})
        assert found(judge(repo.path)) == []
        assert found(judge(repo.path, "--source", "HEAD~1")) == [("TC002", "v0.2.0")]
        assert judge(make_repo(repo.path.parent / "new", commit=False).path).code == 0

    @pytest.mark.parametrize("name", ["a b", "v1^{}", "v1:x", "@{1}", "", "/v1", "v1..2", "x.lock", "-- -v1", "v1\n"])
    def test_no_name_of_a_tag(self, repo: Repo, name: str) -> None:
        """What git would not take is a sentence and 2, never a revision."""
        answer = ask(repo.path, *(name.split(" ", 1) if name.startswith("-- ") else [name]))
        assert (answer.code, answer.out) == (2, "")
        assert "is no name of a tag" in answer.err

    def test_other_sources(self, repo: Repo) -> None:
        """A tag names a commit, so neither index nor worktree will do, and an unknown revision is told."""
        for source in ("index", "worktree", "nowhere"):
            answer = ask(repo.path, "v0.1.0", "--source", source)
            assert (answer.code, answer.out) == (2, "")
            assert source in answer.err

    def test_no_commit_yet(self, tmp_path: Path) -> None:
        """There is no HEAD to judge a tag at."""
        answer = ask(make_repo(tmp_path / "new", commit=False).path, "v0.1.0")
        assert (answer.code, answer.out) == (2, "")
        assert "`HEAD` names no commit here" in answer.err

    def test_outside_of_a_repository(self, tmp_path: Path) -> None:
        """There is no repository, and that is said."""
        answer = ask(tmp_path, "v0.1.0")
        assert (answer.code, answer.out) == (2, "")
        assert "there is no git repository here" in answer.err


class TestStandardInput:
    """When it is read, and when it is not."""

    def test_git_s_lines(self, repo: Repo) -> None:
        """Each line counts as a ref; branches are passed over."""
        commit = head(repo)
        lines = line(commit, "v0.1.0") + line(commit, "v0.2.0") + f"refs/heads/x {commit} refs/heads/x {NONE}\n"
        answer = judge(repo.path, "--stage", "push", "--remote", "origin", "--url", "x", stdin=lines)
        assert (answer.code, found(answer)) == (1, [("TC002", "v0.2.0")])
        assert answer.document["checked"] == {"manifests": 0, "refs": 3}

    def test_nothing_to_push(self, repo: Repo) -> None:
        """Empty input, branches alone: clean, and git is not even asked for a repository."""
        repo.git("tag", "v0.2.0")
        for folder in (repo.path, repo.path.parent):
            branch = f"refs/heads/v0.2.0 {head(repo)} refs/heads/v0.2.0 {NONE}\n"
            for lines, refs in (("", 0), (branch, 1)):
                answer = judge(folder, "--stage", "push", "v0.2.0", stdin=lines)
                assert (answer.code, answer.document["checked"]["refs"]) == (0, refs)

    def test_two_operands(self, repo: Repo) -> None:
        """A configured remote and an address are git's own arguments; anything else is two tags."""
        wrong = line(head(repo), "v0.2.0")
        assert found(judge(repo.path, "origin", "anything", stdin=wrong)) == [("TC002", "v0.2.0")]
        assert found(judge(repo.path, "https://example.com/x", "https://example.com/x", stdin=wrong)) != []
        assert judge(repo.path, "origin", "anything", stdin="").code == 0
        assert found(judge(repo.path, "v0.1.0", "v0.3.0", stdin=wrong)) == [("TC002", "v0.3.0")]
        assert found(judge(repo.path, "origin", stdin=wrong)) == []
        assert found(judge(repo.path, "origin", "x", "v0.3.0", stdin=wrong)) == [("TC002", "v0.3.0")]

    def test_a_terminal(self, repo: Repo) -> None:
        """There two operands are tags; `--stage push` says that it has nothing to read."""
        repo.git("remote", "add", "v0.3.0", "x")
        leader, follower = pty.openpty()

        def started(*arguments: str) -> subprocess.CompletedProcess[str]:
            command = [str(BIN / "batuta-tag-collision"), *arguments]
            return subprocess.run(command, cwd=repo.path, stdin=follower, capture_output=True, text=True, check=False)

        tags, push = started("v0.3.0", "x"), started("--stage", "push")
        os.close(leader)
        os.close(follower)
        assert (tags.returncode, "TC002" in tags.stdout) == (1, True)
        assert (push.returncode, "which is a terminal here" in push.stderr) == (2, True)

    def test_it_is_left_alone(self, repo: Repo) -> None:
        """By hand nothing is read, be it git's or not."""
        assert judge(repo.path, "v0.1.0", stdin="no line of git's").code == 0
        assert judge(repo.path, stdin="no line of git's").code == 0

    def test_an_object_that_is_not_here(self, repo: Repo) -> None:
        """What is pushed must be here; what the remote has need not be."""
        answer = ask(repo.path, "--stage", "push", stdin=line("f" * 40, "v0.1.0"))
        assert (answer.code, answer.out) == (2, "")
        assert "is not an object of this repository" in answer.err
        moved = judge(repo.path, "--stage", "push", stdin=line(head(repo), "v0.1.0", "f" * 40))
        assert found(moved) == [("TC001", "v0.1.0")]
        assert judge(repo.path, "--stage", "push", stdin=line(NONE, "v0.1.0", "f" * 40)).code == 0


class TestFrameworks:
    """pre-commit and prek tell of one ref."""

    def push(self, repo: Repo, to: str, ref: str, **names: str) -> Answer:
        """Judge what a framework tells of a push."""
        named = {"TO_REF": to, "REMOTE_BRANCH": ref, "REMOTE_NAME": "origin", **names}
        return judge(repo.path, PRE_COMMIT="1", **{f"PRE_COMMIT_{name}": value for name, value in named.items()})

    def test_a_tag(self, repo: Repo) -> None:
        """The ref that is told, and the tags of its commit: one of them may be pushed too."""
        commit = repo.commit("more", {"notes": "1"})
        assert found(self.push(repo, commit, "refs/tags/v0.2.0")) == [("TC002", "v0.2.0")]
        repo.git("tag", "--annotate", "--message", "x", "v0.3.0")
        repo.git("tag", "v0.2.0")
        assert sorted(found(self.push(repo, commit, "refs/tags/v0.2.0"))) == [("TC002", "v0.2.0"), ("TC002", "v0.3.0")]
        annotated = self.push(repo, repo.git("rev-parse", "v0.3.0"), "refs/tags/v0.3.0")
        assert sorted(found(annotated)) == [("TC002", "v0.2.0"), ("TC002", "v0.3.0")]
        assert annotated.document["checked"]["refs"] == 2

    def test_a_branch(self, repo: Repo) -> None:
        """The tags of the pushed commit; without such an object those of HEAD, as on a first push."""
        first, commit = head(repo), repo.commit("more", {"notes": "1"})
        repo.git("tag", "v0.2.0", first)
        assert found(self.push(repo, commit, "refs/heads/main", FROM_REF=first)) == []
        assert found(self.push(repo, first, "refs/heads/main")) == [("TC002", "v0.2.0")]
        repo.git("switch", "--quiet", "--detach", first)
        unset = judge(repo.path, PRE_COMMIT="1", PRE_COMMIT_REMOTE_NAME="origin")
        assert found(unset) == [("TC002", "v0.2.0")]

    def test_what_the_remote_has(self, repo: Repo) -> None:
        """A new tag comes with the parent of its first new commit, which is no collision; a moved one with its own."""
        first = head(repo)
        second = repo.commit("more", {"notes": "1"})
        assert found(self.push(repo, second, "refs/tags/v0.1.0", FROM_REF=first)) == []
        repo.git("push", "--quiet", "origin", "main")
        assert found(self.push(repo, second, "refs/tags/v0.1.0", FROM_REF=first)) == [("TC001", "v0.1.0")]
        assert found(self.push(repo, first, "refs/tags/v0.1.0", FROM_REF=second)) == [("TC001", "v0.1.0")]
        repo.git("tag", "--annotate", "--message", "x", "v0.1.0", first)
        third = repo.commit("again", {"notes": "2"})
        moved = self.push(repo, third, "refs/tags/v0.1.0", FROM_REF=repo.git("rev-parse", "v0.1.0"))
        assert found(moved) == [("TC001", "v0.1.0")]

    def test_stages(self, repo: Repo) -> None:
        """By hand the variables do not count; standard input does where it holds git's lines."""
        repo.git("tag", "v0.2.0")
        names = {"PRE_COMMIT": "1", "PRE_COMMIT_TO_REF": head(repo), "PREK_HOOK_STAGE": "manual"}
        assert found(judge(repo.path, "v0.1.0", **names)) == []
        names["PREK_HOOK_STAGE"] = "pre-push"
        assert found(judge(repo.path, "v0.1.0", **names)) == [("TC002", "v0.2.0")]
        assert found(judge(repo.path, "--stage", "manual", "v0.1.0", **names)) == []
        assert found(judge(repo.path, "--stage", "push", **names)) == [("TC002", "v0.2.0")]
        native = judge(repo.path, "--stage", "push", stdin=line(head(repo), "v0.1.0"), **names)
        assert (found(native), native.document["checked"]["refs"]) == ([], 1)


class TestOtherTags:
    """TC008 by real tags."""

    def test_two_spellings(self, repo: Repo) -> None:
        """Another spelling on another commit is found, in folders too; on the same commit it is fine."""
        repo.git("tag", "v0.1.0")
        repo.git("tag", "a/v0.1.0")
        assert judge(repo.path, "v0.1.0", "a/v0.1.0").findings == []
        repo.commit("more", {"notes": "1"})
        for name in ("0.1.0", "a-v0.1.0"):
            assert found(judge(repo.path, name)) == [("TC008", name)] * 2

    def test_tags_of_the_same_push(self, repo: Repo) -> None:
        """What the push makes and what it deletes counts."""
        first, second = head(repo), repo.commit("more", {"notes": "1"})
        both = line(first, "v0.1.0") + line(second, "a-v0.1.0")
        answer = judge(repo.path, "--stage", "push", stdin=both)
        assert sorted(found(answer)) == [("TC008", "a-v0.1.0"), ("TC008", "v0.1.0")]
        repo.git("tag", "v0.1.0", first)
        respelled = line(second, "a-v0.1.0") + line(NONE, "v0.1.0", first)
        assert found(judge(repo.path, "--stage", "push", stdin=respelled)) == []


class TestRegistry:
    """TC006 and TC007 by what `cache warm` has fetched."""

    @pytest.fixture
    def registry(self) -> Iterator[FaultyRegistry]:
        """A registry."""
        with FaultyRegistry() as running:
            yield running

    @pytest.fixture
    def online(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registry: FaultyRegistry) -> Pushing:
        """A crate with a remote, where the registry stands for crates.io."""
        go_online(monkeypatch, tmp_path / "stack", registry)
        return Pushing.make(tmp_path / "stack", {"Cargo.toml": package("a")})

    def publish(self, registry: FaultyRegistry, commit: str, *, dirty: str = "") -> None:
        """Publish the crate from a commit, and warm the cache."""
        vcs = f'{{"git": {{"sha1": "{commit}"{dirty}}}, "path_in_vcs": ""}}'
        files = {"Cargo.toml": package("a").encode(), ".cargo_vcs_info.json": vcs.encode()}
        registry.add_archive("a", "0.1.0", crate_archive("a", "0.1.0", files))
        assert stack_main(["cache", "warm", "--quiet"]) == 0

    @pytest.mark.parametrize(("dirty", "severity"), [("", ""), (', "dirty": true', "warning")], ids=["clean", "dirty"])
    def test_the_published_commit(self, online: Pushing, registry: FaultyRegistry, dirty: str, severity: str) -> None:
        """A tag of it is right, with a warning where files were changed; the answer has an age, and nobody is asked."""
        self.publish(registry, head(online.repo), dirty=dirty)
        asked = len(registry.log)
        answer = judge(online.repo.path, "v0.1.0")
        assert answer.code == 0
        assert [(code, said) for code, said, _ in answer.findings] == ([("TC006", severity)] if severity else [])
        assert 0 <= answer.document["data_age_s"] <= 60
        assert ask(online.repo.path, "--strict", "v0.1.0").code == (1 if severity else 0)
        assert len(registry.log) == asked

    def test_another_commit(self, online: Pushing, registry: FaultyRegistry) -> None:
        """A tag elsewhere is an error that names the published commit."""
        published = head(online.repo)
        self.publish(registry, published)
        online.repo.commit("more", {"notes": "1"})
        answer = judge(online.repo.path, "v0.1.0")
        assert (answer.code, found(answer)) == (1, [("TC006", "v0.1.0")])
        assert f"git tag --force v0.1.0 {published}" in answer.document["findings"][0]["fix"]

    def test_deletions(self, online: Pushing, registry: FaultyRegistry) -> None:
        """Of a published version and of others, where the remote's object is here and where it is not."""
        self.publish(registry, head(online.repo))
        for remote in (head(online.repo), "f" * 40):
            answer = judge(online.repo.path, "--stage", "push", stdin=line(NONE, "v0.1.0", remote))
            assert (answer.code, found(answer)) == (1, [("TC007", "v0.1.0")])
            assert judge(online.repo.path, "--stage", "push", stdin=line(NONE, "v0.2.0", remote)).findings == []

    def test_an_archive_that_is_not_cached(self, online: Pushing, registry: FaultyRegistry) -> None:
        """Which commit it was made from is then not known, and under --strict that is 3."""
        registry.add("a", "0.1.0")
        assert stack_main(["cache", "warm", "--quiet", "a"]) == 0
        answer = judge(online.repo.path, "v0.1.0")
        assert (answer.code, answer.findings) == (0, [])
        assert "batuta-stack cache warm" in answer.document["unknown"][0]["why"]
        assert ask(online.repo.path, "--strict", "v0.1.0").code == 3

    def test_refresh(self, online: Pushing, registry: FaultyRegistry) -> None:
        """`--refresh` has another process fetch the index and the archive; what is known needs no asking again."""
        vcs = f'{{"git": {{"sha1": "{head(online.repo)}"}}, "path_in_vcs": ""}}'.encode()
        files = {"Cargo.toml": package("a").encode(), ".cargo_vcs_info.json": vcs}
        registry.add_archive("a", "0.1.0", crate_archive("a", "0.1.0", files))
        online.repo.commit("more", {"notes": "1"})
        assert found(judge(online.repo.path, "--refresh", "60", "v0.1.0")) == [("TC006", "v0.1.0")]
        asked = len(registry.log)
        assert found(judge(online.repo.path, "--refresh", "60", "v0.1.0")) == [("TC006", "v0.1.0")]
        online.repo.commit("raise", {"Cargo.toml": package("a", version="0.2.0")})
        assert judge(online.repo.path, "--refresh", "60", "v0.2.0").findings == []
        assert len(registry.log) == asked

    def test_without_any_cache(self, repo: Repo) -> None:
        """Nothing is known, nobody is stopped."""
        answer = judge(repo.path, "v0.1.0")
        assert (answer.code, answer.document["unknown"][0]["crate"]) == (0, "a")


def test_a_partial_clone(pushing: Pushing, tmp_path: Path) -> None:
    """Manifests that a partial clone left with its remote make nothing wrong: that stays undecided."""
    pushing.remote.git("config", "uploadpack.allowFilter", "true")
    partial = Repo(tmp_path / "partial")
    url = f"file://{pushing.remote.path}"
    pushing.repo.git("clone", "-q", "--filter=blob:none", "--no-checkout", url, partial.path)
    for name in ("v0.1.0", "v0.2.0", "a-v0.1.0"):
        answer = judge(partial.path, name)
        assert (answer.code, answer.findings) == (0, [])
        assert "a partial clone does not have this file" in [one["why"] for one in answer.document["unknown"]]


class TestConfiguration:
    """What the configuration changes."""

    def test_templates_and_what_is_ignored(self, repo: Repo) -> None:
        """`[tags]` of batuta-stack.toml, and of the tagged manifest's own metadata."""
        assert found(judge(repo.path, "release-0.1.0")) == [("TC003", "release-0.1.0")]
        (repo.path / "batuta-stack.toml").write_text('[tags]\ntemplate = "release-{version}"\nignore = ["old-*"]\n')
        assert found(judge(repo.path, "release-0.1.0", "old-1.0.0")) == []
        assert found(judge(repo.path, "release-0.2.0")) == [("TC002", "release-0.2.0")]

    def test_severities(self, repo: Repo) -> None:
        """`[rules]` and `[[allow]]`."""
        file = repo.path / "batuta-stack.toml"
        file.write_text('[rules]\nTC002 = "warning"\n')
        assert ask(repo.path, "v0.2.0").code == 0
        file.write_text('[[allow]]\ncode = "TC002"\ncrate = "a"\nreason = "we tag before"\n')
        assert judge(repo.path, "v0.2.0").findings == []


class TestProgram:
    """The console script."""

    def test_help_and_version(self, repo: Repo) -> None:
        """The operands are tags."""
        said = ask(repo.path, "--help")
        assert (said.code, said.out.startswith("usage: batuta-tag-collision [TAGS...]")) == (0, True)
        assert ask(repo.path, "--version").out.startswith("batuta-tag-collision ")

    def test_text(self, repo: Repo) -> None:
        """A finding stands where the version stands, with its commit and its mend."""
        said = ask(repo.path, "v0.2.0").out.splitlines()
        assert said[0].startswith("Cargo.toml:3:1: TC002 tag `v0.2.0` says 0.2.0, but `a` is at 0.1.0 in this commit")
        assert said[1].startswith("    tag the commit that has 0.2.0")

    def test_names_from_outside(self, repo: Repo) -> None:
        """What is no UTF-8 or would move a cursor is shown escaped, and JSON stays whole."""
        name = os.fsdecode(b"v0.2.0-\xff")
        repo.git("tag", name)
        repo.git("tag", "\u202egfd-v0.2.0")
        said = ask(repo.path, "\u202egfd-v0.2.0", "b\u00e9-v0.2.0", name)
        assert (said.code, said.err) == (1, "")
        assert [line.split(" ")[1] for line in said.out.splitlines()[::2]] == ["TC003"]
        assert "\\xff" not in said.out

    def test_no_socket_and_little_is_imported(self, repo: Repo) -> None:
        """A clean run imports neither json nor sockets, nor any library that is slow to start."""
        program = (
            "import sys\nfrom batuta_hooks.guards.tag_collision import main\ncode = main(['v0.1.0'])\n"
            "print(code, sorted({'socket', 'json', 'typing', 'subprocess', 'pathlib', 'dulwich', 'requests', 'rich', "
            "'typer', 'tomlkit', 'diskcache', 'argparse'} & set(sys.modules)))"
        )
        done = run([sys.executable, "-S", "-c", program], cwd=repo.path, env=unmeasured() | {"PYTHONPATH": path_of()})
        assert done.stdout.strip() == "0 []"


def path_of() -> str:
    """Where this environment's packages and this repository are, for an interpreter that looks for neither."""
    return os.pathsep.join(path for path in sys.path if path)


def test_a_closed_standard_input(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two operands are tags then, and `--stage push` has nothing to read."""
    monkeypatch.setattr(sys, "stdin", None)
    out, err = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    monkeypatch.chdir(repo.path)
    assert main(["v0.1.0", "v0.2.0"]) == 1
    assert main(["--stage", "push"]) == 2
    assert "which is closed here" in err.getvalue()
