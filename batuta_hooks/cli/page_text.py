"""HTML from values: whatever comes from outside passes through here, and becomes text and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from batuta_hooks.registry.names import is_crate_name
from batuta_hooks.report.plain import printable

Attributes = Mapping[str, str]
"""Names, which are never from outside, and values."""


def text(outside: str) -> str:
    """Text for between two tags: control characters are shown, none of it is markup."""
    return escape(printable(outside))


def element(name: str, attributes: Attributes, inner: str = "", *, close: bool = True) -> str:
    """An element.

    Args:
        inner: its content, which is markup.
        close: whether to end it.
    """
    written = "".join(f' {key}="{text(value)}"' for key, value in attributes.items())
    return f"<{name}{written}>{inner}</{name}>" if close else f"<{name}{written}>"


def crates_io_link(crate: str, version: str, shown: str) -> str:
    """A link to a version on crates.io; plain text where the name is not one that crates.io could have."""
    is_plain = version.replace(".", "").replace("-", "").replace("+", "").isalnum() and version.isascii()
    if not (is_crate_name(crate) and is_plain):
        return text(shown)
    return element("a", {"href": f"https://crates.io/crates/{crate}/{version}", "rel": "noreferrer"}, text(shown))
