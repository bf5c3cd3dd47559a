"""What whole commands cost as a stack grows: seconds, processor time, memory, git's processes, and how each grows.

    python benchmarks/scale.py [--sizes 100,1000] [--manifests-each 10] [--commands check,status] [--keep FOLDER]

Each stack is made by make_stack.py and asked offline over its warm cache. Memory is the highest resident size of the
command's own process (VmHWM); processor time is that of the command and all its children; git's processes are counted
in a run of their own, of the smallest stack, by a git that stands first on PATH. The exponent says how the processor
time grows from the smallest stack on: 1 is linear. The table is the one in docs/scale.md.

`check` remembers nothing at first; `again` follows when nothing has changed, `comment` and `bump` when one manifest of
a repository in the middle has, by a comment and by a higher version.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from make_stack import make
from measure import REMEMBERED, TOP, clean_environment

COMMANDS = {
    "check": ("check", "--format", "json"),
    "again": ("check", "--format", "json"),
    "comment": ("check", "--format", "json"),
    "bump": ("check", "--format", "json"),
    "status": ("status", "--simple"),
    "sync": ("sync", "--all", "--dry-run"),
    "release": ("release", "--dry-run"),
    "doctor": ("hooks", "doctor", "--all"),
    "guard": (),
}
TITLES = {
    "again": "check, again",
    "comment": "check, after a comment in one manifest",
    "bump": "check, after a version bump in one manifest",
    "status": "status --simple",
    "sync": "sync --dry-run",
    "release": "release --dry-run",
    "doctor": "hooks doctor",
}
GUARD = "import sys; from batuta_hooks.guards.version_alignment import main; sys.exit(main())"
LIMIT_S = 1800
_PAUSE_S = 0.05


class Cost(NamedTuple):
    """What one run took; ``None`` where it was ended for it took too long."""

    seconds: float
    processor_s: float
    memory_mib: float
    git: int | None
    is_ended: bool


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="100,1000", help="numbers of repositories")
    parser.add_argument("--manifests-each", type=int, default=10, help="manifests a repository, on average")
    parser.add_argument("--commands", default=",".join(COMMANDS))
    parser.add_argument("--keep", type=Path, help="where the stacks are, or are made and left")
    given = parser.parse_args()
    sizes = sorted(int(size) for size in given.sizes.split(","))
    with tempfile.TemporaryDirectory(prefix="batuta-bench-") as name:
        place = given.keep or Path(name)
        found = {}
        for size in sizes:
            stack = _stack(place, size, given.manifests_each)
            found[size] = measure(stack, given.commands.split(","), counts_git=size == sizes[0])
    show(found, given.manifests_each)


def _stack(place: Path, size: int, each: int) -> Path:
    folder = place / f"{size}x{each}"
    if not (folder / "cache").exists():
        shutil.rmtree(folder, ignore_errors=True)
        make(folder, size, size * each)
    return folder


def measure(folder: Path, commands: list[str], *, counts_git: bool) -> dict[str, Cost]:
    """Run each command once, and once more where git's processes are to be counted."""
    env = {
        **clean_environment(),
        "HOME": str(folder),
        "CARGO_HOME": str(folder / "cargo"),
        "BATUTA_CACHE_DIR": str(folder / "cache"),
        "PYTHONPATH": str(TOP),
    }
    costs = {}
    for name in commands:
        argv = [sys.executable, "-m", "batuta_hooks.cli", "--offline", "--workspace", str(folder / "stack")]
        run_in = folder
        if name == "guard":
            argv = [sys.executable, "-c", GUARD, "--stage", "commit"]
            run_in = _staged(folder)
        print(f"{folder.name}: {name}", file=sys.stderr)
        line = [*argv, *COMMANDS[name]]
        _prepare(name, folder)
        costs[name] = _run(line, run_in, env)
        if counts_git:
            _prepare(name, folder)
            costs[name] = costs[name]._replace(git=_git_processes(line, run_in, env))
    return costs


def _prepare(name: str, folder: Path) -> None:
    """What has happened before a command."""
    if name == "check":
        for remembered in REMEMBERED:
            shutil.rmtree(folder / "cache" / remembered, ignore_errors=True)
    elif name in ("comment", "bump"):
        _change(folder, by_version=name == "bump")


def _git_processes(argv: list[str], folder: Path, env: dict[str, str]) -> int:
    """How many processes of git a command starts."""
    real = shutil.which("git")
    with tempfile.TemporaryDirectory(prefix="batuta-bench-") as name:
        count, git = Path(name, "count"), Path(name, "bin/git")
        git.parent.mkdir()
        git.write_text(f'#!/bin/sh\nprintf . >> "{count}"\nexec "{real}" "$@"\n', encoding="utf-8")
        git.chmod(0o755)
        count.write_bytes(b"")
        _run(argv, folder, {**env, "PATH": f"{git.parent}{os.pathsep}{env['PATH']}"})
        return count.stat().st_size


def _change(folder: Path, *, by_version: bool) -> None:
    """Change a manifest of the repository in the middle: its version, or a comment alone."""
    repositories = sorted(path.parent for path in (folder / "stack").glob("*/.git"))
    manifests = sorted(repositories[len(repositories) // 2].rglob("Cargo.toml"))
    manifest = next(one for one in manifests if '\nversion = "' in one.read_text(encoding="utf-8"))
    text = manifest.read_text(encoding="utf-8")
    before, begins, after = text.partition('\nversion = "')
    number, ends, rest = after.partition('"')
    first, _, last = number.rpartition(".")
    text = f"{before}{begins}{first}.{int(last) + 1}{ends}{rest}" if by_version else f"{text}# changed\n"
    manifest.write_text(text, encoding="utf-8")


def _staged(folder: Path) -> Path:
    """The repository with most manifests, one of which is staged with a change."""
    repositories = [path.parent for path in (folder / "stack").glob("*/.git")]
    largest = max(repositories, key=lambda path: sum(1 for _ in path.rglob("Cargo.toml")))
    manifest = largest / "Cargo.toml"
    manifest.write_text(manifest.read_text(encoding="utf-8") + "# staged\n", encoding="utf-8")
    subprocess.run(["git", "add", "Cargo.toml"], cwd=largest, check=True)
    return largest


def _run(argv: list[str], folder: Path, env: dict[str, str]) -> Cost:
    start, memory, is_ended = time.perf_counter(), 0.0, False
    before = os.times()
    with subprocess.Popen(argv, cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        while child.poll() is None:
            memory = max(memory, _memory_mib(child.pid))
            if time.perf_counter() - start > LIMIT_S and not is_ended:
                child.send_signal(signal.SIGTERM)
                is_ended = True
            time.sleep(_PAUSE_S)
    if child.returncode not in (0, 1) and not is_ended:
        raise SystemExit(f"{' '.join(argv)} ended with {child.returncode}")
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return Cost(time.perf_counter() - start, used, memory, None, is_ended)


def _memory_mib(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0.0)


def show(found: dict[int, dict[str, Cost]], each: int) -> None:
    """Print the table, as Markdown."""
    sizes = sorted(found)
    print("| command | repositories / manifests | seconds | processor s | memory MiB | git processes | exponent |")
    print("|---|---|---|---|---|---|---|")
    for name in found[sizes[0]]:
        for size in sizes:
            cost = found[size][name]
            first = found[sizes[0]][name]
            grows = ""
            if size > sizes[0] and not cost.is_ended:
                grows = f"{math.log(cost.processor_s / first.processor_s) / math.log(size / sizes[0]):.2f}"
            ended = "ended at " if cost.is_ended else ""
            git = "" if cost.git is None else cost.git
            figures = f"{ended}{cost.seconds:.1f} | {cost.processor_s:.1f} | {cost.memory_mib:.0f} | {git}"
            print(f"| `{TITLES.get(name, name)}` | {size} / {size * each} | {figures} | {grows} |")


if __name__ == "__main__":
    main()
