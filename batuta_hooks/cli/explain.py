"""``batuta-stack explain``: a finding code's section of docs/codes.md."""

from __future__ import annotations

from difflib import get_close_matches

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.report.code_pages import code_pages


def explanation(code: str) -> str:
    """What a code means, as Markdown; upper and lower case are the same.

    Raises:
        BatutaError: there is no such code.
    """
    wanted = code.strip().upper()
    sections = code_pages()
    if wanted in sections:
        return sections[wanted]
    if not wanted:
        raise BatutaError("no finding code is given", mend=_known(sections))
    near = get_close_matches(wanted, sections, n=1)
    raise BatutaError(f"`{code}` is no finding code", mend=f"did you mean {near[0]}?" if near else _known(sections))


def _known(sections: dict[str, str]) -> str:
    return f"there are {', '.join(sections)}"
