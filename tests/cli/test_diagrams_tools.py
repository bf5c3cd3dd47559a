"""What is written for Mermaid and Graphviz, read by Mermaid and by Graphviz."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By

from batuta_hooks.cli.diagrams import dot, mermaid
from tests.support.boards import finding, make_board
from tests.support.browser import browser, npm_file, program
from tests.support.process import run

pytestmark = pytest.mark.slow

NASTY = 'a"]; <b>&#35; \\N %% end'
NAMES = ("end", "graph", "default", "o-x", "xx", "trueno-db", "style-end", "click", "_under", "Größe", "a--b", NASTY)
NEEDS = {name: "" if name == "trueno-db" else "trueno-db" for name in NAMES} | {"lib": "xx"}
BOARD = make_board(NEEDS, {"lib": finding("lib", dependency="xx")})


def test_graphviz() -> None:
    """Graphviz finds each crate and each need, under the very names."""
    read = json.loads(run([program("dot"), "-Tjson"], stdin="\n".join(dot(BOARD))).stdout)
    assert {one["name"].replace("\\\\", "\\") for one in read["objects"]} == {*NAMES, "lib"}
    assert len(read["edges"]) == len(BOARD.needs)
    assert [edge["label"] for edge in read["edges"] if edge.get("label")] == ["PD001"]


def test_mermaid(tmp_path: Path) -> None:
    """Mermaid draws a box for each crate with its very name in it, and a line for each need."""
    (tmp_path / "mermaid.js").write_text(npm_file(tmp_path, "mermaid@11", "dist/mermaid.min.js"), encoding="utf-8")
    empty = '<!DOCTYPE html><meta charset="utf-8"><div id="drawn"></div><script src="mermaid.js"></script>'
    (tmp_path / "page.html").write_text(empty, encoding="utf-8")
    draw = """
        const [text, done] = arguments;
        mermaid.initialize({startOnLoad: false, securityLevel: 'strict'});
        mermaid.render('drawing', text).then((r) => {
            document.getElementById('drawn').innerHTML = r.svg; done('');
        }, (error) => done(String(error)));
    """
    with browser(tmp_path / "profile") as driver:
        driver.get((tmp_path / "page.html").as_uri())
        assert driver.execute_async_script(draw, "\n".join(mermaid(BOARD))) == ""
        boxes = [one.text for one in driver.find_elements(By.CSS_SELECTOR, ".node .nodeLabel")]
        lines = driver.find_elements(By.CSS_SELECTOR, ".flowchart-link")
    assert sorted(boxes) == sorted(f"{name} 0.1.0{' (error)' if name == 'lib' else ''}" for name in (*NAMES, "lib"))
    assert len(lines) == len(BOARD.needs)
