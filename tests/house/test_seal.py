"""The seal of seal.py holds: in this process, in child processes, for files and for sockets."""

from __future__ import annotations

import os
import pwd
import socket
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.house.repository import ROOT
from tests.house.seal import Seal, SealBroken, environment, real_homes
from tests.support.process import run

REAL_HOME = pwd.getpwuid(os.getuid()).pw_dir
PROBE = os.path.join(REAL_HOME, "batuta-probe")
# Reserved for documentation: nobody answers there, and connecting a datagram socket sends nothing.
ELSEWHERE = "192.0.2.1"

TOUCHES: dict[str, Callable[[], object]] = {
    "writes": lambda: Path(PROBE).write_text("x", encoding="utf-8"),
    "reads": lambda: Path(REAL_HOME, ".gitconfig").read_bytes(),
    "reads by bytes": lambda: os.open(os.fsencode(PROBE), os.O_RDONLY),
    "reads by a detour": lambda: Path(REAL_HOME, "..", os.path.basename(REAL_HOME), "batuta-probe").read_bytes(),
    "lists": lambda: os.listdir(REAL_HOME),
    "scans": lambda: list(Path(REAL_HOME).iterdir()),
    "makes a folder": lambda: os.mkdir(PROBE),
    "moves a file in": lambda: os.rename(__file__, PROBE),
    "removes": lambda: os.remove(PROBE),
    "links": lambda: os.symlink(__file__, PROBE),
    "opens a database": lambda: sqlite3.connect(PROBE),
    "opens cargo's configuration": lambda: Path(REAL_HOME, ".cargo", "config.toml").read_bytes(),
    "lists cargo's index": lambda: os.scandir(os.path.join(REAL_HOME, ".cargo", "registry", "index")),
}


@pytest.mark.parametrize("touch", TOUCHES.values(), ids=TOUCHES)
def test_touching_the_real_home_is_an_error(seal: Seal, touch: Callable[[], object]) -> None:
    """Whatever the way, the call raises before anything happens."""
    with seal.expect_broken() as refused, pytest.raises(SealBroken, match="lies in the real home"):
        touch()
    assert len(refused) == 1
    assert not os.path.lexists(PROBE)


def test_the_home_of_the_run_is_its_own() -> None:
    """Home, XDG folders and cargo's home are temporary, can be written, and git's identity lies there."""
    names = ["HOME", "CARGO_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"]
    for name in [*names, "XDG_RUNTIME_DIR"]:
        folder = Path(os.environ[name])
        assert not folder.is_relative_to(REAL_HOME) or folder.is_relative_to(os.environ.get("TMPDIR", "/tmp"))
        (folder / "probe").write_text("x", encoding="utf-8")
        (folder / "probe").unlink()
    assert Path.home() == Path(os.environ["HOME"])


def test_git_reads_and_writes_the_temporary_configuration(tmp_path: Path) -> None:
    """A child git takes identity and branch name from the run's own file, and `--global` changes that file."""
    run(["git", "config", "--global", "batuta.probe", "yes"])
    try:
        shown = run(["git", "config", "--list", "--show-origin", "--null"], cwd=tmp_path).stdout
    finally:
        run(["git", "config", "--global", "--unset", "batuta.probe"])
    origins = {part.partition("file:")[2] for part in shown.split("\0") if part.startswith("file:")}
    assert origins == {os.environ["GIT_CONFIG_GLOBAL"]}
    assert "batuta.probe\nyes" in shown
    run(["git", "init", "--quiet"], cwd=tmp_path)
    run(["git", "commit", "--quiet", "--allow-empty", "--message", "first"], cwd=tmp_path)
    assert run(["git", "log", "--format=%an %D"], cwd=tmp_path).stdout == "Tester HEAD -> main\n"


@pytest.mark.cargo
def test_cargo_runs_with_an_empty_home(tmp_path: Path) -> None:
    """The real cargo starts, though its home is temporary, and finds neither configuration nor network there."""
    run(["cargo", "init", "--quiet", "--lib", "--vcs", "none", "--name", "probe"], cwd=tmp_path)
    run(["cargo", "metadata", "--format-version=1", "--no-deps"], cwd=tmp_path)
    with (tmp_path / "Cargo.toml").open("a", encoding="utf-8") as manifest:
        manifest.write('serde = "1"\n')
    refused = run(["cargo", "metadata", "--format-version=1"], cwd=tmp_path, code=101)
    assert "offline" in refused.stderr


@pytest.mark.parametrize(
    "change", [{"HOME": REAL_HOME}, {"CARGO_HOME": os.path.join(REAL_HOME, ".cargo")}, {"HOME": ""}]
)
def test_a_child_with_the_real_home_is_an_error(seal: Seal, change: dict[str, str]) -> None:
    """A child process gets the temporary home, or does not start; an empty HOME would send it to the real one."""
    env = {name: value for name, value in {**os.environ, **change}.items() if value}
    if change == {"HOME": ""}:
        del env["CARGO_HOME"]
    with seal.expect_broken() as refused:
        with pytest.raises(SealBroken, match="child process"):
            subprocess.run(["true"], env=env, check=True)
        with pytest.raises(SealBroken, match="child process"):
            os.posix_spawn("/bin/true", ["true"], env)
    assert len(refused) == 2


def test_an_emptied_environment_is_an_error_for_children(seal: Seal, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that removes HOME from its own environment starts no children either."""
    monkeypatch.delenv("HOME")
    with seal.expect_broken(), pytest.raises(SealBroken, match="child process"):
        subprocess.run(["true"], check=True)


def test_another_host_is_an_error(seal: Seal) -> None:
    """Connecting, sending and asking for an address are refused, and urllib's own wrapping does not hide it."""
    with seal.expect_broken() as refused, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
        with pytest.raises(SealBroken, match=ELSEWHERE):
            datagram.connect((ELSEWHERE, 9))
        with pytest.raises(SealBroken, match=ELSEWHERE):
            datagram.sendto(b"", (ELSEWHERE, 9))
        with pytest.raises(SealBroken, match=r"crates\.io"):
            socket.getaddrinfo("crates.io", 443)
        with pytest.raises((SealBroken, urllib.error.URLError)):
            urllib.request.urlopen(f"http://{ELSEWHERE}/", timeout=1)
    assert len(refused) == 4


def test_loopback_is_open() -> None:
    """A server on this machine can be asked by number and by name."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        for host in ("127.0.0.1", "localhost"):
            with socket.create_connection((host, port), timeout=10):
                server.accept()[0].close()


def run_inner_tests(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the tests in `folder` as this repository's, sealed by its conftest."""
    options = ["-q", "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(folder), "-o", f"cache_dir={folder}/cache"]
    return run([sys.executable, "-m", "pytest", *options, "-p", "tests.conftest", str(folder)], cwd=ROOT, code=None)


def test_swallowing_the_error_does_not_help(tmp_path: Path) -> None:
    """A test passes only where nothing reached out; marked `live` it may ask other hosts, but never the home."""
    (tmp_path / "test_inner.py").write_text(
        f'''
from contextlib import suppress
import os, socket, pytest

def reach_out():
    with suppress(Exception), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
        datagram.connect(("{ELSEWHERE}", 9))

def list_home():
    with suppress(Exception):
        os.listdir({REAL_HOME!r})

@pytest.fixture
def reaching():
    reach_out()
    yield
    reach_out()

def test_good(): pass
def test_bad_home(): list_home()
def test_bad_host(): reach_out()
def test_bad_fixture(reaching): pass
@pytest.mark.live
def test_good_live(): reach_out()
@pytest.mark.live
def test_bad_live(): list_home()
def test_good_after_live(): assert os.environ["CARGO_NET_OFFLINE"] == "true"
''',
        encoding="utf-8",
    )
    done = run_inner_tests(tmp_path)
    lines = {line.partition(" - ")[0] for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))}
    outcomes = {(line.split()[0], line.rpartition("::")[2]) for line in lines}
    failures = {("FAILED", "test_bad_home"), ("FAILED", "test_bad_host"), ("FAILED", "test_bad_live")}
    assert outcomes == failures | {("ERROR", "test_bad_fixture")}, done.stdout
    assert "3 passed" in done.stdout


def test_reaching_out_while_modules_are_imported_fails_the_run(tmp_path: Path) -> None:
    """The seal is closed before test modules are imported."""
    text = f"import os\ntry:\n    os.listdir({REAL_HOME!r})\nexcept Exception:\n    pass\ndef test_good(): pass\n"
    (tmp_path / "test_inner.py").write_text(text, encoding="utf-8")
    done = run_inner_tests(tmp_path)
    assert done.returncode not in (0, 1)
    assert "lies in the real home" in done.stdout + done.stderr


def test_deeper_folders_decide(tmp_path: Path) -> None:
    """What is usable inside a sealed folder stays usable, what is sealed inside that is sealed; / is never sealed."""
    seal = Seal(sealed=["/", "/h", "/h/src/.cargo", str(tmp_path)], allowed=["/h/src", ""])
    judged = {path: seal.is_sealed(path) for path in ("/etc", "/h", "/h/x", "/hx", "/h/src/a", "/h/src/.cargo/a")}
    assert judged == {"/etc": False, "/h": True, "/h/x": True, "/hx": False, "/h/src/a": False, "/h/src/.cargo/a": True}


def test_a_link_to_a_sealed_folder_does_not_rename_it(tmp_path: Path) -> None:
    """A home that is reached through a link is sealed under both of its names."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    seal = Seal(sealed=[str(tmp_path / "link")], allowed=[])
    assert seal.is_sealed(str(tmp_path / "link" / "x"))
    assert seal.is_sealed(str(tmp_path / "real" / "x"))


def test_what_surrounds_the_run_does_not_reach_it(tmp_path: Path) -> None:
    """Variables of a surrounding hook, make or CI service are gone; those of certificates and real data stay."""
    gone = ["GIT_DIR", "GIT_INDEX_FILE", "PRE_COMMIT", "MAKEFLAGS", "CARGO_BUILD_JOBS", "BATUTA_STACK", "NO_COLOR"]
    kept = ["PATH", "BATUTA_REAL_DATA", "GIT_SSL_CAINFO", "COVERAGE_PROCESS_CONFIG"]
    env = environment(dict.fromkeys(gone + kept, "x"), tmp_path)
    assert not set(gone) & set(env)
    assert all("x" in env[name] for name in kept)
    with suppress(KeyError):
        assert Path(env["RUSTUP_HOME"], "toolchains").is_dir()


def test_the_real_homes_are_known() -> None:
    """The home of the user database counts, whatever HOME says now."""
    assert REAL_HOME in real_homes()
