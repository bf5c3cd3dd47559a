"""Makes a stack of many repositories with the shape of a real one, and a cache that knows all that they need.

    python benchmarks/make_stack.py FOLDER --repositories N [--manifests M] [--seed S]

Numbers of manifests and of dependencies, forms of requirements, how popular a package is and how many versions it has
are drawn from stack_shape.json. FOLDER/stack gets the repositories, each with one commit; FOLDER/cache what the
registry would say (BATUTA_CACHE_DIR), so that a check is warm and needs no network.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from batuta_hooks.registry.cache import Cache
from batuta_hooks.registry.entry import found, index_key, registry_identity

CRATES_IO = "sparse+https://index.crates.io/"
SHAPE = json.loads((Path(__file__).parent / "stack_shape.json").read_text(encoding="utf-8"))
DETAILS = 'description = "d"\nlicense = "MIT"'
OTHERS, NEEDS_OF_OTHERS = 900, (0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 6, 10)
PUBLISHED, AHEAD = "0.3.1", "0.3.2"
OLDER_NEEDS, REPOSITORIES_AHEAD, INHERITS_FROM = 0.03, 0.05, 4
STAMP = "bench <bench@example.invalid> 1750000000 +0000"


class Need(NamedTuple):
    """A dependency as it is written."""

    package: str
    requirement: str
    is_dev: bool = False
    is_optional: bool = False
    has_features: bool = False
    path: str = ""


class Made(NamedTuple):
    """A package: its folder, and what it needs."""

    name: str
    version: str
    folder: str
    needs: tuple[Need, ...]
    is_public: bool


class Repository(NamedTuple):
    """A repository's packages and files."""

    name: str
    packages: tuple[Made, ...]
    files: Mapping[str, str]


class Others:
    """The packages that are not of the stack, by name: versions, newest last, and who of them needs whom."""

    def __init__(self, chance: random.Random) -> None:
        self.versions: dict[str, list[str]] = {}
        self.needs: dict[str, list[str]] = {}
        names = [f"other-{number:03}" for number in range(OTHERS)]
        for number, name in enumerate(names):
            later = names[number + 1 :]
            count = min(chance.choice(NEEDS_OF_OTHERS), len(later))
            self.needs[name] = sorted(chance.sample(later, count))
            major, length = chance.randrange(0, 5), max(4, chance.choice(SHAPE["versions"]))
            older = [f"{major}.{minor}.0" if major else f"0.1.{minor}" for minor in range(length // 2)]
            newer = [f"{major + 1}.{minor}.0" if major else f"0.2.{minor}" for minor in range(length - length // 2)]
            self.versions[name] = [*older, *newer]
        self.popular = names[: len(SHAPE["popularity"])]
        self.weights = list(accumulate(SHAPE["popularity"]))

    def draw(self, chance: random.Random, count: int) -> list[str]:
        """Different packages, the popular ones first of all."""
        names: dict[str, None] = {}
        for _ in range(count * 3):
            if len(names) == count:
                break
            names.update(dict.fromkeys(chance.choices(self.popular, cum_weights=self.weights)))
        return list(names)

    def requirement(self, chance: random.Random, name: str) -> str:
        """A requirement of one of the real forms; now and then one that only an older series meets."""
        versions = self.versions[name]
        half = len(versions) // 2
        is_older = chance.random() < OLDER_NEEDS
        numbers = (versions[half - 1] if is_older else chance.choice(versions[half:])).split(".")
        form = chance.choices(list(SHAPE["forms"]), list(SHAPE["forms"].values()))[0].partition("-")[0]
        if is_older or (form == "N" and numbers[0] == "0"):
            return ".".join(numbers[:2])
        wanted = versions[-1].split(".") if form.startswith("=") else numbers
        return form[: form.index("N")] + ".".join(wanted[: form.count("N")])

    def newest(self, name: str, requirement: str) -> str:
        """The version that cargo takes for one of these requirements."""
        versions = self.versions[name]
        half = len(versions) // 2
        is_older = requirement[0].isdigit() and not _same_series(requirement, versions[-1])
        return versions[half - 1] if is_older else versions[-1]


def _same_series(requirement: str, version: str) -> bool:
    asked, there = requirement.split("."), version.split(".")
    return asked[0] == there[0] and (asked[0] != "0" or len(asked) == 1 or asked[1] == there[1])


def sizes_of(chance: random.Random, repositories: int, manifests: int | None) -> list[int]:
    """How many manifests each repository has; in sum as many as wanted."""
    sizes = [chance.choice(SHAPE["repositories"]) for _ in range(repositories)]
    if manifests is not None:
        factor = manifests / sum(sizes)
        sizes = [max(1, round(size * factor)) for size in sizes]
        while (missing := manifests - sum(sizes)) != 0:
            for number in chance.sample(range(repositories), min(abs(missing), repositories)):
                sizes[number] = max(1, sizes[number] + (1 if missing > 0 else -1))
    return sizes


def repositories_of(sizes: Sequence[int], others: Others, chance: random.Random) -> Iterator[Repository]:
    """The repositories; a crate needs only earlier ones, so that there is no circle."""
    crates: list[str] = []
    known: dict[str, Made] = {}
    for number, size in enumerate(sizes):
        version = AHEAD if chance.random() < REPOSITORIES_AHEAD else PUBLISHED
        packages: list[Made] = []
        for member in range(size):
            name = f"crate-{number:05}-{member:02}"
            folder = f"crates/{name}/" if member else ""
            is_public = chance.random() * len(SHAPE["packages"]) >= SHAPE["said"]["unpublished"]
            needs = tuple(_needs(chance, others, crates, packages, folder))
            packages.append(Made(name, version, folder, needs, is_public))
        public = [one for one in packages if one.is_public]
        known |= {one.name: one for one in packages}
        crates += [one.name for one in public]
        yield Repository(f"repository-{number:05}", tuple(packages), _files(packages, others, known, chance))


def _needs(
    chance: random.Random, others: Others, crates: Sequence[str], packages: Sequence[Made], folder: str
) -> Iterator[Need]:
    own, own_dev, stack, stack_dev, other, other_dev = chance.choice(SHAPE["packages"])
    said = SHAPE["said"]
    public = [one for one in packages if one.is_public]
    for number, one in enumerate(chance.sample(public, min(own + own_dev, len(public)))):
        leading = "../../" if folder else ""
        yield Need(one.name, "0.3" if number < own else "", number >= own, path=leading + one.folder or ".")
    for number, name in enumerate(dict.fromkeys(chance.choices(crates, k=stack + stack_dev) if crates else ())):
        yield Need(name, chance.choice(("0.3", "0.3", "0.3.0", "0")), number >= stack)
    for number, name in enumerate(others.draw(chance, other + other_dev)):
        is_dev = number >= other
        is_optional = not is_dev and chance.random() * said["entries"] < said["optional"]
        has_features = chance.random() * said["entries"] < said["features"]
        yield Need(name, others.requirement(chance, name), is_dev, is_optional, has_features)


def _files(
    packages: Sequence[Made], others: Others, known: Mapping[str, Made], chance: random.Random
) -> dict[str, str]:
    shared: dict[str, str] = {}
    files: dict[str, str] = {}
    share = SHAPE["said"]["workspace"] / SHAPE["said"]["entries"] * 1.5
    for one in packages:
        sections: dict[str, list[str]] = {"dependencies": [], "dev-dependencies": []}
        for need in one.needs:
            inherits = not need.path and len(packages) >= INHERITS_FROM and chance.random() < share
            inherits = inherits and shared.setdefault(need.package, need.requirement) == need.requirement
            sections["dev-dependencies" if need.is_dev else "dependencies"].append(_entry(need, inherits=inherits))
        body = "".join(f"\n[{title}]\n{''.join(lines)}" for title, lines in sections.items() if lines)
        head = f'[package]\nname = "{one.name}"\nversion = "{one.version}"\nedition = "2021"\n{DETAILS}\n'
        files[f"{one.folder}Cargo.toml"] = head + ("" if one.is_public else "publish = false\n") + body
        files[f"{one.folder}src/lib.rs"] = ""
    if len(packages) > 1:
        files["Cargo.toml"] += '\n[workspace]\nmembers = ["crates/*"]\n'
        lines = "".join(f'{name} = "{requirement}"\n' for name, requirement in shared.items())
        files["Cargo.toml"] += f"\n[workspace.dependencies]\n{lines}" if lines else ""
    if chance.random() * len(SHAPE["repositories"]) < len(SHAPE["locks"]):
        files["Cargo.lock"] = _lock(packages, others, known)
    return files


def _entry(need: Need, *, inherits: bool) -> str:
    parts = ["workspace = true"] if inherits else []
    if need.path:
        parts.append(f'path = "{need.path}"')
    if need.requirement and not inherits:
        parts.append(f'version = "{need.requirement}"')
    if need.has_features:
        parts.append('features = ["std"]')
    if need.is_optional:
        parts.append("optional = true")
    is_short = len(parts) == 1 and parts[0].startswith("version")
    return f"{need.package} = {parts[0].removeprefix('version = ') if is_short else '{ ' + ', '.join(parts) + ' }'}\n"


def _lock(packages: Sequence[Made], others: Others, known: Mapping[str, Made]) -> str:
    """The lock file that cargo would write: every need at the newest version, and so on."""
    own = {one.name for one in packages}
    entries: dict[tuple[str, str], list[tuple[str, str]]] = {}
    pending = [(one.name, one.version) for one in packages]
    while pending:
        key = pending.pop()
        name = key[0]
        if key in entries:
            continue
        made = known.get(name)
        if made is not None:
            wanted = [need for need in made.needs if name in own or not (need.is_dev or need.is_optional)]
            entries[key] = [(need.package, _locked(need, own, others, known)) for need in wanted]
        else:
            entries[key] = [(one, others.versions[one][-1]) for one in others.needs[name]]
        pending += entries[key]
    names = [name for name, _ in entries]
    several = {name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else set()
    head = "# This file is automatically @generated by Cargo.\n# It is not intended for manual editing.\nversion = 4\n"
    return head + "".join(_locked_entry(key, entries[key], own, several) for key in sorted(entries))


def _locked(need: Need, own: set[str], others: Others, known: Mapping[str, Made]) -> str:
    made = known.get(need.package)
    if made is None:
        return others.newest(need.package, need.requirement)
    return made.version if need.package in own else PUBLISHED


def _locked_entry(key: tuple[str, str], needs: Sequence[tuple[str, str]], own: set[str], several: set[str]) -> str:
    name, version = key
    text = f'\n[[package]]\nname = "{name}"\nversion = "{version}"\n'
    if name not in own:
        text += f'source = "registry+https://github.com/rust-lang/crates.io-index"\nchecksum = "{"0" * 64}"\n'
    lines = sorted({f"{one} {there}" if one in several else one for one, there in needs})
    return text + ("dependencies = [\n" + "".join(f' "{line}",\n' for line in lines) + "]\n" if lines else "")


def commit(top: Path, repository: Repository) -> None:
    """Write the files and make a repository of them: the commit by fast-import, the index by checking it out."""
    git = top / repository.name / ".git"
    for folder in ("objects/info", "objects/pack", "refs/heads", "refs/tags"):
        (git / folder).mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n", encoding="utf-8")
    (git / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = false\n", encoding="utf-8")
    lines = [f"commit refs/heads/main\nmark :1\ncommitter {STAMP}\ndata 5\nfirst\n"]
    for path, text in repository.files.items():
        lines.append(f"M 100644 inline {path}\ndata {len(text.encode())}\n{text}\n")
    if repository.packages[0].version == PUBLISHED:
        lines.append(f"\nreset refs/tags/v{PUBLISHED}\nfrom :1\n")
    run = partial(subprocess.run, cwd=git.parent, check=True, env=_environment(), stdout=subprocess.DEVNULL)
    run(["git", "-c", "fastimport.unpackLimit=0", "fast-import", "--quiet"], input="".join(lines).encode())
    run(["git", "reset", "--quiet", "--hard"])


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {**kept, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}


def _line(name: str, version: str, deps: Sequence[Mapping[str, Any]]) -> bytes:
    features: dict[str, list[str]] = {"default": [], "std": []}
    line = {"name": name, "vers": version, "deps": deps, "cksum": "0" * 64, "features": features, "yanked": False}
    return json.dumps(line, separators=(",", ":")).encode() + b"\n"


def _dependency(name: str, requirement: str, need: Need | None = None) -> dict[str, Any]:
    is_dev, is_optional = (need.is_dev, need.is_optional) if need else (False, False)
    return {
        "name": name,
        "req": requirement if not requirement[0].isdigit() else f"^{requirement}",
        "features": ["std"] if need and need.has_features else [],
        "optional": is_optional,
        "default_features": True,
        "target": None,
        "kind": "dev" if is_dev else "normal",
    }


def _reached(others: Others, packages: Sequence[Made]) -> set[str]:
    reached: set[str] = set()
    pending = [need.package for made in packages for need in made.needs if need.package in others.versions]
    while pending:
        name = pending.pop()
        if name not in reached:
            reached.add(name)
            pending += others.needs[name]
    return reached


def fill_cache(folder: Path, others: Others, packages: Sequence[Made]) -> None:
    """Let the cache hold the index file of every package that is published."""
    identity, now = registry_identity(CRATES_IO), int(time.time())
    with Cache(str(folder / "registry-v1")) as cache:

        def keep(name: str, data: bytes) -> None:
            key = index_key(identity, name)
            cache.store(key, found(key, data, now, f"https://index.crates.io/{name}"), data)

        for name in sorted(_reached(others, packages)):
            versions = others.versions[name]
            deps = [_dependency(one, others.versions[one][-1]) for one in others.needs[name]]
            keep(name, b"".join(_line(name, version, deps) for version in versions))
        for made in packages:
            if made.is_public:
                needs = [need for need in made.needs if need.requirement]
                deps = [_dependency(need.package, need.requirement, need) for need in needs]
                keep(made.name, b"".join(_line(made.name, version, deps) for version in ("0.3.0", PUBLISHED)))


def make(folder: Path, repositories: int, manifests: int | None = None, seed: int = 1) -> int:
    """Make stack and cache; how many manifests there are."""
    chance = random.Random(seed)  # noqa: S311  nothing is kept secret
    others = Others(chance)
    packages: list[Made] = []
    top = folder / "stack"
    top.mkdir(parents=True)
    (top / "batuta-stack.toml").write_text("", encoding="utf-8")
    with ThreadPoolExecutor(max_workers=2 * len(os.sched_getaffinity(0))) as threads:
        pending = []
        for one in repositories_of(sizes_of(chance, repositories, manifests), others, chance):
            packages += one.packages
            pending.append(threads.submit(commit, top, one))
        for future in pending:
            future.result()
    fill_cache(folder / "cache", others, packages)
    return len(packages)


def main() -> None:
    """Read the arguments and make it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--repositories", type=int, required=True)
    parser.add_argument("--manifests", type=int)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    if given.repositories < 1 or (given.manifests is not None and given.manifests < given.repositories):
        parser.error("there is at least one repository, and each has at least one manifest")
    start = time.perf_counter()
    count = make(given.folder, given.repositories, given.manifests, given.seed)
    print(f"{given.repositories} repositories with {count} manifests in {time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    main()
