"""Whole `batuta-stack check` of the real stack, its cache warm and offline, beside `cargo metadata` in each repository.

Once where it remembers nothing, once where nothing has changed since, and once after a change of one manifest.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

from measure import REMEMBERED, TOP, clean_environment, installed_wheel, medians, run, show, temporary_folder

from batuta_hooks.registry.cache import Cache
from batuta_hooks.registry.entry import absent, found, index_key, registry_identity

CRATES_IO = "sparse+https://index.crates.io/"
RUNS = 7


def main() -> int:
    """Print the medians over the same 32 checkouts."""
    data = Path(os.environ.get("BATUTA_REAL_DATA", TOP.parent / "shared/data"))
    tools = data.parent / "bin"
    if not tools.exists():
        print(f"(c) left out: the real stack is not at {data} (BATUTA_REAL_DATA names its folder)")
        return 0
    with temporary_folder() as name:
        folder = Path(name)
        bin_folder = installed_wheel(folder)
        cache, stack = folder / "cache", folder / "stack"
        env = {**clean_environment(bin_folder), "CARGO_HOME": str(folder / "cargo"), "RUSTUP_HOME": _rustup()}
        env["BATUTA_CACHE_DIR"] = str(cache)
        run(sys.executable, tools / "make-meta-checkout", stack, env=env)
        run(sys.executable, tools / "unpack-index", folder / "index")
        _fill(cache, folder / "index", (data / "index/absent.txt").read_text(encoding="utf-8").split())
        repositories = sorted(one for one in stack.iterdir() if (one / "Cargo.toml").exists())
        changed, numbers = stack / "trueno" / "Cargo.toml", count()
        text = changed.read_text(encoding="utf-8")

        def cargo() -> None:
            for repository in repositories:
                run("cargo", "metadata", "--no-deps", "--offline", "--format-version", "1", cwd=repository, env=env)

        def check() -> None:
            # findings are expected, so the exit code is not looked at
            line = [bin_folder / "batuta-stack", "--workspace", stack, "--offline", "--quiet", "check"]
            subprocess.run(line, env=env, stdout=subprocess.DEVNULL, check=False)

        def first() -> None:
            for remembered in REMEMBERED:
                shutil.rmtree(cache / remembered, ignore_errors=True)
            check()

        def changed_one() -> None:
            changed.write_text(f"{text}\n# {next(numbers)}\n", encoding="utf-8")
            check()

        cargo_title = f"{len(repositories)} x cargo metadata --no-deps"
        rivals = {cargo_title: cargo, "check, the first": first, "check, again": check}
        rivals |= {"check, one manifest changed": changed_one}
        taken = medians(rivals, RUNS)
    show("(c) check of the real stack, warm and offline", taken, cargo_title, "at most 1.0 x")
    return 0


def _fill(cache: Path, index: Path, missing: list[str]) -> None:
    """Put the index files into the cache as if they had just been asked for."""
    identity, now = registry_identity(CRATES_IO), int(time.time())
    with Cache(str(cache / "registry-v1")) as opened:
        for file in index.rglob("*"):
            if file.is_file() and file.name != "config.json":
                key, content = index_key(identity, file.name), file.read_bytes()
                opened.store(key, found(key, content, now, f"https://index.crates.io/{file.name}"), content)
        for crate in missing:
            opened.store(index_key(identity, crate), absent(now, f"https://index.crates.io/{crate}", 404))


def _rustup() -> str:
    return os.environ.get("RUSTUP_HOME", str(Path.home() / ".rustup"))


if __name__ == "__main__":
    sys.exit(main())
