"""TC006 and TC009 beside the real cargo: what it writes into archives, and which lock files `--locked` refuses."""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path

import pytest

from batuta_hooks.checks.tag_collision import find
from batuta_hooks.domain.facts import Origin, Published
from batuta_hooks.domain.finding import Finding
from batuta_hooks.domain.tag_facts import TagFacts
from batuta_hooks.registry.archive import ArchiveFacts, read_archive
from tests.support.process import run
from tests.support.repos import Repo, make_repo, package
from tests.support.trees import facts_about

pytestmark = pytest.mark.cargo

ROOT = package("one", '[workspace]\nmembers = ["part"]', version="1.2.0", keys='description = "x"\nlicense = "MIT"')
FILES = {"Cargo.toml": ROOT, "src/lib.rs": "", "part/src/lib.rs": "", "part/Cargo.toml": package("part")}


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A workspace with a lock file as cargo makes it."""
    made = make_repo(tmp_path / "one", {**FILES, ".gitignore": "target\n"})
    run(["cargo", "generate-lockfile", "--offline", "--quiet"], cwd=made.path)
    made.commit("lock")
    return made


def codes(repo: Repo, name: str) -> list[str]:
    """What is said of a tag at HEAD."""
    paths = repo.git("ls-files").split("\n")
    facts = facts_about({path: (repo.path / path).read_text() for path in paths})
    tag = TagFacts(name, "a" * 40, "commit", "a" * 40)
    return [said.code for said in find(facts._replace(tag=tag)) if isinstance(said, Finding)]


@pytest.mark.parametrize(("crate", "tag"), [("one", "v1.2.0"), ("part", "part-v0.1.0")])
def test_locked(repo: Repo, crate: str, tag: str) -> None:
    """Cargo refuses a lock that names another version of the package, and takes the one that it made."""
    ask = ["cargo", "metadata", "--locked", "--offline", "--format-version", "1"]
    assert (run(ask, cwd=repo.path, code=None).returncode, codes(repo, tag)) == (0, [])
    lock = repo.path / "Cargo.lock"
    lock.write_text(lock.read_text().replace(f'name = "{crate}"\nversion = "', f'name = "{crate}"\nversion = "9'))
    assert (run(ask, cwd=repo.path, code=None).returncode, codes(repo, tag)) == (101, ["TC009"])


def packaged(repo: Repo, *options: str) -> ArchiveFacts:
    """What the archive says that cargo makes of the root package."""
    run(["cargo", "package", "--offline", "--no-verify", "--quiet", *options, "--package", "one"], cwd=repo.path)
    data = (repo.path / "target/package/one-1.2.0.crate").read_bytes()
    facts = read_archive(data, "one", "1.2.0", hashlib.sha256(data).hexdigest())
    assert isinstance(facts, ArchiveFacts), facts
    return facts


def _give(origin: Origin, _crate: str, _version: str) -> Origin:
    return origin


def test_what_an_archive_says_of_its_commit(repo: Repo) -> None:
    """The commit that was checked out, and whether a packaged file differed from it: TC006 rests on both."""
    commit = repo.git("rev-parse", "HEAD")
    clean = packaged(repo)
    assert (clean.commit, clean.is_dirty) == (commit, False)
    repo.write({"src/lib.rs": "// changed\n"})
    dirty = packaged(repo, "--allow-dirty")
    assert (dirty.commit, dirty.is_dirty) == (commit, True)
    for facts, at, severities in (
        (clean, commit, []),
        (clean, "b" * 40, ["error"]),
        (dirty, commit, ["warning"]),
        (dirty, "b" * 40, ["error"]),
    ):
        origin = Origin(facts.commit, facts.is_dirty, facts.repository)
        known = facts_about(FILES, published={"one": Published(("1.2.0",))})
        tag = TagFacts("v1.2.0", at, "commit", at)
        said = find(known._replace(tag=tag, origin=partial(_give, origin)))
        assert [one.severity for one in said if isinstance(one, Finding)] == severities
