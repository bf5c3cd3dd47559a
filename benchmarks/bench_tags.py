"""What the hooks cost a push: one without tags, which must start no Python, and one tag with a warm cache."""

from __future__ import annotations

import shutil
import subprocess
from functools import partial
from itertools import count
from pathlib import Path

from measure import TOP, clean_environment, installed_wheel, run, sample_repository, show_taken, taken, temporary_folder

BARE, HOOKED = "git push of a branch", "git push of a branch with the native hook"
CRATE, VERSION, TAG = "whole", "0.3.1", "v0.3.1"

FILL = """
import json, sys, time
from batuta_hooks.registry.archive import ArchiveFacts, PackedFile, encode_facts
from batuta_hooks.registry.cache import Cache
from batuta_hooks.registry.entry import archive_key, found, index_key, registry_identity

folder, crate, version, commit = sys.argv[1:]
identity, now = registry_identity("sparse+https://index.crates.io/"), int(time.time())
line = {"name": crate, "vers": version, "deps": [], "cksum": "0" * 64, "features": {}, "yanked": False}
index = json.dumps(line).encode() + b"\\n"
files = tuple(PackedFile(f"src/part_{number}.rs", 4000, "0" * 40) for number in range(200))
facts = encode_facts(ArchiveFacts("0" * 64, commit, False, "", files, "[package]\\n" * 400, True, ""))
with Cache(folder) as cache:
    for key, payload in ((index_key(identity, crate), index), (archive_key(identity, crate, version), facts)):
        cache.store(key, found(key, payload, now, "https://index.crates.io/"), payload)
"""


def main() -> None:
    """Print both figures."""
    with temporary_folder() as name:
        bin_folder = installed_wheel(Path(name))
        measure_branches(Path(name), clean_environment(bin_folder))
        measure_tag(Path(name), bin_folder)


def measure_branches(folder: Path, env: dict[str, str]) -> None:
    """Pushes of a commit that changes no manifest, to a bare repository on this disk."""
    numbers = count()
    places = {BARE: folder / "bare", HOOKED: folder / "hooked"}
    for place in places.values():
        place.mkdir()
        sample_repository(place, env)
        run("git", "init", "-q", "--bare", place / ".git/remote.git", env=env)
        run("git", "remote", "add", "origin", place / ".git/remote.git", cwd=place, env=env)
        run("git", "push", "-q", "origin", "main", cwd=place, env=env)
    shutil.copy2(TOP / "hooks/pre-push", places[HOOKED] / ".git/hooks/pre-push")

    def commit(rival: str) -> None:
        (places[rival] / "README.md").write_text(f"{next(numbers)}\n", encoding="utf-8")
        run("git", "commit", "-q", "-a", "-m", "change", cwd=places[rival], env=env)

    pushes = {
        rival: partial(run, "git", "push", "-q", "origin", "main", cwd=place, env=env)
        for rival, place in places.items()
    }
    found = taken(pushes, 60, commit)
    show_taken("(f) a push without tags", found, BARE, "at most 1.3 x and 4 ms more")


def measure_tag(folder: Path, bin_folder: Path) -> None:
    """The guard's whole process for one tag of a published version, whose archive the cache knows."""
    repository, cache = folder / "sample", folder / "cache"
    env = clean_environment(bin_folder) | {"BATUTA_CACHE_DIR": str(cache), "CARGO_HOME": str(folder / "home")}
    repository.mkdir()
    sample_repository(repository, env)
    ask = ["git", "rev-parse", "HEAD"]
    head = subprocess.run(ask, cwd=repository, env=env, check=True, capture_output=True, text=True).stdout.strip()
    python, guard = bin_folder / "python", bin_folder / "batuta-tag-collision"
    run(python, "-c", FILL, cache / "registry-v1", CRATE, VERSION, head, env=env)
    line = f"refs/tags/{TAG} {head} refs/tags/{TAG} {'0' * len(head)}\n"
    push = [guard, "--strict", "--stage", "push", "--remote", "origin", "--url", "x"]
    found = taken(
        {
            "python -c pass": lambda: run(python, "-c", "pass", cwd=repository, env=env),
            "batuta-tag-collision, one tag, warm cache": lambda: subprocess.run(
                push, cwd=repository, env=env, input=line, text=True, check=True, capture_output=True
            ),
        },
        60,
    )
    show_taken("(g) the guard for one tag of a push", found, "python -c pass", "at most 3 x")


if __name__ == "__main__":
    main()
