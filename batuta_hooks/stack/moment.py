"""A time as a person writes it, as the registry's index spells it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from batuta_hooks.domain.errors import BatutaError

_DATE = len("2025-12-05")


def moment(text: str) -> str:
    """An ISO date or time as `yyyy-mm-ddThh:mm:ssZ`: a date means the end of that day, a time without a zone is UTC.

    Raises:
        BatutaError: it is neither, or lies outside of the years that ISO's four digits have.
    """
    try:
        found = datetime.fromisoformat(text)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        if len(text) <= _DATE and "T" not in text:
            found += timedelta(days=1, seconds=-1)
    except (ValueError, OverflowError):
        mend = "write a date such as 2025-12-05, or a time such as 2025-12-05T10:30:00Z"
        raise BatutaError(f"--as-of {text[:80]}: it is no ISO date or time", mend=mend) from None
    return found.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")
