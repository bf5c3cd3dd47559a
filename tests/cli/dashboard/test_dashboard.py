"""The dashboard, key by key, as textual's pilot presses them."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from batuta_hooks.cli.common import Common
from batuta_hooks.cli.dashboard.app import Dashboard
from batuta_hooks.cli.dashboard.board_view import BoardView
from batuta_hooks.cli.dashboard.lines import Lines
from batuta_hooks.cli.dashboard.screens import Asking, Reading
from batuta_hooks.cli.dashboard.work import Proposal, Work, work_of
from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.stack.gate_facts import GateFact
from batuta_hooks.stack.status import Board
from tests.support.boards import finding, make_board
from tests.support.online import go_online
from tests.support.registry import FaultyRegistry
from tests.support.repos import make_repo, package

NEEDS = {"app": "lib base", "base": "", "lib": "base mid", "mid": "base", "tool": "mid", "alone": ""}
FINDINGS = {"lib": finding("lib", dependency="mid"), "tool": finding("tool", "VA005", "warning", "base")}
BOARD = make_board(NEEDS, FINDINGS)
NOTHING = Proposal(("nothing would change",), 0, lambda _told: [])

Steps = Callable[[Dashboard, "Pilot[None]"], Awaitable[None]]


def play(
    steps: Steps,
    look: Callable[[], Board] = lambda: BOARD,
    proposal: Proposal = NOTHING,
    size: tuple[int, int] = (80, 24),
    watch_s: float | None = None,
) -> Dashboard:
    """Run the dashboard, wait until it has looked, take the steps, and give the dashboard as it ended."""
    app = Dashboard(Work("/stack", lambda _told: look(), lambda _told: proposal), watch_s)

    async def run() -> None:
        async with app.run_test(size=size) as pilot:
            await settled(app, pilot)
            await steps(app, pilot)

    asyncio.run(run())
    return app


async def settled(app: Dashboard, pilot: Pilot[None]) -> None:
    """Wait until nothing is being done beside."""
    for _ in range(500):
        await pilot.pause()
        if not app.job:
            await pilot.pause()
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"still {app.job}")


def said(app: Dashboard, where: str) -> str:
    """What one of the lines around the board says."""
    return str(app.screen_stack[0].query_one(where, Static).content)


def names(app: Dashboard) -> list[str]:
    """The crates that are shown."""
    return [row.crate.name for row in app.screen_stack[0].query_one(BoardView).rows]


def under_cursor(view: BoardView) -> str:
    """The crate that the cursor is on."""
    return view.chosen.crate.name if view.chosen else ""


def text(app: Dashboard) -> str:
    """What the screen on top lets read."""
    return app.screen.query_one(Lines).text


def drawn(app: Dashboard) -> list[str]:
    """The lines of the screen, as they are drawn."""
    compositor = app.screen._compositor
    return [strip.text.rstrip() for strip in compositor.render_strips()]


def test_first_look() -> None:
    """The time, how many of each health, titles, the board, what to do first, the keys: all of it in 80 x 24."""

    async def steps(app: Dashboard, _pilot: Pilot[None]) -> None:
        lines = drawn(app)
        assert len(lines) == 24
        assert max(map(len, lines)) <= 80
        assert lines[0].startswith("2025-12-05 10:30:00 UTC  6 crates  ✓4 ?0 !1 ✗1")
        assert lines[1].split()[:4] == ["Crate", "Version", "Health", "crates.io"]
        assert lines[2].rstrip() == "WAVE 1"
        assert lines[3].split()[:4] == ["✓", "alone", "0.1.0", "healthy"]
        assert "✗ lib" in lines[8]
        assert lines[22].startswith(f"to do, 1 of {len(BOARD.actions)}: {BOARD.actions[0].text}")
        assert "q quit" in lines[23]
        assert "? help" in lines[23]

    play(steps)


def test_arrows_and_enter() -> None:
    """The cursor goes from crate to crate over the layers' names; enter tells all of a crate, escape leads back."""

    async def steps(app: Dashboard, pilot: Pilot[None]) -> None:
        view = app.query_one(BoardView)
        await pilot.press("up")
        assert under_cursor(view) == "alone"
        await pilot.press("down", "down", "down")
        assert under_cursor(view) == "lib"
        await pilot.press("enter")
        told = text(app)
        for part in (
            "✗ error PD001 lib/Cargo.toml:7:1",
            "mend: write mid",
            "Needs of the stack\n  base 0.1\n  mid 0.1 PD001",
        ):
            assert part in told
        assert "Needed by\n  app 0.1" in told
        assert "crates.io: as of 60 s ago, from https://index.crates.io/" in told
        await pilot.press("escape", "end")
        assert under_cursor(view) == "app"
        await pilot.press("home")
        assert under_cursor(view) == "alone"
        await pilot.press("pagedown")
        assert under_cursor(view) == "app"

    play(steps)


def test_filter() -> None:
    """A slash asks for words, every key narrows the board, enter keeps the words, escape drops them."""

    async def steps(app: Dashboard, pilot: Pilot[None]) -> None:
        await pilot.press("slash", *"lib Error")
        assert names(app) == ["lib"]
        assert ": lib error" in said(app, "#head")
        await pilot.press("enter")
        assert not app.query_one(Input).has_class("open")
        assert isinstance(app.focused, BoardView)
        assert names(app) == ["lib"]
        await pilot.press("escape")
        assert len(names(app)) == 6
        await pilot.press("slash", *"nobody", "enter", "down", "enter")
        assert names(app) == []
        assert len(app.screen_stack) == 1

    play(steps)


def test_only_what_needs_action() -> None:
    """`o` leaves what somebody has to do something about, and turns back."""

    async def steps(app: Dashboard, pilot: Pilot[None]) -> None:
        await pilot.press("o")
        assert names(app) == ["lib", "tool"]
        assert "2 shown: to do" in said(app, "#head")
        await pilot.press("o")
        assert len(names(app)) == 6

    play(steps)


def test_tree() -> None:
    """`t` shows the tree, `i` turns it round, escape leads back."""

    async def steps(app: Dashboard, pilot: Pilot[None]) -> None:
        await pilot.press("t")
        assert text(app).startswith("alone 0.1.0\napp 0.1.0\n├── base 0.1.0")
        await pilot.press("i")
        assert text(app).startswith("alone 0.1.0\nbase 0.1.0\n├── app 0.1.0")
        await pilot.press("escape")
        assert len(app.screen_stack) == 1

    play(steps)


def test_gates() -> None:
    """`g` tells which gates passed, when, and on which tree; where none did, what runs them."""
    fact = GateFact("lint", "", 7200, False, "3 warnings", 3, 1.5)
    gated = BOARD._replace(rows=tuple(row._replace(gates=(fact,)) for row in BOARD.rows[:1]))

    def opening(told: str) -> Steps:
        async def steps(app: Dashboard, pilot: Pilot[None]) -> None:
            await pilot.press("g")
            assert told in text(app)

        return steps

    play(opening("batuta-stack release runs them"))
    play(opening("app\n  lint passed 2 h ago, of another tree: 3 warnings"), lambda: gated)


def test_help_and_quit() -> None:
    """`?` tells of every key; keys of the board do nothing there; `q` ends from anywhere."""

    async def steps(app: Dashboard, pilot: Pilot[None]) -> None:
        await pilot.press("question_mark")
        told = text(app)
        for key in ("arrows", "enter", "/", "o", "t", "g", "r", "c", "s", "?", "escape", "q"):
            assert any(line.strip().startswith(f"{key} ") for line in told.splitlines()), key
        await pilot.press("t", "slash")
        assert text(app) == told
        assert len(app.screen_stack) == 2
        await pilot.press("q")

    assert play(steps).return_code == 0


def test_refresh_never_blocks() -> None:
    """While the stack is looked at, keys are answered; a second wish has to wait, and the cursor stays on its crate."""
    boards = iter([BOARD, make_board({**NEEDS, "aaa": "", "zzz": ""}, FINDINGS)])
    go_on = threading.Event()
    go_on.set()

    def look() -> Board:
        go_on.wait(20)
        return next(boards)

    async def steps(app: Dashboard, pilot: Pilot[None]) -> None:
        view = app.query_one(BoardView)
        await pilot.press("down", "down")
        go_on.clear()
        await pilot.press("r")
        assert said(app, "#foot").startswith("looking at the stack")
        await pilot.press("r")
        assert said(app, "#foot") == "still looking at the stack"
        await pilot.press("o")
        assert names(app) == ["lib", "tool"]
        await pilot.press("o", "up", "down")
        go_on.set()
        await settled(app, pilot)
        assert len(names(app)) == 8
        assert under_cursor(view) == "lib"

    play(steps, look)


def test_failing_refresh() -> None:
    """What keeps the stack from being looked at is said; the board stays, with the time that it is of."""
    boards = iter([BOARD])

    def look() -> Board:
        for board in boards:
            return board
        raise BatutaError("there is no git repository here", where="\x1b[31m/stack", mend="make one")

    async def steps(app: Dashboard, pilot: Pilot[None]) -> None:
        await pilot.press("r")
        await settled(app, pilot)
        assert "looking at the stack failed: \\x1b[31m/stack: there is no git repository here" in said(app, "#foot")
        assert "2025-12-05 10:30:00 UTC" in said(app, "#head")
        assert len(names(app)) == 6

    play(steps, look)


def test_a_defect_is_not_hidden() -> None:
    """An error that nobody expects ends the dashboard."""

    def look() -> Board:
        raise ZeroDivisionError

    async def steps(_app: Dashboard, _pilot: Pilot[None]) -> None:
        pass

    with pytest.raises(ZeroDivisionError):
        play(steps, look)


def test_empty_stack(tmp_path: Path) -> None:
    """A folder without repositories has no board; every key is harmless."""

    async def run() -> None:
        app = Dashboard(work_of(Common(workspace=str(tmp_path))))
        async with app.run_test(size=(80, 24)) as pilot:
            await settled(app, pilot)
            assert "there is no git repository with a Cargo.toml here" in said(app, "#foot")
            await pilot.press("down", "up", "enter", "o", "t", "end", "pageup")
            assert len(app.screen_stack) == 1
            await pilot.press("q")

    asyncio.run(run())


def test_no_crates() -> None:
    """A board without crates can be shown, too."""

    async def steps(app: Dashboard, pilot: Pilot[None]) -> None:
        await pilot.press("down", "enter", "t")
        assert text(app) == ""
        await pilot.press("escape", "slash", "x", "escape", "o", "end")
        assert "0 crates" in said(app, "#head")

    play(steps, lambda: make_board({}))


def test_one_crate() -> None:
    """One crate is one."""

    async def steps(app: Dashboard, _pilot: Pilot[None]) -> None:
        assert "UTC  1 crate  " in said(app, "#head")

    play(steps, lambda: make_board({"alone": ""}))


def test_check() -> None:
    """`c` looks again and lists the findings, and what to do."""
    looks = []

    def look() -> Board:
        looks.append(1)
        return BOARD

    async def steps(app: Dashboard, pilot: Pilot[None]) -> None:
        await pilot.press("c")
        await settled(app, pilot)
        assert isinstance(app.screen, Reading)
        told = text(app)
        assert told.index("✗ error PD001") < told.index("! warning VA005") < told.index("Pending actions")
        first = BOARD.actions[0]
        assert f"1. {first.text}: {first.command}" in " ".join(told.split())

    play(steps, look)
    assert len(looks) == 2


def test_sync_asks_with_the_diff(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`s` shows what sync would change; `n` changes nothing, `y` has it done, says what came of it and looks again."""
    folder = tmp_path / "stack"
    with FaultyRegistry() as registry:
        go_online(monkeypatch, folder, registry)
        registry.add("lib", "0.1.2")
        (folder / "batuta-stack.toml").write_text('[sync]\nverify_command = "true"\n', encoding="utf-8")
        make_repo(folder / "lib", {"Cargo.toml": package("lib", version="0.1.2"), "src/lib.rs": ""})
        entry = '[dependencies]\nlib = { path = "../lib" }'
        user = make_repo(folder / "user", {"Cargo.toml": package("user", entry), "src/lib.rs": ""})
        head = user.git("rev-parse", "HEAD")

        async def run() -> None:
            app = Dashboard(work_of(Common(workspace=str(folder))))
            async with app.run_test(size=(100, 30)) as pilot:
                await settled(app, pilot)
                assert names(app) == ["lib", "user"]
                await pilot.press("s")
                await settled(app, pilot)
                assert isinstance(app.screen, Asking)
                assert "Change 1 requirement?" in drawn(app)[0]
                assert '+ lib = "0.1.2"' in text(app)
                await pilot.press("n")
                await settled(app, pilot)
                assert said(app, "#foot") == "nothing was changed"
                assert user.git("rev-parse", "HEAD") == head
                await pilot.press("s")
                await settled(app, pilot)
                await pilot.press("y")
                await settled(app, pilot)
                assert "user" in text(app)
                assert 'lib = "0.1.2"' in (user.path / "Cargo.toml").read_text(encoding="utf-8")
                assert user.git("rev-parse", "HEAD") != head
                await pilot.press("escape", "s")
                await settled(app, pilot)
                assert "Nothing to synchronize" in drawn(app)[0]

        asyncio.run(run())


def test_quit_waits_for_sync() -> None:
    """While files are being changed, `q` says so; after that it ends."""
    go_on = threading.Event()
    changes: list[str] = []

    def apply(_told: object) -> list[str]:
        go_on.wait(20)
        changes.append("made")
        return ["lib: changed"]

    async def steps(app: Dashboard, pilot: Pilot[None]) -> None:
        await pilot.press("s")
        await settled(app, pilot)
        await pilot.press("y", "q")
        assert app.is_running
        assert said(app, "#foot") == "still synchronizing"
        go_on.set()
        await settled(app, pilot)
        await settled(app, pilot)
        assert changes == ["made"]
        assert text(app) == "lib: changed"

    play(steps, proposal=Proposal(("\x1b[31m-old\x1b[0m", "+new"), 1, apply))


def test_end_during_sync() -> None:
    """Where the dashboard ends all the same, what changes files is waited for."""
    changes: list[str] = []

    def apply(_told: object) -> list[str]:
        time.sleep(0.3)
        changes.append("made")
        return []

    async def steps(app: Dashboard, pilot: Pilot[None]) -> None:
        await pilot.press("s")
        await settled(app, pilot)
        await pilot.press("y")
        app.exit()

    app = play(steps, proposal=Proposal(("+new",), 1, apply))
    app.finish()
    assert changes == ["made"]


@pytest.mark.parametrize("size", [(80, 24), (200, 50), (40, 10), (20, 5)])
def test_sizes(size: tuple[int, int]) -> None:
    """Whatever the size, and while it changes, nothing is drawn beyond the edge, and wide screens tell more."""

    async def steps(app: Dashboard, pilot: Pilot[None]) -> None:
        lines: list[str] = []
        for width, height in (size, (120, 30), size):
            await pilot.resize_terminal(width, height)
            await pilot.pause()
            lines = drawn(app)
            assert (len(lines), max(map(len, lines)) <= width) == (height, True)
        assert ("✓4 healthy" in said(app, "#head")) == (size[0] > 110)
        assert ("Git" in lines[1]) == (size[0] >= 80)

    play(steps, size=size)


def test_thousand_crates() -> None:
    """A thousand crates are shown, walked through and filtered like six."""
    needs = {f"crate-{number}": f"crate-{number // 2}" if number > 1 else "" for number in range(1000)}

    async def steps(app: Dashboard, pilot: Pilot[None]) -> None:
        assert len(names(app)) == 1000
        await pilot.press("end", "enter")
        assert "crate-999" in text(app)
        await pilot.press("escape", "slash", *"crate-77")
        assert names(app) == ["crate-77", *(f"crate-77{digit}" for digit in range(10))]

    board = make_board(needs)
    play(steps, lambda: board)


def test_mouse() -> None:
    """A click puts the cursor on a crate, another one there opens it; on a layer's name it does nothing."""

    async def steps(app: Dashboard, pilot: Pilot[None]) -> None:
        view = app.query_one(BoardView)
        await pilot.click(BoardView, offset=(3, 0))
        assert under_cursor(view) == "alone"
        await pilot.click(BoardView, offset=(3, 2))
        assert under_cursor(view) == "base"
        await pilot.click(BoardView, offset=(3, 2))
        await pilot.pause()
        assert text(app).startswith("base 0.1.0")

    play(steps)


def test_watch() -> None:
    """With `--watch` the stack is looked at again by itself."""
    looks = []

    def look() -> Board:
        looks.append(1)
        return BOARD

    async def steps(_app: Dashboard, pilot: Pilot[None]) -> None:
        for _ in range(200):
            await pilot.pause()
            if len(looks) > 2:
                return
            await asyncio.sleep(0.02)
        raise AssertionError

    play(steps, look, watch_s=0.05)


def test_without_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without colour, signs and words still tell what is wrong."""
    monkeypatch.setenv("NO_COLOR", "1")

    async def steps(app: Dashboard, _pilot: Pilot[None]) -> None:
        line = next(line for line in drawn(app) if " lib " in line)
        assert line.split()[:4] == ["✗", "lib", "0.1.0", "error"]
        for strip in app.screen._compositor.render_strips():
            for segment in strip:
                color = segment.style.color if segment.style else None
                assert color is None or len(set(color.get_truecolor())) == 1

    play(steps)


def test_hostile_names() -> None:
    """Neither control characters nor markup of a name are obeyed."""
    name = "\x1b[2J[red]x[/red]"
    board = make_board({name: "plain", "plain": ""}, {name: finding(name, dependency=name)})

    async def steps(app: Dashboard, pilot: Pilot[None]) -> None:
        assert any("\\x1b[2J[red]x[/red]" in line for line in drawn(app))
        for keys in (["end", "enter"], ["t"], ["c"]):
            await pilot.press(*keys)
            await settled(app, pilot)
            assert "\x1b" not in text(app)
            assert "[red]x[/red]" in text(app)
            await pilot.press("escape")

    play(steps, lambda: board)
