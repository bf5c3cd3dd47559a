"""The board as one self-contained page: no network, no script but its own, equal bytes for equal facts."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from importlib.resources import files

from batuta_hooks.cli.page_graph import graph
from batuta_hooks.cli.page_parts import actions, anchors_of, counts, findings, not_judged, table
from batuta_hooks.cli.page_text import text
from batuta_hooks.cli.status_cells import SIGNS
from batuta_hooks.cli.terminal import age
from batuta_hooks.stack.status import Board


def page(board: Board) -> str:
    """The whole document, UTF-8 when it is written."""
    return "\n".join(_lines(board)) + "\n"


def _lines(board: Board) -> Iterator[str]:
    style, script = _asset("page.css"), _asset("page.js")
    # nothing is fetched, and nothing runs or paints but these two texts, whatever slips into the rest
    own = f"style-src '{_digest(style)}'; script-src '{_digest(script)}'"
    policy = f"default-src 'none'; {own}; base-uri 'none'; form-action 'none'"
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="referrer" content="no-referrer">'
    yield f"<title>Stack status</title>\n<style>{style}</style>\n</head>\n<body>"
    yield '<a class="skip" href="#crates">Skip to the crates</a>'
    yield "<header><h1>Stack status</h1>"
    time = f'<time datetime="{board.updated:%Y-%m-%dT%H:%M:%SZ}">{board.updated:%Y-%m-%d %H:%M:%S} UTC</time>'
    yield f'<p>Looked at {time}{_age(board)}. <button type="button" id="theme" hidden>Dark or light</button></p>'
    yield from counts(board)
    yield "</header>\n<main>"
    yield '<section aria-labelledby="h-actions"><h2 id="h-actions">Pending actions</h2>'
    yield from actions(board)
    yield from not_judged(board)
    yield "</section>"
    yield from _crates(board)
    yield from _graph(board)
    yield '<section aria-labelledby="h-findings"><h2 id="h-findings">Findings</h2>'
    yield from findings(board, anchors_of(board))
    yield "</section>\n</main>"
    yield f"<script>{script}</script>\n</body>\n</html>"


def _age(board: Board) -> str:
    seconds = board.report.data_age_s
    as_of = f", the registry as of {text(board.report.as_of)}" if board.report.as_of else ""
    return as_of if seconds is None else f"{as_of}; the oldest answer of the registry is {age(seconds)} old"


def _crates(board: Board) -> Iterator[str]:
    yield '<section aria-labelledby="h-crates"><h2 id="h-crates">Crates</h2>'
    yield '<div class="filters" role="search" hidden>'
    yield '<label>Find <input type="search" id="find" autocomplete="off"></label>'
    yield '<fieldset><legend class="quiet">Health</legend>'
    for health, sign in SIGNS.items():
        yield f'<label><input type="checkbox" class="by-health" value="{health}" checked> {sign} {health}</label>'
    yield "</fieldset>"
    yield '<label><input type="checkbox" id="action"> only what needs action</label>'
    yield '<p id="shown" role="status"></p></div>'
    yield '<div class="wide" role="region" aria-label="Table" tabindex="0">'
    yield from table(board)
    yield "</div></section>"


def _graph(board: Board) -> Iterator[str]:
    yield '<section aria-labelledby="h-graph"><h2 id="h-graph">Who needs whom</h2>'
    joined = {name for need in board.needs for name in (need.dependent, need.dependency)}
    alone = len(board.by_name) - len(joined)
    if joined:
        yield "<p>What a crate needs stands to the left of it; a finding is about each thick broken line.</p>"
        yield '<div class="wide" role="region" aria-label="Graph" tabindex="0">'
        yield from graph(board, anchors_of(board))
        yield "</div>"
    if alone:
        yield f"<p>{alone} {'crate needs' if alone == 1 else 'crates need'} no other of the stack.</p>"
    yield "</section>"


def _asset(name: str) -> str:
    return (files("batuta_hooks.cli") / "assets" / name).read_text(encoding="utf-8")


def _digest(content: str) -> str:
    return f"sha256-{b64encode(sha256(content.encode()).digest()).decode()}"
