"""Names of refs as git takes them, and what tags lead to."""

from __future__ import annotations

from pathlib import Path

import pytest

from batuta_hooks.git.command import environment
from batuta_hooks.git.objects import Objects
from batuta_hooks.git.refs import TagObject, is_ref_name, list_tags, look_at, read_tags, remote_names, tags_at
from tests.support.process import run
from tests.support.repos import Repo, make_repo

NAMES = [
    *(
        "v1.0.0",
        "a/v1.0.0",
        "a-b_c@1.0.0+x",
        "nightly",
        "x@",
        "@",
        "\u00e4",
        "a\u2028b",
        "v1.0.0.",
        ".v1",
        "a/.b",
        "a..b",
    ),
    *(
        "a b",
        "a~1",
        "a^",
        "a:b",
        "a?",
        "a*",
        "a[b",
        "a\\b",
        "a\tb",
        "a\x7fb",
        "a@{1}",
        "a.lock",
        "a.lock/b",
        "/a",
        "a/",
    ),
    *("a//b", "", "-a", "a/-b", "HEAD", "refs/tags/x", "{", "a}", "a@b{", "'", '"', "$(x)", ";", "a\x01"),
]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_names_are_those_that_git_takes(name: str, tmp_path: Path) -> None:
    """Beside that a dash at the start, which would be an option, is taken by nobody."""
    taken = run(["git", "check-ref-format", f"refs/tags/{name}"], cwd=tmp_path, code=None).returncode == 0
    assert is_ref_name(name) == (taken and not name.startswith("-"))


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A repository with tags of every kind."""
    made = make_repo(tmp_path / "r", {"notes": "0"})
    made.git("tag", "plain")
    made.git("tag", "tree", "HEAD^{tree}")
    made.git("tag", "blob", "HEAD:notes")
    for name, target in {
        "annotated": "HEAD",
        "of-tree": "HEAD^{tree}",
        "nested": "annotated",
        "deep": "nested",
    }.items():
        made.git("tag", "--annotate", "--message", "x\n\ntype tag\n", name, target)
    return made


@pytest.mark.parametrize(
    ("name", "kind", "is_nested"),
    [
        ("plain", "commit", False),
        ("annotated", "commit", False),
        ("nested", "commit", True),
        ("deep", "commit", True),
        ("tree", "tree", False),
        ("blob", "blob", False),
        ("of-tree", "tree", False),
    ],
)
def test_what_a_tag_leads_to(repo: Repo, name: str, kind: str, is_nested: bool) -> None:
    """Annotated tags are peeled to the end; what a message says changes nothing."""
    objects = Objects(str(repo.path), environment(sibling=True))
    found = look_at(objects, f"refs/tags/{name}")
    head = repo.git("rev-parse", "HEAD")
    oid = repo.git("rev-parse", f"refs/tags/{name}")
    assert found == TagObject(oid, kind, head if kind == "commit" else "", is_nested)
    assert look_at(objects, oid) == found
    assert look_at(objects, "f" * 40) is None
    objects.close()


def test_lists(repo: Repo) -> None:
    """All tags, those of a commit, and the newest first; names may hold what ends a line elsewhere."""
    env = environment(sibling=True)
    folder = str(repo.path)
    repo.git("tag", "a\u2028b")
    first = repo.git("rev-parse", "HEAD")
    assert read_tags(list_tags(folder, env)) == sorted(repo.git("tag").split("\n"))
    assert set(read_tags(tags_at(first, folder, env))) >= {"plain", "annotated", "nested", "a\u2028b"}
    repo.git("commit", "--quiet", "--allow-empty", "--message", "x", "--date", "2030-01-01T00:00:00Z")
    run(["git", "tag", "newest"], cwd=repo.path)
    assert read_tags(tags_at(repo.git("rev-parse", "HEAD"), folder, env)) == ["newest"]


def test_the_newest_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An annotated tag is as old as it says, another as its commit."""
    repo = make_repo(tmp_path / "r", commit=False)
    for number, name in enumerate(("b", "a", "c")):
        monkeypatch.setenv("GIT_COMMITTER_DATE", f"2020-01-0{number + 1}T00:00:00Z")
        repo.commit(name)
        repo.git("tag", name)
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2021-01-01T00:00:00Z")
    repo.git("tag", "--annotate", "--message", "x", "late", "b")
    assert read_tags(list_tags(str(repo.path), environment(sibling=True), newest_first=True)) == ["late", "c", "a", "b"]


def test_remotes(repo: Repo) -> None:
    """Their names, in git's order; none is none."""
    env = environment(sibling=True)
    assert remote_names(str(repo.path), env) == []
    repo.git("remote", "add", "up/stream", "x")
    repo.git("remote", "add", "origin", "y")
    assert remote_names(str(repo.path), env) == ["origin", "up/stream"]
