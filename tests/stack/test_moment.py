"""Times as people write them."""

from __future__ import annotations

import pytest

from batuta_hooks.domain.errors import BatutaError
from batuta_hooks.registry.index import is_publication_time
from batuta_hooks.stack.moment import moment


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2025-12-05", "2025-12-05T23:59:59Z"),
        ("20251205", "2025-12-05T23:59:59Z"),
        ("2025-W49-5", "2025-12-05T23:59:59Z"),
        ("2025-12-05T10:30:00Z", "2025-12-05T10:30:00Z"),
        ("2025-12-05 10:30", "2025-12-05T10:30:00Z"),
        ("2025-12-05T10:30:00.75+02:00", "2025-12-05T08:30:00Z"),
        ("2025-12-31T23:30:00-01:00", "2026-01-01T00:30:00Z"),
        ("0999-01-01T00:00:00Z", "0999-01-01T00:00:00Z"),
        ("9999-12-31", "9999-12-31T23:59:59Z"),
    ],
)
def test_what_is_read(text: str, time: str) -> None:
    """A date means the end of that day, a time without a zone UTC; the spelling is the index's own."""
    assert moment(text) == time
    assert is_publication_time(time)


@pytest.mark.parametrize("text", ["", "now", "2025-13-01", "2025-12-05T25:00", "9999-12-31T23:59:59-01:00", "x" * 999])
def test_what_is_refused(text: str) -> None:
    """Anything else is an error with an example, however long it is."""
    with pytest.raises(BatutaError, match="no ISO date or time") as caught:
        moment(text)
    assert "2025-12-05" in caught.value.mend
    assert len(str(caught.value)) < 300
