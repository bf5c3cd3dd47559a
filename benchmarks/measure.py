"""Alternated timing: the rivals take turns in one run, so that a noisy machine disturbs all alike."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

TOP = Path(__file__).resolve().parent.parent

#: The folders beside the cache with what checks remember.
REMEMBERED = ("checks-v1", "repositories-v1")


class Taken(NamedTuple):
    """What a rival took, in milliseconds: the median by the clock, and the least processor time of its processes."""

    wall_ms: float
    cpu_ms: float


def taken(
    rivals: Mapping[str, Callable[[], object]], runs: int, prepare: Callable[[str], object] | None = None
) -> dict[str, Taken]:
    """What ``runs`` calls of each rival took, called in turns; one unmeasured round comes first.

    ``prepare`` gets a rival's name before each of its calls and is not measured.
    """
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in rivals}
    for number in range(runs + 1):
        for name, call in rivals.items():
            if prepare:
                prepare(name)
            start, before = time.perf_counter(), _cpu_s()
            call()
            if number:
                times[name].append((time.perf_counter() - start, _cpu_s() - before))
    return {
        name: Taken(statistics.median(one[0] for one in ones) * 1000, min(one[1] for one in ones) * 1000)
        for name, ones in times.items()
    }


def _cpu_s() -> float:
    """The processor time, user and system, of the child processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def medians(
    rivals: Mapping[str, Callable[[], object]], runs: int, prepare: Callable[[str], object] | None = None
) -> dict[str, float]:
    """The medians of `taken`."""
    return {name: one.wall_ms for name, one in taken(rivals, runs, prepare).items()}


def show(title: str, found: Mapping[str, float], over: str, goal: str) -> None:
    """Print each median and its ratio to the rival ``over``."""
    print(f"{title}  (goal: {goal})")
    for name, value in found.items():
        print(f"  {name:44} {value:9.1f} ms   {value / found[over]:5.2f} x")


def show_taken(title: str, found: Mapping[str, Taken], over: str, goal: str) -> None:
    """Print what each rival took and its ratios to the rival ``over``: a busy machine disturbs the second least."""
    print(f"{title}  (goal: {goal})")
    least = found[over]
    for name, one in found.items():
        wall, cpu = one.wall_ms / least.wall_ms, one.cpu_ms / least.cpu_ms
        print(
            f"  {name:44} {one.wall_ms:7.1f} ms {wall:5.2f} x   processor, at least {one.cpu_ms:7.1f} ms {cpu:5.2f} x"
        )


def run(*argv: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> None:
    """Run a command that must succeed, its output dropped."""
    subprocess.run(argv, cwd=cwd, env=env, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def installed_wheel(folder: Path) -> Path:
    """Build the wheel, install it into a new environment below ``folder``, and return that environment's ``bin``."""
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder / "dist", TOP)
    venv.create(folder / "env", with_pip=True)
    wheel = next((folder / "dist").glob("*.whl"))
    run(folder / "env/bin/python", "-m", "pip", "install", "--quiet", "--upgrade", "pip")
    run(folder / "env/bin/python", "-m", "pip", "install", "--quiet", wheel)
    return folder / "env/bin"


def clean_environment(bin_folder: Path | None = None) -> dict[str, str]:
    """An environment with its own home and git identity, and ``bin_folder`` first on PATH."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PYTHON", "VIRTUAL"))}
    identity = {
        f"GIT_{who}_{what}": "bench@example.invalid" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    path = f"{bin_folder}:{kept['PATH']}" if bin_folder else kept["PATH"]
    return {**kept, **identity, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "PATH": path}


def clean_up(**more: str) -> None:
    """Give this process that environment: with what would keep Python from using compiled modules no command starts as
    it does where it is installed.
    """
    kept = clean_environment()
    os.environ.clear()
    os.environ.update(kept, **more)


def temporary_folder() -> tempfile.TemporaryDirectory[str]:
    """A folder that goes away at the end."""
    return tempfile.TemporaryDirectory(prefix="batuta-bench-")


def sample_repository(folder: Path, env: Mapping[str, str]) -> None:
    """A workspace of six crates with in-repository path dependencies, as real stacks have them, all committed."""
    members = [f"crates/part-{number}" for number in range(5)]
    root = '[workspace]\nmembers = ["crates/*"]\n\n[package]\nname = "whole"\nversion = "0.3.1"\nedition = "2021"\n'
    root += "\n[dependencies]\n"
    root += "".join(f'part-{number} = {{ path = "crates/part-{number}", version = "0.3" }}\n' for number in range(5))
    root += 'serde = { version = "1", features = ["derive"] }\ntokio = "1.35"\n\n[dev-dependencies]\nproptest = "1"\n'
    files = {"Cargo.toml": root, "README.md": "sample\n", "src/lib.rs": ""}
    for number, member in enumerate(members):
        files[f"{member}/Cargo.toml"] = (
            f'[package]\nname = "part-{number}"\nversion = "0.3.1"\nedition = "2021"\n\n[dependencies]\nserde = "1"\n'
        )
        files[f"{member}/src/lib.rs"] = ""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    for command in (("init", "-q", "-b", "main"), ("add", "-A"), ("commit", "-q", "-m", "sample")):
        run("git", *command, cwd=folder, env=env)
