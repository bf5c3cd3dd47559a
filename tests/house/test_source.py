"""Rules for the text of the source that no linter knows."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.repository import PACKAGE, ROOT, python_files

MAX_LINES = 350

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def by_name(path: Path) -> str:
    """The name under which pytest shows a file."""
    return path.relative_to(ROOT).as_posix()


def parsed(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_bytes(), filename=str(path))


def definitions(body: list[ast.stmt]) -> Iterator[Definition]:
    """The functions and classes of a module, and the methods of its public classes."""
    for node in body:
        if isinstance(node, Definition):
            yield node
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from definitions(node.body)


def is_public(node: Definition) -> bool:
    """Whether a reader from outside meets this name; `__init__` and its like are told by their class."""
    overloaded = any(ast.unparse(decorator).endswith("overload") for decorator in node.decorator_list)
    return not node.name.startswith("_") and not overloaded


def is_docstring(node: ast.stmt) -> bool:
    """Whether a statement is nothing but a text."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


@pytest.mark.parametrize("path", python_files(PACKAGE), ids=by_name)
def test_module_is_documented_and_short(path: Path) -> None:
    """A module, its public classes and functions say what they are for; none is longer than two screens of a reader."""
    tree = parsed(path)
    if path.name == "__init__.py":
        assert all(is_docstring(node) for node in tree.body), "an __init__.py holds no code"
        return
    assert ast.get_docstring(tree), "the module has no docstring"
    silent = [node.name for node in definitions(tree.body) if is_public(node) and not ast.get_docstring(node)]
    assert not silent, "public names without docstring"
    assert len(path.read_bytes().splitlines()) <= MAX_LINES


@pytest.mark.parametrize("path", python_files(ROOT / "tests"), ids=by_name)
def test_tests_say_what_holds(path: Path) -> None:
    """Every test has a docstring."""
    tests = [node for node in definitions(parsed(path).body) if node.name.startswith("test_")]
    assert [node.name for node in tests if not ast.get_docstring(node)] == []


@pytest.mark.parametrize("path", python_files(ROOT / "tests"), ids=by_name)
def test_tests_are_collected(path: Path) -> None:
    """A file that holds tests is named so that pytest finds them, in a folder that is a package."""
    tests = [node for node in definitions(parsed(path).body) if node.name.startswith("test_")]
    assert not tests or path.name.startswith("test_")
    assert (path.parent / "__init__.py").is_file()
