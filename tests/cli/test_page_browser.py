"""The page in a real browser: filters, keyboard, dark, narrow, hostile names, and what axe has to say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from batuta_hooks.cli.page import page
from batuta_hooks.stack.status import Board
from tests.support.boards import finding, make_board
from tests.support.browser import ask, browser, emulate, npm_file

pytestmark = pytest.mark.slow

NEEDS = {"app": "lib base", "base": "", "lib": "base mid", "mid": "base", "tool": "mid", "alone": ""}
FINDINGS = {"lib": finding("lib", dependency="mid"), "tool": finding("tool", "VA005", "warning", "base")}
NASTY = '"><script>window.hacked=1</script><img src=x onerror="window.hacked=1">'
VISIBLE = """
    const rows = [...document.querySelectorAll('tr.crate')].filter((row) => row.checkVisibility());
    return rows.map((row) => row.querySelector('th').firstChild.textContent);
"""
STROKE = "const s = getComputedStyle(document.querySelector(arguments[0])); return [s.strokeWidth, s.strokeDasharray]"
AXE = """
    const done = arguments[0];
    axe.run().then((found) => done(found.violations.map((one) => [one.id, one.impact, one.nodes[0].html])));
"""


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """A browser for all tests of this file."""
    with browser(tmp_path_factory.mktemp("profile")) as running:
        yield running


@pytest.fixture
def shown(driver: Chrome, tmp_path: Path) -> Chrome:
    """The browser with the page of a small stack, on a wide and light screen."""
    return show(driver, tmp_path, make_board(NEEDS, FINDINGS))


def show(driver: Chrome, folder: Path, board: Board) -> Chrome:
    """Open the page of a board; nobody complains while it loads."""
    (folder / "page.html").write_text(page(board), encoding="utf-8")
    emulate(driver, dark=False, width=1280)
    driver.get((folder / "page.html").as_uri())
    assert driver.get_log("browser") == []  # type: ignore[no-untyped-call]
    return driver


def press(driver: Chrome, *keys: str) -> None:
    """Press keys, wherever the focus is."""
    ActionChains(driver).send_keys(*keys).perform()


def test_nothing_is_fetched(shown: Chrome) -> None:
    """The page is complete as it is."""
    assert ask(shown, "return performance.getEntriesByType('resource').length") == 0
    assert ask(shown, VISIBLE) == ["alone", "base", "mid", "lib", "tool", "app"]


def test_filters(shown: Chrome) -> None:
    """By words, by health, by what needs action; the page says how many are left, and empty layers go away."""
    find = shown.find_element(By.ID, "find")
    find.send_keys("LI")
    assert ask(shown, VISIBLE) == ["lib"]
    assert shown.find_element(By.ID, "shown").text == "1 of 6 crates shown"
    assert ask(shown, "return [...document.querySelectorAll('.layer')].filter(r => r.checkVisibility()).length") == 1
    find.send_keys(Keys.ESCAPE)
    shown.find_element(By.CSS_SELECTOR, ".by-health[value=healthy]").click()
    assert ask(shown, VISIBLE) == ["lib", "tool"]
    shown.find_element(By.CSS_SELECTOR, ".by-health[value=healthy]").click()
    shown.find_element(By.ID, "action").click()
    assert ask(shown, VISIBLE) == ["lib", "tool"]


def test_keyboard(shown: Chrome) -> None:
    """A slash leads to the search; every box of the graph can be reached and followed; its neighbours stand out."""
    press(shown, "/")
    assert ask(shown, "return document.activeElement.id") == "find"
    press(shown, "nothing of this name")
    ask(shown, "document.querySelector('.node[data-node=\"2\"]').focus()")
    near = ask(shown, "return [...document.querySelectorAll('.node.near text')].map(n => n.textContent).sort()")
    assert near == ["app", "base", "mid", "✗ lib"]
    press(shown, Keys.TAB)
    assert ask(shown, "return document.activeElement.classList.contains('node')")
    ask(shown, "document.querySelector('.node[data-node=\"2\"]').focus()")
    press(shown, Keys.ENTER)
    assert ask(shown, "return document.querySelector('tr:target th').firstChild.textContent") == "lib"
    assert "lib" in ask(shown, VISIBLE)


def test_unhealthy_edges_are_seen(shown: Chrome) -> None:
    """A need that a finding is about is drawn thick and broken, not only in another colour."""
    assert ask(shown, STROKE, ".edge.error") == ["3px", "8px, 4px"]
    assert ask(shown, STROKE, ".edge:not(.error)") == ["1px", "none"]


def test_dark_and_light(shown: Chrome) -> None:
    """The reader's liking counts, and the button turns it over."""
    back = "return getComputedStyle(document.body).backgroundColor"
    light = ask(shown, back)
    emulate(shown, dark=True)
    dark = ask(shown, back)
    assert (light, dark) == ("rgb(255, 255, 255)", "rgb(13, 17, 23)")
    shown.find_element(By.ID, "theme").click()
    assert ask(shown, back) == light
    shown.find_element(By.ID, "theme").click()
    assert ask(shown, back) == dark


def test_narrow(shown: Chrome) -> None:
    """On a phone nothing but the graph has to be moved sideways."""
    emulate(shown, width=360)
    assert ask(shown, "return document.documentElement.scrollWidth <= 360")
    assert ask(shown, "return document.querySelector('tr.crate').getBoundingClientRect().right <= 360")


def test_hostile_names(driver: Chrome, tmp_path: Path) -> None:
    """Markup in a name is text: nothing of it runs, and it can be read."""
    show(driver, tmp_path, make_board({NASTY: "plain", "plain": ""}, {NASTY: finding(NASTY, dependency=NASTY)}))
    assert ask(driver, "return window.hacked") is None
    assert ask(driver, "return document.images.length") == 0
    assert ask(driver, VISIBLE) == ["plain", NASTY]


@pytest.mark.parametrize(("dark", "width"), [(False, 1280), (True, 1280), (False, 360), (True, 360)])
def test_accessible(shown: Chrome, axe: str, dark: bool, width: int) -> None:
    """The rules of axe find nothing."""
    emulate(shown, dark=dark, width=width)
    ask(shown, axe)
    assert shown.execute_async_script(AXE) == []


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The text of axe."""
    return npm_file(tmp_path_factory.mktemp("axe"), "axe-core@4", "axe.min.js")
