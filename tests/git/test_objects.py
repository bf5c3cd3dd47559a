"""Objects by name, over one `git cat-file`."""

from __future__ import annotations

from hashlib import sha1
from pathlib import Path

import pytest

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.git import objects as module
from batuta_hooks.git.command import GitError
from batuta_hooks.git.objects import Objects
from tests.support.process import run
from tests.support.repos import Repo, make_repo

CONTENTS = {
    "empty": b"",
    "newline": b"\n",
    "no end": b"a\nb",
    "nul": b"\0\0\n\0",
    "looks like an answer": b"0123456789012345678901234567890123456789 blob 3\nabc\n",
    "large": bytes(range(256)) * 2000,
}


@pytest.fixture(params=["sha1", "sha256"])
def repo(request: pytest.FixtureRequest, tmp_path: Path) -> Repo:
    """A repository with files of every kind, of either kind of object ids."""
    tmp_path.joinpath("r").mkdir()
    run(["git", "init", "-q", "-b", "main", f"--object-format={request.param}", "r"], cwd=tmp_path)
    made = Repo(tmp_path / "r")
    made.commit("first", CONTENTS)
    return made


def test_contents_come_back_exactly(repo: Repo) -> None:
    """Blobs by revision and path, and by id, each exact, in any order and again."""
    objects = Objects(str(repo.path))
    for name in [*CONTENTS, *reversed(CONTENTS)]:
        assert objects.read(f"HEAD:{name}") == CONTENTS[name]
        assert objects.read(repo.git("rev-parse", f"HEAD:{name}")) == CONTENTS[name]
    objects.close()


def test_a_thousand_questions_are_one_process(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git is started once, at the first question or when told to."""
    objects = Objects(str(repo.path))
    git = objects.start()
    for _ in range(1000):
        assert objects.read("HEAD:no end") == b"a\nb"
    assert objects.start() is git
    objects.close()
    assert objects.read("HEAD:newline") == b"\n", "it starts anew after it was closed"
    objects.close()


@pytest.mark.parametrize(
    "name",
    [
        *("", "nowhere", "HEAD:nowhere", "-x", "--help", "HEAD^9", "HEAD..HEAD", "0" * 40, "0" * 64, "f" * 40),
        *("a\nb", "HEAD:newline\nHEAD", "a\0b", "nowhere blob 12", "HEAD: blob 3", "\udcff", "HEAD:\udcff"),
    ],
)
def test_what_is_not_there_is_none(name: str, repo: Repo) -> None:
    """A name that stands for nothing, or could mean two questions, has no object; the next question is not harmed."""
    objects = Objects(str(repo.path))
    assert objects.find(name) is None
    assert objects.read(name) is None
    assert objects.peel(name) is None
    assert objects.read("HEAD:newline") == b"\n"
    objects.close()


def test_the_time_of_a_commit(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is its committer's, in seconds, whatever stands in the message; a tag's is that of its commit."""
    monkeypatch.setenv("GIT_COMMITTER_DATE", "1764547200 +0200")
    repo.git("commit", "-q", "--allow-empty", "-m", "committer X <x> 1 +0000")
    repo.git("tag", "-a", "-m", "x", "annotated")
    objects = Objects(str(repo.path))
    assert objects.committed_at("HEAD") == 1_764_547_200
    assert objects.committed_at("annotated") == 1_764_547_200
    assert objects.committed_at("HEAD:newline") is None
    assert objects.committed_at("nowhere") is None
    objects.close()


def test_peeling(repo: Repo) -> None:
    """Branches, tags of every kind and expressions lead to their commit; tags of trees and blobs to none."""
    head = repo.git("rev-parse", "HEAD")
    repo.git("tag", "light")
    repo.git("tag", "-a", "-m", "x", "annotated")
    repo.git("tag", "-a", "-m", "x", "nested", "annotated")
    repo.git("tag", "-a", "-m", "x", "tree", "HEAD^{tree}")
    repo.git("tag", "-a", "-m", "x", "nested-tree", "tree")
    repo.git("tag", "blob", "HEAD:newline")
    objects = Objects(str(repo.path))
    for name in ("HEAD", "main", "light", "annotated", "nested", head, ":/first", "main@{0}", "HEAD^{/fir}"):
        assert objects.peel(name) == head, name
    for name in ("tree", "nested-tree", "blob", "HEAD^{tree}", ":newline"):
        assert objects.peel(name) is None, name
        assert objects.find(name) is not None, name
    objects.close()


def test_an_ambiguous_name_is_none(tmp_path: Path) -> None:
    """A short id that two objects share stands for neither."""
    texts = [str(number) for number in range(2000)]
    shorts = [sha1(f"blob {len(text)}\0{text}".encode()).hexdigest()[:4] for text in texts]
    double = next(short for short in shorts if shorts.count(short) == 2)
    both = [text for text, short in zip(texts, shorts, strict=True) if short == double]
    objects = Objects(str(make_repo(tmp_path, dict(zip("ab", both, strict=True))).path))
    assert objects.find(double) is None
    assert objects.read("HEAD:b") == both[1].encode()
    objects.close()


def test_a_large_object_is_cut(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a blob above the limit one byte more than the limit is kept; the rest does not disturb the next answer."""
    monkeypatch.setattr(module, "LARGEST_BLOB", 100_000)
    objects = Objects(str(repo.path))
    assert objects.read("HEAD:large") == CONTENTS["large"][:100_001]
    assert objects.read("HEAD:newline") == b"\n"
    objects.close()


def test_a_corrupt_object_is_said(tmp_path: Path) -> None:
    """Where git gives up on a damaged object the error names the command; it starts anew after that."""
    repo = make_repo(tmp_path, {"a": sha1(b"").hexdigest() * 5000, "b": "other"})
    oid = repo.git("rev-parse", "HEAD:a")
    file = tmp_path / ".git" / "objects" / oid[:2] / oid[2:]
    whole = file.read_bytes()
    file.chmod(0o644)
    file.write_bytes(whole[: len(whole) // 2])
    objects = Objects(str(repo.path))
    with pytest.raises(GitError, match=r"`git cat-file --batch` failed with exit code 128: .+"):
        objects.read(oid)
    assert objects.read("HEAD:b") == b"other"
    file.write_bytes(b"garbage")
    assert objects.read(oid) is None
    objects.close()


def test_outside_of_a_repository(tmp_path: Path) -> None:
    """Where there is no repository every question says so."""
    objects = Objects(str(tmp_path))
    for _ in range(3):
        with pytest.raises(GitError, match="not a git repository"):
            objects.read("HEAD")


def test_no_answer_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A git that does not answer is not waited for without end."""
    (tmp_path / "git").write_text("#!/bin/sh\nexec sleep 60\n")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(module, "TIMEOUT_S", 0.2)
    objects = Objects()
    for _ in range(2):
        with pytest.raises(BatutaError, match="`git cat-file --batch` gave no answer in time"):
            objects.read("HEAD")
