"""`batuta-stack link` with the real cargo: siblings' local changes are built, and no Cargo.lock moves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from batuta_hooks.cli.app import main
from tests.support.crates import put_crate
from tests.support.online import go_online
from tests.support.process import run
from tests.support.registry import FaultyRegistry
from tests.support.repos import Repo, make_repo, package

pytestmark = pytest.mark.cargo

NEEDS = {"leaf": "1"}
LEAF = '[dependencies]\nleaf = "1"\n'


@pytest.fixture
def registry() -> Iterator[FaultyRegistry]:
    """A registry with two crates of the stack and one of somebody else's."""
    with FaultyRegistry() as running:
        put_crate(running, "leaf", "1.0.0")
        put_crate(running, "alimentar", "0.2.0")
        put_crate(running, "alimentar", "0.3.0", NEEDS)
        put_crate(running, "trueno", "1.1.0", NEEDS)
        yield running


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registry: FaultyRegistry) -> Path:
    """A stack whose siblings have local changes that their user already needs; the current folder."""
    folder = tmp_path / "stack"
    go_online(monkeypatch, folder, registry)
    crate(folder, "alimentar", LEAF, version="0.3.0")
    crate(folder, "trueno", LEAF, version="1.1.0")
    crate(folder, "entrenar", '[dependencies]\nalimentar = "0.3"\ntrueno = "1"\n', code=USES)
    crate(folder, "aside", "")
    return folder


USES = "pub use alimentar::news as a; pub use trueno::news as t;"


def crate(stack: Path, name: str, rest: str, *, version: str = "0.1.0", code: str = "pub fn news() {}") -> Repo:
    """A repository of one crate, with the lock file that cargo makes for it."""
    files = {"Cargo.toml": package(name, rest, version=version), "src/lib.rs": code, ".gitignore": "target\n"}
    repo = make_repo(stack / name, files, commit=False)
    run(["cargo", "generate-lockfile", "--quiet"], cwd=repo.path)
    repo.commit("first")
    return repo


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> list[str]:
    """The lines of a run that ends with a code."""
    ended = main(list(arguments))
    out, err = capsys.readouterr()
    assert ended == code, out + err
    return (out if code == 0 else err).splitlines()


def builds(repo: Path, *, code: int = 0) -> str:
    """Build as everybody does who trusts the lock file; what cargo says."""
    return run(["cargo", "check", "--quiet", "--locked"], cwd=repo, code=code).stderr


def test_a_linked_stack_builds_with_local_changes(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What only the checkouts have is built, --locked passes, no repository is dirty; unlinked, all is as before."""
    config = stack / ".cargo/config.toml"
    before = config.read_bytes()
    assert "news" in builds(stack / "entrenar", code=101)
    assert said(capsys, "link") == [
        "alimentar 0.3.0: alimentar",
        "trueno 1.1.0: trueno",
        f"2 linked in {config}",
    ]
    builds(stack / "entrenar")
    assert config.read_bytes().endswith(before)
    assert all(Repo(stack / name).git("status", "--porcelain") == "" for name in ("entrenar", "alimentar", "aside"))
    assert said(capsys, "link", "--status") == [
        "alimentar 0.3.0: linked by paths to alimentar",
        "trueno 1.1.0: linked by paths to trueno",
    ]
    assert said(capsys, "unlink") == [f"unlinked in {config}"]
    assert config.read_bytes() == before
    assert said(capsys, "unlink") == ["nothing was linked"]
    assert "news" in builds(stack / "entrenar", code=101)


def test_one_crate_alone(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Named crates alone are linked, in place of what was linked before."""
    said(capsys, "link")
    assert said(capsys, "link", "trueno")[0] == "trueno 1.1.0: trueno"
    assert b'paths = ["trueno"]\n' in (stack / ".cargo/config.toml").read_bytes()
    assert said(capsys, "link", "--status")[0] == "alimentar 0.3.0: not linked"
    assert "did you mean `trueno`?" in "".join(said(capsys, "link", "truneo", code=2))


def test_other_dependencies_take_a_patch(
    stack: Path, capsys: pytest.CaptureFixture[str], registry: FaultyRegistry
) -> None:
    """A sibling that requires something else is linked by a patch, which is said aloud: the lock loses its source."""
    put_crate(registry, "twig", "1.0.0")
    Repo(stack / "alimentar").write({"Cargo.toml": package("alimentar", f'{LEAF}twig = "1"\n', version="0.3.0")})
    lines = said(capsys, "link")
    assert lines[0] == "alimentar 0.3.0: by a patch, for its dependencies differ from those of 0.3.0 in twig"
    assert lines[2].startswith("warning: cargo writes a patch into every Cargo.lock")
    run(["cargo", "check", "--quiet"], cwd=stack / "entrenar")
    assert Repo(stack / "entrenar").git("status", "--porcelain") == " M Cargo.lock"
    said(capsys, "unlink")


def test_two_locked_versions_take_a_patch(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`paths` would stand in for both, so only the right one is patched."""
    entries = 'alimentar = "0.3"\nold = { package = "alimentar", version = "0.2" }\n'
    crate(stack, "both", f"[dependencies]\n{entries}", code="")
    assert "in 2 versions" in said(capsys, "link", "alimentar")[0]
    run(["cargo", "check", "--quiet"], cwd=stack / "both")


def test_who_does_not_fit_is_not_linked(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A checkout that its users do not admit stays unlinked, with the reason."""
    Repo(stack / "trueno").write({"Cargo.toml": package("trueno", LEAF, version="2.0.0")})
    assert said(capsys, "link")[1] == (
        "trueno 2.0.0: not linked: `entrenar` in entrenar requires `1`, its checkout stands at 2.0.0"
    )
    Repo(stack / "entrenar").write({"Cargo.toml": package("entrenar", '[dependencies]\ntrueno = ">=1"\n')})
    assert "entrenar/Cargo.lock holds it at 1.1.0" in said(capsys, "link", "trueno")[0]


def test_a_folder_of_neighbours(stack: Path, capsys: pytest.CaptureFixture[str], registry: FaultyRegistry) -> None:
    """cargo links all that lies below a folder, so one that must not be linked keeps `paths` from its parent."""
    put_crate(registry, "outer", "1.0.0")
    put_crate(registry, "inner", "1.0.0")
    files = {
        "Cargo.toml": package("outer", "[workspace]\nmembers = ['inner']", version="1.0.0"),
        "src/lib.rs": "",
        "inner/Cargo.toml": package("inner", version="3.0.0"),
        "inner/src/lib.rs": "",
    }
    make_repo(stack / "outer", files)
    crate(stack, "user", '[dependencies]\nouter = "1"\ninner = "1"\n', code="")
    lines = said(capsys, "link", "outer", "inner")
    assert lines[0].startswith("outer 1.0.0: by a patch, for `paths` would link `inner` in its folder too")
    assert "inner 3.0.0: not linked" in lines[1]


def test_a_file_that_git_tracks_is_not_touched(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the folder above is a repository that tracks its configuration, links would be committed."""
    run(["git", "init", "--quiet"], cwd=stack)
    run(["git", "add", ".cargo/config.toml"], cwd=stack)
    before = (stack / ".cargo/config.toml").read_bytes()
    assert "git tracks this file" in said(capsys, "link", code=2)[0]
    assert (stack / ".cargo/config.toml").read_bytes() == before


def test_inside_one_repository_there_is_nothing_above(
    stack: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link that a repository could commit is none; where to run it is said."""
    monkeypatch.chdir(stack / "entrenar")
    assert "one repository alone" in said(capsys, "link", code=2)[0]


def test_a_folder_without_configuration_is_left_without(
    stack: Path, capsys: pytest.CaptureFixture[str], registry: FaultyRegistry
) -> None:
    """Where nothing was there, the file and its folder come and go; the registry stands in cargo's home then."""
    config = stack / ".cargo/config.toml"
    (stack / ".home/config.toml").write_bytes(config.read_bytes())
    config.unlink()
    config.parent.rmdir()
    said(capsys, "link")
    assert config.read_text().startswith("# >>> batuta-stack link")
    builds(stack / "entrenar")
    said(capsys, "unlink")
    assert not config.parent.exists()


def test_sync_does_not_build_against_links(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is committed is judged by what is published, so a linked stack is not synchronized."""
    crate(stack, "late", '[dependencies]\nalimentar = "0.2"\n', code="")
    said(capsys, "link", "trueno")
    assert "the stack is linked" in said(capsys, "sync", "--yes", code=2)[0]
