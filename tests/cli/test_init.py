"""`init`: a configuration to begin with, and today's errors as exceptions."""

from __future__ import annotations

import errno
import os
import re
from datetime import date
from pathlib import Path

import pytest

from batuta_hooks.cli.app import main
from batuta_hooks.domain.config import read_config
from batuta_hooks.domain.config_keys import Layer
from batuta_hooks.domain.toml_text import read_toml
from tests.support.repos import make_repo, package

STAR = '[dependencies]\nserde = "*"'


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, which holds a stack with errors of many kinds."""
    entry = '[dependencies]\nalimentar = { path = "../alimentar" }\nserde = "*"'
    make_repo(tmp_path / "entrenar", {"Cargo.toml": package("entrenar", entry), "we[i]rd*/Cargo.toml": "x ="})
    make_repo(tmp_path / "alimentar", {"Cargo.toml": package("alimentar", version="0.3.0")})
    patch = '[patch.crates-io]\nx = { path = "../../x" }\n'
    make_repo(tmp_path / "broken", {"Cargo.toml": "x =", ".cargo/config.toml": patch})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795435200")
    return tmp_path


def test_template(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file is written where the stack is, changes nothing as it stands, and names the repositories found."""
    before = main(["check", "--quiet"]), capsys.readouterr().out
    assert main(["init"]) == 0
    assert capsys.readouterr().out == "batuta-stack.toml: written\nnext: batuta-stack check\n"
    text = (stack / "batuta-stack.toml").read_text()
    assert '# repositories = ["alimentar", "broken", "entrenar"]' in text
    assert (main(["check", "--quiet"]), capsys.readouterr().out) == before


def test_what_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Layers are from the graph, groups from inherited versions, commands from Makefiles, the form of tags is told."""
    base = make_repo(tmp_path / "base", {"Cargo.toml": package("base"), "Makefile": "A := b\nlint test: x\naudit:\n"})
    base.git("tag", "v0.1.0")
    inherits = {
        f"{name}/Cargo.toml": f'[package]\nname = "{name}"\nversion.workspace = true\nedition = "2021"\n'
        for name in ("one", "two")
    }
    root = '[workspace]\nmembers = ["one", "two", "own"]\n[workspace.package]\nversion = "0.3.0"\n'
    more = {"own/Cargo.toml": package("own", '[dependencies]\nbase = "0.1"'), "makefile": "lint:\n\tcargo clippy\n"}
    make_repo(tmp_path / "many", {"Cargo.toml": root, **inherits, **more})
    hidden = package("hidden", '[dependencies]\nown = "0.1"', keys="publish = false")
    make_repo(tmp_path / "hidden", {"Cargo.toml": hidden})
    make_repo(tmp_path / "broken", {"Cargo.toml": "x ="})
    monkeypatch.chdir(tmp_path)
    assert main(["init", "-q"]) == 0
    text = (tmp_path / "batuta-stack.toml").read_text()
    config, _ = read_config([Layer(read_toml(text.encode()), "batuta-stack.toml")])
    assert config.layers == {"layer-1": ("base", "one", "two"), "layer-2": ("own",)}
    assert config.release_groups == {"many": ("one", "two")}
    assert config.quality.lint_command == "make lint"
    assert config.quality.test_command == "make test"
    assert 'lint_command = "make lint" # a target of 2 of 2 Makefiles\n' in text
    assert '# coverage_command = "make coverage"\n' in text
    assert "# [gates.audit] # a target of 1 of 2 Makefiles\n" in text
    assert '# template = "v{version}" # the usual form in 1 repository\n' in text
    assert main(["check", "-q", "--strict"]) in (1, 3)


def test_names_that_are_not_utf8(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders whose names cannot stand in TOML leave the file readable."""
    members = {
        f"{name}/Cargo.toml": f'[package]\nname = "{name}"\nversion.workspace = true\n' for name in ("one", "two")
    }
    root = '[workspace]\nmembers = ["one", "two"]\n[workspace.package]\nversion = "0.3.0"\n'
    make_repo(tmp_path / "caf\udce9\n\x1b[31m", {"Cargo.toml": root, **members})
    monkeypatch.chdir(tmp_path)
    assert main(["init", "-q"]) == 0
    text = (tmp_path / "batuta-stack.toml").read_text()
    config, _ = read_config([Layer(read_toml(text.encode()), "batuta-stack.toml")])
    assert list(config.release_groups.values()) == [("one", "two")]
    assert main(["config", "show"]) == 0


def test_every_example_of_the_template_is_valid(stack: Path) -> None:
    """With the comment signs before its keys removed, every example is a configuration that is understood."""
    main(["init", "--quiet"])
    text = (stack / "batuta-stack.toml").read_text()
    keys = re.sub(r"^# (?=\w+ = |\[|  \")", "", text, flags=re.MULTILINE)
    config, warnings = read_config([Layer(read_toml(keys.encode()), "batuta-stack.toml", keys.encode())])
    assert warnings == []
    assert config.repositories == ("alimentar", "broken", "entrenar")
    assert config.rules == {"PD003": "warning"}
    assert config.skip_paths
    assert config.skip_crates
    assert config.gates[0].command == "make audit"
    assert config.tags.template == "v{crate}-{version}"
    assert config.allow[0].until == date(2027, 1, 1)


def test_existing_file_is_left_alone(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is there, even one that a link stands for, is never overwritten; the mend says what to do."""
    (stack / "batuta-stack.toml").write_bytes(b"# mine\r\n")
    assert main(["init"]) == 2
    assert "it exists already" in capsys.readouterr().err
    assert (stack / "batuta-stack.toml").read_bytes() == b"# mine\r\n"
    (stack / "batuta-stack.toml").unlink()
    os.symlink("nowhere", stack / "batuta-stack.toml")
    assert main(["init"]) == 2
    assert "init --baseline" in capsys.readouterr().err
    assert not (stack / "nowhere").exists()


def test_inside_a_repository(stack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside a single repository the file is written at its top."""
    monkeypatch.chdir(stack / "entrenar" / "we[i]rd*")
    assert main(["init", "-q"]) == 0
    assert (stack / "entrenar" / "batuta-stack.toml").is_file()


def test_baseline(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Right after a baseline the check is clean, a second one adds nothing, and a new error still fails."""
    assert main(["check", "-q"]) == 1
    assert main(["init", "--baseline"]) == 0
    out = capsys.readouterr().out
    assert out.endswith("batuta-stack.toml: written, with 5 exceptions\nnext: batuta-stack check\n")
    written = (stack / "batuta-stack.toml").read_bytes()
    assert b'[[allow]]\ncode = "PD005"\ncrate = "entrenar"\ndependency = "serde"\n' in written
    assert written.count(b'reason = "baseline of 2026-11-23"\n') == 5
    assert main(["check"]) == 0
    capsys.readouterr()
    assert main(["init", "--baseline"]) == 0
    assert capsys.readouterr().out == "next: nothing: no error is without an exception\n"
    assert (stack / "batuta-stack.toml").read_bytes() == written
    make_repo(stack / "new", {"Cargo.toml": package("new", STAR)})
    assert main(["check", "-q"]) == 1
    assert main(["init", "--baseline"]) == 0
    assert capsys.readouterr().out.endswith("batuta-stack.toml: 1 exception added\nnext: batuta-stack check\n")
    assert (stack / "batuta-stack.toml").read_bytes().startswith(written)


@pytest.mark.parametrize(
    "content",
    [b"", b"# mine", b"[rules]\nPD003 = 'warning'", b"# dos\r\n[skip]\r\npaths = []\r\n", "# ü\n".encode()],
    ids=["empty", "no line break", "inside a table", "CRLF", "UTF-8"],
)
def test_baseline_keeps_every_byte(stack: Path, content: bytes) -> None:
    """What stands in the file stays, with its line breaks and permissions; a link to it stays a link."""
    (stack / "real.toml").write_bytes(content)
    (stack / "real.toml").chmod(0o640)
    os.symlink("real.toml", stack / "batuta-stack.toml")
    assert main(["init", "--baseline", "-q"]) == 0
    written = (stack / "real.toml").read_bytes()
    assert written.startswith(content)
    assert (b"\r\n" in content) == (b"[[allow]]\r\n" in written)
    assert (stack / "real.toml").stat().st_mode & 0o777 == 0o640
    assert (stack / "batuta-stack.toml").is_symlink()
    assert sorted(path.name for path in stack.iterdir() if path.is_file()) == ["batuta-stack.toml", "real.toml"]
    assert main(["check", "-q"]) == 0


def test_baseline_that_cannot_be_added(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exceptions written as an array of inline tables cannot be extended: that is said, and nothing is changed."""
    content = b'allow = [{ code = "PD005", reason = "known" }]\n'
    (stack / "batuta-stack.toml").write_bytes(content)
    assert main(["init", "--baseline"]) == 2
    assert "[[allow]] tables" in capsys.readouterr().err
    assert (stack / "batuta-stack.toml").read_bytes() == content


def test_baseline_goes_where_it_counts(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A repository with a file of its own obeys that one, so its errors are written there."""
    own = make_repo(stack / "own", {"Cargo.toml": package("own", STAR), "batuta-stack.toml": "# own\n"})
    assert main(["init", "--baseline"]) == 0
    assert "own/batuta-stack.toml: 1 exception added" in capsys.readouterr().out
    assert (own.path / "batuta-stack.toml").read_text().startswith("# own\n\n# The errors of 2026-11-23")
    assert main(["check", "-q"]) == 0


def test_exceptions_are_no_wider_than_the_errors(stack: Path) -> None:
    """A broken manifest of the same name in another folder, or the same dependency of another crate, still fails."""
    assert main(["init", "--baseline", "-q"]) == 0
    make_repo(stack / "other", {"Cargo.toml": package("other", STAR), "sub/Cargo.toml": package("sub")})
    assert main(["check", "-q", "other"]) == 1


def test_path_that_toml_cannot_name(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An error in a file whose name is no UTF-8 stays an error: no exception can name it."""
    make_repo(stack / "odd", {"Cargo.toml": '[workspace]\nmembers = ["*"]\n', "caf\udce9/Cargo.toml": "x ="})
    assert main(["init", "--baseline", "-q"]) == 0
    assert main(["check", "-q"]) == 1
    assert "odd/caf\\xe9/Cargo.toml:1:" in capsys.readouterr().out


def test_full_disk(stack: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that cannot be written whole stays as it was, and nothing else is left behind."""
    (stack / "batuta-stack.toml").write_bytes(b"# mine\n")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    assert main(["init", "--baseline"]) == 2
    assert "No space left" in capsys.readouterr().err
    assert [path.read_bytes() for path in stack.iterdir() if path.is_file()] == [b"# mine\n"]


def test_folder_that_cannot_be_written(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the file cannot be written, that is a sentence."""
    if os.geteuid() == 0:
        (stack / "batuta-stack.toml").mkdir()
    else:
        stack.chmod(0o555)
    try:
        assert main(["init"]) == 2
    finally:
        stack.chmod(0o755)
    assert capsys.readouterr().err.startswith("batuta-stack: ")
