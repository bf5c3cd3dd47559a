"""How much the version-alignment guard's whole process costs over a bare interpreter, beside thirty-one siblings."""

from __future__ import annotations

import json
import time
from pathlib import Path

import tomli
from measure import clean_environment, installed_wheel, run, sample_repository, show_taken, taken, temporary_folder

from batuta_hooks.registry.cache import Cache
from batuta_hooks.registry.entry import found, index_key, registry_identity

CRATES_IO = "sparse+https://index.crates.io/"
SIBLINGS, NEEDS = 31, 15


def main() -> None:
    """Print what `python -c pass`, the path guard and this one take on a staged manifest of a workspace."""
    with temporary_folder() as name:
        bin_folder = installed_wheel(Path(name))
        env = {
            **clean_environment(bin_folder),
            "BATUTA_CACHE_DIR": str(Path(name, "cache")),
            "CARGO_HOME": str(Path(name, "cargo")),
        }
        stack = Path(name, "stack")
        make_siblings(stack)
        repository = stack / "sample"
        repository.mkdir()
        sample_repository(repository, env)
        fill_cache(Path(name, "cache"), required(repository))
        manifest = repository / "Cargo.toml"
        manifest.write_text(manifest.read_text(encoding="utf-8") + "# staged\n", encoding="utf-8")
        run("git", "add", "Cargo.toml", cwd=repository, env=env)
        python, guards = bin_folder / "python", ("batuta-path-deps", "batuta-version-alignment")
        rivals = {"python -c pass": [python, "-c", "pass"]}
        rivals |= {f"{guard} --stage commit": [bin_folder / guard, "--stage", "commit"] for guard in guards}
        calls = {
            title: lambda argv=argv: run(*argv, cwd=repository, env=env)  # type: ignore[misc]
            for title, argv in rivals.items()
        }
        found_ = taken(calls, 60)
    show_taken("version alignment, one of six manifests staged, 31 siblings", found_, "python -c pass", "at most 3 x")


def make_siblings(stack: Path) -> None:
    """Checkouts of one crate each, which need each other and some others."""
    for number in range(SIBLINGS):
        folder = stack / f"sibling{number:02}"
        (folder / ".git").mkdir(parents=True)
        needs = "".join(f'other{other} = "1"\n' for other in range(NEEDS))
        needs += f'sibling{number - 1:02} = "0.1"\n' if number else ""
        text = f'[package]\nname = "sibling{number:02}"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\n{needs}'
        (folder / "Cargo.toml").write_text(text, encoding="utf-8")
    (stack / "batuta-stack.toml").write_text("", encoding="utf-8")


def required(repository: Path) -> dict[str, tuple[set[str], set[str]]]:
    """The crates that the manifests of a repository require, with the versions and the features that they require."""
    wanted: dict[str, tuple[set[str], set[str]]] = {}
    for manifest in repository.rglob("Cargo.toml"):
        table = tomli.loads(manifest.read_text(encoding="utf-8"))
        for holder in (table, table.get("workspace", {})):
            for section in ("dependencies", "dev-dependencies", "build-dependencies"):
                for crate, entry in holder.get(section, {}).items():
                    version = entry if isinstance(entry, str) else entry.get("version")
                    if version is not None:
                        versions, features = wanted.setdefault(crate, (set(), set()))
                        versions.add(version)
                        features.update([] if isinstance(entry, str) else entry.get("features", []))
    return wanted


def fill_cache(folder: Path, wanted: dict[str, tuple[set[str], set[str]]]) -> None:
    """Put an index file into the cache for each crate, with a hundred versions and those that are required.

    Each version needs ten crates of which the cache knows nothing, optional ones that no feature asks for.
    """
    identity = registry_identity(CRATES_IO)
    with Cache(str(folder / "registry-v1")) as cache:
        for crate, (requirements, features) in wanted.items():
            lowest = [text.lstrip("^=~>< ").split(",")[0] for text in requirements]
            full = [".".join([*text.split("."), "0", "0"][:3]) for text in lowest]
            versions = [*(f"0.0.{number}" for number in range(1, 100)), *full]
            needs = [{"name": f"other{number}", "req": "^1", "optional": True} for number in range(10)]
            offered: dict[str, list[str]] = {name: [] for name in sorted({"default", "std", *features})}
            line = {"name": crate, "deps": needs, "cksum": "0" * 64, "features": offered, "yanked": False}
            data = "".join(json.dumps({**line, "vers": version}) + "\n" for version in versions).encode()
            key = index_key(identity, crate)
            cache.store(key, found(key, data, int(time.time()), f"https://index.crates.io/{crate}"), data)


if __name__ == "__main__":
    main()
