"""Open questions as people read them: what many crates have in common is said once, with what settles it."""

from __future__ import annotations

from batuta_hooks.domain.finding import Unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

#: What VA012 asks of a crate; its answer is a note at most.
WHOSE = "is the registry's crate of this name this project's?"


def is_about_name(question: Unknown) -> bool:
    """Whether VA012 asks it."""
    return question.why.startswith(WHOSE)


def said_once(questions: Iterable[Unknown]) -> list[Unknown]:
    """The same questions, those of VA012 as one, where there are several."""
    questions = list(questions)
    names = {one.crate for one in questions if is_about_name(one)}
    if len(names) < 2:
        return questions
    why = "are the registry's crates of these names this project's? `batuta-stack cache warm` fetches what tells"
    return [*(one for one in questions if not is_about_name(one)), Unknown(f"{len(names)} crates", why)]
