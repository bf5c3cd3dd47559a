"""The page as text: it is safe, it fetches nothing, and equal facts make equal bytes."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batuta_hooks.cli.app import main
from batuta_hooks.cli.page import page
from batuta_hooks.cli.page_graph import layout
from tests.support.boards import finding, make_board
from tests.support.repos import make_repo, package

NASTY = '"><script>hacked()</script><img src=x onerror=hacked()>&lt;\x1b[2J\u202e\x00'


class Reading(HTMLParser):
    """What a browser would find: elements with their attributes, and text."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.said = ""
        self.feed(document)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.said += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every element of a name."""
        return [attributes for name, attributes in self.elements if name == tag]


def nasty_page(name: str) -> str:
    """The page of a stack in which everything is called alike."""
    return page(make_board({name: "plain", "plain": ""}, {name: finding(name, dependency=name)}))


def judge_safe(document: str) -> None:
    """Nothing in the page runs, fetches or leads elsewhere but what it is meant to."""
    read = Reading(document)
    assert len(read.named("script")) == 1
    assert len(read.named("style")) == 1
    assert {tag for tag, _ in read.elements}.isdisjoint({"img", "iframe", "object", "link", "base", "form", "embed"})
    for _, attributes in read.elements:
        assert not any(key.startswith("on") or key in ("src", "style", "srcdoc") for key in attributes)
        href = attributes.get("href") or "#"
        assert href.startswith("#") or re.fullmatch(r"https://crates\.io/crates/[A-Za-z0-9_-]+/[A-Za-z0-9.+-]+", href)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e]", document)


def test_hostile_names_stay_text() -> None:
    """A name full of markup is shown as it is, with control characters escaped."""
    document = nasty_page(NASTY)
    judge_safe(document)
    assert '"><script>hacked()</script>' in Reading(document).said


@given(st.text(min_size=1, max_size=40))
def test_any_name_stays_text(name: str) -> None:
    """No name becomes markup or a control sequence."""
    judge_safe(nasty_page(name))


def test_policy() -> None:
    """The policy lets the page's own style and script through, by their digests, and nothing else at all."""
    document = nasty_page("a")
    policy = next(
        one["content"] or ""
        for one in Reading(document).named("meta")
        if one.get("http-equiv") == "Content-Security-Policy"
    )
    for tag in ("style", "script"):
        (inner,) = re.findall(rf"<{tag}>(.*?)</{tag}>", document, re.DOTALL)
        digest = b64encode(sha256(inner.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy


def test_equal_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Looked at twice, at one time, a stack has one page."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1764930600")
    make_repo(tmp_path / "a", {"Cargo.toml": package("a", '[dependencies]\nb = { path = "../b" }')})
    make_repo(tmp_path / "b", {"Cargo.toml": package("b")})
    pages = []
    for _ in range(2):
        assert main(["status", "--format", "html", "--workspace", str(tmp_path)]) == 1
        pages.append(capsys.readouterr().out)
    assert pages[0] == pages[1]
    assert "2025-12-05 10:30:00 UTC" in pages[0]
    assert Reading(pages[0]).named("a")


def test_layout() -> None:
    """What a crate needs stands to the left of it, no two boxes lie on each other, whatever the order of facts."""
    needs = {"app": "lib base", "lib": "base", "base": "", "tool": "lib", "loop-a": "loop-b", "loop-b": "loop-a"}
    places = layout(make_board(needs).needs)
    assert places["base"].x < places["lib"].x < places["app"].x
    assert len(set(places.values())) == len(places) == 6
    assert layout(make_board(dict(reversed(needs.items()))).needs) == places


def test_empty_graph() -> None:
    """Crates that need nothing of each other make no graph, and the page says so."""
    document = page(make_board({"a": "", "b": ""}))
    assert not Reading(document).named("svg")
    assert "2 crates need no other of the stack." in document


def test_what_is_said_of_a_crate() -> None:
    """Version, health in words, a link to the published version, findings with their mend, actions with commands."""
    read = Reading(page(make_board({"a": "b", "b": ""}, {"a": finding("a", dependency="b")})))
    assert {"href": "https://crates.io/crates/a/0.1.0", "rel": "noreferrer"} in read.named("a")
    for text in ("✗ error", "a/Cargo.toml:7:1", 'write b = "0.1"', "batuta-stack explain PD001", "as of 60 s ago"):
        assert text in read.said.replace("\n", " ")
