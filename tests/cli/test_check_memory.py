"""`check` remembers what it came to, and says the same as one that remembers nothing, whatever happened meanwhile."""

from __future__ import annotations

import json
import random
import shutil
from binascii import crc32
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from batuta_hooks.cli.app import main
from tests.support.online import go_online
from tests.support.publish_stacks import line
from tests.support.publishing import METADATA
from tests.support.registry import FaultyRegistry, index_file
from tests.support.repos import Repo, make_repo, package

NAMES = ("alpha", "beta", "gamma", "delta")
REGISTRY = ("serde", "arrow", "log", *NAMES)


class Stack:
    """Four repositories and a registry, to which things happen by chance."""

    def __init__(self, folder: Path, registry: FaultyRegistry, chance: random.Random) -> None:
        self.folder = folder
        self.registry = registry
        self.chance = chance
        self.needs: dict[str, dict[str, str]] = {name: {} for name in NAMES}
        self.version = dict.fromkeys(NAMES, "0.1.0")
        self.keys = dict.fromkeys(NAMES, METADATA)
        self.roots = dict.fromkeys(NAMES, "")
        self.repos: dict[str, Repo] = {}
        for name in NAMES:
            self.repos[name] = make_repo(folder / name, {"Cargo.toml": package(name), "src/lib.rs": ""})
        for name in ("serde", "arrow", "log"):
            self.publish(name, "1.0.0")
        for name in NAMES:
            self.write(name)

    def write(self, name: str) -> None:
        """Write the manifest of a repository."""
        lines = [f"{need} = {value}" for need, value in self.needs[name].items()]
        rest = "\n".join(["[dependencies]", *lines, self.roots[name]])
        text = package(name, rest, version=self.version[name], keys=self.keys[name])
        self.repos[name].write({"Cargo.toml": text})

    def publish(self, name: str, version: str, *needs: str, **more: object) -> None:
        """Add a version to the registry, or put it in the place of one."""
        file = index_file(name)
        held = [
            one for one in self.registry.files.get(file, b"").splitlines(True) if f'"{version}"'.encode() not in one
        ]
        self.registry.files[file] = b"".join([*held, line(name, version, *needs, **more)])

    def some_version(self) -> str:
        """Any version."""
        return f"{self.chance.randint(0, 2)}.{self.chance.randint(0, 2)}.0"

    def happen(self) -> str:
        """Let something happen; what it was."""
        name = self.chance.choice(NAMES)
        event = self.chance.choice(EVENTS)
        event(self, name)
        return f"{event.__name__} {name}"


def need(stack: Stack, name: str) -> None:
    """A crate needs another one, or needs it otherwise."""
    other = stack.chance.choice([one for one in REGISTRY if one != name])
    version = stack.some_version()
    forms = (f'"{version}"', f'{{ path = "../{other}", version = "{version}" }}', f'{{ path = "../{other}" }}')
    stack.needs[name][other] = forms[0] if other not in NAMES else stack.chance.choice(forms)
    stack.write(name)


def need_less(stack: Stack, name: str) -> None:
    """A crate needs nothing any more."""
    stack.needs[name].clear()
    stack.write(name)


def bump(stack: Stack, name: str) -> None:
    """A crate has another version."""
    stack.version[name] = stack.some_version()
    stack.write(name)


def change_keys(stack: Stack, name: str) -> None:
    """A crate says something else of itself."""
    stack.keys[name] = stack.chance.choice([METADATA, "", "publish = false", f'{METADATA}\nreadme = "R.md"'])
    stack.write(name)


def make_file(stack: Stack, name: str) -> None:
    """A file comes, or goes."""
    repo = stack.repos[name]
    if (repo.path / "R.md").exists():
        repo.git("rm", "-q", "-f", "--ignore-unmatch", "R.md")
        (repo.path / "R.md").unlink(missing_ok=True)
    else:
        repo.write({"R.md": ""})
        repo.git("add", "R.md")


def lock(stack: Stack, name: str) -> None:
    """A lock file comes, or goes."""
    repo = stack.repos[name]
    if (repo.path / "Cargo.lock").exists():
        repo.git("rm", "-q", "-f", "--ignore-unmatch", "Cargo.lock")
        (repo.path / "Cargo.lock").unlink(missing_ok=True)
        return
    held = f'version = 4\n\n[[package]]\nname = "{name}"\nversion = "{stack.version[name]}"\n'
    repo.write({"Cargo.lock": held})
    repo.git("add", "Cargo.lock")


def grow(stack: Stack, name: str) -> None:
    """A member comes, which may inherit what its root does not have, or goes again."""
    repo = stack.repos[name]
    root = stack.chance.choice(["", "\n[workspace]\n", '\n[workspace]\npackage.version = "0.1.0"\n'])
    stack.roots[name] = root
    stack.write(name)
    if (repo.path / "member").exists():
        repo.git("rm", "-q", "-r", "-f", "--cached", "--ignore-unmatch", "member")
        shutil.rmtree(repo.path / "member")
        return
    version = stack.chance.choice(['"0.1.0"', "{ workspace = true }"])
    text = f'[package]\nname = "{name}-member"\nedition = "2021"\nversion = {version}\n{METADATA}\n'
    repo.write({"member/Cargo.toml": text, "member/src/lib.rs": ""})
    if stack.chance.random() < 0.7:
        repo.git("add", "member")


def spoil(stack: Stack, name: str) -> None:
    """A manifest cannot be loaded any more."""
    text = stack.chance.choice(["[package", '[package]\nname = "x"\nedition = 1\n', "[dependencies]\nserde = 1\n"])
    stack.repos[name].write({"Cargo.toml": text})


def go_back(stack: Stack, name: str) -> None:
    """An earlier state is in the index, or in the worktree too."""
    repo = stack.repos[name]
    commits = repo.git("rev-list", "--max-count", "3", "HEAD").split()
    how = stack.chance.choice([("reset", "-q", "--hard"), ("read-tree",), ("checkout", "-q", "-f", "--detach")])
    repo.git(*how, stack.chance.choice(commits))


def commit(stack: Stack, name: str) -> None:
    """All is committed."""
    stack.repos[name].commit("more")


def release(stack: Stack, name: str) -> None:
    """The registry gets a version of a crate of the stack."""
    needs = [f"{one} ^{stack.some_version()}" for one in stack.needs[name]]
    stack.publish(name, stack.version[name], *needs)


def publish(stack: Stack, _name: str) -> None:
    """The registry gets a version of any crate, which may be yanked."""
    name = stack.chance.choice(REGISTRY)
    others = [f"{stack.chance.choice(REGISTRY[:3])} ^1"] if stack.chance.random() < 0.5 else []
    stack.publish(name, stack.some_version(), *others, yanked=stack.chance.random() < 0.3)


def configure(stack: Stack, name: str) -> None:
    """The configuration says something else."""
    texts = ("", '[versions]\nserde = "1.0"\n', '[alignment]\nshared = ["arrow"]\n', '[rules]\nVA003 = "off"\n')
    place = stack.folder if stack.chance.random() < 0.5 else stack.repos[name].path
    (place / "batuta-stack.toml").write_text(stack.chance.choice(texts), encoding="utf-8")


EVENTS: tuple[Callable[[Stack, str], None], ...] = (
    need, need, need, need_less, bump, bump, change_keys, make_file, lock, grow, spoil, go_back, commit, commit,
    release, publish, publish, configure
)  # fmt: skip


@pytest.fixture
def registry() -> Iterator[FaultyRegistry]:
    """A registry."""
    with FaultyRegistry() as running:
        yield running


class Checks:
    """Runs `check`, with its memory and without."""

    def __init__(self, cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.memory = cache.parent / "checks-v1"
        self.repositories = cache.parent / "repositories-v1"
        self._capsys = capsys

    def said(self, *arguments: str) -> tuple[int, Any]:
        """How it ended, and its report."""
        code = main(["check", "--format", "json", *arguments])
        return code, json.loads(self._capsys.readouterr().out)

    def without_memory(self, *arguments: str) -> tuple[int, Any]:
        """The same where nothing is remembered; what is remembered stays."""
        kept = [folder for folder in (self.memory, self.repositories) if folder.exists()]
        for folder in kept:
            folder.rename(folder.with_suffix(".aside"))
        try:
            return self.said(*arguments)
        finally:
            for folder in kept:
                shutil.rmtree(folder)
                folder.with_suffix(".aside").rename(folder)


def play(folder: Path, registry: FaultyRegistry, checks: Checks, seed: int, steps: int) -> None:
    """Let things happen one after the other, and compare each time."""
    stack = Stack(folder, registry, random.Random(seed))
    history = []
    for _ in range(steps):
        history.append(stack.happen())
        if stack.chance.random() < 0.3:
            history.append("asked")
            found, wanted = checks.said(), checks.without_memory()
            assert found == wanted, history
        found, wanted = checks.said("--offline"), checks.without_memory("--offline")
        assert found == wanted, history


MANY = [pytest.param(seed, 60, marks=pytest.mark.slow) for seed in (10, 31, 34, 35)]


@pytest.mark.parametrize(("seed", "steps"), [(1, 8), (2, 8), *MANY])
def test_it_says_the_same(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    registry: FaultyRegistry,
    seed: int,
    steps: int,
) -> None:
    """A few things happen, or many."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "2000000000")
    cache = go_online(monkeypatch, tmp_path / "stack", registry)
    play(tmp_path / "stack", registry, Checks(cache, capsys), seed, steps)


class TestFile:
    """What is remembered, on disk."""

    @pytest.fixture
    def checks(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        registry: FaultyRegistry,
    ) -> Checks:
        """A stack of two crates that was checked once."""
        monkeypatch.setenv("SOURCE_DATE_EPOCH", "2000000000")
        registry.add("serde", "1.0.0")
        cache = go_online(monkeypatch, tmp_path / "stack", registry)
        for name in ("alpha", "beta"):
            text = package(name, '[dependencies]\nserde = "2"', keys=METADATA)
            make_repo(tmp_path / "stack" / name, {"Cargo.toml": text})
        checks = Checks(cache, capsys)
        code, report = checks.said()
        assert code == 1
        assert [one["publishable"]["verdict"] for one in report["crates"]] == ["no", "no"]
        return checks

    def change(self, checks: Checks, old: str, new: str) -> None:
        """Change the one file, as if it had been written so."""
        (file,) = checks.memory.iterdir()
        head, _, body = file.read_bytes().partition(b"\n")
        assert old.encode() in body
        body = body.replace(old.encode(), new.encode())
        file.write_bytes(b"%s %08x\n%s" % (head.rpartition(b" ")[0], crc32(body), body))

    def test_it_is_used(self, checks: Checks) -> None:
        """What stands in it is said, and it is not written again."""
        self.change(checks, "(there are 1.0.0)", "(changed)")
        (file,) = checks.memory.iterdir()
        before = file.stat().st_mtime_ns
        _, report = checks.said("--offline")
        assert all("(changed)" in one["publishable"]["why"] for one in report["crates"])
        assert file.stat().st_mtime_ns == before

    def test_one_of_another_tool(self, checks: Checks) -> None:
        """It is good for one state of the tool alone."""
        self.change(checks, "(there are 1.0.0)", "(changed)")
        (file,) = checks.memory.iterdir()
        file.write_bytes(file.read_bytes().replace(b"checks 1 ", b"checks 1 0", 1))
        assert "(changed)" not in json.dumps(checks.said("--offline")[1])

    def test_one_of_other_people(self, checks: Checks) -> None:
        """What others can write, or a link leads to, is not believed, and is replaced."""
        before = checks.said("--offline")
        self.change(checks, "(there are 1.0.0)", "(changed)")
        (file,) = checks.memory.iterdir()
        file.chmod(0o666)
        assert checks.said("--offline") == before
        assert file.stat().st_mode & 0o777 == 0o600
        self.change(checks, "(there are 1.0.0)", "(changed)")
        file.rename(file.parent.parent / "moved")
        file.symlink_to(file.parent.parent / "moved")
        assert checks.said("--offline") == before
        assert not file.is_symlink()

    @pytest.mark.parametrize("content", ["", "[]", "{", "\0" * 100, "\n" * 100, "checks 1 x 00000000\n" + "[" * 100000])
    def test_a_damaged_one(self, checks: Checks, content: str) -> None:
        """It counts for nothing, and is replaced."""
        (file,) = checks.memory.iterdir()
        whole = file.read_text(encoding="utf-8")
        before = checks.said("--offline")
        file.write_text(content, encoding="utf-8")
        assert checks.said("--offline") == before
        assert file.read_text(encoding="utf-8") == whole

    def test_another_byte(self, checks: Checks) -> None:
        """A byte that the disk has lost is noticed, wherever it is."""
        before = checks.said("--offline")
        (file,) = checks.memory.iterdir()
        whole = file.read_bytes()
        for place in (0, 12, whole.index(b"there are"), len(whole) - 1):
            file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            assert checks.said("--offline") == before

    def test_one_that_cannot_be_written(self, checks: Checks) -> None:
        """That is worth no word."""
        before = checks.said("--offline")
        shutil.rmtree(checks.memory)
        checks.memory.write_text("mine", encoding="utf-8")
        assert checks.said("--offline") == before
        assert checks.memory.read_text(encoding="utf-8") == "mine"

    def test_other_crates(self, checks: Checks) -> None:
        """A check of one crate forgets nothing of the others; one of a smaller stack does."""
        (file,) = checks.memory.iterdir()
        before = file.read_text(encoding="utf-8")
        checks.said("--offline", "alpha")
        assert file.read_text(encoding="utf-8") == before
        shutil.rmtree("beta")
        checks.said("--offline")
        after = file.read_text(encoding="utf-8")
        records = [json.loads(text.partition("\n")[2])["records"] for text in (before, after)]
        of_the_whole_stack = 1
        assert 2 * (len(records[1]) - of_the_whole_stack) == len(records[0]) - of_the_whole_stack

    def test_clear(self, checks: Checks) -> None:
        """Whoever clears the cache clears it too."""
        assert main(["cache", "clear"]) == 0
        assert not checks.memory.exists()
