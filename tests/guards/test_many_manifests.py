"""A guard of a repository with very many manifests says the same whatever it remembers of them."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from batuta_hooks.guards.path_deps import main as path_deps
from batuta_hooks.guards.version_alignment import main as version_alignment
from tests.guards.asking import judge
from tests.guards.many import COUNT, Place, fill
from tests.support.repos import Repo, make_repo, package

ROOT = '[workspace]\nmembers = ["m/*"]\n[workspace.package]\nversion = "0.3.0"\n[workspace.dependencies]\n'
SHARED = ['arrow = "54"', 'serde = { version = "1", features = ["derive"] }', 'm0 = { path = "m/m0", version = "0.3" }']
NEEDS = [
    'arrow = "53"',
    "arrow = { workspace = true }",
    'serde = { workspace = true, features = ["rc"] }',
    'm1 = { path = "../m1", version = "0.3" }',
    'm1 = { path = "../m1" }',
    'gone = { path = "../gone" }',
    'outside = { path = "../../../outside" }',
    'other = { git = "https://example.com/other" }',
    'any = "*"',
    "m0.workspace = true",
    "absent = { workspace = true }",
    'm2 = { path = "../m2", version = "0.9" }',
    'beside = "0.1"',
]
FAULTS = ["= broken\n", "[badges]\nx = 1\n", "[package.metadata]\nday = 2024-01-01\nbig = inf\n"]
VERSIONS = {"arrow": ["53.0.0", "54.1.0"], "serde": ["1.0.0"], "m0": ["0.3.0"], "m1": ["0.2.0"], "any": ["2.0.0"]}


def member(chance: random.Random, number: int) -> str:
    """A manifest that needs some others, now and then with a mistake."""
    keys = chance.choice(["", "publish = false", 'rust-version = "1.70"'])
    needs = "\n".join(["[dependencies]", *chance.sample(NEEDS, chance.choice([0, 1, 1, 2, 3]))])
    version = chance.choice(['version = "0.3.0"', "version.workspace = true"])
    end = chance.choice(FAULTS) if chance.random() < 0.02 else ""
    names = [line.partition(" ")[0].partition(".")[0] for line in needs.split("\n")[1:]]
    text = needs if len(set(names)) == len(names) else ""
    return package(f"m{number}", f"{text}\n{end}", version=None, keys=f"{version}\n{keys}")


def change(chance: random.Random, repo: Repo) -> None:
    """Stage a change of a manifest or two, or of the root."""
    for number in chance.sample(range(COUNT), chance.choice([1, 1, 2])):
        repo.write({f"m/m{number}/Cargo.toml": member(chance, number)})
    kind = chance.choice(["member", "root", "less", "more", "comment"])
    if kind == "root":
        repo.write({"Cargo.toml": ROOT + "\n".join(chance.sample(SHARED, chance.choice([2, 3]))) + "\n"})
    elif kind == "less":
        repo.git("rm", "-rqf", "--ignore-unmatch", f"m/m{chance.randrange(COUNT)}")
    elif kind == "more":
        repo.write({f"m/more{chance.randrange(9)}/Cargo.toml": package("more")})
    elif kind == "comment":
        file = repo.path / "Cargo.toml"
        file.write_text(f"# {chance.random()}\n{file.read_text()}", encoding="utf-8")
    repo.git("add", "--all")


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow), pytest.param(3, marks=pytest.mark.slow)])
def test_the_same_with_and_without(tmp_path: Path, seed: int) -> None:
    """After each of some changes both guards find what they find where nothing is remembered yet."""
    chance = random.Random(seed)
    files = {f"m/m{number}/Cargo.toml": member(chance, number) for number in range(COUNT)}
    place = Place(tmp_path, {"Cargo.toml": ROOT + "\n".join(SHARED) + "\n", **files}, VERSIONS)
    for _ in range(2 if seed == 1 else 6):
        change(chance, place.repo)
        place.ask("--stage", "commit", guard=path_deps)
        for options in (["--stage", "commit"], ["--stage", "commit"], [], ["--source", "HEAD"]):
            place.ask(*options)
    assert list((tmp_path / "warm").rglob("manifests-v1/*"))
    assert list((tmp_path / "warm").rglob("verdicts-v1/*"))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Many small manifests, two of which clash, one with a requirement that nothing meets, and a checkout beside."""
    files = {f"m/m{number}/Cargo.toml": package(f"m{number}", version="0.3.0") for number in range(COUNT)}
    files["m/m7/Cargo.toml"] = package("m7", '[dependencies]\narrow = "53"\nserde = "0.5"\nbeside = "0.1"')
    files["m/m8/Cargo.toml"] = package("m8", '[dependencies]\narrow = "54"\nm7 = { path = "../m7" }')
    files["README.md"] = ""
    made = Place(tmp_path, {"Cargo.toml": ROOT, **files}, VERSIONS)
    make_repo(tmp_path / "stack/beside", {"Cargo.toml": package("beside", version="0.1.7")})
    fill(made.warm, {"beside": ["0.1.0"]})
    assert made.ask("--stage", "commit").code == 0
    assert made.ask("--stage", "manual").code == 1
    return made


def test_what_is_remembered_answers(place: Place) -> None:
    """Whatever the stage, and after a change that says nothing: no verdict is found anew."""
    before = place.remembered
    assert before
    place.repo.write({"m/m9/Cargo.toml": "# nothing\n" + package("m9", version="0.3.0")})
    place.repo.git("add", "--all")
    assert [one[0] for one in place.ask("--stage", "commit").findings] == ["VA005", "VA001"]
    assert place.ask("--stage", "manual").code == 1
    assert place.remembered == before


CHANGES: dict[str, Callable[[Place], object]] = {
    "a requirement": lambda place: place.repo.write({"m/m9/Cargo.toml": package("m9", '[dependencies]\narrow = "52"')}),
    "a line of a finding": lambda place: place.repo.write(
        {"m/m7/Cargo.toml": "# one line more\n" + (place.repo.path / "m/m7/Cargo.toml").read_text()}
    ),
    "a lock file": lambda place: place.repo.write({"Cargo.lock": "version = 4\n"}),
    "what is published": lambda place: fill(place.warm, {"serde": ["0.5.0", "1.0.0"]}),
    "what is published elsewhere": lambda place: fill(place.warm, {"m9": ["0.3.0"]}),
    "a checkout": lambda place: Repo(place.folder / "stack/beside").write({"Cargo.toml": package("beside")}),
    "a checkout's requirement": lambda place: Repo(place.folder / "stack/beside").write(
        {"Cargo.toml": package("beside", '[dependencies]\narrow = "52"', version="0.1.7")}
    ),
    "the configuration": lambda place: place.repo.write({"batuta-stack.toml": '[versions]\narrow = "54"\n'}),
    "a manifest less": lambda place: place.repo.git("rm", "-rqf", "m/m8"),
    "a broken manifest": lambda place: place.repo.write({"m/m9/Cargo.toml": "= broken"}),
    "a file": lambda place: place.repo.write({"m/m10/src/lib.rs": ""}),
}


QUICK = ("a requirement", "a line of a finding", "what is published", "a checkout")


@pytest.mark.parametrize(
    "what", [one if one in QUICK else pytest.param(one, marks=pytest.mark.slow) for one in CHANGES]
)
def test_what_a_verdict_rests_on(place: Place, what: str) -> None:
    """Whatever it rests on changes, the verdict is found anew, and is the one that is found without memory."""
    before = place.remembered
    CHANGES[what](place)
    place.repo.git("add", "--all")
    place.ask("--stage", "commit")
    assert place.remembered != before


@pytest.mark.slow
def test_old_answers_give_way_to_cargos(place: Place) -> None:
    """When answers cease to be fresh, cargo's own copies count beside them: what was said before does not hold."""
    place.repo.write({"batuta-stack.toml": "[cache]\nttl_s = 62\n"})
    place.repo.git("add", "--all")
    place.ask("--stage", "commit")
    before = place.remembered
    time.sleep(2.5)
    place.ask("--stage", "commit")
    assert place.remembered != before


def test_a_readme_in_the_worktree(place: Place) -> None:
    """A member inherits it: once it is gone cargo cannot load the member, though git still tracks the file."""
    place.repo.write({"m/m9/Cargo.toml": package("m9", keys="readme.workspace = true")})
    place.repo.git("add", "--all")
    for guard in (path_deps, version_alignment):
        place.ask(guard=guard)
    (place.repo.path / "README.md").unlink()
    assert ("PD008", "error", "m/m9/Cargo.toml") in place.ask(guard=path_deps).findings
    place.ask()


def test_a_small_repository_leaves_no_file(tmp_path: Path) -> None:
    """Where there are few manifests nothing is written down."""
    repo = make_repo(tmp_path / "repo", {"Cargo.toml": package("a")})
    judge(repo.path, "--stage", "commit", env={"BATUTA_CACHE_DIR": str(tmp_path / "cache")})
    assert not (tmp_path / "cache").exists()


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """Where the cache's folder cannot be made the guard finds the same and says nothing about it."""
    files = {f"m/m{number}/Cargo.toml": package(f"m{number}", '[dependencies]\nx = "*"') for number in range(COUNT)}
    repo = make_repo(tmp_path / "repo", {"Cargo.toml": ROOT, **files})
    (tmp_path / "manifests-v1").write_bytes(b"")
    found = judge(repo.path, "--stage", "commit", env={"BATUTA_CACHE_DIR": str(tmp_path)})
    assert len(found.findings) == COUNT
