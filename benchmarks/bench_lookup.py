"""What it costs to know what is published: a guard's lookup of the largest crate, and all crates of the real stack."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from measure import TOP, clean_environment, installed_wheel, medians, run, sample_repository, show, temporary_folder

REAL_DATA = Path(os.environ.get("BATUTA_REAL_DATA") or TOP.parent / "shared" / "data")
STAND_IN = "anyhow"
RUNS = 21

FILL = """
import sys, tarfile, time
from batuta_hooks.registry.cache import Cache
from batuta_hooks.registry.entry import absent, found, index_key, registry_identity
from batuta_hooks.stack.checkouts import find_workspace
from batuta_hooks.stack.named import named_by_stack

index, absent_names, stack, folder, stand_in = sys.argv[1:]
wishes, _ = named_by_stack(find_workspace(stack), transitive=False)
names = sorted(set().union(*(wish.crates for wish in wishes)))
with tarfile.open(index) as tar:
    files = {one.name.rpartition("/")[2]: tar.extractfile(one).read() for one in tar if one.isfile()}
gone = set(open(absent_names).read().split())
identity, now = registry_identity("sparse+https://index.crates.io/"), int(time.time())
with Cache(folder) as cache:
    for name in names:
        key = index_key(identity, name)
        if name in gone:
            cache.store(key, absent(now, "https://index.crates.io/", 404))
        else:
            like = files[stand_in].replace(f'"{stand_in}"'.encode(), f'"{name}"'.encode())
            payload = files.get(name.lower(), like)
            cache.store(key, found(key, payload, now, "https://index.crates.io/"), payload)
largest = max(set(names) & set(files), key=lambda name: len(files[name]))
print(largest, len(files[largest]), len(set(names) & set(files)), len(set(names) & gone), *names)
"""

LOOKUP = """
import sys
from batuta_hooks.gather.registry import Registry, find_place
with Registry(find_place(".")) as registry:
    assert registry.published(sys.argv[1]).versions
"""

ALL = """
import sys, time
from batuta_hooks.domain.facts import Published
from batuta_hooks.gather.registry import Registry, find_place
start = time.perf_counter()
with Registry(find_place(".")) as registry:
    answers = [registry.published(name) for name in sys.argv[1:]]
print(time.perf_counter() - start)
assert all(type(answer) is Published for answer in answers)
"""


def main() -> None:
    """Print both figures, or say that the real data are not here."""
    index, gone = REAL_DATA / "index" / "index.tar.xz", REAL_DATA / "index" / "absent.txt"
    maker = REAL_DATA.parent / "bin" / "make-meta-checkout"
    if not (index.is_file() and maker.is_file()):
        print(f"(d) left out: the real index is not at {index} (BATUTA_REAL_DATA names its folder)")
        return
    with temporary_folder() as name:
        bin_folder = installed_wheel(Path(name))
        python, folder = bin_folder / "python", Path(name, "cache", "registry-v1")
        env = clean_environment(bin_folder) | {
            "BATUTA_CACHE_DIR": str(folder.parent),
            "CARGO_HOME": str(Path(name, "h")),
        }
        run(sys.executable, maker, Path(name, "stack"), env=env)
        fill = [python, "-c", FILL, index, gone, Path(name, "stack"), folder, STAND_IN]
        said = subprocess.run(fill, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout.split()
        largest, size, real, absent, *names = said
        repository = Path(name, "sample")
        repository.mkdir()
        asking_repository(repository, largest, env)
        measure_one(bin_folder, repository, largest, int(size), env)
        measure_all(python, repository, names, int(real), int(absent), env)


def asking_repository(folder: Path, crate: str, env: dict[str, str]) -> None:
    """A repository whose check must know what is published of a crate: it needs a member that is never published."""
    sample_repository(folder, env)
    manifest = folder / "Cargo.toml"
    text = manifest.read_text(encoding="utf-8").replace(
        "\n[dependencies]\n", f'\n[dependencies]\n{crate} = {{ path = "crates/asked", version = "*" }}\n'
    )
    manifest.write_text(text.replace('version = "*"', 'version = ">=0.0.1"'), encoding="utf-8")
    (folder / "crates/asked").mkdir()
    asked = f'[package]\nname = "{crate}"\nversion = "0.0.0"\nedition = "2021"\npublish = false\n'
    (folder / "crates/asked/Cargo.toml").write_text(asked, encoding="utf-8")
    run("git", "add", "-A", cwd=folder, env=env)


def measure_one(bin_folder: Path, folder: Path, crate: str, size: int, env: dict[str, str]) -> None:
    """Whole processes, from start to end."""
    python, guard = bin_folder / "python", bin_folder / "batuta-path-deps"
    found = medians(
        {
            "python -c pass": lambda: run(python, "-c", "pass", cwd=folder, env=env),
            f"a process that looks {crate} up": lambda: run(python, "-c", LOOKUP, crate, cwd=folder, env=env),
            "batuta-path-deps, whose check asks for it": lambda: run(guard, "--stage", "commit", cwd=folder, env=env),
        },
        60,
    )
    show(f"(d) one warm lookup: {crate}, index file of {size} bytes", found, "python -c pass", "at most 2.5 x")


def measure_all(python: Path, folder: Path, names: list[str], real: int, absent: int, env: dict[str, str]) -> None:
    """Inside a process, from the opening of the cache to its closing."""
    times = []
    for number in range(RUNS + 1):
        done = subprocess.run([python, "-c", ALL, *names], cwd=folder, env=env, check=True, stdout=subprocess.PIPE)
        if number:
            times.append(float(done.stdout))
    median_ms = sorted(times)[RUNS // 2] * 1000
    others = len(names) - real - absent
    print(f"(e) all {len(names)} crates that the real stack names, warm, in one process  (goal: at most 1 ms a crate)")
    print(f"  {real} with their real index files, {absent} absent, {others} with a copy of {STAND_IN}'s")
    print(f"  {'all of them':44} {median_ms:9.1f} ms   {median_ms / len(names):5.2f} ms a crate")


if __name__ == "__main__":
    main()
