"""The push table in the native lane: every kind of push, real, and what the remote has afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from batuta_hooks.cli.app import main as stack_main
from tests.support.online import go_online
from tests.support.process import run
from tests.support.pushes import BIN, Pushing, bare_remote, install_native
from tests.support.registry import FaultyRegistry, crate_archive
from tests.support.repos import Repo, make_repo, package

GOOD, WRONG = "v0.1.0", "v0.9.0"


@pytest.fixture(autouse=True)
def guards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the guards on PATH, unmeasured: git and the script are what is tried here."""
    monkeypatch.setenv("PATH", str(BIN), prepend=":")
    for name in ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def pushing(tmp_path: Path) -> Pushing:
    """A crate at 0.1.0 whose only commit is on its remote, and the hooks."""
    made = Pushing.make(tmp_path, {"Cargo.toml": package("a")})
    install_native(made.repo)
    return made


def head(repo: Repo) -> str:
    """The id of the commit that is checked out."""
    return repo.git("rev-parse", "HEAD")


def tag(pushing: Pushing, *names: str) -> None:
    """Tag HEAD."""
    for name in names:
        pushing.repo.git("tag", name)


def test_a_tag_alone(pushing: Pushing) -> None:
    """Its commit is on the remote already, which is how releases are tagged."""
    tag(pushing, GOOD, WRONG)
    assert "TC002" in pushing.refused("origin", WRONG)
    pushing.accepted("origin", GOOD)
    assert pushing.refs() == {"refs/heads/main": head(pushing.repo), f"refs/tags/{GOOD}": head(pushing.repo)}


def test_all_tags(pushing: Pushing) -> None:
    """One wrong tag among several stops all, for git pushes all or none past a hook."""
    tag(pushing, GOOD, "nightly", WRONG)
    said = pushing.refused("origin", "--tags")
    assert (WRONG in said, f"`{GOOD}`" in said, "nightly" in said) == (True, False, False)
    pushing.repo.git("tag", "--delete", WRONG)
    pushing.accepted("origin", "--tags")
    assert sorted(pushing.refs()) == ["refs/heads/main", "refs/tags/nightly", f"refs/tags/{GOOD}"]


def test_tags_that_follow(pushing: Pushing) -> None:
    """`--follow-tags` brings annotated tags of what is pushed."""
    pushing.repo.commit("raise", {"Cargo.toml": package("a", version="0.2.0")})
    pushing.repo.git("tag", "--annotate", "--message", "x", "v0.3.0")
    assert "TC002" in pushing.refused("origin", "--follow-tags", "main")
    pushing.repo.git("tag", "--delete", "v0.3.0")
    pushing.repo.git("tag", "--annotate", "--message", "x", "v0.2.0")
    pushing.accepted("origin", "--follow-tags", "main")
    assert pushing.refs()["refs/tags/v0.2.0"] == pushing.repo.git("rev-parse", "refs/tags/v0.2.0")


def test_branch_and_tag_at_once(pushing: Pushing) -> None:
    """`--atomic main v…`: the tag is seen beside the branch."""
    pushing.repo.commit("raise", {"Cargo.toml": package("a", version="0.2.0")})
    tag(pushing, "v0.2.0", WRONG)
    assert "TC002" in pushing.refused("--atomic", "origin", "main", WRONG)
    pushing.accepted("--atomic", "origin", "main", "v0.2.0")
    assert set(pushing.refs().values()) == {head(pushing.repo)}


def test_a_mirror(pushing: Pushing) -> None:
    """`--mirror` pushes everything, tags that are wrong too."""
    tag(pushing, GOOD, WRONG)
    pushing.repo.git("branch", "more")
    assert "TC002" in pushing.refused("--mirror", "origin")
    pushing.repo.git("tag", "--delete", WRONG)
    pushing.accepted("--mirror", "origin")
    assert sorted(pushing.refs()) == [
        *("refs/heads/main", "refs/heads/more", "refs/remotes/origin/main", f"refs/tags/{GOOD}")
    ]


def test_several_branches(pushing: Pushing) -> None:
    """Branches say nothing about tags, whatever tags are here."""
    tag(pushing, WRONG)
    pushing.repo.commit("more", {"notes": "1"})
    pushing.repo.git("branch", "other")
    pushing.accepted("origin", "main", "other")
    assert sorted(pushing.refs()) == ["refs/heads/main", "refs/heads/other"]


@pytest.mark.parametrize("forward", [True, False])
def test_a_tag_that_moves(pushing: Pushing, forward: bool) -> None:
    """Moved with --force, forward or backward: the remote has it on another object, which its line tells."""
    first = head(pushing.repo)
    second = pushing.repo.commit("more", {"notes": "1"})
    pushing.accepted("origin", "main")
    before, after = (first, second) if forward else (second, first)
    pushing.repo.git("tag", GOOD, before)
    pushing.accepted("origin", GOOD)
    pushing.repo.git("tag", "--force", GOOD, after)
    said = pushing.refused("--force", "origin", GOOD)
    assert "TC001" in said
    assert before[:10] in said
    assert pushing.refs()[f"refs/tags/{GOOD}"] == before


def test_a_tag_becomes_annotated(pushing: Pushing) -> None:
    """The same commit under another object is a collision too: a fetch would not take it."""
    tag(pushing, GOOD)
    pushing.accepted("origin", GOOD)
    pushing.repo.git("tag", "--force", "--annotate", "--message", "x", GOOD)
    assert "TC001" in pushing.refused("--force", "origin", GOOD)


def test_a_tag_that_speaks_of_no_version_moves(pushing: Pushing) -> None:
    """`nightly` is there to be moved."""
    tag(pushing, "nightly")
    pushing.accepted("origin", "nightly")
    moved = pushing.repo.commit("more", {"notes": "1"})
    pushing.repo.git("tag", "--force", "nightly")
    pushing.accepted("--force", "origin", "main", "nightly")
    assert pushing.refs()["refs/tags/nightly"] == moved


def test_a_deletion(pushing: Pushing) -> None:
    """A version that is not known to be published may lose its tag, a wrong one above all."""
    tag(pushing, WRONG)
    pushing.accepted("--no-verify", "origin", WRONG)
    pushing.accepted("--delete", "origin", WRONG)
    assert sorted(pushing.refs()) == ["refs/heads/main"]


def test_a_push_to_an_address(pushing: Pushing) -> None:
    """Without a remote's name, by path and by URL."""
    tag(pushing, GOOD, WRONG)
    for address in (str(pushing.remote.path), f"file://{pushing.remote.path}"):
        assert "TC002" in pushing.refused(address, WRONG)
    pushing.accepted(f"file://{pushing.remote.path}", GOOD)
    assert f"refs/tags/{GOOD}" in pushing.refs()


def test_a_tag_that_is_made_by_the_push(pushing: Pushing) -> None:
    """`HEAD:refs/tags/…`: the remote's name counts, the local one is HEAD, an id, or another tag."""
    tag(pushing, GOOD)
    for source in ("HEAD", head(pushing.repo), GOOD):
        assert "TC002" in pushing.refused("origin", f"{source}:refs/tags/{WRONG}")
    pushing.accepted("origin", f"HEAD:refs/tags/{GOOD}")
    assert pushing.refs()[f"refs/tags/{GOOD}"] == head(pushing.repo)


def test_an_annotated_tag(pushing: Pushing) -> None:
    """It is peeled to its commit."""
    for name in (GOOD, WRONG):
        pushing.repo.git("tag", "--annotate", "--message", "x", name)
    assert "TC002" in pushing.refused("origin", WRONG)
    pushing.accepted("origin", GOOD)
    assert pushing.remote.git("cat-file", "-t", GOOD) == "tag"


def test_a_signed_tag(pushing: Pushing, tmp_path: Path) -> None:
    """So is a signed one; the key is made for this test."""
    key = tmp_path / "key"
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "throw-away", "-f", key])
    for name, value in {"gpg.format": "ssh", "user.signingkey": str(key)}.items():
        pushing.repo.git("config", name, value)
    for name in (GOOD, WRONG):
        pushing.repo.git("tag", "--sign", "--message", "x", name)
    assert "TC002" in pushing.refused("origin", WRONG)
    pushing.accepted("origin", GOOD)
    assert "BEGIN SSH SIGNATURE" in pushing.remote.git("cat-file", "tag", GOOD)


@pytest.mark.parametrize(("what", "told"), [("HEAD^{tree}", "a tree"), ("HEAD:Cargo.toml", "a blob")])
def test_a_tag_of_no_commit(pushing: Pushing, what: str, told: str) -> None:
    """A version tag of a tree or a file is refused, annotated or not; a tag that speaks of no version is not."""
    pushing.repo.git("tag", GOOD, what)
    assert f"names {told}, not a commit" in pushing.refused("origin", GOOD)
    pushing.repo.git("tag", "--force", "--annotate", "--message", "x", GOOD, what)
    assert f"names {told}, not a commit" in pushing.refused("origin", GOOD)
    pushing.repo.git("tag", "something", what)
    pushing.accepted("origin", "something")
    assert "refs/tags/something" in pushing.refs()


def test_a_tag_of_a_tag(pushing: Pushing) -> None:
    """Nested tags are refused, and the right command is told; what they lead to is judged all the same."""
    pushing.repo.git("tag", "--annotate", "--message", "x", "inner")
    for name in (GOOD, WRONG):
        pushing.repo.git("tag", "--annotate", "--message", "x", name, "inner")
    said = pushing.refused("origin", GOOD)
    assert said.count("TC002") == 1
    assert f"git tag --force --annotate {GOOD} {head(pushing.repo)[:10]}" in said
    assert pushing.refused("origin", WRONG).count("TC002") == 2


def test_up_to_date(pushing: Pushing) -> None:
    """Nothing to push, nothing to say, even where the remote holds a wrong tag."""
    tag(pushing, WRONG)
    pushing.accepted("--no-verify", "origin", WRONG)
    assert "Everything up-to-date" in pushing.accepted("origin", "main", WRONG)


def test_a_first_push(pushing: Pushing, tmp_path: Path) -> None:
    """To a remote that has nothing yet."""
    empty = bare_remote(tmp_path / "empty.git")
    pushing.repo.git("remote", "add", "new", empty.path)
    tag(pushing, GOOD, WRONG)
    assert "TC002" in pushing.refused("new", "main", WRONG, remote=empty)
    pushing.accepted("new", "main", GOOD)
    assert sorted(pushing.refs(empty)) == ["refs/heads/main", f"refs/tags/{GOOD}"]


def test_two_remotes(pushing: Pushing, tmp_path: Path) -> None:
    """Each remote's own line counts: what one has on another object, the other may not have at all."""
    other = bare_remote(tmp_path / "other.git")
    pushing.repo.git("remote", "add", "other", other.path)
    tag(pushing, GOOD)
    pushing.accepted("origin", GOOD)
    moved = pushing.repo.commit("more", {"notes": "1"})
    pushing.repo.git("tag", "--force", GOOD)
    assert "TC001" in pushing.refused("--force", "origin", "main", GOOD)
    pushing.accepted("other", "main", GOOD)
    assert pushing.refs(other) == {"refs/heads/main": moved, f"refs/tags/{GOOD}": moved}


def test_a_linked_worktree(pushing: Pushing, tmp_path: Path) -> None:
    """The tagged commit counts, whatever any worktree has checked out."""
    pushing.repo.git("worktree", "add", "--quiet", tmp_path / "linked", "-b", "linked")
    linked = Pushing(Repo(tmp_path / "linked"), pushing.remote)
    linked.repo.commit("raise", {"Cargo.toml": package("a", version="0.2.0")})
    tag(linked, "v0.2.0")
    pushing.repo.git("tag", WRONG, "linked")
    assert "is at 0.2.0" in linked.refused("origin", WRONG)
    pushing.accepted("origin", "v0.2.0")
    assert linked.refs()["refs/tags/v0.2.0"] == head(linked.repo)


def test_a_submodule(pushing: Pushing, tmp_path: Path) -> None:
    """A submodule's tags are judged by its own commits, not by those of the repository around it."""
    above = make_repo(tmp_path / "above", {"Cargo.toml": package("above", version="0.9.0")})
    above.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", pushing.remote.path, "part")
    inside = Pushing(Repo(above.path / "part"), pushing.remote)
    install_native(inside.repo)
    tag(inside, GOOD, WRONG)
    assert "`a` is at 0.1.0" in inside.refused("origin", WRONG)
    inside.accepted("origin", GOOD)
    assert f"refs/tags/{GOOD}" in inside.refs()


def test_a_bare_repository(pushing: Pushing, tmp_path: Path) -> None:
    """A push may start where nothing is checked out."""
    pushing.repo.git("clone", "--quiet", "--bare", pushing.remote.path, tmp_path / "bare.git")
    bare = Pushing(Repo(tmp_path / "bare.git"), pushing.remote)
    install_native(bare.repo)
    tag(bare, GOOD, WRONG)
    assert "TC002" in bare.refused(pushing.remote.path, WRONG)
    bare.accepted(pushing.remote.path, GOOD)
    assert f"refs/tags/{GOOD}" in bare.refs()


def test_long_ids(tmp_path: Path) -> None:
    """A repository with SHA-256 ids: new tags, moved ones and deletions."""
    pushing = Pushing.make(tmp_path, {"Cargo.toml": package("a")}, object_format="sha256")
    install_native(pushing.repo)
    tag(pushing, GOOD, WRONG)
    assert "TC002" in pushing.refused("origin", WRONG)
    pushing.accepted("origin", GOOD)
    pushing.repo.commit("more", {"notes": "1"})
    pushing.repo.git("tag", "--force", GOOD)
    assert "TC001" in pushing.refused("--force", "origin", "main", GOOD)
    pushing.accepted("--delete", "origin", GOOD)
    assert sorted(pushing.refs()) == ["refs/heads/main"]


def test_git_s_own_arguments(pushing: Pushing) -> None:
    """The guard itself may be the hook: it takes the remote's name and address as git gives them."""
    hook = pushing.repo.path / ".git/hooks/pre-push"
    hook.unlink()
    hook.symlink_to(BIN / "batuta-tag-collision")
    tag(pushing, GOOD, WRONG)
    for address in ("origin", pushing.remote.path, f"file://{pushing.remote.path}"):
        pushing.refused(address, WRONG)
    pushing.accepted("origin", GOOD)
    assert f"refs/tags/{GOOD}" in pushing.refs()


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pushing]:
    """A crate at 0.1.0 that is published from its first commit and tagged so, as the cache knows; and the hooks."""
    with FaultyRegistry() as registry:
        go_online(monkeypatch, tmp_path / "stack", registry)
        made = Pushing.make(tmp_path / "stack", {"Cargo.toml": package("a")})
        vcs = f'{{"git": {{"sha1": "{head(made.repo)}"}}, "path_in_vcs": ""}}'
        files = {"Cargo.toml": package("a").encode(), ".cargo_vcs_info.json": vcs.encode()}
        registry.add_archive("a", "0.1.0", crate_archive("a", "0.1.0", files))
        assert stack_main(["cache", "warm", "--quiet"]) == 0
        install_native(made.repo)
        made.repo.git("tag", GOOD)
        made.accepted("origin", GOOD)
        yield made


def test_a_deletion_of_a_published_version(published: Pushing) -> None:
    """The tag of what was published stays, be it deleted by name, by an empty source or because it is gone here.

    Only of what `--mirror` deletes git tells no hook (docs/git-lanes.md).
    """
    for arguments in (("--delete", "origin", GOOD), ("origin", f":refs/tags/{GOOD}")):
        assert "TC007" in published.refused(*arguments)
    tag(published, WRONG)
    published.accepted("--no-verify", "origin", WRONG)
    published.accepted("--delete", "origin", WRONG)
    published.repo.git("tag", "--delete", GOOD, WRONG)
    assert "TC007" in published.refused("--prune", "origin", "refs/tags/*:refs/tags/*")
    assert f"refs/tags/{GOOD}" in published.refs()
    published.accepted("--mirror", "origin")
    assert f"refs/tags/{GOOD}" not in published.refs()


def test_a_published_version_moves(published: Pushing) -> None:
    """It collides with the remote's tag, with what was published, and with the commit that it was published from."""
    published.repo.commit("more", {"notes": "1"})
    published.repo.git("tag", "--force", GOOD)
    said = published.refused("--force", "origin", "main", GOOD)
    assert all(code in said for code in ("TC001", "TC006", "TC007"))


def test_a_published_version_is_tagged_late(published: Pushing, tmp_path: Path) -> None:
    """On a remote that lacks the tag: at the published commit it is right, elsewhere it is not."""
    other = bare_remote(tmp_path / "other.git")
    first, more = head(published.repo), published.repo.commit("more", {"notes": "1"})
    said = published.refused(other.path, f"{more}:refs/tags/{GOOD}", remote=other)
    assert f"git tag --force {GOOD} {first}" in said
    published.accepted(other.path, f"{first}:refs/tags/{GOOD}")
    assert published.refs(other) == {f"refs/tags/{GOOD}": first}
