"""Crate names: which are legal, which mean the same crate, and where a registry's index keeps them.

A name comes from manifests, lock files and registries, all of which may be hostile; it is checked here before it
becomes a part of a path or of a URL.
"""

from __future__ import annotations

MAX_LENGTH = 64
"""crates.io's bound on a name, in characters."""

_SHOWN = 80


class InvalidCrateName(ValueError):
    """A text that crates.io would not accept as a crate's name; `name` is that text."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        shown = repr(self.name[:_SHOWN]) + ("..." if len(self.name) > _SHOWN else "")
        return f"{shown} is not a crate name: a letter, then letters, digits, - or _, {MAX_LENGTH} at most, all ASCII"


def is_crate_name(name: str) -> bool:
    """Whether crates.io accepts a name: an ASCII letter, then ASCII letters, digits, `-` and `_`; 64 at most."""
    return (
        name.isascii()
        and name[:1].isalpha()
        and len(name) <= MAX_LENGTH
        and name.replace("-", "a").replace("_", "a").isalnum()
    )


def canonical(name: str) -> str:
    """The form that names of one crate share: crates.io admits no second name that differs by case or `-` for `_`.

    Raises:
        InvalidCrateName: the name is not legal.
    """
    return _legal(name).lower().replace("-", "_")


def sparse_path(name: str) -> str:
    """Where a sparse index keeps a crate, relative to its root: `1/a`, `2/ab`, `3/a/abc`, `ca/rg/cargo`.

    The path is in lower case; `-` and `_` stay what they are, so a crate has one path and its misspelling another.

    Raises:
        InvalidCrateName: the name is not legal.
    """
    lower = _legal(name).lower()
    if len(lower) < 3:
        return f"{len(lower)}/{lower}"
    return f"3/{lower[0]}/{lower}" if len(lower) == 3 else f"{lower[:2]}/{lower[2:4]}/{lower}"


def _legal(name: str) -> str:
    if not is_crate_name(name):
        raise InvalidCrateName(name)
    return name
