"""`batuta-stack cache`: warming, looking at, emptying and moving what is known of the registry's crates."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from batuta_hooks.cli.app import main
from tests.support.online import go_online
from tests.support.process import run, unmeasured
from tests.support.registry import FaultyRegistry, crate_archive, free_port, index_file, index_path, status
from tests.support.repos import Repo, make_repo, package

SCRIPT = Path(sys.executable).parent / "batuta-stack"


@pytest.fixture
def registry() -> Iterator[FaultyRegistry]:
    """A registry that has some crates."""
    with FaultyRegistry() as running:
        for name in ("serde", "log", "tokio", "deep", "helper"):
            running.add(name, "1.0.0")
        for version in ("0.1.0", "0.2.0", "0.3.0"):
            manifest = f'[package]\nname = "own"\nversion = "{version}"\n'.encode()
            running.add_archive("own", version, crate_archive("own", version, {"Cargo.toml": manifest}))
        yield running


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registry: FaultyRegistry) -> Path:
    """A stack of two repositories beside it, which is the current folder."""
    folder = tmp_path / "stack"
    go_online(monkeypatch, folder, registry)
    needs = '[dependencies]\nserde = "1"\nhelper = { path = "helper", version = "1" }\n[dev-dependencies]\ngone = "1"'
    lock = "".join(
        f'[[package]]\nname = "{name}"\nversion = "1.0.0"\nsource = "{source}"\n'
        for name, source in (
            ("deep", "registry+https://github.com/rust-lang/crates.io-index"),
            ("elsewhere", "git+https://example.com/x#0123"),
        )
    )
    files = {
        "Cargo.toml": package("own", f"{needs}\n[workspace]", version="0.2.0"),
        "Cargo.lock": f"version = 4\n{lock}",
        "helper/Cargo.toml": package("helper", version="1.0.0"),
    }
    repo = make_repo(folder / "own", files)
    for tag in ("v0.1.0", "own-v0.3.0", "v9.9.9", "nightly"):
        repo.git("tag", tag)
    quiet = '[dependencies]\nlog = "0.4"\nown = { path = "../own" }\n[build-dependencies]\ntokio = "1"'
    make_repo(folder / "quiet", {"Cargo.toml": package("quiet", quiet, keys="publish = false")})
    return folder


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    """What a `cache` command prints."""
    assert main(["cache", *arguments]) == code
    return capsys.readouterr().out


def info(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What `cache info --format json` prints."""
    found: dict[str, Any] = json.loads(said(capsys, "info", "--format", "json"))
    return found


def crates(registry: FaultyRegistry) -> list[str]:
    """The crates whose index files were asked for, sorted."""
    paths = (asked.path for asked in registry.log if asked.path.startswith("/index/"))
    return sorted(path.rpartition("/")[2] for path in paths if not path.endswith("config.json"))


def archives(registry: FaultyRegistry) -> list[str]:
    """The archives that were asked for, sorted."""
    return sorted(asked.path for asked in registry.log if asked.path.startswith("/crates/"))


def test_warm_the_stack(stack: Path, registry: FaultyRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    """Without names: the stack's own crates, all that their manifests require, and archives of versions known here."""
    out = said(capsys, "warm", code=1)
    assert crates(registry) == ["gone", "helper", "log", "own", "serde", "tokio"]
    known = ("helper/1.0.0", "own/0.1.0", "own/0.2.0", "own/0.3.0")
    assert archives(registry) == [f"/crates/{version}/download" for version in known]
    assert out.splitlines()[:2] == ["6 crates: 5 fetched, 1 not there", "4 archives: 3 fetched, 1 not learnt"]
    assert re.fullmatch(r"\d+ requests, .+ \(\d+ bytes\), \d+\.\d s", out.splitlines()[2])


def test_totals_are_those_of_the_registry(
    stack: Path, registry: FaultyRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    """As many requests are told as the registry saw, and as many bytes as its bodies have."""
    (stack / "own/helper/Cargo.toml").write_text(package("helper", version="2.0.0"))
    del registry.files[index_file("helper")]  # its last version's archive is asked for, so there has to be one
    manifest = b'[package]\nname = "helper"\nversion = "1.0.0"\n'
    registry.add_archive("helper", "1.0.0", crate_archive("helper", "1.0.0", {"Cargo.toml": manifest}))
    last = said(capsys, "warm").splitlines()[-1]
    assert last.startswith(f"{len(registry.log)} requests, ")
    size = sum(len(content) for path, content in registry.files.items() if "deep" not in path)
    assert int(re.findall(r"\((\d+) bytes\)", last)[0]) == size + len(registry.config())
    before = len(registry.log)
    said(capsys, "warm")
    assert len(registry.log) == before


def test_warm_transitive(stack: Path, registry: FaultyRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    """What Cargo.lock files name from crates.io comes too; a lock that cannot be read is said, the others count."""
    make_repo(stack / "broken", {"Cargo.toml": package("broken"), "Cargo.lock": "version = 99\n"})
    assert main(["cache", "warm", "--transitive"]) in (0, 1)
    captured = capsys.readouterr()
    assert "deep" in crates(registry)
    assert "elsewhere" not in crates(registry)
    assert "broken/Cargo.lock: not read: it has version 99" in captured.err
    assert "\n7 crates" not in captured.out
    assert captured.out.startswith("8 crates: ")


def test_warm_some_crates(stack: Path, registry: FaultyRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    """With names: these crates alone; a 404 is an answer, asked again by nobody for a while."""
    assert said(capsys, "warm", "serde", "gone").startswith("2 crates: 1 fetched, 1 not there\n2 requests, ")
    assert said(capsys, "warm", "serde", "gone").startswith("2 crates: 1 known already, 1 not there\n0 requests, ")
    assert crates(registry) == ["gone", "serde"]
    assert archives(registry) == []


def test_warm_that_fails(stack: Path, registry: FaultyRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    """What stayed open is told with its reason, and makes the exit code 1; the rest is kept."""
    registry.faults[index_path("serde")] = [status(403)]
    assert main(["cache", "warm", "serde", "log", "no such name"]) == 1
    out, err = capsys.readouterr()
    assert out.startswith("3 crates: 1 fetched, 2 not learnt\n")
    assert re.search(r"^batuta-stack: not learnt: .*, and 1 more: ", err)
    assert main(["cache", "warm", "serde", "--verbose"]) == 1
    assert "batuta-stack: serde: 127.0.0.1:" in capsys.readouterr().err
    assert main(["cache", "warm", "serde", "--quiet"]) == 1
    assert capsys.readouterr() == ("", "")


def test_warm_offline(stack: Path, registry: FaultyRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    """Offline nobody is asked; what is fresh counts all the same."""
    said(capsys, "warm", "serde")
    before = len(registry.log)
    assert said(capsys, "warm", "serde", "--offline").startswith("1 crate: 1 known already\n0 requests")
    assert said(capsys, "warm", "log", "--offline", code=1).startswith("1 crate: 1 not asked for\n0 requests")
    assert len(registry.log) == before


def test_unreachable(
    stack: Path, monkeypatch: pytest.MonkeyPatch, registry: FaultyRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    """A registry that is not there is a reason, not a traceback, and is not waited for by each crate."""
    lines = f'registry = "sparse+http://127.0.0.1:{free_port()}/index/"\n[net]\nretry = 0\n'
    (stack / ".cargo/config.toml").write_text(f'[source.crates-io]\nreplace-with = "m"\n[source.m]\n{lines}')
    assert main(["cache", "warm"]) == 1
    out, err = capsys.readouterr()
    assert out.startswith("6 crates: 6 not learnt\n")
    assert "127.0.0.1:" in err


def test_path(stack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The folder is named, whether it is there or not."""
    assert said(capsys, "path") == f"{stack}/.cache/registry-v1\n"
    assert not (stack / ".cache").exists()
    monkeypatch.delenv("BATUTA_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert said(capsys, "path") == f"{tmp_path}/xdg/batuta-hooks/registry-v1\n"


def test_info_of_nothing(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where there is no cache, looking makes none."""
    assert said(capsys, "info") == f"{stack}/.cache/registry-v1: there is no cache yet\n"
    found = info(capsys)
    assert (found["exists"], found["entries"], found["size_bytes"]) == (False, 0, 0)
    assert found["ages"] == {"newest_s": None, "oldest_s": None}
    assert not (stack / ".cache").exists()
    assert said(capsys, "clear") == "0 answers removed (0 B)\n"


def test_info(stack: Path, registry: FaultyRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    """Entries by kind and registry, ages, size, and where answers came from; as a table and as JSON."""
    said(capsys, "warm", code=1)
    main(["check"])
    main(["check", "--offline"])
    capsys.readouterr()
    found = info(capsys)
    assert found["schema"] == "batuta.cache/1"
    assert found["path"] == f"{stack}/.cache/registry-v1"
    (held,) = found["registries"]
    assert held.pop("registry") == registry.index_url.rstrip("/")
    assert held == {name: found[name] for name in held}
    assert {name: held[name] for name in ("entries", "crates", "absent", "archives")} == {
        "entries": 9,
        "crates": 5,
        "absent": 1,
        "archives": 3,
    }
    assert held["fresh"] == 9
    assert 0 <= held["ages"]["newest_s"] <= held["ages"]["oldest_s"] <= 30
    assert 0 < found["size_bytes"] < found["size_limit_bytes"]
    hits = found["hits"]
    assert hits.pop("since").endswith("Z")
    assert hits == {"registry": 0, "cache": 12, "cargo-home": 0, "unknown": 2}
    text = said(capsys, "info")
    assert text.startswith(f"{stack}/.cache/registry-v1: ")
    assert re.search(r" 5 +1 +3 +9 +\d+ s", text)
    assert "\n       12 this cache\n" in text
    assert max(map(len, text.splitlines()[2:])) <= 80


def test_clear(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Afterwards nothing is known, and counting begins anew."""
    said(capsys, "warm", "serde")
    main(["check", "--offline"])
    capsys.readouterr()
    of_guards = [stack / ".cache" / folder for folder in ("siblings-v1", "manifests-v1", "verdicts-v1", "parts-v1")]
    for folder in of_guards:
        folder.mkdir()
        (folder / "remembered").write_bytes(b"")
    of_checks = [stack / ".cache" / folder for folder in ("checks-v1", "repositories-v1")]
    assert all(folder.is_dir() for folder in of_checks)
    assert said(capsys, "clear").startswith("1 answer removed (")
    assert not any(folder.exists() for folder in (*of_guards, *of_checks))
    found = info(capsys)
    assert (found["entries"], found["hits"]["since"]) == (0, None)
    assert said(capsys, "warm", "serde").startswith("1 crate: 1 fetched")


def test_damaged_cache(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A damaged cache is said, and begun anew."""
    said(capsys, "warm", "serde")
    (stack / ".cache/registry-v1/cache.db").write_bytes(b"no database" * 1000)
    assert main(["cache", "info"]) == 0
    assert "the cache was damaged" in capsys.readouterr().err
    assert info(capsys)["entries"] == 0


def test_cache_of_somebody_else(stack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that others may write is not used, which each command says; nothing in it is changed."""
    folder = stack / ".cache/registry-v1"
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    for arguments in (["info"], ["warm", "serde"]):
        assert main(["cache", *arguments]) == 0
        assert "can be written by others" in capsys.readouterr().err
    for arguments in (["export", str(tmp_path / "x")], ["import", str(tmp_path / "x")]):
        assert main(["cache", *arguments]) == 2
        capsys.readouterr()
    assert list(folder.iterdir()) == []


def test_export_and_import(
    stack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What one machine knows, another one knows after the import, offline; a second import brings nothing new."""
    said(capsys, "warm", "serde", "gone", "own")
    file = tmp_path / "known"
    assert said(capsys, "export", str(file)) == f"3 answers written to {file}\n"
    before = main(["check", "--offline", "--format", "json", "own"]), json.loads(capsys.readouterr().out)["crates"]
    monkeypatch.setenv("BATUTA_CACHE_DIR", str(tmp_path / "other"))
    assert said(capsys, "import", str(file)) == f"3 answers taken from {file}\n"
    after = main(["check", "--offline", "--format", "json", "own"]), json.loads(capsys.readouterr().out)["crates"]
    for crate in (*before[1], *after[1]):
        crate["registry"].pop("age_s")
    assert before == after
    assert said(capsys, "import", str(file)).startswith("0 answers taken from ")
    run(["tar", "-xzf", file], cwd=tmp_path)
    run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=tmp_path / "batuta-cache")


def test_import_of_something_else(stack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Another file is refused, a missing one is told, a pipe is not waited for."""
    (tmp_path / "text").write_text("hello")
    subprocess.run(["mkfifo", tmp_path / "pipe"], check=True)
    (tmp_path / "folder").mkdir()
    unreadable = "this file cannot be read: "
    for name, why in (
        ("text", "this is no export of a cache"),
        ("gone", f"{unreadable}No such file"),
        ("pipe", f"{unreadable}not a regular file"),
        ("folder", f"{unreadable}Is a directory"),
    ):
        assert main(["cache", "import", str(tmp_path / name)]) == 2
        assert capsys.readouterr().err.startswith(f"batuta-stack: {tmp_path / name}: {why}")


def test_misconfigured_repository(stack: Path, registry: FaultyRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    """A repository that cannot be read is told, and the others are warmed."""
    Repo(stack / "quiet").write({"Cargo.toml": package("quiet", "[package.metadata.batuta]\nwhat = 1")})
    main(["cache", "warm"])
    assert "quiet: not read: " in capsys.readouterr().err
    assert "serde" in crates(registry)
    assert "log" not in crates(registry)


def test_module_is_the_command(stack: Path) -> None:
    """`python -m batuta_hooks.cli`, which guards start, is the same command."""
    command: list[str | Path] = [sys.executable, "-P", "-m", "batuta_hooks.cli", "cache", "path"]
    assert run(command, env=unmeasured()).stdout == run([SCRIPT, "cache", "path"], env=unmeasured()).stdout


def test_progress_in_a_terminal_alone(
    stack: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A terminal sees a bar on standard error, which is gone at the end; a pipe sees none, nor does `--quiet`."""
    assert main(["cache", "warm", "serde"]) == 0
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(["cache", "warm", "log"]) == 0
    assert "crates" in capsys.readouterr().err
    assert main(["cache", "warm", "tokio", "--quiet"]) == 0
    assert capsys.readouterr().err == ""
