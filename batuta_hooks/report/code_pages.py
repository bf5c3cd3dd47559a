"""The sections of docs/codes.md, which is part of the package: what each finding code means, as Markdown."""

from __future__ import annotations

import re
from importlib.resources import files

from batuta_hooks.domain.errors import BatutaError


def code_pages() -> dict[str, str]:
    """Each code's section, in the order of the page.

    Raises:
        BatutaError: the page is not installed.
    """
    found = re.findall(r"^## (([A-Z]{2}\d{3}) .*?)(?=^## |\Z)", _page(), re.MULTILINE | re.DOTALL)
    return {code: text.rstrip() for text, code in found}


def _page() -> str:
    package = files("batuta_hooks")
    for page in (package / "docs" / "codes.md", package / ".." / "docs" / "codes.md"):  # installed, or a checkout
        if page.is_file():
            return page.read_text(encoding="utf-8")
    raise BatutaError("docs/codes.md is not installed", mend="install batuta-hooks anew")
