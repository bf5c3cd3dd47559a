"""How long `sync --all --dry-run` takes over the real stack of 32 repositories, beside `check` alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from measure import TOP, clean_environment, medians, run, show, temporary_folder

RUNS = 9
REAL_DATA = Path(os.environ.get("BATUTA_REAL_DATA") or TOP.parent / "shared" / "data")

SERVER = """
import sys
from batuta_hooks.registry.overlay import Overlay, folder_upstream

with Overlay(folder_upstream(sys.argv[1])) as overlay:
    print(overlay.index_url, flush=True)
    sys.stdin.read()
"""


def main() -> None:
    """Print medians, the cache filled by an unmeasured round."""
    archive = REAL_DATA / "index" / "index.tar.xz"
    if not archive.is_file():
        print(f"sync: left out: {archive} is not here")
        return
    with temporary_folder() as name:
        folder = Path(name)
        with tarfile.open(archive) as tar:
            tar.extractall(folder / "registry" / "index", filter="data")
        env = clean_environment(Path(sys.executable).parent)
        env |= {"CARGO_HOME": str(folder / "home"), "BATUTA_CACHE_DIR": str(folder / "cache")}
        lay_out(folder / "stack", env)
        command = [sys.executable, "-c", SERVER, str(folder / "registry")]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            configure(folder / "home", server.stdout.readline().strip())
            found = medians(
                {
                    "check": lambda: ask(folder / "stack", env, "check"),
                    "sync --all --dry-run": lambda: ask(folder / "stack", env, "sync", "--all", "--dry-run"),
                },
                RUNS,
            )
            server.communicate()
    show("the real stack, 32 repositories, 188 manifests", found, "check", "sync at most 1.5 x check")


def lay_out(stack: Path, env: dict[str, str]) -> None:
    """A git repository for each of the real ones, all committed."""
    for source in sorted((REAL_DATA / "paiml").iterdir()):
        folder = stack / source.name
        shutil.copytree(source, folder, copy_function=shutil.copyfile)
        for command in (("init", "-q", "-b", "main"), ("add", "-A"), ("commit", "-q", "-m", "as it stands")):
            run("git", *command, cwd=folder, env=env)


def configure(home: Path, url: str) -> None:
    """Let the registry stand for crates.io."""
    home.mkdir()
    text = f'[source.crates-io]\nreplace-with = "m"\n[registries.m]\nindex = "{url}"\n'
    (home / "config.toml").write_text(text, encoding="utf-8")


def ask(stack: Path, env: dict[str, str], *arguments: str) -> None:
    """Run a command that ends well, or with findings."""
    command = ["batuta-stack", *arguments]
    done = subprocess.run(command, cwd=stack, env=env, stdout=subprocess.DEVNULL, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}")


if __name__ == "__main__":
    main()
