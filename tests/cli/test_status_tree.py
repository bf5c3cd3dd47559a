"""The stack as a tree, and as text for Mermaid and Graphviz."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from batuta_hooks.cli.app import main
from batuta_hooks.cli.status_tree import tree_lines
from tests.support.boards import make_board
from tests.support.repos import make_repo, package
from tests.support.stacks import make_stack

NEEDS = {"app": "lib base", "base": "", "lib": "base mid", "mid": "base", "tool": "mid"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five crates, of which one cannot be published; nobody changes them."""
    return make_stack(tmp_path_factory.mktemp("stack"), NEEDS, versionless=("lib", "mid"))


@pytest.fixture
def stack(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same as the current folder."""
    monkeypatch.chdir(made)
    return made


def lines(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    """What `status` prints with these arguments."""
    main(["status", *arguments])
    return capsys.readouterr().out.splitlines()


def test_tree(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Roots are what nobody needs; what stands further up is not shown again; what is wrong stands beside it."""
    assert lines(capsys, "--tree") == [
        "app 0.1.0",
        "├── base 0.1.0 by path",
        "└── lib 0.1.0 by path [error]",
        "    ├── base 0.1.0 by path",
        "    └── mid 0.1.0 by path PD001",
        "        └── base 0.1.0 by path",
        "tool 0.1.0",
        "└── mid 0.1.0 by path (*)",
    ]


@pytest.mark.parametrize("columns", ["10", "24", "30"])
def test_narrow_tree(
    columns: str, stack: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines keep to COLUMNS: what stands behind the name gives way, from the last on; every name is there."""
    monkeypatch.setenv("COLUMNS", columns)
    expected = {
        "10": ["app 0.1.0", "├── base …", "└── lib", "    ├── base", "    └── mid", "        └── base", "tool 0.1.0"],
        "24": [
            *("app 0.1.0", "├── base 0.1.0 by path", "└── lib 0.1.0 … [error]", "    ├── base 0.1.0 …"),
            *("    └── mid 0.1.0 …", "        └── base 0.1.0 …", "tool 0.1.0"),
        ],
        "30": [
            *("app 0.1.0", "├── base 0.1.0 by path", "└── lib 0.1.0 by path [error]", "    ├── base 0.1.0 by path"),
            *("    └── mid 0.1.0 by path …", "        └── base 0.1.0 by path", "tool 0.1.0"),
        ],
    }
    assert lines(capsys, "--tree")[:7] == expected[columns]


def test_inverted_tree(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Inverted, dependents stand below each crate, and roots are what needs nobody."""
    assert lines(capsys, "--tree", "--invert", "--depth", "1") == [
        "base 0.1.0",
        "├── app 0.1.0 by path",
        "├── lib 0.1.0 by path [error]",
        "└── mid 0.1.0 by path",
    ]


def test_tree_of_a_layer(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The crates of a layer are the roots; a name that is none is refused with a suggestion."""
    assert lines(capsys, "--tree", "--layer", "wave 2", "--depth", "0") == ["mid 0.1.0"]
    assert main(["status", "--tree", "--layer", "wave2"]) == 2
    assert "there is no layer `wave2`: did you mean `wave 2`?" in capsys.readouterr().err.replace("\n    ", ": ")


def test_tree_with_a_cycle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A cycle that hangs on nothing has a root, and ends."""
    make_stack(tmp_path, {"b": "c", "c": "b"})
    assert lines(capsys, "--tree", "--workspace", str(tmp_path)) == [
        "b 0.1.0 [error]",
        "└── c 0.1.0 by path VA010 [error]",
        "    └── b 0.1.0 by path VA010 [error] (*)",
    ]


def test_tree_in_ascii(stack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the output cannot take the strokes, they are drawn in ASCII."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", out)
    main(["status", "--tree"])
    out.flush()
    written = out.buffer.getvalue().decode("ascii").splitlines()
    assert written[1:3] == ["|-- base 0.1.0 by path", "`-- lib 0.1.0 by path [error]"]


def test_long_chain() -> None:
    """A chain of crates may be longer than Python's stack is deep."""
    board = make_board({f"c{number}": f"c{number + 1}" if number < 1999 else "" for number in range(2000)})
    shown = list(tree_lines(board))
    assert len(shown) == 2000
    assert shown[-1] == f"{'    ' * 1998}└── c1999 0.1.0"


def test_mermaid(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A flowchart, one node or edge a line; an unhealthy edge names its codes."""
    shown = lines(capsys, "--format", "mermaid")
    assert shown[0] == "flowchart TD"
    assert '    lib{{"lib 0.1.0 (error)"}}' in shown
    assert '    mid["mid 0.1.0"]' in shown
    assert len(shown) == 1 + 5 + 6
    assert "    app --> lib" in shown
    assert '    lib -.->|"PD001"| mid' in shown
    assert sum("-->" in line or "-.->" in line for line in shown) == 6


def test_dot(stack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A digraph, one node or edge a line; an unhealthy edge names its codes."""
    shown = lines(capsys, "--format", "dot")
    assert shown[0] == "digraph stack {"
    assert '    "mid" [label="mid 0.1.0", shape=box];' in shown
    assert '    "app" -> "lib";' in shown
    assert '    "lib" -> "mid" [label="PD001", color="#b3261e", style=dashed];' in shown
    assert shown[-1] == "}"


@pytest.mark.parametrize("format_", ["mermaid", "dot"])
def test_hostile_names(tmp_path: Path, capsys: pytest.CaptureFixture[str], format_: str) -> None:
    """A version with quotes, markup and control characters ends no text, and every line stays one."""
    text = package("end", version='1\\"]; <script>\\n\\u001b')
    make_repo(tmp_path / "end", {"Cargo.toml": text, "x/Cargo.toml": package("xx-end")})
    shown = lines(capsys, "--workspace", str(tmp_path), "--format", format_)
    assert "\x1b" not in "".join(shown)
    nodes = [line for line in shown if "script" in line]
    assert len(nodes) == 1
    if format_ == "mermaid":
        assert nodes[0].count('"') == 2
        assert "<" not in nodes[0]
    else:
        assert nodes[0].replace('\\"', "").count('"') % 2 == 0
