"""The files of a package as git has them, judged beside real cargo: what it will not package cannot be published."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from batuta_hooks.stack.check import check
from batuta_hooks.stack.checkouts import find_workspace
from batuta_hooks.stack.crates_io import Asking
from tests.support.process import run
from tests.support.publish_stacks import crate
from tests.support.publishing import METADATA
from tests.support.repos import make_repo


def link(name: str, to: str) -> Callable[[Path], None]:
    """Makes a symbolic link."""
    return lambda top: (top / name).symlink_to(to)


CASES: dict[str, tuple[str, Callable[[Path], None], bool]] = {
    "nothing more": ("", lambda _: None, True),
    "link to a file": ("", link("README.md", "src/lib.rs"), True),
    "link to a folder": ("", link("more", "src"), True),
    "link to nothing": ("", link("README.md", "NONE"), False),
    "link to nothing, excluded": ('exclude = ["more"]', link("more", "NONE"), True),
    "readme is a folder": ('readme = "src"', lambda _: None, False),
    "readme in another letter case": ('readme = "readme.md"', link("README.md", "src/lib.rs"), False),
    "name that is no UTF-8": ("", lambda top: open(os.fsencode(top) + b"/a\xff", "wb").close(), False),
}


@pytest.mark.cargo
@pytest.mark.parametrize(("keys", "more", "is_taken"), CASES.values(), ids=CASES)
def test_files_are_cargos(keys: str, more: Callable[[Path], None], is_taken: bool, tmp_path: Path) -> None:
    """Offline nothing is known of the registry, so the verdict is open but where cargo refuses the files."""
    text = crate("a", keys=f"{METADATA}\n{keys}")
    repo = make_repo(tmp_path / "a", {"Cargo.toml": text, "src/lib.rs": ""}, commit=False)
    more(repo.path)
    repo.commit("first")
    report = check(
        find_workspace(str(repo.path)), now=datetime.now(UTC), asking=Asking(datetime.now(UTC), offline=True)
    )
    verdict = report.crates[0].publishable
    run(["git", "clone", "--quiet", repo.path, tmp_path / "clone"])
    options = ("--offline", "--no-verify", "--exclude-lockfile", "--target-dir", str(tmp_path / "target"))
    done = run(["cargo", "package", *options], cwd=tmp_path / "clone", code=None)
    assert (done.returncode == 0) is is_taken, done.stderr
    assert verdict.verdict == ("unknown" if is_taken else "no"), verdict.why
