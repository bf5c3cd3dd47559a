"""Where a little of a large repository has changed, the guard says what it says where nothing is remembered."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from batuta_hooks.domain.facts import Facts
from batuta_hooks.guards import parts
from batuta_hooks.guards.version_alignment import main as version_alignment
from tests.guards.asking import ask
from tests.guards.many import COUNT, Place, fill
from tests.support.repos import Repo, make_repo, package

BUSY = 24
"""So many of the manifests change; the others are there so that it is a large repository."""

ROOT = """[workspace]
members = ["m/*"]
[workspace.package]
version = "0.3.0"
rust-version = "1.70"
repository = "https://example.com/own"
[workspace.dependencies]
"""
SHARED = {
    "e0": ['"1"', '"2"', '{ version = "1.1", features = ["x"] }'],
    "e1": ['"0.3"', '{ version = "0.4", default-features = false }'],
    "m0": ['{ path = "m/m0", version = "0.3" }', '{ path = "m/m0", version = "0.4", features = ["f"] }'],
}
REQUIREMENTS = ["1", "1.1", "2", "=1.0.0", "0.3", "0.4", ">=1", "*", "9", "~1.1"]
EXTERNAL = ["e0", "e1", "e2", "e3", "e4", "sys-a", "sys-b"]
VERSIONS = {name: ["0.3.0", "0.4.1", "1.0.0", "1.1.0", "2.0.0"] for name in EXTERNAL}
SECTIONS = ["dependencies"] * 5 + ["dev-dependencies", "build-dependencies", "target.'cfg(unix)'.dependencies"]
CONFIGURATIONS = [
    "",
    '[versions]\ne0 = "1"\n',
    '[alignment]\nshared = ["e1", "m2"]\n[features.exclusive]\ne2 = [["x", "y"]]\n',
]


def told(name: str, version: str) -> Mapping[str, object]:
    """What the index says of a version: some link a library, some have other needs than before."""
    needs = [{"name": "e0", "req": "^1", "features": [], "optional": False, "default_features": True, "target": None,
              "kind": "normal"}]  # fmt: skip
    links = {"links": "a"} if name.startswith("sys") else {}
    return {"features": {"x": [], "y": [], "f": []}, "deps": needs if name.startswith("m") else [], **links}


def need(chance: random.Random) -> tuple[str, str]:
    """A dependency: its key and its value."""
    if chance.random() < 0.25:
        name = f"m{chance.choice([0, 0, 1, 2, 3, *range(BUSY)])}"
        path = f'path = "../{name}"'
        inner = [path, f'{path}, version = "{chance.choice(["0.3", "0.4", "0.3.1", "1"])}"', 'version = "0.3"']
        more = chance.choice(["", "", ', features = ["f"]', ", optional = true"])
        return name, "{ " + chance.choice(inner) + more + " }"
    name = chance.choice(EXTERNAL)
    if name in SHARED and chance.random() < 0.3:
        return name, chance.choice(["{ workspace = true }", '{ workspace = true, features = ["y"] }'])
    requirement = chance.choice(REQUIREMENTS)
    more = chance.choice(
        ["", "", ', features = ["x"]', ', features = ["y"]', ", optional = true", ', features = ["no"]']
    )
    if chance.random() < 0.1:
        return f"as-{name}", f'{{ version = "{requirement}", package = "{name}"{more} }}'
    return name, f'{{ version = "{requirement}"{more} }}'


class Member:
    """A manifest that changes a little from time to time."""

    def __init__(self, chance: random.Random, number: int) -> None:
        self.number = number
        self.name = f"m{number}"
        self.version = 'version = "0.3.0"'
        self.keys = chance.choice(["publish = false", "", 'rust-version = "1.60"', "repository.workspace = true"])
        self.features = ""
        self.comment = ""
        self.needs: dict[str, dict[str, str]] = {}
        for _ in range(chance.choice([0, 1, 2, 3, 4])):
            self.require(chance)

    def require(self, chance: random.Random) -> None:
        """Require something, or something else than before."""
        key, value = need(chance)
        if key != self.name:
            self.needs.setdefault(chance.choice(SECTIONS), {})[key] = value

    def change(self, chance: random.Random) -> None:
        """Change one thing; a requirement as a rule."""
        kind = chance.choice(
            ["need"] * 8 + ["less", "less", "version", "keys", "features", "comment", "comment", "name"]
        )
        if kind == "need":
            self.require(chance)
        elif kind == "less":
            for section in self.needs.values():
                for key in list(section)[:1]:
                    del section[key]
        elif kind == "version":
            self.version = chance.choice(['version = "0.3.0"', 'version = "0.4.0"', "version.workspace = true", ""])
        elif kind == "keys":
            self.keys = chance.choice(["publish = false", "", "rust-version.workspace = true", 'links = "a"'])
        elif kind == "features":
            self.features = chance.choice(["", "[features]\nf = []\n", "[features]\nf = []\nx = []\n"])
        elif kind == "name":
            self.name = chance.choice([f"m{self.number}", f"m{self.number}", "m0", "m5"])
        else:
            self.comment = f"# {chance.random()}\n" * chance.choice([1, 2])

    def text(self) -> str:
        """The manifest."""
        lines = [f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in entries.items())
                 for section, entries in self.needs.items() if entries]  # fmt: skip
        build = '\nbuild = "build.rs"' if "links" in self.keys else ""
        body = package(self.name, "".join(lines), version=None, keys=f"{self.version}\n{self.keys}{build}")
        return f"{self.comment}{body}\n{self.features}"


def root(chance: random.Random) -> str:
    """The workspace's root."""
    return ROOT + "".join(f"{name} = {chance.choice(values)}\n" for name, values in SHARED.items())


def lock(chance: random.Random) -> str:
    """A lock file that fits some of the members."""
    entries = []
    for number in range(COUNT):
        needed = (
            chance.sample(["e0 1.1.0", "e0 2.0.0", "e1", "m1", "m2"], chance.choice([0, 0, 1, 2]))
            if number < BUSY
            else []
        )
        listed = "dependencies = [\n" + "".join(f' "{one}",\n' for one in sorted(needed)) + "]\n" if needed else ""
        entries.append(f'[[package]]\nname = "m{number}"\nversion = "0.3.0"\n{listed}')
    for name, version in (("e0", "1.1.0"), ("e0", "2.0.0"), ("e1", "0.3.0"), ("e2", chance.choice(["1.0.0", "1.1.0"]))):
        source = 'source = "registry+https://github.com/rust-lang/crates.io-index"\nchecksum = "' + "0" * 64 + '"\n'
        entries.append(f'[[package]]\nname = "{name}"\nversion = "{version}"\n{source}')
    return "version = 4\n\n" + "\n".join(sorted(entries))


def around(chance: random.Random, place: Place) -> None:
    """Change something beside the members, now and then."""
    kind = chance.choice(
        ["nothing"] * 25 + ["lock"] * 4 + ["root", "lock", "cache", "configuration", "file", "less", "commit", "beside"]
    )
    if kind == "root":
        place.repo.write({"Cargo.toml": root(chance)})
    elif kind == "lock":
        text = lock(chance)
        file = place.repo.path / "Cargo.lock"
        if file.exists() and chance.random() < 0.6:
            text = file.read_text(encoding="utf-8").replace("1.1.0", chance.choice(["1.1.1", "1.1.0"]), 1)
        place.repo.write({"Cargo.lock": text if chance.random() < 0.95 else "broken"})
    elif kind == "cache":
        names = chance.sample([*EXTERNAL, "m0", "m1", "m2"], 2)
        fill(place.warm, {name: ["0.2.9", "0.3.0", chance.choice(["1.1.0", "2.1.0"])] for name in names}, 50, told)
    elif kind == "configuration":
        place.repo.write({"batuta-stack.toml": chance.choice(CONFIGURATIONS)})
    elif kind == "file":
        name = chance.choice(["more", "src/more", "../empty/more", "Cargo.toml.old/Cargo"])
        place.repo.write({f"m/m{chance.randrange(COUNT)}/{name}{chance.random()}.rs": ""})
    elif kind == "less":
        place.repo.git("rm", "-rqf", "--cached", "--ignore-unmatch", "Cargo.lock")
    elif kind == "commit":
        place.repo.git("commit", "-qm", "more", "--allow-empty")
    elif kind == "beside":
        text = package("beside", f'[dependencies]\ne0 = "{chance.choice(["1", "2"])}"\nm0 = "0.3"', version="0.1.7")
        Repo(place.folder / "stack/beside").write({"Cargo.toml": text})


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 8))])
def test_the_same_after_little_changes(tmp_path: Path, seed: int) -> None:
    """Requirements, versions, names, features, comments; staged or not; lock files, the registry, the root."""
    chance = random.Random(seed)
    members = [Member(chance, number) for number in range(BUSY)]
    quiet = {f"m/m{number}/Cargo.toml": package(f"m{number}", version="0.3.0") for number in range(BUSY, COUNT)}
    files = {f"m/m{one.number}/Cargo.toml": one.text() for one in members}
    locks = {"Cargo.lock": lock(chance)} if chance.random() < 0.6 else {}
    place = Place(tmp_path, {"Cargo.toml": root(chance), **files, **quiet, **locks}, {})
    fill(place.warm, {**VERSIONS, "m0": ["0.3.0"], "m1": ["0.2.0", "0.3.0"]}, more=told)
    make_repo(
        tmp_path / "stack/beside", {"Cargo.toml": package("beside", '[dependencies]\ne1 = "0.4"', version="0.1.7")}
    )
    place.ask("--stage", "commit")
    for _ in range(4 if seed == 1 else 25):
        for one in chance.sample(members, chance.choice([1, 1, 1, 2, 3])):
            one.change(chance)
            place.repo.write({f"m/m{one.number}/Cargo.toml": one.text()})
        around(chance, place)
        if chance.random() < 0.7:
            place.repo.git("add", "--all")
        for options in chance.sample([["--stage", "commit"], ["--stage", "commit"], []], chance.choice([1, 2])):
            place.ask(*options)
    assert list((tmp_path / "warm").rglob("parts-v1/*"))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Members that need each other and others, with a lock file, judged once."""
    needs = {
        0: '[dependencies]\ne0 = "1"',
        1: '[dependencies]\ne0 = "2"\nm0 = { path = "../m0", version = "0.3" }\ne1 = "0.3"',
        2: '[dependencies]\nm1 = { path = "../m1", version = "0.3" }\n[features]\nf = []',
        3: '[dependencies]\ne1 = "0.4"\nm2 = { path = "../m2", features = ["f"] }',
        5: '[dependencies]\ne2 = "1"',
        6: '[dependencies]\ne2 = "2"',
    }
    keys = "publish = false"
    files = {
        f"m/m{number}/Cargo.toml": package(f"m{number}", needs.get(number, ""), version="0.3.0", keys=keys)
        for number in range(COUNT)
    }
    made = Place(tmp_path, {"Cargo.toml": ROOT, "Cargo.lock": lock(random.Random(1)), **files}, VERSIONS)
    made.ask("--stage", "commit")
    return made


def rewrite(place: Place, number: int, old: str, new: str) -> None:
    """Stage other words in a manifest."""
    path = place.repo.path / f"m/m{number}/Cargo.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    place.repo.git("add", "--all")


def judged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The manifests of which is asked from now on what is said of them, again and again where that is so."""
    asked: list[str] = []
    for name in ("find_own", "find_shared"):
        find = getattr(parts, name)

        def noted(facts: Facts, *more: object, find: Callable[..., Iterator[object]] = find) -> Iterator[object]:
            asked.extend(facts.judged)
            return find(facts, *more)

        monkeypatch.setattr(parts, name, noted)
    return asked


@pytest.mark.parametrize(
    ("number", "old", "new", "others"),
    [
        (0, 'e0 = "1"', 'e0 = "1.1"', {1}),  # whose requirement clashes with it
        (1, 'e0 = "2"', 'e0 = "1"', {0}),
        (4, 'edition = "2021"', 'edition = "2021"\ndescription = "d"', set()),
        (2, "f = []", "g = []", {3}),
        (3, 'e1 = "0.4"', 'e1 = "0.4.1"', {1}),
        (5, 'e2 = "1"', 'e2 = "1.1"', set()),  # nobody builds both
        (0, 'version = "0.3.0"', 'version = "0.3.1"', {1}),
    ],
)
def test_what_is_judged_again(
    place: Place, monkeypatch: pytest.MonkeyPatch, number: int, old: str, new: str, others: set[int]
) -> None:
    """Of the others those alone that name the crate or need something that clashes."""
    with monkeypatch.context() as patched:
        asked = judged(patched)
        rewrite(place, number, old, new)
        environment = {"BATUTA_CACHE_DIR": str(place.warm)}
        ask(place.repo.path, "--stage", "commit", env=environment, guard=version_alignment)
    assert set(asked) == {f"m/m{one}/Cargo.toml" for one in {number, *others}}
    place.ask("--stage", "commit")


@pytest.mark.parametrize(("name", "others"), [("e0", {0, 1}), ("m1", {2}), ("e2", {5, 6})])
def test_what_a_lock_file_has_judged_again(
    place: Place, monkeypatch: pytest.MonkeyPatch, name: str, others: set[int]
) -> None:
    """The manifests that name a package of which it holds another version than before."""
    file = place.repo.path / "Cargo.lock"
    before, start, after = file.read_text(encoding="utf-8").partition(f'name = "{name}"\nversion = "')
    assert start
    with monkeypatch.context() as patched:
        asked = judged(patched)
        place.repo.write({"Cargo.lock": f"{before}{start}1{after}"})
        place.repo.git("add", "--all")
        environment = {"BATUTA_CACHE_DIR": str(place.warm)}
        ask(place.repo.path, "--stage", "commit", env=environment, guard=version_alignment)
    assert set(asked) == {f"m/m{one}/Cargo.toml" for one in others}
    place.ask("--stage", "commit")


MORE = {
    "no longer met": (1, 'version = "0.3" }', 'version = "0.9" }'),
    "another bucket": (0, 'version = "0.3.0"', "version.workspace = true"),
    "another name": (6, 'name = "m6"', 'name = "m5"'),
    "broken": (5, "[dependencies]", "[dependencies"),
}


@pytest.mark.parametrize("what", MORE)
def test_what_has_more_judged_again(place: Place, what: str) -> None:
    """Where others rest on what has changed, all that is said is what is said without memory; and once it is mended."""
    number, old, new = MORE[what]
    place.repo.write({"Cargo.toml": ROOT.replace('version = "0.3.0"', 'version = "0.4.0"')})
    place.repo.git("add", "--all")
    place.ask("--stage", "commit")
    rewrite(place, number, old, new)
    place.ask("--stage", "commit")
    rewrite(place, number, new, old)
    place.ask("--stage", "commit")


def test_a_new_file_says_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file in a folder that was tracked before changes no verdict; a folder without a manifest may."""
    asked = judged(monkeypatch)
    place.repo.write({"m/m7/notes.txt": ""})
    place.repo.git("add", "--all")
    environment = {"BATUTA_CACHE_DIR": str(place.warm)}
    ask(place.repo.path, "--stage", "commit", env=environment, guard=version_alignment)
    assert asked == []
    place.repo.write({"m/empty/notes.txt": ""})
    place.repo.git("add", "--all")
    place.ask("--stage", "commit")
    assert asked


SPOILT: dict[str, Callable[[bytes], bytes]] = {
    "shorter": lambda data: data[:-40],
    "another name": lambda data: data.replace(b"m7", b"m8"),
    "empty": lambda _: b"",
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_a_spoilt_file_counts_as_nothing(place: Place, spoil: Callable[[bytes], bytes]) -> None:
    """What is not as it was written is not believed."""
    file = next((place.warm / "parts-v1").iterdir())
    data = file.read_bytes()
    assert spoil(data) != data
    file.write_bytes(spoil(data))
    rewrite(place, 0, 'e0 = "1"', 'e0 = "1.1"')
    assert {one[0] for one in place.ask("--stage", "commit").findings} == {"VA005", "VA009"}
