"""What ``cargo audit --json`` says: advisories with a severity each, and which of them stop a release."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

ANY, HIGH, CRITICAL, SKIP = "any", "high", "critical", "skip"

#: Base scores from which a severity counts, by the levels of ``[quality] audit``; CVSS has them so since version 3.
_LEAST = {ANY: 0.0, HIGH: 7.0, CRITICAL: 9.0}

#: An advisory without a score counts as high.
_UNSCORED = 7.0


class InvalidAudit(ValueError):
    """The output is not that of ``cargo audit --json``; says why."""


class Advisory(NamedTuple):
    """A vulnerability in a locked package.

    Attributes:
        id: such as ``RUSTSEC-2024-0001``.
        package: the package with its version.
        score: CVSS's base score, 0 to 10.
    """

    id: str
    package: str
    title: str
    score: float


def read_audit(text: str, score: Callable[[str], float | None]) -> list[Advisory]:
    """The vulnerabilities, the worst first; what is merely unmaintained or yanked is none.

    Args:
        score: gives the base score of a CVSS vector; ``None`` where it is none.

    Raises:
        InvalidAudit: see there.
    """
    try:
        listed = json.loads(text)["vulnerabilities"]["list"]
        found = [_advisory(one, score) for one in listed]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InvalidAudit("it printed no report in JSON") from error
    return sorted(found, key=lambda one: (-one.score, one.id, one.package))


def _advisory(one: Any, score: Callable[[str], float | None]) -> Advisory:
    advisory, package = one["advisory"], one["package"]
    vector = advisory.get("cvss")
    found = score(vector) if isinstance(vector, str) else None
    place = f"{package['name']} {package['version']}"
    return Advisory(str(advisory["id"]), place, str(advisory.get("title", "")), _UNSCORED if found is None else found)


def stopping(advisories: list[Advisory], level: str) -> list[Advisory]:
    """Those that stop a release at a level of ``[quality] audit``."""
    return [one for one in advisories if one.score >= _LEAST[level]]
