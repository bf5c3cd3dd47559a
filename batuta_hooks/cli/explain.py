"""``batuta-stack explain``: a finding code's section of docs/codes.md."""

from __future__ import annotations

import re
from difflib import get_close_matches
from importlib.resources import files

from batuta_hooks.domain.codes import CODES
from batuta_hooks.domain.errors import BatutaError


def explanation(code: str) -> str:
    """What a code means, as Markdown; upper and lower case are the same.

    Raises:
        BatutaError: there is no such code, or this version does not judge it.
    """
    wanted = code.strip().upper()
    sections = _sections(_page())
    if wanted in sections:
        return sections[wanted]
    if wanted in CODES:
        raise BatutaError(f"this version does not judge {wanted}: {CODES[wanted].title}", mend=_known(sections))
    if not wanted:
        raise BatutaError("no finding code is given", mend=_known(sections))
    near = get_close_matches(wanted, sections, n=1)
    raise BatutaError(f"`{code}` is no finding code", mend=f"did you mean {near[0]}?" if near else _known(sections))


def _known(sections: dict[str, str]) -> str:
    return f"there are {', '.join(sections)}"


def _page() -> str:
    package = files("batuta_hooks")
    for page in (package / "docs" / "codes.md", package / ".." / "docs" / "codes.md"):  # installed, or a checkout
        if page.is_file():
            return page.read_text(encoding="utf-8")
    raise BatutaError("docs/codes.md is not installed", mend="install batuta-hooks anew")


def _sections(page: str) -> dict[str, str]:
    found = re.findall(r"^## (([A-Z]{2}\d{3}) .*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    return {code: text.rstrip() for text, code in found}
