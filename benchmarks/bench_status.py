"""`status` over `check` on the real stack, the dashboard's first paint over its library's import, and its keys."""

from __future__ import annotations

import asyncio
import itertools
import os
import pty
import statistics
import subprocess
import sys
import tarfile
import time
from collections.abc import Mapping
from pathlib import Path

from measure import TOP, clean_environment, medians, run, show, temporary_folder

sys.path.insert(0, str(TOP))

REAL_DATA = Path(os.environ.get("BATUTA_REAL_DATA") or TOP.parent / "shared" / "data")
COMMAND = [sys.executable, "-m", "batuta_hooks.cli"]
CRATES = 1000
IDLE = "f12"  # nothing is bound to it: what the pilot itself takes to see that nothing more happens
KEYS = (*["down"] * 40, *["pagedown"] * 20, "slash", *"crate-77", "escape", *["o", "o"] * 10, *["up"] * 20)


def main() -> int:
    """Print all three."""
    maker = REAL_DATA.parent / "bin" / "make-meta-checkout"
    with temporary_folder() as name:
        env = {**clean_environment(), "HOME": name, "CARGO_HOME": f"{name}/cargo", "BATUTA_CACHE_DIR": f"{name}/cache"}
        env["PYTHONPATH"] = str(TOP)
        if maker.exists():
            real_stack(Path(name), maker, env)
        else:
            print(f"(d) left out: the real stack is not at {REAL_DATA} (BATUTA_REAL_DATA names its folder)")
        first_paint(Path(name), env)
    keys()
    return 0


def real_stack(folder: Path, maker: Path, env: Mapping[str, str]) -> None:
    """The table over the check, all answers of the registry fresh in the cache."""
    from batuta_hooks.registry.overlay import Overlay, folder_upstream

    stack = folder / "stack"
    run(sys.executable, maker, stack, env=env)
    with tarfile.open(REAL_DATA / "index" / "index.tar.xz") as tar:
        tar.extractall(folder / "registry" / "index", filter="data")
    with Overlay(folder_upstream(str(folder / "registry"))) as registry:
        lines = f'[source.crates-io]\nreplace-with = "mirror"\n[source.mirror]\nregistry = "{registry.index_url}"\n'
        (stack / ".cargo").mkdir()
        (stack / ".cargo" / "config.toml").write_text(lines, encoding="utf-8")

        def call(*arguments: str) -> None:
            # findings are expected, so the exit code is not looked at
            subprocess.run([*COMMAND, *arguments], cwd=stack, env=env, capture_output=True, check=False)

        found = medians({"check": lambda: call("check"), "status --simple": lambda: call("status", "--simple")}, 7)
    show("(d) the real stack, warm", found, "check", "at most 1.1 x")


def first_paint(folder: Path, env: Mapping[str, str]) -> None:
    """From the start of the process to the first drawn line of the dashboard."""
    library = "python -c 'import textual'"

    def imported() -> None:
        run(sys.executable, "-c", "import textual.app, textual.widgets", env=env)

    def painted() -> None:
        end, inner = pty.openpty()
        shown = b""
        terminal = {**env, "TERM": "xterm-256color"}
        with subprocess.Popen(
            [*COMMAND, "status"], cwd=folder, env=terminal, stdin=inner, stdout=inner, stderr=inner
        ) as app:
            while b"Stack status" not in shown:
                shown += os.read(end, 1 << 16)
            app.kill()
        os.close(inner)
        os.close(end)

    found = medians({library: imported, "first paint of the dashboard": painted}, 7)
    show("    the dashboard's first paint", found, library, "at most 2 x")


def keys() -> None:
    """What a key takes until the screen has followed, in a board of a thousand crates."""
    from batuta_hooks.cli.dashboard.app import Dashboard
    from batuta_hooks.cli.dashboard.work import Proposal, Work
    from tests.support.boards import make_board

    needs = {f"crate-{number}": f"crate-{number // 2}" if number > 1 else "" for number in range(CRATES)}
    board = make_board(needs)
    work = Work("/stack", lambda _told: board, lambda _told: Proposal((), 0, lambda _told: []))
    times: dict[bool, list[float]] = {True: [], False: []}
    busy: dict[bool, list[float]] = {True: [], False: []}

    async def press() -> None:
        app = Dashboard(work)
        async with app.run_test(size=(120, 40)) as pilot:
            while app.job:
                await pilot.pause(0.05)
            for key in itertools.chain.from_iterable((key, IDLE) for key in KEYS):
                start, used = time.perf_counter(), time.process_time()
                await pilot.press(key)
                times[key == IDLE].append((time.perf_counter() - start) * 1000)
                busy[key == IDLE].append((time.process_time() - used) * 1000)

    asyncio.run(press())
    print(f"    a key among {CRATES} crates, until the screen has followed and is still  (goal: at most 100 ms)")
    print(
        "    (the pilot looks every 20 ms, and twice when nothing happens: a key that does nothing tells what it takes)"
    )
    for is_idle, name in ((True, "a key that does nothing"), (False, "a key of the board")):
        for title, measured in (("", times[is_idle]), (" of the processor", busy[is_idle])):
            slow = statistics.quantiles(measured, n=20)[-1]
            figures = f"median {statistics.median(measured):6.1f} ms  95th percentile {slow:6.1f} ms"
            print(f"  {name + title:44} {figures}")


if __name__ == "__main__":
    sys.exit(main())
