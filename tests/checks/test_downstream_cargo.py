"""What a user would get beside `cargo generate-lockfile` over one index on loopback: same verdict, same buckets."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path

import pytest
import tomli

from batuta_hooks.checks.downstream import REFUSED, RESOLVED, look
from batuta_hooks.domain.facts import Facts
from batuta_hooks.domain.finding import Unknown
from batuta_hooks.domain.manifest import Manifest
from batuta_hooks.domain.requirement_edit import floor
from batuta_hooks.domain.semver import Requirement, Version
from batuta_hooks.domain.shelf import Shelf
from batuta_hooks.registry.accepting import AcceptingRegistry
from batuta_hooks.registry.index import releases
from tests.registry.real_data import INDEX, index_files, needs
from tests.support.process import run
from tests.support.publish_stacks import crate, facts_over, line
from tests.support.publish_stacks import index_files as laid_out
from tests.support.publishing import publishing_environment
from tests.support.repos import make_repo
from tests.support.trees import TextTree

pytestmark = [pytest.mark.cargo]

Buckets = set[tuple[str, tuple[int, ...]]]

VERSIONS = ("0.0.3", "0.1.0", "0.1.3", "0.2.0", "1.0.0-beta.1", "1.0.0", "1.2.0+b.1", "2.0.0-rc.1", "2.1.0")
REQUIREMENTS = (
    *("^0.1", "^0.2", "^1", "~1.0", ">=0.1", ">=0.2, <2", "=1.2.0", "^2", "0.1.2", "1.1", "0.0.3", "0.*"),
    *("^1.0.0-alpha", ">=1.0.0-beta.1, <2.1", "<1", "*"),
)


def generated(seed: int) -> tuple[list[bytes], str]:
    """The lines of a small index, with features, optional dependencies, yanks and native libraries; and the manifest of
    a user.  Most requirements are met by some version, for most of what people publish can be resolved.
    """
    chance = random.Random(seed)
    names = [f"c{number}" for number in range(chance.randint(4, 9))]
    versions = {name: chance.sample(VERSIONS, chance.randint(2, 5)) for name in names}
    lines = []
    for number, name in enumerate(names):
        for version in versions[name]:
            count = min(len(names) - number - 1, chance.randint(0, 3))
            others = chance.sample(names[number + 1 :], count)
            needed = [random_need(other, versions[other], chance) for other in others]
            optional = [one["name"] for one in needed if one["optional"]]
            features = {"f": [f"dep:{one}" for one in optional], "g": [f"{one}?/f" for one in optional]}
            if chance.random() < 0.4:
                features["default"] = ["f"]
            features = features if chance.random() < 0.97 else {}
            more = {"links": "native"} if chance.random() < 0.02 else {}
            lines.append(line(name, version, *needed, features=features, yanked=chance.random() < 0.05, **more))
    entries = (f'{name} = "{random_requirement(versions[name], chance)}"' for name in names[: chance.randint(1, 3)])
    return lines, crate("app", "[dependencies]\n" + "\n".join(entries))


def random_requirement(versions: Sequence[str], chance: random.Random) -> str:
    """A requirement that one of the versions meets, nearly always."""
    met = [one for one in REQUIREMENTS if any(Requirement.parse(one).matches(Version.parse(two)) for two in versions)]
    return chance.choice(met if met and chance.random() < 0.98 else REQUIREMENTS)


def random_need(name: str, versions: Sequence[str], chance: random.Random) -> dict[str, object]:
    """A dependency in a line of the index."""
    kind = chance.choice(("normal", "normal", "build", "dev"))
    return {
        "name": name,
        "req": random_requirement(versions, chance),
        "kind": kind,
        "optional": kind != "dev" and chance.random() < 0.25,
        "features": [one for one in "fg" if chance.random() < 0.12],
        "default_features": chance.random() < 0.8,
        **({"name": f"{name}-alias", "package": name} if chance.random() < 0.15 else {}),
        "target": "cfg(windows)" if chance.random() < 0.2 else None,
    }


def ours(manifest: str, facts: Facts) -> Buckets | str:
    """The buckets of all that a user gets; where there is none, why."""
    read = facts.manifests.resolve("Cargo.toml")
    assert isinstance(read, Manifest)
    found = look(read, Shelf(facts.published, facts.release), lambda _: True)
    if found.verdict == REFUSED:
        return found.why
    assert found.verdict == RESOLVED, found
    chains = [(chain, one.dependency) for one in found.shared for chain in one.chains]
    assert all(chain[0] == "app 0.1.0" and chain[-1].startswith(f"{name} ") for chain, name in chains), found
    return {(one.dependency, Version.parse(version).bucket) for one in found.shared for version in one.versions}


def cargos(manifest: str, registry: AcceptingRegistry, folder: Path) -> Buckets | str:
    """The same from the lock file that cargo writes."""
    repo = make_repo(folder / "app", {"Cargo.toml": manifest, "src/lib.rs": ""}, commit=False)
    environment = publishing_environment(registry, folder / "home")
    done = run(["cargo", "generate-lockfile"], cwd=repo.path, env=environment, code=None, timeout_s=120)
    if done.returncode:
        return done.stderr
    locked = tomli.loads((repo.path / "Cargo.lock").read_text())["package"]
    return {(one["name"], Version.parse(one["version"]).bucket) for one in locked if one["name"] != "app"}


def compare(seed: int, folder: Path) -> bool:
    """Both on a generated index; whether there is a choice of versions."""
    lines, manifest = generated(seed)
    with AcceptingRegistry(laid_out(lines).get) as registry:
        (facts,) = facts_over({".": TextTree({"Cargo.toml": manifest})}, registry)
        mine, theirs = ours(manifest, facts), cargos(manifest, registry, folder)
        assert isinstance(mine, str) == isinstance(theirs, str), (seed, mine, theirs)
        if not isinstance(mine, str):
            assert mine == theirs, seed
        return not isinstance(mine, str)


@pytest.mark.parametrize("wanted", ["f", "f g"])
def test_features_that_others_have_enabled(wanted: str, tmp_path: Path) -> None:
    """A version whose features are all enabled already is not looked at again, so its needs without them count not."""
    features = {"f": ["c/f"], "g": ["c/g"]}
    lines = [
        line("a", "1.0.0", {"name": "b", "req": "^1.1", "features": wanted.split()}),
        line("b", "1.0.0"),
        line("b", "1.1.0", {"name": "c", "req": ">=1, <3"}, features=features),
        line("c", "1.0.0", features={"f": [], "g": []}),
        line("c", "2.0.0", features={"g": []}),
    ]
    manifest = crate("app", '[dependencies]\na = "1"\nb = { version = "1", default-features = false }\n')
    with AcceptingRegistry(laid_out(lines).get) as registry:
        (facts,) = facts_over({".": TextTree({"Cargo.toml": manifest})}, registry)
        mine = ours(manifest, facts)
        assert mine == cargos(manifest, registry, tmp_path)
        assert ("c", (2,)) not in mine


@pytest.mark.parametrize("seed", range(8))
def test_a_few_generated(seed: int, tmp_path: Path) -> None:
    """Same verdict and same buckets."""
    compare(seed, tmp_path)


@pytest.mark.slow
def test_generated(tmp_path: Path) -> None:
    """The same on many more, of which most can be resolved, and some cannot."""
    resolved = sum(compare(seed, tmp_path / str(seed)) for seed in range(100, 300))
    assert 100 < resolved < 195


def closed() -> dict[str, bytes]:
    """The real index, with a stub for each crate that is not in the snapshot: a version for each requirement on it."""
    files = {path.rpartition("/")[2]: data for path, data in index_files().items()}
    wanted: dict[str, dict[str, set[str]]] = {}
    for name, data in files.items():
        listed = releases(data, name)
        assert not isinstance(listed, Unknown)
        for release in listed:
            for one in release.dependencies:
                if one.package not in files:
                    features = wanted.setdefault(one.package, {}).setdefault(one.requirement, set())
                    features.update(one.features)
    for name, requirements in wanted.items():
        asked = {feature for found in requirements.values() for feature in found if "/" not in feature}
        versions = {str(floor(text)) for text in requirements if Requirement.parse(text).matches(floor(text))} | {
            "1.0.0"
        }
        files[name] = b"".join(line(name, version, features=dict.fromkeys(asked, ())) for version in sorted(versions))
    return files


@pytest.mark.slow
@needs(INDEX)
def test_the_real_stack(tmp_path: Path) -> None:
    """For users of the last version of sixty real crates, those of the stack first, over the real index."""
    files = closed()
    lines = [one + b"\n" for data in files.values() for one in data.splitlines()]
    served = laid_out(lines)
    names = [path.rpartition("/")[2] for path in sorted(index_files())]
    names.sort(key=lambda name: not is_of_the_stack(files[name]))
    resolved = 0
    with AcceptingRegistry(served.get) as registry:
        for name in names[:60]:
            newest = json.loads(files[name].splitlines()[-1])["vers"]
            manifest = crate("app", f'[dependencies]\n{name} = "={newest}"')
            (facts,) = facts_over({".": TextTree({"Cargo.toml": manifest})}, registry)
            mine, theirs = ours(manifest, facts), cargos(manifest, registry, tmp_path / name)
            assert isinstance(mine, str) == isinstance(theirs, str), (name, mine, theirs)
            assert isinstance(mine, str) or mine == theirs, name
            resolved += not isinstance(mine, str)
    assert 30 < resolved < 60


def is_of_the_stack(data: bytes) -> bool:
    """Whether a crate needs one of the stack's own, so that what its users get is shared."""
    return any(f'"{name}"'.encode() in data for name in ("trueno", "aprender", "provable-contracts"))
