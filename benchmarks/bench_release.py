"""What a release costs over what it cannot do without: a plan beside a check, a rehearsal beside its publishes, gates
beside the longest of them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from measure import TOP, clean_up, medians, run, show, temporary_folder

from batuta_hooks.domain.config import Config, Gate, Quality
from batuta_hooks.registry.overlay import Overlay, folder_upstream
from batuta_hooks.stack.check import report_time
from batuta_hooks.stack.checkouts import find_workspace
from batuta_hooks.stack.crates_io import Asking
from batuta_hooks.stack.gate_values import Going
from batuta_hooks.stack.gates import Gated, Gates
from batuta_hooks.stack.rehearsal_registry import Rehearsed, rehearsal_environment
from batuta_hooks.stack.rehearse import Manner, rehearse
from batuta_hooks.stack.release import prepare
from batuta_hooks.stack.release_facts import Wish

CRATES = 12
GATE_S = 1.0
CRATES_IO = "__CARGO_TEST_CRATES_IO_URL_DO_NOT_USE_THIS"  # what is asked beside a place that stands for it


def main() -> int:
    """Print all three figures."""
    with temporary_folder() as name:
        clean_up(BATUTA_CACHE_DIR=f"{name}/cache", CARGO_HOME=f"{name}/cargo")
        os.environ.pop("CARGO_NET_OFFLINE", None)
        plan_beside_check(Path(name))
        rehearsal_beside_publishes(Path(name))
        gates_beside_the_longest(Path(name))
    return 0


def plan_beside_check(folder: Path) -> None:
    """Plan the real stack, its registry on loopback."""
    data = Path(os.environ.get("BATUTA_REAL_DATA", TOP.parent / "shared/data"))
    tools = data.parent / "bin"
    if not tools.exists():
        print(f"(a) left out: the real stack is not at {data} (BATUTA_REAL_DATA names its folder)")
        return
    stack = folder / "stack"
    run(sys.executable, tools / "make-meta-checkout", stack)
    run(sys.executable, tools / "unpack-index", folder / "registry" / "index")
    with Overlay(folder_upstream(str(folder / "registry"))) as registry:
        (stack / ".cargo").mkdir()
        source = f'[source.crates-io]\nreplace-with = "m"\n[source.m]\nregistry = "{registry.index_url}"\n'
        (stack / ".cargo" / "config.toml").write_text(source, encoding="utf-8")
        os.environ[CRATES_IO] = registry.index_url

        def command(*options: str) -> None:
            line = [sys.executable, "-m", "batuta_hooks.cli", *options, "--workspace", str(stack), "--quiet"]
            subprocess.run(line, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        rivals = {"check": lambda: command("check"), "release --dry-run": lambda: command("release", "--dry-run")}
        show("(a) planning the real stack, warm", medians(rivals, 5), "check", "at most 2 x")


def rehearsal_beside_publishes(folder: Path) -> None:
    """Rehearse a chain of crates, beside the bare `cargo publish` of each to a registry of the same kind."""
    stack = folder / "chain"
    for number in range(CRATES):
        needs = f'c{number - 1} = "0.1"\n' if number else ""
        keys = 'edition = "2021"\ndescription = "d"\nlicense = "MIT"\n'
        text = f'[package]\nname = "c{number}"\nversion = "0.1.0"\n{keys}\n[dependencies]\n{needs}'
        repository = stack / f"c{number:02}"
        (repository / "src").mkdir(parents=True)
        (repository / "Cargo.toml").write_text(text, encoding="utf-8")
        (repository / "src" / "lib.rs").write_text("", encoding="utf-8")
        for command in (("init", "-q", "-b", "main"), ("add", "-A"), ("commit", "-q", "-m", "sample")):
            run("git", *command, cwd=repository)
    with Overlay(lambda _path: None) as empty:
        (stack / ".cargo").mkdir()
        source = f'[source.crates-io]\nreplace-with = "m"\n[source.m]\nregistry = "{empty.index_url}"\n'
        (stack / ".cargo" / "config.toml").write_text(source, encoding="utf-8")
        os.environ[CRATES_IO] = empty.index_url
        prepared = prepare(find_workspace(str(stack)), Wish(), Asking(report_time()))
        runs = iter(range(100))

        def publishes() -> None:
            place = folder / f"bare-{next(runs)}"
            place.mkdir()
            with Rehearsed(lambda _path: None) as registry:
                env = rehearsal_environment(str(place), registry, {"crates-io"})
                for number in range(CRATES):
                    run("cargo", "publish", "--quiet", cwd=stack / f"c{number:02}", env=env)

        def rehearsal() -> None:
            found = rehearse(prepared.plan, prepared.gathered, Manner(makes_consumers=False))
            assert not found.failed, found.failed

        # cargo must not find the configuration above the checkouts
        (stack / ".cargo" / "config.toml").rename(stack / "config.aside")
        publishes_title = f"{CRATES} x cargo publish"
        rivals = {publishes_title: publishes, "rehearsal": lambda: _with_configuration(stack, rehearsal)}
        show("(b) rehearsal without consumers", medians(rivals, 3), publishes_title, "at most 1.2 x")


def _with_configuration(stack: Path, work: object) -> None:
    aside, place = stack / "config.aside", stack / ".cargo" / "config.toml"
    aside.rename(place)
    try:
        assert callable(work)
        work()
    finally:
        place.rename(aside)


def gates_beside_the_longest(folder: Path) -> None:
    """Run the gates of twelve repositories with two jobs, beside half of all their time."""
    gated = []
    quality = Quality(lint_command="true", test_command=f"sleep {GATE_S}", audit="skip")
    quality = quality._replace(coverage_command="echo '100.00% coverage, 1/1 lines covered'")
    for number in range(CRATES):
        repository = folder / "gated" / f"r{number:02}"
        repository.mkdir(parents=True)
        run("git", "init", "-q", cwd=repository)
        run("git", "commit", "-q", "--allow-empty", "-m", "sample", cwd=repository)
        config = Config(quality=quality, gates=(Gate("more", f"sleep {GATE_S / 2}"),))
        gated.append(Gated(repository.name, str(repository), {"c": Going("")}, number // 3, config))
    start = time.perf_counter()
    results = Gates(gated, str(folder / "own"), uses_cache=False).run(2)
    spent = (time.perf_counter() - start) * 1000
    assert all(one.state == "passed" for found in results.values() for one in found)
    critical = CRATES / 2 * 1.5 * GATE_S * 1000
    found = {"critical path": critical, "gates of 12 crates, 2 jobs": spent}
    show("(c) gates in waves", found, "critical path", "at most 1.15 x")


if __name__ == "__main__":
    sys.exit(main())
